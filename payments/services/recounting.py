"""Work out again what is stored as a sum: what went back of a payment.

The services keep this sum with every change. Where somebody changed rows behind their back, reconciliation finds it,
and an operator has it counted anew from the rows that it is a sum of.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing_platform.lib.money import ZERO
from payments.models import Payment
from payments.services.crediting import credit_payment, lock_payment
from payments.services.refunds import count_refunds


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
