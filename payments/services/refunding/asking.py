"""Ask for a refund: what may go back, what it takes off which invoice, and the row that sets the money aside.

The row is stored first, under the customer's lock, and counts from then on: of fifty requests for one payment, as many
are stored as the payment can bear. Razorpay is asked afterwards (`sending`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import models, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import ZERO, Money, to_minor
from billing_platform.lib.validators import require, validate_printed_paragraphs
from invoicing.models import Invoice
from payments.gateways import payable_amounts
from payments.models import Dispute, Payment, PaymentAllocation, PaymentOrder, Refund
from payments.services.announcing import announce_refund
from payments.services.crediting import credit_payment, lock_payment, update_paid_total
from payments.services.gateway_accounts import gateway_of
from payments.services.operator_input import check_amount
from payments.services.refund_numbers import take_refund_number
from payments.services.refunding.sending import follow_refund
from payments.services.refunds import count_refunds

Afterwards = Refund.Afterwards
Answer = PaymentAllocation.Answer
SAME_REQUEST_WITHIN = timedelta(hours=24)
"""As long as the API stores its answers."""


def refund_payment(
    *,
    payment_id: UUID,
    reason: str,
    amount: Decimal | None = None,
    afterwards: str = "",
    retry_of: UUID | None = None,
    request_key: str = "",
    only_excess: bool = False,
) -> Refund:
    """Give money of an online payment back through Razorpay: all that is left of it, or `amount`.

    `afterwards` says what becomes of the invoice that is paid less by it, a value of Refund.Afterwards; by default what
    the seller has set. Where the money was credited to no invoice, nothing is to be said. `retry_of` is the refund that
    failed and that this one is another try of; it is tried again once. `request_key` names the request: the same for
    the same payment within a day gets the refund that the first made. `only_excess` gives back nothing that an invoice
    was credited with. The refund comes back as it stands after the
    first call to Razorpay: pending, processed, or failed with the reason in `failure`. Call it outside transactions.

    Raises NotFound, GatewayNotConfigured, InvalidInput for `amount`, `reason` and `afterwards`, and DomainError
    NOT_REFUNDABLE_ONLINE, NOTHING_TO_REFUND, DISPUTED, REFUND_REACHES_TWO_INVOICES or REFUND_TRIED_AGAIN.
    """
    order = PaymentOrder.objects.filter(payments=payment_id).first()
    if order is not None:
        gateway_of(order)  # without keys, nothing is stored
    refund = ask_for_refund(
        payment_id=payment_id,
        reason=reason,
        amount=amount,
        afterwards=afterwards,
        retry_of=retry_of,
        request_key=request_key,
        only_excess=only_excess,
    )
    follow_refund(refund_id=refund.pk, early=True)
    refund.refresh_from_db()
    return refund


@transaction.atomic
def ask_for_refund(
    *,
    payment_id: UUID,
    reason: str,
    amount: Decimal | None,
    afterwards: str = "",
    retry_of: UUID | None = None,
    request_key: str = "",
    only_excess: bool = False,
) -> Refund:
    """Store the request. As `refund_payment`, without the call: a worker makes it within a minute."""
    payment = lock_payment(payment_id)
    if request_key and (made := _made_by(payment, request_key)):
        return made
    reason = reason.strip()
    _check_reason(reason)
    refused = why_not_refundable(payment)
    if refused is not None:
        raise refused
    most = refundable(payment)
    amount = most if amount is None else amount
    _check_amount(payment, amount, min(most, payment.unallocated) if only_excess else most)
    earlier = _failed_before(payment, retry_of)
    wanted = afterwards or default_afterwards(payment.invoice)
    if wanted not in Afterwards.values:
        raise InvalidInput.field("afterwards", f"Choose one of {', '.join(Afterwards.values)}.")
    today = clock.today(payment.organisation.time_zone)
    refund = Refund(
        payment=payment,
        refund_number=take_refund_number(today),
        kind=Refund.Kind.GATEWAY,
        status=Refund.Status.PENDING,
        amount=amount,
        currency=payment.currency,
        reason=reason,
        refunded_on=today,
        retry_of=earlier,
        request_key=request_key,
    )
    refund.save()
    _set_aside(payment, refund, wanted)
    announce_refund(refund)
    return refund


def why_not_refundable(payment: Payment) -> DomainError | None:
    """Why Razorpay can give nothing of the payment back; None where it can."""
    if payment.kind != Payment.Kind.GATEWAY:
        return DomainError(
            "Razorpay did not receive this payment: transfer the money back, and record the refund.",
            code="NOT_REFUNDABLE_ONLINE",
        )
    if payment.net <= ZERO:
        reason = "It was not captured." if payment.paid_at is None else "All of it went back, or is on its way back."
        return DomainError(f"Nothing of the payment is left to refund. {reason}", code="NOTHING_TO_REFUND")
    if refundable(payment) <= ZERO:
        return DomainError(f"All of the payment is disputed. {IF_LOST}", code="DISPUTED")
    return None


IF_LOST = "If the dispute is lost, the payer gets it by that: accept the dispute instead, or wait until it is decided."


def disputed(payment: Payment) -> Decimal:
    """What disputes may still take by themselves: refunded as well, it would go back twice. A suspected fraud and a
    request for information take nothing; a refund may even end them."""
    rows = payment.disputes.undecided().exclude(phase__in=[Dispute.Phase.FRAUD, Dispute.Phase.RETRIEVAL])
    return rows.aggregate(total=models.Sum("amount"))["total"] or ZERO


def refundable(payment: Payment) -> Decimal:
    """What of an online payment may be asked back from Razorpay now."""
    return max(payment.net - disputed(payment), ZERO)


def default_afterwards(invoice: Invoice | None) -> str:
    """What the seller has set for refunds."""
    return Afterwards.CREDIT_NOTE if invoice and invoice.billing_entity.credit_note_on_refund else Afterwards.LEAVE


@dataclass(frozen=True, slots=True)
class Taken:
    """What a refund would take: of the excess, which is credited to no invoice, and of which invoices."""

    excess: Decimal
    invoices: tuple[tuple[Invoice, Decimal], ...]


def what_it_takes(payment: Payment, amount: Decimal) -> Taken:
    """Before a refund: the excess first, then the invoice that was credited last; as `credit_payment` takes it.

    Other payments of the same invoice that were not credited in full may fill it up; that is not foreseen here.
    """
    rest = max(amount - payment.unallocated, ZERO)
    taken: list[tuple[Invoice, Decimal]] = []
    for invoice, credited in _credited_last_first(payment):
        part = min(rest, credited)
        if part > ZERO:
            taken.append((invoice, part))
            rest -= part
    return Taken(min(amount, payment.unallocated), tuple(taken))


def in_parts(payment: Payment, taken: Taken) -> str:
    """How to refund what was credited to several invoices: a credit note is about one, so is a refund with its note."""
    shares = [f"{payment.shown(part)} of invoice {invoice}" for invoice, part in taken.invoices]
    first = payment.shown(taken.excess + taken.invoices[0][1])
    return (
        f"It takes {' and '.join(shares)}, and a credit note is about one invoice. Refund {first} first, and the rest"
        " afterwards; or refund it without a credit note, and credit the invoices by hand."
    )


def _credited_last_first(payment: Payment) -> list[tuple[Invoice, Decimal]]:
    rows = payment.allocations.select_related("invoice__billing_entity").order_by("created_at")
    credited: dict[Invoice, Decimal] = {}
    for row in rows:
        before = credited.pop(row.invoice, ZERO) if row.kind == PaymentAllocation.Kind.CREDIT else None
        if before is None:
            credited[row.invoice] = credited.get(row.invoice, ZERO) + row.amount
        else:
            credited[row.invoice] = before + row.amount  # at the end again: it was credited last
    return list(reversed(credited.items()))


def _set_aside(payment: Payment, refund: Refund, wanted: str) -> None:
    """Take the money off the invoice, and note on the refund which invoice is paid less by it, and by how much."""
    taken = what_it_takes(payment, refund.amount)
    before = _returned(payment)
    waiting = set(_to_decide(payment).values_list("pk", flat=True))
    count_refunds(payment)
    payment.save(update_fields=["amount_refunded", "status", "updated_at"])
    credit_payment(payment, with_receipt=False)
    less = {pk: now - before.get(pk, ZERO) for pk, now in _returned(payment).items() if now > before.get(pk, ZERO)}
    if not less:
        return
    if len(less) > 1 and wanted == Afterwards.CREDIT_NOTE:
        raise DomainError(in_parts(payment, taken), code="REFUND_REACHES_TWO_INVOICES")
    refund.invoice_id, refund.off_invoice = max(less.items(), key=lambda item: item[1])
    refund.afterwards = wanted
    refund.save(update_fields=["invoice", "off_invoice", "afterwards", "updated_at"])
    if wanted != Afterwards.CREDIT_NOTE:
        _answer(payment, list(less), waiting, Answer.LEFT if wanted == Afterwards.LEAVE else Answer.ASKED_AGAIN)


def _answer(payment: Payment, invoice_ids: list[UUID], before: set[UUID], answer: str) -> None:
    """Decide at once about what this refund took, and about nothing that waited before."""
    for row in _to_decide(payment).exclude(pk__in=before):
        row.answer = answer
        row.save(update_fields=["answer", "updated_at"])
    for invoice in Invoice.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=invoice_ids):
        update_paid_total(invoice)


def _to_decide(payment: Payment) -> models.QuerySet[PaymentAllocation]:
    rows: models.QuerySet[PaymentAllocation] = PaymentAllocation.objects.filter(payment=payment, answer=Answer.OPEN)
    return rows


def _returned(payment: Payment) -> dict[UUID, Decimal]:
    """What was given back of each invoice that the payment has to do with."""
    rows = Invoice.objects.filter(allocations__payment=payment).distinct()
    return dict(rows.values_list("pk", "amount_returned"))


def _check_reason(reason: str) -> None:
    if not reason:
        raise InvalidInput.field("reason", "Say why the money goes back.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"The reason must have at most {REASON_LENGTH} characters.")
    require("reason", reason, validate_printed_paragraphs)


def _check_amount(payment: Payment, amount: Decimal, most: Decimal) -> None:
    check_amount(amount, payment.currency)
    if amount > most:
        reason = f" {payment.shown(held)} more is disputed. {IF_LOST}" if (held := disputed(payment)) else ""
        raise InvalidInput.field("amount", f"At most {payment.shown(most)} is left of the payment to refund.{reason}")
    if reason := payable_amounts.why_not_payable(to_minor(Money(amount, payment.currency)), payment.currency):
        raise InvalidInput.field("amount", reason)


def _made_by(payment: Payment, request_key: str) -> Refund | None:
    since = clock.now() - SAME_REQUEST_WITHIN
    made: Refund | None = payment.refunds.filter(request_key=request_key, created_at__gte=since).first()
    return made


def _failed_before(payment: Payment, retry_of: UUID | None) -> Refund | None:
    if retry_of is None:
        return None
    earlier: Refund | None = payment.refunds.filter(pk=retry_of, status=Refund.Status.FAILED).first()
    if earlier is None or Refund.objects.filter(retry_of=earlier).exists():
        raise DomainError("The refund did not fail, or was tried again already.", code="REFUND_TRIED_AGAIN")
    return earlier
