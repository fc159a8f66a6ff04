"""What a credit note means for payments: an invoice that asks for less keeps no more than that."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db.models import Max, Q, Sum

from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from payments.models import Payment, PaymentAllocation
from payments.services.crediting import note_problems, update_paid_total

Kind = PaymentAllocation.Kind


def take_back_excess(invoice: Invoice) -> None:
    """Take what is paid above what the invoice still asks for off it, from the payment credited last on. It is then the
    payment's excess: to refund, or to credit to another invoice.

    For the transaction of a credit note: the caller holds the customer's money lock and the invoice's row, and has set
    `amount_credited`.
    """
    allocations = PaymentAllocation.objects.filter(invoice=invoice)
    excess = (allocations.aggregate(paid=Sum("amount"))["paid"] or ZERO) - invoice.amount_owed
    changed = []
    for payment_id, credited in _credited_last_first(invoice):
        amount = min(excess, credited)
        if amount > ZERO:
            payment = Payment.objects.select_for_update(of=("self",)).select_related("order").get(pk=payment_id)
            payment.invoice = invoice if payment.invoice_id == invoice.pk else payment.invoice
            PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=-amount, kind=Kind.CREDIT_NOTE)
            excess -= amount
            changed.append(payment)
    update_paid_total(invoice)
    note_problems(changed)


def _credited_last_first(invoice: Invoice) -> list[tuple[UUID, Decimal]]:
    rows = PaymentAllocation.objects.filter(invoice=invoice).order_by().values("payment")
    rows = rows.annotate(credited=Sum("amount"), last=Max("created_at", filter=Q(kind=Kind.CREDIT)))
    return list(rows.order_by("-last").values_list("payment", "credited"))
