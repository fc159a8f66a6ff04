"""Make, revoke and renew the links that open an invoice's pay page."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from invoicing.models import Invoice, PayPageLink
from invoicing.selectors.pay_page_links import end_of_link, newest_access

Cause = PayPageLink.Cause
GOOD_FOR = timedelta(days=14)
"""A link that ends sooner is not mailed: who reads late would find it ended."""
CUSTOMERS_PAUSE = timedelta(hours=1)
"""Between two links that a customer asks for: who holds an old link could fill the customer's mailbox."""


@transaction.atomic
def usable_token(*, invoice: Invoice) -> str:
    """The token for a link in an e-mail: the newest that is good for a while, or a new one."""
    newest = newest_access(invoice)
    if newest.is_open and newest.expires_at > clock.now() + GOOD_FOR:
        return newest.token
    return _make(invoice, Cause.EMAIL).token


@transaction.atomic
def revoke_links(*, invoice_id: UUID, reason: str) -> int:
    """No link of the invoice that is out there opens its page any more. Returns how many were revoked.

    E-mails that are written later have a new link. Raises NotFound, InvalidInput without a reason, and DomainError
    NO_OPEN_LINK.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"Write a reason of at most {REASON_LENGTH} characters.")
    count = _revoke(_locked(invoice_id), reason)
    if not count:
        raise DomainError("No link of this invoice opens its page.", code="NO_OPEN_LINK")
    return count


@transaction.atomic
def add_link(*, invoice_id: UUID) -> PayPageLink:
    """A new link beside those before it. Raises NotFound."""
    return _make(_locked(invoice_id), Cause.OPERATOR)


@transaction.atomic
def renew_link(*, invoice_id: UUID, reason: str = "") -> PayPageLink:
    """A new link; those before it are revoked. Raises NotFound."""
    invoice = _locked(invoice_id)
    _revoke(invoice, reason.strip()[:REASON_LENGTH])
    return _make(invoice, Cause.OPERATOR)


@transaction.atomic
def make_customers_link(*, invoice_id: UUID) -> PayPageLink:
    """For a customer whose link has ended; it goes to the customer's billing address only.

    Raises NotFound, and DomainError LINK_SENT_ALREADY within an hour of the last one.
    """
    invoice = _locked(invoice_id)
    since = clock.now() - CUSTOMERS_PAUSE
    if invoice.pay_page_links.filter(cause=Cause.CUSTOMER, created_at__gt=since).exists():
        raise DomainError("A new link was mailed within the last hour.", code="LINK_SENT_ALREADY")
    return _make(invoice, Cause.CUSTOMER)


def _locked(invoice_id: UUID) -> Invoice:
    invoices = Invoice.objects.exclude(number="").select_related("organisation", "billing_entity")
    invoice: Invoice | None = invoices.select_for_update(of=("self",), no_key=True).filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return invoice


def _make(invoice: Invoice, cause: str) -> PayPageLink:
    ends = end_of_link(invoice, made_at=clock.now())
    made: PayPageLink = PayPageLink.objects.create(invoice=invoice, cause=cause, expires_at=ends)
    return made


def _revoke(invoice: Invoice, reason: str) -> int:
    now = clock.now()
    PayPageLink.objects.get_or_create(
        token=invoice.public_token,
        defaults={"invoice": invoice, "cause": Cause.DOCUMENT, "expires_at": end_of_link(invoice)},
    )
    live = list(invoice.pay_page_links.filter(revoked_at__isnull=True, expires_at__gt=now))
    for link in live:
        link.revoked_at, link.revoke_reason = now, reason
        link.save(update_fields=["revoked_at", "revoke_reason", "updated_at"])  # one by one, for the audit log
    return len(live)
