"""Money on account: it came, and names no invoice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.validators import require, validate_currency
from organisations.models import Organisation
from payments import emails
from payments.models import Payment
from payments.services.allocating import allocate
from payments.services.announcing import announce_payment
from payments.services.crediting import credit_payment, lock_customer_money
from payments.services.offline import check_no_cheque_waits, instant_of
from payments.services.operator_input import check_amount, check_day, check_reference

METHODS = ("bank_transfer", "cheque")


@transaction.atomic
def record_payment_on_account(
    *,
    organisation_id: UUID,
    amount: Decimal,
    method: str,
    reference: str,
    received_on: date,
    currency: str = "",
    amounts: Mapping[UUID, Decimal] | None = None,
    oldest_first: bool = False,
    send_receipt: bool = True,
    seller_id: UUID | None = None,
    of_cheque: bool = False,
) -> Payment:
    """Record a transfer or cheque of a customer, and credit it to the invoices that `amounts` names, or to those that
    are due first (`oldest_first`), or to none for now.

    `currency` and seller are the customer's where they are not given. `received_on` is a day in the customer's time
    zone. A customer's reference is taken once for money on account, unless it was reversed. `of_cheque`: a recorded
    cheque that clears. Raises NotFound, InvalidInput, DomainError PAYMENT_ALREADY_RECORDED or CHEQUE_WAITS, and what
    `allocate` raises.
    """
    lock_customer_money(organisation_id)
    organisation = Organisation.objects.select_related("billing_entity").filter(pk=organisation_id).first()
    if organisation is None:
        raise NotFound("There is no such customer.")
    currency, reference = currency or organisation.currency, reference.strip()
    _check(organisation, amount, currency, method, reference, received_on)
    if not of_cheque:
        check_no_cheque_waits(organisation.pk, method, reference)
    received_at = instant_of(received_on)
    payment: Payment = Payment.objects.create(
        organisation=organisation,
        billing_entity_id=seller_id or organisation.billing_entity_id,
        kind=Payment.Kind.OFFLINE,
        method=method,
        reference=reference,
        status=Payment.Status.CAPTURED,
        amount=amount,
        currency=currency,
        attempted_at=received_at,
        paid_at=received_at,
        received_on=received_on,
    )
    credit_payment(payment, with_receipt=False)
    if amounts:
        allocate(payment_id=payment.pk, amounts=amounts)
    elif oldest_first:
        allocate(payment_id=payment.pk)
    payment = Payment.objects.select_related("organisation", "billing_entity").get(pk=payment.pk)
    announce_payment(payment)
    if send_receipt:
        emails.queue_payment_received(payment, None)
    return payment


def _check(
    organisation: Organisation, amount: Decimal, currency: str, method: str, reference: str, received_on: date
) -> None:
    if method not in METHODS:
        raise InvalidInput.field("method", f"The method must be one of {', '.join(METHODS)}.")
    require("currency", currency, validate_currency)
    check_reference(reference)
    check_day("received_on", received_on, organisation.time_zone)
    check_amount(amount, currency)
    same = Payment.objects.filter(organisation=organisation, method=method, reference=reference)
    if same.exclude(status=Payment.Status.REVERSED).exists():
        raise DomainError(f"{reference} is recorded for this customer already.", code="PAYMENT_ALREADY_RECORDED")
