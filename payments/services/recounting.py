"""Work out again what is stored as a sum: what is paid of an invoice, and what went back of a payment.

The services keep these sums with every change. Where somebody changed rows behind their back, reconciliation finds it,
and an operator has them counted anew from the rows that they are sums of.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing_platform.lib.errors import NotFound
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from payments.models import Payment
from payments.services.crediting import credit_payment, lock_customer_money, lock_payment, update_paid_total
from payments.services.refunds import count_refunds


@transaction.atomic
def recount_invoice(*, invoice_id: UUID) -> Invoice:
    """What is paid of an invoice, from its allocations. Raises NotFound."""
    found = Invoice.objects.filter(pk=invoice_id).only("organisation_id").first()
    if found is None:
        raise NotFound("There is no such invoice.")
    lock_customer_money(found.organisation_id)
    invoices = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    invoice: Invoice = invoices.get(pk=invoice_id)
    update_paid_total(invoice)
    return invoice


@transaction.atomic
def recount_payment(*, payment_id: UUID) -> Payment:
    """What went back of a payment, from its refunds and disputes; its invoices follow. Raises NotFound."""
    payment = lock_payment(payment_id)
    count_refunds(payment)
    lost = payment.disputes.filter(returned_at__isnull=True).aggregate(total=Sum("amount_taken"))["total"] or ZERO
    by_dispute = lost != payment.amount_lost
    payment.amount_lost = lost
    payment.save(update_fields=["amount_refunded", "amount_lost", "status", "updated_at"])
    credit_payment(payment, with_receipt=False, by_dispute=by_dispute)
    return payment
