"""The request at Razorpay that a debit is made through."""

from __future__ import annotations

from billing_platform.lib.money import Money, to_minor
from invoicing.models import Invoice
from payments.models import Mandate, PaymentOrder


def new_debit_order(invoice: Invoice, mandate: Mandate) -> PaymentOrder:
    """For what is due now. Nothing waits in it: the charge that it belongs to sees to it."""
    order: PaymentOrder = PaymentOrder.objects.create(
        invoice=invoice,
        kind=PaymentOrder.Kind.DEBIT,
        gateway_account=mandate.account.gateway_account,
        amount=invoice.amount_due,
        currency=invoice.currency,
        amount_minor=to_minor(Money(invoice.amount_due, invoice.currency)),
        next_attempt_at=None,
    )
    return order
