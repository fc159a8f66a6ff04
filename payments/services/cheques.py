"""Cheques: recorded when they come, given to the bank, and money once it has cleared them.

Whoever changes a cheque takes the customer's money first, then the cheque: as all that moves money of a customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import require, validate_business_date, validate_currency, validate_line
from invoicing.models import Invoice, RecurringFee
from invoicing.services.prices.billed_months import lock_prices
from organisations.models import Organisation
from payments import emails
from payments.models import BankLine, Cheque, Payment
from payments.models.cheque import BANK_LENGTH, NUMBER_LENGTH
from payments.services.crediting import lock_customer_money
from payments.services.next_invoice import charge_on_next_invoice
from payments.services.offline import lock_invoice, record_offline_payment, reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.operator_input import check_amount, check_day

Status = Cheque.Status
METHOD = "cheque"


@transaction.atomic
def record_cheque(
    *,
    number: str,
    bank: str,
    dated: date,
    received_on: date,
    amount: Decimal,
    invoice_id: UUID | None = None,
    organisation_id: UUID | None = None,
    currency: str = "",
    with_mail: bool = False,
) -> Cheque:
    """Record a cheque of a customer, for an invoice or on account. It counts as nothing yet.

    `dated` is the day on the cheque, which may be to come; `received_on` a day in the customer's time zone. The
    currency is the invoice's, or the customer's where none is given. `with_mail` tells the customer that it came.
    Raises InvalidInput, NotFound, and DomainError INVOICE_NOT_COLLECTABLE, CHEQUE_OUT_OF_DATE or CHEQUE_RECORDED.
    """
    invoice = lock_invoice(invoice_id) if invoice_id else None
    organisation = invoice.organisation if invoice else _locked_customer(organisation_id)
    currency = invoice.currency if invoice else currency or organisation.currency
    cheque = Cheque(
        organisation=organisation,
        billing_entity=invoice.billing_entity if invoice else organisation.billing_entity,
        invoice=invoice,
        number=number.strip(),
        bank=bank.strip(),
        dated=dated,
        received_on=received_on,
        amount=amount,
        currency=currency,
    )
    _check(cheque)
    if invoice is not None and not invoice.is_collectable:
        raise DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")
    same = Cheque.objects.filter(organisation=organisation, number=cheque.number, bank__iexact=cheque.bank)
    if same.exclude(status__in=[Status.BOUNCED, Status.CANCELLED]).exists():
        raise DomainError(f"Cheque {cheque.number} of this bank is recorded already.", code="CHEQUE_RECORDED")
    cheque.save()
    if with_mail:
        emails.queue_cheque_received(cheque)
    return cheque


@transaction.atomic
def deposit_cheques(*, cheque_ids: Sequence[UUID], day: date) -> list[Cheque]:
    """Note that cheques were given to the bank, all on one day. All or none. Raises InvalidInput at `day`, NotFound,
    and DomainError CHEQUE_NOT_IN_HAND or CHEQUE_OUT_OF_DATE."""
    customers = Cheque.objects.filter(pk__in=cheque_ids).order_by("organisation_id")
    for organisation_id in customers.values_list("organisation_id", flat=True).distinct():
        lock_customer_money(organisation_id)
    return [_deposited(_locked(pk), day) for pk in sorted(cheque_ids)]


@transaction.atomic
def clear_cheque(*, cheque_id: UUID, day: date, oldest_first: bool = False, send_receipt: bool = True) -> Cheque:
    """The bank credited it: it is a payment from this day on.

    It pays the invoice for which it came, and what is above stays as credit. If the invoice asks for nothing any more,
    or there was none, it is money on account; with `oldest_first` that pays the invoices which are due first. Raises
    InvalidInput at `day`, NotFound, and DomainError CHEQUE_NOT_TO_CLEAR.
    """
    cheque = _locked(cheque_id)
    if not cheque.is_to_clear:
        raise DomainError(_is(cheque), code="CHEQUE_NOT_TO_CLEAR")
    if cheque.status == Status.RECEIVED:
        _deposited(cheque, day)
    _check_after(cheque, "day", day, cheque.deposited_on)
    cheque.payment = _payment(cheque, day, oldest_first=oldest_first, send_receipt=send_receipt)
    cheque.status, cheque.cleared_on = Status.CLEARED, day
    cheque.save(update_fields=["status", "cleared_on", "payment", "updated_at"])
    return cheque


@transaction.atomic
def bounce_cheque(
    *,
    cheque_id: UUID,
    day: date,
    reason: str,
    charge: Decimal | None = None,
    charge_sac: str = "",
    with_mail: bool = True,
) -> Cheque:
    """The bank sent it back. If it had counted as paid its payment is reversed, and the invoices are due again.

    `charge` is what the customer pays for it, before tax, on its next invoice; with a service code whose rate is 0% it
    is not taxed. Raises InvalidInput, NotFound, ValidationError of the charge, and DomainError CHEQUE_NOT_AT_BANK.
    """
    reason = _reason(reason)
    if charge is not None:
        lock_prices(to_change_them=True)  # before the customer's money: credit notes take both in this order
    line = BankLine.objects.select_for_update().filter(payment__cheque=cheque_id).first()  # before it, as booking does
    cheque = _locked(cheque_id)
    if cheque.status not in (Status.DEPOSITED, Status.CLEARED):
        raise DomainError(_is(cheque), code="CHEQUE_NOT_AT_BANK")
    _check_after(cheque, "day", day, cheque.deposited_on)
    if cheque.status == Status.CLEARED and cheque.payment_id is not None:
        reverse_payment(payment_id=cheque.payment_id, reason=f"Cheque {cheque.number} bounced: {reason}", told=False)
        cheque.refresh_from_db()
        _set_aside(line, f"{cheque} bounced: the money went back.")
    cheque.status, cheque.bounced_on, cheque.reason = Status.BOUNCED, day, reason
    if charge is not None:
        cheque.charge = _charge(cheque, charge, charge_sac)
    cheque.save(update_fields=["status", "bounced_on", "reason", "charge", "updated_at"])
    if with_mail:
        emails.queue_cheque_bounced(cheque)
    return cheque


@transaction.atomic
def cancel_cheque(*, cheque_id: UUID, reason: str) -> Cheque:
    """It was given back, replaced, or recorded by mistake, before the bank cleared it. Raises InvalidInput, NotFound,
    and DomainError CHEQUE_NOT_TO_CLEAR."""
    reason = _reason(reason)
    cheque = _locked(cheque_id)
    if not cheque.is_to_clear:
        raise DomainError(_is(cheque), code="CHEQUE_NOT_TO_CLEAR")
    cheque.status, cheque.reason = Status.CANCELLED, reason
    cheque.save(update_fields=["status", "reason", "updated_at"])
    return cheque


def _payment(cheque: Cheque, day: date, *, oldest_first: bool, send_receipt: bool) -> Payment:
    how: dict[str, Any] = {
        "amount": cheque.amount,
        "method": METHOD,
        "reference": cheque.number,
        "received_on": day,
        "currency": cheque.currency,
        "send_receipt": send_receipt,
        "of_cheque": True,
    }
    if cheque.invoice_id and Invoice.objects.collectable().filter(pk=cheque.invoice_id).exists():
        return record_offline_payment(invoice_id=cheque.invoice_id, accept_overpayment=True, **how)
    pays_oldest = oldest_first and _something_is_due(cheque)
    return record_payment_on_account(
        organisation_id=cheque.organisation_id, seller_id=cheque.billing_entity_id, oldest_first=pays_oldest, **how
    )


def _something_is_due(cheque: Cheque) -> bool:
    due = Invoice.objects.collectable().filter(organisation=cheque.organisation_id, currency=cheque.currency)
    return due.filter(billing_entity=cheque.billing_entity_id).exists()


def _set_aside(line: BankLine | None, reason: str) -> None:
    """Money that went back waits for nobody."""
    if line is not None:
        line.payment, line.outcome, line.set_aside_reason = None, BankLine.Outcome.NONE, reason
        line.save(update_fields=["payment", "outcome", "set_aside_reason", "updated_at"])


def _charge(cheque: Cheque, amount: Decimal, sac: str) -> RecurringFee:
    organisation = cheque.organisation
    check_amount(amount, organisation.currency, field="charge")
    return charge_on_next_invoice(
        organisation=organisation,
        description=f"Charge for cheque {cheque.number}, returned by the bank",
        amount=amount,
        currency=organisation.currency,
        sac=sac,
        today=clock.today(organisation.time_zone),
    )


def _deposited(cheque: Cheque, day: date) -> Cheque:
    if cheque.status != Status.RECEIVED:
        raise DomainError(_is(cheque), code="CHEQUE_NOT_IN_HAND")
    if day < cheque.dated:
        raise InvalidInput.field("day", f"{cheque} is dated {day_text(cheque.dated)}: no bank takes it before.")
    if day > cheque.last_day:
        raise DomainError(_out_of_date(cheque), code="CHEQUE_OUT_OF_DATE")
    _check_after(cheque, "day", day, cheque.received_on)
    cheque.status, cheque.deposited_on = Status.DEPOSITED, day
    cheque.save(update_fields=["status", "deposited_on", "updated_at"])
    return cheque


def _check(cheque: Cheque) -> None:
    zone = cheque.organisation.time_zone
    for field, text, most in (("number", cheque.number, NUMBER_LENGTH), ("bank", cheque.bank, BANK_LENGTH)):
        if not text or len(text) > most:
            raise InvalidInput.field(field, f"Write the {field}, with at most {most} characters.")
        require(field, text, validate_line)
    require("currency", cheque.currency, validate_currency)
    check_amount(cheque.amount, cheque.currency)
    check_day("received_on", cheque.received_on, zone)
    require("dated", cheque.dated, validate_business_date)
    if cheque.received_on > cheque.last_day:
        raise DomainError(_out_of_date(cheque), code="CHEQUE_OUT_OF_DATE")


def _check_after(cheque: Cheque, field: str, day: date, earliest: date | None) -> None:
    check_day(field, day, cheque.organisation.time_zone)
    if earliest is not None and day < earliest:
        before = "came" if cheque.status == Status.RECEIVED else "was given to the bank"
        raise InvalidInput.field(field, f"The cheque {before} on {day_text(earliest)}: the day can't be earlier.")


def _out_of_date(cheque: Cheque) -> str:
    return f"{cheque} is dated {day_text(cheque.dated)}: banks took it until {day_text(cheque.last_day)}."


def _is(cheque: Cheque) -> str:
    states = {
        Status.RECEIVED: "in hand: it was not given to the bank",
        Status.DEPOSITED: "at the bank",
        Status.CLEARED: "cleared",
        Status.BOUNCED: "returned by the bank",
        Status.CANCELLED: "cancelled",
    }
    return f"{cheque} is {states[Status(cheque.status)]}."


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_line)
    return reason


def _locked_customer(organisation_id: UUID | None) -> Organisation:
    rows = Organisation.objects.select_related("billing_entity")
    found: Organisation | None = rows.filter(pk=organisation_id).first()
    if found is None:
        raise NotFound("There is no such customer.")
    lock_customer_money(found.pk)
    return found


def _locked(cheque_id: UUID) -> Cheque:
    organisation_id = Cheque.objects.filter(pk=cheque_id).values_list("organisation_id", flat=True).first()
    if organisation_id is None:
        raise NotFound("There is no such cheque.")
    lock_customer_money(organisation_id)
    rows = Cheque.objects.select_for_update(of=("self",)).select_related("organisation", "billing_entity")
    found: Cheque = rows.get(pk=cheque_id)
    return found
