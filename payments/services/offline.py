"""What an operator knows of money: a transfer, a cheque or a TDS certificate, and how one of them is put right."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import MAX_MONEY, REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.money import ZERO, Money, MoneyError, format_money, to_minor
from billing_platform.lib.validators import require, validate_business_date, validate_line, validate_paragraphs
from invoicing.models import Invoice
from organisations.operators_clock import operators_zone
from payments import emails
from payments.models import Payment, PaymentAllocation, Refund
from payments.services.crediting import lock_settlements, remark, room, settle, update_invoice
from payments.services.settlement import count_refunds

Status = Payment.Status
Answer = PaymentAllocation.Answer

OFFLINE_METHODS = {
    "bank_transfer": Payment.Kind.OFFLINE,
    "cheque": Payment.Kind.OFFLINE,
    "tds": Payment.Kind.TDS,
}


@transaction.atomic
def record_offline_payment(
    *,
    invoice_id: UUID,
    amount: Decimal,
    method: str,
    reference: str,
    received_on: date,
    currency: str = "",
    accept_overpayment: bool = False,
    send_receipt: bool = True,
) -> Payment:
    """A bank transfer, a cheque, or tax that the customer withheld (TDS): settles the invoice in part or whole.

    `reference` is the UTR, the cheque's or the certificate's number; the same one is taken once per invoice, unless the
    first was reversed. `currency`, where it is given, must be the invoice's. An amount above what is due needs
    `accept_overpayment`; its rest is kept as unallocated. Raises InvalidInput, NotFound, and DomainError
    INVOICE_NOT_COLLECTABLE, PAYMENT_ALREADY_RECORDED, TDS_ABOVE_DUE or OVERPAYMENT.
    """
    organisation_id = Invoice.objects.filter(pk=invoice_id).values_list("organisation_id", flat=True).first()
    if organisation_id is None:
        raise NotFound("There is no such invoice.")
    lock_settlements(organisation_id)
    invoices = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    invoice = invoices.get(pk=invoice_id)
    reference = reference.strip()
    _check_currency(currency, invoice)
    _check_offline(invoice, amount, method, reference, received_on)
    if amount > invoice.amount_due and not accept_overpayment:
        raise DomainError(overpayment(invoice, amount), code="OVERPAYMENT")
    # the instant stands for the day, so it is of that day on the clock of those who look at it
    received_at = datetime.combine(received_on, time(), tzinfo=operators_zone())
    payment: Payment = Payment.objects.create(
        organisation=invoice.organisation,
        invoice=invoice,
        kind=OFFLINE_METHODS[method],
        method=method,
        reference=reference,
        status=Status.CAPTURED,
        amount=amount,
        currency=invoice.currency,
        attempted_at=received_at,
        paid_at=received_at,
        received_on=received_on,
    )
    settle(payment, with_receipt=send_receipt)
    return payment


def overpayment(invoice: Invoice, amount: Decimal) -> str:
    """The question that an amount above what is due raises."""
    more = format_money(Money(amount - invoice.amount_due, invoice.currency))
    return f"{more} more than is due on invoice {invoice}: keep the rest as credit?"


@transaction.atomic
def reverse_payment(*, payment_id: UUID, reason: str) -> Payment:
    """Take back an offline payment or certificate that was recorded by mistake: the invoice is due again.

    The payment stays as a record, counts nowhere, and its reference is free again. A customer who got a receipt is told
    that it does not hold. Safe to repeat. Raises InvalidInput, NotFound, and DomainError PAYMENT_NOT_REVERSIBLE for
    what the gateway reported: that goes back as a refund.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the payment is reversed.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_paragraphs)
    payment = _locked(payment_id)
    if payment.kind == Payment.Kind.GATEWAY:
        raise DomainError(
            "Razorpay received this payment: refund it in Razorpay's dashboard.", code="PAYMENT_NOT_REVERSIBLE"
        )
    if payment.status == Status.REVERSED:
        return payment
    payment.status, payment.reversed_at, payment.reversal_reason = Status.REVERSED, clock.now(), reason
    payment.save(update_fields=["status", "reversed_at", "reversal_reason", "updated_at"])
    settle(payment)
    payment.invoice.refresh_from_db()
    emails.queue_payment_reversed(payment, payment.invoice)
    return payment


@transaction.atomic
def credit_to_invoice(*, payment_id: UUID, invoice_id: UUID) -> PaymentAllocation:
    """Credit what is left of a payment to another open invoice of the same customer and currency, as far as it is due.

    Raises NotFound, and DomainError NOTHING_TO_CREDIT, INVOICE_NOT_COLLECTABLE or CURRENCY_MISMATCH.
    """
    payment = _locked(payment_id)
    invoice = (
        Invoice.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=invoice_id, organisation_id=payment.organisation_id)
        .first()
    )
    if invoice is None:
        raise NotFound("There is no such invoice of this customer.")
    if payment.unallocated <= ZERO:
        raise DomainError("All of the payment is credited or given back.", code="NOTHING_TO_CREDIT")
    if invoice.currency != payment.currency:
        raise DomainError(
            f"Invoice {invoice} is in {invoice.currency}, the payment in {payment.currency}.", code="CURRENCY_MISMATCH"
        )
    if not invoice.is_collectable:
        raise DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")
    amount = min(payment.unallocated, room(invoice))
    allocation: PaymentAllocation = PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=amount)
    update_invoice(invoice)
    remark([payment])
    return allocation


