"""What a refund would do, worked out and not done: for the page that asks."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from invoicing.services.credit_notes.by_total import Worth, note_worth
from invoicing.services.paid_total import set_sums, status_of
from payments.models import Payment, Refund
from payments.services.refunding.asking import default_afterwards, in_parts, what_it_takes

Afterwards = Refund.Afterwards
BANKS_MAY_REFUSE_AFTER = timedelta(days=180)
"""Razorpay's words are "more than 6 months old"."""
ARRIVES = "5 to 7 working days after Razorpay has made it, where the payer paid from"


@dataclass(frozen=True, slots=True)
class RefundOutlook:
    """`invoice` is as it would stand afterwards; None where the money was credited to none. `in_parts` says how to
    refund what was credited to several."""

    payment: Payment
    amount: Decimal
    excess: Decimal
    off_invoice: Decimal
    invoice: Invoice | None
    afterwards: str
    worth: Worth | None
    note_refusal: str
    in_parts: str

    @property
    def is_old(self) -> bool:
        paid_at = self.payment.paid_at
        return paid_at is not None and clock.now() - paid_at > BANKS_MAY_REFUSE_AFTER


def refund_outlook(*, payment: Payment, amount: Decimal, afterwards: str = "") -> RefundOutlook:
    """What giving `amount` of the payment back would do. Nothing is stored, and nothing is locked: the customer may pay
    or another refund be asked for meanwhile."""
    taken = what_it_takes(payment, amount)
    invoice, part = taken.invoices[0] if taken.invoices else (None, ZERO)
    worth, refusal = None, ""
    if invoice is not None:
        afterwards = afterwards or default_afterwards(invoice)
        if afterwards == Afterwards.CREDIT_NOTE:
            try:
                worth = note_worth(invoice=invoice, total=part)
            except DomainError as error:
                refusal = error.message
        invoice = _after(invoice, part, afterwards, worth)
    return RefundOutlook(
        payment=payment,
        amount=amount,
        excess=taken.excess,
        off_invoice=part,
        invoice=invoice,
        afterwards=afterwards if invoice is not None else "",
        worth=worth,
        note_refusal=refusal,
        in_parts=in_parts(payment, taken) if len(taken.invoices) > 1 else "",
    )


def _after(invoice: Invoice, part: Decimal, afterwards: str, worth: Worth | None) -> Invoice:
    after: Invoice = copy(invoice)
    after.amount_credited += worth.outlook.note.total if worth else ZERO
    refunded = after.amount_refunded + (part if afterwards != Afterwards.ASK_AGAIN else ZERO)
    noted = invoice.amount_refunded - invoice.amount_returned + (worth.outlook.note.total if worth else ZERO)
    set_sums(after, paid_total=after.amount_paid - part, refunded_total=refunded, noted_total=noted)
    after.status = status_of(after)
    return after
