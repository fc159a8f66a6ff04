"""Which invoice a link to a pay page opens, and until when; and which link is the one to send now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing_platform.lib import clock
from billing_platform.lib.periods import start_of_day
from invoicing.models import Invoice, PayPageLink


@dataclass(frozen=True)
class PayPageAccess:
    """What a token opens: an issued invoice (also one that was voided since), while `is_open`."""

    invoice: Invoice
    token: str
    expires_at: datetime
    revoked_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > clock.now()


def access_of(token: str) -> PayPageAccess | None:
    """None for a token that is none of ours. A draft has no page."""
    link = PayPageLink.objects.select_related("invoice__organisation", "invoice__billing_entity").filter(token=token)
    if (row := link.first()) is not None:
        return PayPageAccess(row.invoice, token, row.expires_at, row.revoked_at)
    invoices = Invoice.objects.exclude(number="").select_related("organisation", "billing_entity")
    invoice = invoices.filter(public_token=token).first()
    return None if invoice is None else _of_document(invoice)


def newest_access(invoice: Invoice) -> PayPageAccess:
    """The link to send or show now; where none is open, the last one."""
    rows = list(PayPageLink.objects.filter(invoice=invoice).order_by("-created_at"))
    links = [PayPageAccess(invoice, row.token, row.expires_at, row.revoked_at) for row in rows]
    if all(row.token != invoice.public_token for row in rows):
        links.append(_of_document(invoice))
    return next((link for link in links if link.is_open), links[0])


def end_of_link(invoice: Invoice, *, made_at: datetime | None = None) -> datetime:
    """When a link ends: the seller's days after the due date, or after the link was made, if that is later."""
    seller = invoice.billing_entity
    day = invoice.due_date or invoice.issue_date
    days = timedelta(days=seller.pay_page_days)
    begins = [] if made_at is None else [made_at]
    if day is not None:
        begins.append(start_of_day(day + timedelta(days=1), ZoneInfo(seller.time_zone)))
    return max(begins, default=invoice.created_at) + days


def _of_document(invoice: Invoice) -> PayPageAccess:
    return PayPageAccess(invoice, invoice.public_token, end_of_link(invoice))
