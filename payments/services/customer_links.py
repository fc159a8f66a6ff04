"""Mail links to a pay page: to a customer whose link has ended, or when an operator wants it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from invoicing.models import PayPageLink
from invoicing.services.pay_page_links import add_link, make_customers_link, renew_link
from payments import emails


@transaction.atomic
def mail_new_link(*, invoice_id: UUID) -> PayPageLink:
    """A customer asks for it. The mail goes to the billing address as it is now, whoever asks.

    Raises NotFound, and DomainError LINK_SENT_ALREADY within an hour of the last one.
    """
    link = make_customers_link(invoice_id=invoice_id)
    emails.queue_pay_page_link(link)
    return link


@transaction.atomic
def send_link(*, invoice_id: UUID) -> PayPageLink:
    """An operator mails one more link. Raises NotFound."""
    link = add_link(invoice_id=invoice_id)
    emails.queue_pay_page_link(link)
    return link


@transaction.atomic
def replace_link(*, invoice_id: UUID, reason: str = "") -> PayPageLink:
    """An operator mails a new link; those before it open nothing any more. Raises NotFound."""
    link = renew_link(invoice_id=invoice_id, reason=reason)
    emails.queue_pay_page_link(link)
    return link
