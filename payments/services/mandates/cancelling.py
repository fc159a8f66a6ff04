"""Take back debits that are announced, and not asked for yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from payments.models import MandateCharge, PaymentOrder
from payments.services.crediting import lock_customer_money

Status = MandateCharge.Status


def cancel_waiting_charges(charges: Any, reason: str) -> int:
    """Cancel those of some charges that are only announced. The caller is in a transaction."""
    waiting = charges.filter(status=Status.ANNOUNCED)
    orders = list(waiting.values_list("order_id", flat=True))
    now = clock.now()
    count: int = waiting.update(
        status=Status.CANCELLED,
        reason=reason[:255],
        ended_at=now,
        next_attempt_at=None,
        claimed_until=None,
        updated_at=now,
    )
    PaymentOrder.objects.live().filter(pk__in=orders).update(
        status=PaymentOrder.Status.SUPERSEDED, next_attempt_at=None, claimed_until=None, updated_at=now
    )
    return count


@transaction.atomic
def cancel_charge(*, charge_id: UUID, reason: str) -> MandateCharge:
    """The payer opts out of one debit, or an operator takes it back. The mandate and the invoice stay as they are.

    Raises DomainError CHARGE_UNDER_WAY once the bank was asked.
    """
    charge: MandateCharge = MandateCharge.objects.select_related("invoice").get(pk=charge_id)
    lock_customer_money(charge.invoice.organisation_id)
    if not cancel_waiting_charges(MandateCharge.objects.filter(pk=charge_id), reason):
        charge.refresh_from_db()
        if charge.status != Status.CANCELLED:
            raise DomainError("The bank was asked already: the debit can't be taken back.", code="CHARGE_UNDER_WAY")
    charge.refresh_from_db()
    return charge
