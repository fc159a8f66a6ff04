"""Money that went back: refunds that Razorpay reports, refunds by bank transfer, and the decision about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO, from_minor
from invoicing.models import Invoice
from payments.gateways import GatewayRefund
from payments.models import Payment, PaymentAllocation, Refund
from payments.services.announcing import announce_refund
from payments.services.crediting import credit_payment, lock_payment, update_paid_total
from payments.services.operator_input import check_amount, check_day, check_reference
from payments.services.refund_numbers import take_refund_number

Status = Payment.Status
Answer = PaymentAllocation.Answer


@transaction.atomic
def record_refund(*, payment_id: UUID, amount: Decimal, reference: str, refunded_on: date) -> Refund:
    """Note that money which is not credited went back to the customer by bank transfer. Nothing is sent from here.

    `amount` is at most what is unallocated; `reference` is the transfer's UTR, taken once per payment. Raises
    InvalidInput, NotFound, and DomainError NOTHING_TO_REFUND or REFUND_ALREADY_RECORDED.
    """
    payment = lock_payment(payment_id)
    reference = reference.strip()
    check_reference(reference)
    check_day("refunded_on", refunded_on, payment.organisation.time_zone)
    if payment.refunds.filter(kind=Refund.Kind.BANK, reference=reference).exists():
        raise DomainError(f"{reference} is recorded for this payment already.", code="REFUND_ALREADY_RECORDED")
    if payment.unallocated <= ZERO:
        raise DomainError("All of the payment is credited or given back.", code="NOTHING_TO_REFUND")
    check_amount(amount, payment.currency)
    if amount > payment.unallocated:
        raise InvalidInput.field(
            "amount", f"The amount must be at most {payment.shown(payment.unallocated)}, which is not credited."
        )
    refund: Refund = Refund.objects.create(
        payment=payment,
        refund_number=take_refund_number(refunded_on),
        kind=Refund.Kind.BANK,
        status=Refund.Status.PROCESSED,
        amount=amount,
        currency=payment.currency,
        reference=reference,
        refunded_on=refunded_on,
        ended_at=clock.now(),
        next_attempt_at=None,
    )
    count_refunds(payment)
    payment.save(update_fields=["amount_refunded", "status", "updated_at"])
    credit_payment(payment)
    announce_refund(refund)
    return refund


@transaction.atomic
def answer_refund(*, payment_id: UUID, ask_again: bool) -> Payment:
    """Decide about money that went back while its invoice stands: the invoice asks for the money again, or it does not.

    Safe to repeat. An invoice that was left refunded may ask for the money later. Raises NotFound and DomainError
    NOTHING_TO_DECIDE.
    """
    payment = lock_payment(payment_id)
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
        update_paid_total(invoice)
    return payment


def note_refund(payment: Payment, report: GatewayRefund, *, answer_to: UUID | None = None) -> Refund:
    """Bring the row of one refund into line with what Razorpay says; make the row if the refund was made elsewhere.

    Razorpay may report a refund as processed before it reports it as created, and its message may come before the
    answer to our own request: then the message tells the row of ours its id, by our number, the receipt. The caller
    holds the payment's lock.
    """
    known = _row_of(payment, report, answer_to)
    row = known or _made_elsewhere(payment, report)
    changed = ["updated_at"]
    if row.razorpay_refund_id is None:
        row.razorpay_refund_id, row.last_failure = report.id, ""
        changed += ["razorpay_refund_id", "last_failure"]
    if report.bank_reference and row.bank_reference != report.bank_reference:
        row.bank_reference = report.bank_reference
        changed.append("bank_reference")
    if _ORDER.index(report.status) > _ORDER.index(row.status):
        row.status, row.ended_at = report.status, clock.now()
        row.failure = BANK_FAILED_IT if report.status == Refund.Status.FAILED else ""
        changed += ["status", "ended_at", "failure"]
    row.save(update_fields=changed)
    if known is None or "status" in changed:
        announce_refund(row)
    return row


_ORDER = (Refund.Status.PENDING, Refund.Status.PROCESSED, Refund.Status.FAILED)
BANK_FAILED_IT = "Razorpay took the refund on, and the payer's bank could not be paid."


def _row_of(payment: Payment, report: GatewayRefund, answer_to: UUID | None) -> Refund | None:
    """By Razorpay's id, else the row of ours that asked for it: which it was, the answer or the number tells."""
    rows = payment.refunds.select_for_update()
    known: Refund | None = rows.filter(razorpay_refund_id=report.id).first()
    if known is not None:
        return known
    asked_for = rows.filter(razorpay_refund_id__isnull=True, status=Refund.Status.PENDING, kind=Refund.Kind.GATEWAY)
    amount = from_minor(report.amount_minor, payment.currency).amount
    same = Q(pk=answer_to) if answer_to else Q(refund_number=report.receipt, amount=amount)
    ours: Refund | None = asked_for.filter(same).first()
    return ours


def _made_elsewhere(payment: Payment, report: GatewayRefund) -> Refund:
    day = report.created_at.astimezone(payment.organisation.zone).date()
    ended = report.status != Refund.Status.PENDING
    row: Refund = Refund.objects.create(
        payment=payment,
        refund_number=take_refund_number(day),
        kind=Refund.Kind.GATEWAY,
        asked_here=False,
        status=report.status,
        amount=from_minor(report.amount_minor, payment.currency).amount,
        currency=payment.currency,
        razorpay_refund_id=report.id,
        bank_reference=report.bank_reference,
        refunded_on=day,
        ended_at=clock.now() if ended else None,
        failure=BANK_FAILED_IT if report.status == Refund.Status.FAILED else "",
    )
    return row


def count_refunds(payment: Payment) -> None:
    """Work out what went back of a payment in all, and whether the payment is refunded in full. Does not save.

    Razorpay's own sum goes up with a refund and down when the bank fails it, and old sums may come late. There are two
    lower bounds, and the higher one counts: the refunds that we know by name and that did not fail, and the highest sum
    that Razorpay named, less the refunds that failed there. Example: Razorpay named 500.00 at most; we know refunds of
    200.00 (processed) and 100.00 (failed): 400.00 went back. A refund that is asked for here counts from then on, also
    before Razorpay knows of it; one that Razorpay refused was never in its sum.
    """
    known, failed, by_bank = ZERO, ZERO, ZERO
    refused = Q(status=Refund.Status.FAILED, razorpay_refund_id__isnull=True)
    rows = payment.refunds.exclude(refused).order_by().values("kind", "status")
    for row in rows.annotate(total=Sum("amount")):
        if row["kind"] == Refund.Kind.BANK:
            by_bank += row["total"]
        elif row["status"] == Refund.Status.FAILED:
            failed += row["total"]
        else:
            known += row["total"]
    by_gateway = max(known, payment.refunds_reported - failed)
    payment.amount_refunded = min(by_gateway + by_bank, payment.amount)
    if payment.paid_at is not None and payment.status != Status.REVERSED:
        payment.status = (
            Status.CAPTURED if payment.amount_refunded < payment.amount - payment.payer_fee else Status.REFUNDED
        )
