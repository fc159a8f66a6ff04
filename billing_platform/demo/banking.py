"""The demo's bank statement: a payment that was recorded before, one that is sure, one that is not, and others."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.number_formats import format_indian
from invoicing.models import Invoice
from organisations.models import BillingEntity
from payments.models import Payment
from payments.services.banking.importing import import_statement

_HEADER = ["Date", "Narration", "Chq./Ref.No.", "Value Dt", "Withdrawal Amt.", "Deposit Amt.", "Closing Balance"]


def import_demo_statement(seller: BillingEntity, *, unpaid: Invoice) -> None:
    """Upload the statement of yesterday and of the day of a transfer that was recorded by hand."""
    yesterday = clock.today(INDIAN_TIME) - timedelta(days=1)
    recorded = Payment.objects.filter(kind=Payment.Kind.OFFLINE, currency="INR").order_by("received_on").first()
    customer = unpaid.organisation.legal_name.upper()
    rows: list[tuple[date, str, str, Decimal]] = [
        (yesterday, f"NEFT CR-ICIC0000104-{customer}-{unpaid.number}", "ICICN52026000000017", unpaid.amount_due),
        (yesterday, "UPI-SUNRISE TRADERS-sunrise@okaxis-612345678901", "612345678901", Decimal(4500)),
        (yesterday, "NEFT CR-RATN0000088-RAZORPAY SOFTWARE PRIVATE LIMITED", "RATNN52026000000042", Decimal(25310)),
    ]
    if recorded is not None and recorded.received_on is not None:
        known = (recorded.received_on, "NEFT CR-HDFC0000001-A CUSTOMER", recorded.reference, recorded.amount)
        rows = [known, *rows]
    cells = [_HEADER]
    for day, text, reference, amount in rows:
        cells.append([f"{day:%d/%m/%y}", text, reference, f"{day:%d/%m/%y}", "", format_indian(amount), ""])
    import_statement(seller=seller, cells=cells)
