"""The demo's cheques: one cheque in hand, one at the bank, one that bounced."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.models import Cheque
from payments.services import cheques


def make_cheques(customer: Organisation, *, unpaid: Invoice) -> None:
    """A part of an unpaid invoice came by cheque a week ago; another cheque is dated to come, and one bounced."""
    today = clock.today(INDIAN_TIME)
    week_ago = today - timedelta(days=7)
    at_bank = _came(week_ago, "204417", unpaid.amount_due / 2, invoice=unpaid)
    bounced = _came(week_ago, "118203", Decimal(5000), customer=customer)
    _came(today, "118204", Decimal(5000), customer=customer, dated=today + timedelta(days=5))
    cheques.deposit_cheques(cheque_ids=[at_bank.pk, bounced.pk], day=week_ago + timedelta(days=1))
    cheques.bounce_cheque(cheque_id=bounced.pk, day=week_ago + timedelta(days=3), reason="Funds insufficient")


def _came(
    day: date,
    number: str,
    amount: Decimal,
    *,
    invoice: Invoice | None = None,
    customer: Organisation | None = None,
    dated: date | None = None,
) -> Cheque:
    return cheques.record_cheque(
        invoice_id=invoice.pk if invoice else None,
        organisation_id=customer.pk if customer else None,
        number=number,
        bank="Example Co-operative Bank",
        dated=dated or day,
        received_on=day,
        amount=amount.quantize(Decimal("0.01")),
    )
