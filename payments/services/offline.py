"""Money that came another way than through Razorpay: transfers, cheques, TDS certificates; and their reversal."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.validators import require, validate_paragraphs
from invoicing.models import Invoice
from organisations.operators_clock import operators_zone
from payments import emails
from payments.models import Cheque, Payment
from payments.services.announcing import announce_payment
from payments.services.crediting import credit_payment, lock_customer_money, lock_payment
from payments.services.operator_input import check_amount, check_day, check_reference
from payments.services.withheld_tax import check_section_code, note_withheld_tax

Status = Payment.Status

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
    section_code: str = "",
    taxable_value: Decimal | None = None,
    has_certificate: bool = True,
    accept_overpayment: bool = False,
    send_receipt: bool = True,
    of_cheque: bool = False,
) -> Payment:
    """Record a bank transfer, a cheque that has cleared, or tax that the customer withheld (TDS). It pays the invoice
    in part or whole.

    `received_on` is a day in the customer's time zone. `reference` is the UTR, or the number of the cheque or of the
    certificate; an invoice takes the same reference once, unless the first payment was reversed. `currency`, where it
    is given, must be the invoice's. An amount above what is due needs `accept_overpayment`; what is above stays on
    the payment as unallocated. Of tax withheld, `section_code` is that of the Act, `taxable_value` the value without
    GST of which it was withheld, and the reference is the certificate's number unless the certificate is still to
    come (`has_certificate`). `of_cheque`: a recorded cheque that clears. Raises InvalidInput, NotFound, and DomainError
    INVOICE_NOT_COLLECTABLE, PAYMENT_ALREADY_RECORDED, CHEQUE_WAITS, TDS_ABOVE_DUE or OVERPAYMENT.
    """
    invoice = lock_invoice(invoice_id)
    reference = reference.strip()
    _check_currency(currency, invoice)
    _check_offline(invoice, amount, method, reference, received_on)
    _check_code(section_code, method, received_on)
    if not of_cheque:
        check_no_cheque_waits(invoice.organisation_id, method, reference)
    if amount > invoice.amount_due and not accept_overpayment:
        raise DomainError(overpayment(invoice, amount), code="OVERPAYMENT")
    payment = _made(invoice, amount, method, reference, received_on)
    if payment.kind == Payment.Kind.TDS:
        note_withheld_tax(
            payment, section_code=section_code, taxable_value=taxable_value, has_certificate=has_certificate
        )
    credit_payment(payment, with_receipt=send_receipt)
    announce_payment(payment)
    return payment


def overpayment(invoice: Invoice, amount: Decimal) -> str:
    """The question that an amount above what is due raises."""
    more = format_money(amount - invoice.amount_due, invoice.currency)
    return f"{more} more than is due on invoice {invoice}: keep the rest as credit?"


def check_no_cheque_waits(organisation_id: UUID, method: str, reference: str) -> None:
    """Of a cheque that was recorded when it came, money is recorded on the cheque. Raises DomainError CHEQUE_WAITS."""
    if method != "cheque":
        return
    if Cheque.objects.to_clear().filter(organisation=organisation_id, number=reference).exists():
        raise DomainError(f"Cheque {reference} waits to clear: say on its page that it has.", code="CHEQUE_WAITS")


@transaction.atomic
def reverse_payment(*, payment_id: UUID, reason: str, told: bool = True) -> Payment:
    """Take back an offline payment or certificate that was recorded by mistake. The invoice is due again.

    The payment stays as a record, counts nowhere, and its reference may be used again; a cheque that was it is at the
    bank again. A customer who got a receipt gets an e-mail that the receipt does not hold, unless another mail says it
    (`told`). Safe to repeat. Raises InvalidInput, NotFound, and DomainError
    PAYMENT_NOT_REVERSIBLE for a payment that Razorpay reported: that one is refunded instead.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the payment is reversed.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_paragraphs)
    payment = lock_payment(payment_id)
    if payment.kind == Payment.Kind.GATEWAY:
        raise DomainError("Razorpay received this payment: give it back by a refund.", code="PAYMENT_NOT_REVERSIBLE")
    if payment.status == Status.REVERSED:
        return payment
    payment.status, payment.reversed_at, payment.reversal_reason = Status.REVERSED, clock.now(), reason
    payment.save(update_fields=["status", "reversed_at", "reversal_reason", "updated_at"])
    Cheque.objects.filter(payment=payment, status=Cheque.Status.CLEARED).update(
        status=Cheque.Status.DEPOSITED, cleared_on=None, updated_at=clock.now()
    )
    credit_payment(payment)
    announce_payment(payment)
    if payment.invoice:
        payment.invoice.refresh_from_db()
    if told:
        emails.queue_payment_reversed(payment, payment.invoice)
    return payment


def _made(invoice: Invoice, amount: Decimal, method: str, reference: str, received_on: date) -> Payment:
    received_at = instant_of(received_on)
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
    return payment


def instant_of(day: date) -> datetime:
    """Stands for the day: midnight in the operators' time zone, so that their lists show the typed day."""
    return datetime.combine(day, time(), tzinfo=operators_zone())


def lock_invoice(invoice_id: UUID) -> Invoice:
    """The customer's money first, then the row: as all who credit payments lock them. Raises NotFound."""
    organisation_id = Invoice.objects.filter(pk=invoice_id).values_list("organisation_id", flat=True).first()
    if organisation_id is None:
        raise NotFound("There is no such invoice.")
    lock_customer_money(organisation_id)
    invoices = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    found: Invoice = invoices.get(pk=invoice_id)
    return found


def _check_code(section_code: str, method: str, day: date) -> None:
    if section_code and method != "tds":
        raise InvalidInput.field("section_code", "Only tax withheld has a code.")
    check_section_code(section_code, day)


def _check_currency(currency: str, invoice: Invoice) -> None:
    if currency not in ("", invoice.currency):
        raise InvalidInput.field(
            "currency", f"The currency must be {invoice.currency}, the invoice's: give the amount in it."
        )


def _check_offline(invoice: Invoice, amount: Decimal, method: str, reference: str, received_on: date) -> None:
    if method not in OFFLINE_METHODS:
        raise InvalidInput.field("method", f"The method must be one of {', '.join(OFFLINE_METHODS)}.")
    check_reference(reference)
    check_day("received_on", received_on, invoice.organisation.time_zone)
    check_amount(amount, invoice.currency)
    if not invoice.is_collectable:
        state = invoice.get_status_display().lower()
        raise DomainError(f"Invoice {invoice} is {state}: it takes no payment.", code="INVOICE_NOT_COLLECTABLE")
    recorded = Payment.objects.filter(invoice=invoice, method=method, reference=reference)
    if recorded.exclude(status=Status.REVERSED).exists():
        raise DomainError(f"{reference} is recorded for this invoice already.", code="PAYMENT_ALREADY_RECORDED")
    if method == "tds" and amount > invoice.amount_due:
        raise DomainError("The tax withheld is more than what is due.", code="TDS_ABOVE_DUE")
