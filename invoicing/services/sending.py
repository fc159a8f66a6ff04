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
from invoicing.emails import emails_of
from invoicing.models import Invoice
from invoicing.services.delivery import deliver_to, distinct
from invoicing.services.locking import lock_invoice, require_issued
from organisations.models import Notification

MAX_ADDRESSES = 10
"""The most recipients of one e-mail."""


@transaction.atomic
def send_invoice(*, invoice_id: UUID, to: Sequence[str] | None = None) -> Invoice:
    """E-mail an issued invoice with its PDF: once more to the addresses given, or to the customer's billing address if
    no e-mail went there yet. Where the PDF is not made yet, the e-mail waits for it.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft and INVOICE_VOID for a void one, InvalidInput for `to`.
    """
    invoice = lock_invoice(invoice_id)
    require_issued(invoice)
    wanted = addresses(to) if to is not None else _not_sent_yet(invoice, invoice.organisation.billing_email)
    deliver_to(invoice, wanted)
    return invoice


def _not_sent_yet(invoice: Invoice, address: str) -> list[str]:
    """The address, unless an e-mail to it is under way or has arrived. One that was given up counts as never sent."""
    sent = emails_of(invoice).exclude(status=Notification.Status.FAILED)
    return [] if any(address in email.recipients for email in sent) else [address]


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
