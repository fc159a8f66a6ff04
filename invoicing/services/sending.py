"""E-mail an issued invoice with its PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from billing_platform.lib.errors import InvalidInput, quoted
from billing_platform.lib.validators import require
from invoicing.emails import kind_of, sent_to
from invoicing.models import CreditNote, Invoice
from invoicing.services.delivery import deliver_to
from invoicing.services.locking import lock_invoice, require_issued
from organisations.notifications.recipients import distinct, recipients

MAX_ADDRESSES = 10
"""The most recipients of one e-mail."""


@transaction.atomic
def send_invoice(*, invoice_id: UUID, to: Sequence[str] | None = None) -> Invoice:
    """E-mail an issued invoice with its PDF: once more to the addresses given, or to those of the customer's recipients
    that no e-mail went to yet. Where the PDF is not made yet, the e-mail waits for it.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft and INVOICE_VOID for a void one, InvalidInput for `to`.
    """
    invoice = lock_invoice(invoice_id)
    require_issued(invoice)
    wanted = addresses(to) if to is not None else not_sent_yet(invoice)
    deliver_to(invoice, wanted)
    return invoice


def not_sent_yet(issued: Invoice | CreditNote) -> list[str]:
    """The customer's recipients, without those to whom an e-mail with it is under way or has arrived. One that was
    given up counts as never sent."""
    have = {address.casefold() for address in sent_to(issued)}
    return [each for each in recipients(issued.organisation, kind_of(issued)) if each.casefold() not in have]


def validate_email_address(value: Any) -> None:
    try:
        validate_email(value)
    except ValidationError:
        raise ValidationError(f"{quoted(value)} is no e-mail address.") from None


def addresses(given: Sequence[str]) -> list[str]:
    """Typed or sent addresses, each once. Raises InvalidInput at `to`."""
    found = distinct(address.strip() for address in given)
    if not 1 <= len(found) <= MAX_ADDRESSES:
        raise InvalidInput.field("to", f"Give 1 to {MAX_ADDRESSES} e-mail addresses.")
    for address in found:
        require("to", address, validate_email_address)
    return found
