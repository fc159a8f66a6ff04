"""E-mail an issued invoice with its PDF."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from invoicing.emails import kind_of, sent_to
from invoicing.models import CreditNote, Invoice
from invoicing.services.delivery import deliver_to
from invoicing.services.locking import lock_invoice, require_issued
from organisations.notifications.recipients import addresses, recipients


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
