"""What may be done to many payments at once, and to the invoices that they are for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat

from billing_platform.lib import clock
from billing_platform.lib.law import last_day_of_cheque
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.models import BillingHold
from organisations.operators_clock import operators_today
from organisations.services.bulk.verbs import VERBS, BulkVerb, Options, Refusals
from payments.models import Cheque, Dispute, MandateCharge, Payment, PaymentOrder, Reminder
from payments.models.payment_queryset import HELD
from payments.models.reminder_pause import paused
from payments.services import cheques
from payments.services.dunning.quiet import HOLDS
from payments.services.dunning.reminders import send_reminder_now
from payments.services.dunning.retry_orders import retry_now
from payments.services.gateway_accounts import gateway_of
from payments.services.refunding.asking import ask_for_refund

COLLECT = "payments.collect_invoice"
REMINDED_LATELY = timedelta(days=1)


def _refund(payment_id: UUID, _maker: Any, options: Options) -> None:
    """The row only: a worker asks Razorpay within a minute."""
    gateway_of(PaymentOrder.objects.get(payments=payment_id))  # without keys, nothing is stored
    ask_for_refund(payment_id=payment_id, reason=options["reason"], amount=None)


def _not_to_refund(_options: Options) -> Refusals:
    disputes = Dispute.objects.undecided().filter(payment=OuterRef("pk"))
    return [
        (~Q(kind=Payment.Kind.GATEWAY), "Razorpay did not receive it: transfer the money back."),
        (Q(paid_at__isnull=True), "It was not captured."),
        (Q(amount__lte=F("payer_fee") + F("amount_refunded") + F("amount_lost")), "Nothing of it is left to refund."),
        (Exists(disputes), "It is disputed: look at it by itself."),
    ]


def _not_to_retry(_options: Options) -> Refusals:
    return [
        (~Q(status=Payment.Status.FAILED), "It did not fail."),
        (~Exists(Invoice.objects.collectable().filter(pk=OuterRef("invoice"))), "Nothing is due on its invoice."),
    ]


def _not_to_remind(_options: Options) -> Refusals:
    """Also what keeps only the reminders by date from being sent: one e-mail to many is no decision about each."""
    today = operators_today()
    held = BillingHold.objects.standing().filter(kind__in=HOLDS, organisation=OuterRef("organisation"))
    debits = MandateCharge.objects.live().filter(invoice=OuterRef("pk"))
    since = clock.now() - REMINDED_LATELY
    lately = Reminder.objects.filter(invoice=OuterRef("pk"), status=Reminder.Status.SENT, created_at__gt=since)
    return [
        (~Q(pk__in=Invoice.objects.collectable().values("pk")), "Nothing is due on it."),
        (Q(organisation__is_test=True), "It is a test customer's: nobody is reminded."),
        (Exists(held), "Its customer is held."),
        (paused(today), "Its reminders are paused, or its customer promised to pay."),
        (Exists(debits), "It is being debited."),
        (Exists(lately), "It was reminded within a day."),
    ]


def _not_to_deposit(options: Options) -> Refusals:
    refusals: Refusals = [(~Q(status=Cheque.Status.RECEIVED), "It is not in hand.")]
    if not options.get("day"):
        return refusals
    day = date.fromisoformat(options["day"])
    dates = Cheque.objects.filter(status=Cheque.Status.RECEIVED).order_by().values_list("dated", flat=True).distinct()
    too_old = [dated for dated in dates if last_day_of_cheque(dated) < day]
    return [
        *refusals,
        (Q(dated__in=too_old), "It is out of date on that day: no bank takes it."),
        (Q(dated__gt=day), "It is dated later: no bank takes it before."),
        (Q(received_on__gt=day), "It came later than that day."),
    ]


def _deposit(cheque_id: UUID, _maker: Any, options: Options) -> None:
    cheques.deposit_cheques(cheque_ids=[cheque_id], day=date.fromisoformat(options["day"]))


REMIND = BulkVerb(
    name="invoices.remind",
    label="Send reminder",
    model=Invoice,
    permission=COLLECT,
    does="One e-mail for each invoice with what is due, the pay button and the bank account. The reminders by date "
    "go on.",
    act=lambda pk, maker, _options: send_reminder_now(invoice_id=pk, by=maker.get_username()),
    refuses=_not_to_remind,
    name_of=F("number"),
    amount=amount_due(),
    currency=F("currency"),
    emails=True,
    undo="An e-mail that was sent can't be taken back.",
)
REFUND = BulkVerb(
    name="payments.refund",
    label="Refund in full",
    model=Payment,
    permission="payments.refund_payment",
    does="Razorpay gives all that is left of each payment back to where it was paid from, within minutes. What becomes "
    "of the invoices follows from the seller's settings.",
    act=_refund,
    refuses=_not_to_refund,
    name_of=F("razorpay_payment_id"),
    amount=HELD,
    currency=F("currency"),
    undo="Money that went back is not taken again: ask the customers to pay.",
    danger=True,
)
RETRY = BulkVerb(
    name="payments.retry",
    label="Try to collect again",
    model=Payment,
    permission=COLLECT,
    does="Each is tried at once: a charge on the customer's mandate, or else an e-mail with a payment link.",
    act=lambda pk, maker, _options: retry_now(payment_id=pk, by=maker.get_username()),
    refuses=_not_to_retry,
    name_of=F("razorpay_payment_id"),
    amount=F("amount"),
    currency=F("currency"),
    emails=True,
    undo="Stop retrying on the page of a retry ends what is planned.",
)


DEPOSIT = BulkVerb(
    name="cheques.deposit",
    label="Give to the bank",
    model=Cheque,
    permission="payments.record_offline_payment",
    does="Each is noted as given to the bank. It counts as nothing until the bank has cleared it.",
    act=_deposit,
    refuses=_not_to_deposit,
    name_of=Concat(Value("Cheque "), F("number")),
    amount=F("amount"),
    currency=F("currency"),
    undo="Cancel a cheque that was given back, and record it again.",
)


def register() -> None:
    for verb in (REMIND, REFUND, RETRY, DEPOSIT):
        VERBS.register(verb)
