"""Take back a debit that is announced, and not asked for yet."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError
from payments.models import MandateCharge
from payments.services.crediting import lock_customer_money
from payments.services.debit_outcomes import withdraw_debits


@transaction.atomic
def cancel_charge(*, charge_id: UUID, reason: str) -> MandateCharge:
    """The payer opts out of one debit, or an operator takes it back. The mandate and the invoice stay as they are.

    Raises DomainError CHARGE_UNDER_WAY once the bank was asked.
    """
    charge: MandateCharge = MandateCharge.objects.select_related("invoice").get(pk=charge_id)
    lock_customer_money(charge.invoice.organisation_id)
    withdrawn = withdraw_debits(MandateCharge.objects.filter(pk=charge_id), reason)
    charge.refresh_from_db()
    if not withdrawn and charge.status != MandateCharge.Status.CANCELLED:
        raise DomainError("The bank was asked already: the debit can't be taken back.", code="CHARGE_UNDER_WAY")
    return charge