@transaction.atomic
def record_refund(*, payment_id: UUID, amount: Decimal, reference: str, refunded_on: date) -> Refund:
    """Note that unplaced money went back to the customer by bank transfer. Nothing is sent: it is a record.

    `amount` is at most what is unallocated; `reference` is the transfer's UTR, taken once per payment. Raises
    InvalidInput, NotFound, and DomainError NOTHING_TO_REFUND or REFUND_ALREADY_RECORDED.
    """
    payment = _locked(payment_id)
    reference = reference.strip()
    _check_reference(reference)
    _check_day("refunded_on", refunded_on, payment.organisation.time_zone)
    if payment.refunds.filter(kind=Refund.Kind.BANK, reference=reference).exists():
        raise DomainError(f"{reference} is recorded for this payment already.", code="REFUND_ALREADY_RECORDED")
    if payment.unallocated <= ZERO:
        raise DomainError("All of the payment is credited or given back.", code="NOTHING_TO_REFUND")
    _check_amount(amount, payment.currency)
    if amount > payment.unallocated:
        raise InvalidInput.field(
            "amount", f"The amount must be at most {payment.shown(payment.unallocated)}, which is not credited."
        )
    refund: Refund = Refund.objects.create(
        payment=payment,
        kind=Refund.Kind.BANK,
        status=Refund.Status.PROCESSED,
        amount=amount,
        currency=payment.currency,
        reference=reference,
        refunded_on=refunded_on,
    )
    count_refunds(payment)
    payment.save(update_fields=["amount_refunded", "status", "updated_at"])
    settle(payment)
    remark([payment])
    return refund


@transaction.atomic
def answer_refund(*, payment_id: UUID, ask_again: bool) -> Payment:
    """Decide about money that went back while its invoice stands: ask for it again, or leave it refunded.

    Safe to repeat; what is left refunded may be asked for later. Raises NotFound and DomainError NOTHING_TO_DECIDE.
    """
    payment = _locked(payment_id)
    open_to = [Answer.OPEN, Answer.LEFT] if ask_again else [Answer.OPEN]
    rows = payment.allocations.filter(answer__in=open_to)
    invoices = Invoice.objects.select_for_update(of=("self",), no_key=True)
    touched = list(invoices.filter(pk__in=rows.values("invoice")).order_by("pk"))
    if not touched:
        raise DomainError("Nothing of this payment waits for a decision.", code="NOTHING_TO_DECIDE")
    for row in rows:
        row.answer = Answer.ASKED_AGAIN if ask_again else Answer.LEFT
        row.save(update_fields=["answer", "updated_at"])
    for invoice in touched:
        update_invoice(invoice)
    return payment


def _locked(payment_id: UUID) -> Payment:
    payment = Payment.objects.filter(pk=payment_id).only("organisation_id").first()
    if payment is None:
        raise NotFound("There is no such payment.")
    lock_settlements(payment.organisation_id)
    rows = Payment.objects.select_for_update(of=("self",)).select_related("organisation", "order")
    locked: Payment = rows.get(pk=payment_id)
    return locked


def _check_currency(currency: str, invoice: Invoice) -> None:
    if currency not in ("", invoice.currency):
        raise InvalidInput.field(
            "currency", f"The currency must be {invoice.currency}, the invoice's: give the amount in it."
        )


def _check_offline(invoice: Invoice, amount: Decimal, method: str, reference: str, received_on: date) -> None:
    if method not in OFFLINE_METHODS:
        raise InvalidInput.field("method", f"The method must be one of {', '.join(OFFLINE_METHODS)}.")
    _check_reference(reference)
    _check_day("received_on", received_on, invoice.organisation.time_zone)
    _check_amount(amount, invoice.currency)
    if not invoice.is_collectable:
        state = invoice.get_status_display().lower()
        raise DomainError(f"Invoice {invoice} is {state}: it takes no payment.", code="INVOICE_NOT_COLLECTABLE")
    recorded = Payment.objects.filter(invoice=invoice, method=method, reference=reference)
    if recorded.exclude(status=Status.REVERSED).exists():
        raise DomainError(f"{reference} is recorded for this invoice already.", code="PAYMENT_ALREADY_RECORDED")
    if method == "tds" and amount > invoice.amount_due:
        raise DomainError("The tax withheld is more than what is due.", code="TDS_ABOVE_DUE")


def _check_reference(reference: str) -> None:
    if not reference:
        raise InvalidInput.field("reference", "Say which transfer, cheque or certificate it is.")
    if len(reference) > REFERENCE_LENGTH:
        raise InvalidInput.field("reference", f"The reference must have at most {REFERENCE_LENGTH} characters.")
    require("reference", reference, validate_line)


def _check_day(field: str, day: date, time_zone: str) -> None:
    require(field, day, validate_business_date)
    if day > clock.today(time_zone):
        raise InvalidInput.field(field, "The day must not be in the future.")


def _check_amount(amount: Decimal, currency: str) -> None:
    try:
        minor = to_minor(Money(amount, currency))
    except MoneyError as error:
        raise InvalidInput.field("amount", str(error)) from error
    if minor <= 0:
        raise InvalidInput.field("amount", "The amount must be above zero.")
    if amount >= MAX_MONEY:
        raise InvalidInput.field("amount", "The amount is too large.")
