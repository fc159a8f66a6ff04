"""What happened to a payment, from stored rows: the request, attempts, Razorpay's messages, money, e-mails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.utils.html import format_html

from billing_platform.lib.admin.base import facts, when
from billing_platform.lib.admin.display import anchor
from billing_platform.lib.dates_in_words import day_text
from invoicing.admin.invoice_parts import Moment
from organisations.models import Notification
from payments.models import Cheque, InboundWebhook, Payment, PaymentAllocation, PaymentOrder, Refund

MESSAGES_SHOWN = 50
MESSAGES_FROM, MESSAGES_UNTIL = timedelta(hours=1), timedelta(days=200)
"""Around the attempt: messages about a payment come within a dispute's time. The bounds keep the search short."""
_MAILS = {
    "payment_received": "Receipt mailed",
    "payment_on_account": "Receipt mailed",
    "payment_failed": "Failure mailed",
    "payment_reversed": "Correction mailed",
    "payment_on_account_reversed": "Correction mailed",
}
_MAILS_OF_REFUNDS = {
    "refund_started": "Refund announced by e-mail",
    "refund_done": "Refund confirmed by e-mail",
    "refund_failed": "Failed refund told by e-mail",
}


def timeline(admin: ModelAdmin[Any], payment: Payment) -> Any:
    """Oldest first, each with its time; things that have a page of their own lead there."""
    moments = [moment for source in SOURCES for moment in source(admin, payment)]
    moments.sort(key=lambda moment: moment[0])
    return facts((name, format_html("{} {}", when(at), note)) for at, name, note in moments)


def _request(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    order = payment.order
    if order is None:
        return
    asked = payment.shown(order.amount) if order.currency == payment.currency else order.currency
    name = "Link made" if order.kind == PaymentOrder.Kind.LINK else "Order made"
    yield order.created_at, name, format_html("{} for {}", anchor(admin, order), asked)
    if order.closed_at:
        yield order.closed_at, "Link closed", ""


def _attempts(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    """This one, and the payer's other attempts of the same request."""
    same = Payment.objects.filter(order=payment.order_id) if payment.order_id else Payment.objects.none()
    for attempt in same.order_by("attempted_at")[:MESSAGES_SHOWN]:
        method = attempt.get_method_display_name()
        mine = attempt.pk == payment.pk
        name = "Tried" if mine else "Another attempt"
        said = method if mine else format_html("{} · {}", anchor(admin, attempt), method)
        if attempt.status == Payment.Status.FAILED:
            name = f"{name}: failed"
            said = format_html("{} · {}", said, attempt.error_description or attempt.error_code)
        yield attempt.attempted_at, name, said


def _money(_admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    if payment.paid_at:
        is_online = payment.kind == Payment.Kind.GATEWAY
        day = f"received on {day_text(payment.received_on)}" if payment.received_on else ""
        yield (
            (payment.paid_at, "Captured", payment.shown(payment.amount))
            if is_online
            else (
                payment.created_at,
                "Recorded",
                f"{payment.shown(payment.amount)} {day}".strip(),
            )
        )
    if payment.reversed_at:
        yield payment.reversed_at, "Reversed", payment.reversal_reason


def _cheque(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    cheque = Cheque.objects.filter(payment=payment).first()
    if cheque is not None:
        came = f"came on {day_text(cheque.received_on)}, cleared on {day_text(payment.received_day)}"
        yield cheque.created_at, "Cheque recorded", format_html("{} {}", anchor(admin, cheque), came)


def _credits(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    for row in payment.allocations.select_related("invoice"):
        name = "Credited again" if row.kind == PaymentAllocation.Kind.RESTORED else row.get_kind_display()
        word = "to" if row.amount > 0 else "from"
        amount = payment.shown(abs(row.amount))
        yield row.created_at, name, format_html("{} {} {}", amount, word, anchor(admin, row.invoice))


def _refunds(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    for refund in payment.refunds.all():
        state = refund.get_status_display().lower()
        text = format_html("{} · {} · {}", payment.shown(refund.amount), anchor(admin, refund), state)
        yield refund.created_at, "Refund" if refund.kind == Refund.Kind.GATEWAY else "Refund recorded", text


def _disputes(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    for dispute in payment.disputes.all():
        taken = payment.shown(dispute.amount) if dispute.currency == payment.currency else ""
        state = dispute.get_status_display().lower()
        yield dispute.raised_at, "Dispute", format_html("{} · {} · {}", taken, anchor(admin, dispute), state)
        if dispute.deducted_at:
            yield dispute.deducted_at, "Taken by the dispute", anchor(admin, dispute)
        if dispute.returned_at:
            yield dispute.returned_at, "Dispute won: money back", anchor(admin, dispute)


def _messages(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    if not payment.razorpay_payment_id:
        return
    about = InboundWebhook.objects.filter(
        organisation=payment.organisation_id,
        received_at__range=(payment.attempted_at - MESSAGES_FROM, payment.attempted_at + MESSAGES_UNTIL),
        body__contains=payment.razorpay_payment_id,
    )
    for message in about.order_by("received_at")[:MESSAGES_SHOWN]:
        state = message.get_status_display().lower()
        yield (
            message.received_at,
            "Message of Razorpay",
            format_html("{} · {}", anchor(admin, message, message.event_type), state),
        )


def _mails(admin: ModelAdmin[Any], payment: Payment) -> Iterator[Moment]:
    keys = {f"{kind}:{payment.pk}": name for kind, name in _MAILS.items()}
    for refund in payment.refunds.all():
        keys |= {f"{kind}:{refund.pk}": name for kind, name in _MAILS_OF_REFUNDS.items()}
    for mail in Notification.objects.filter(dedupe_key__in=keys, organisation=payment.organisation_id):
        to = ", ".join(mail.recipients)
        if mail.sent_at:
            yield mail.sent_at, keys[mail.dedupe_key], anchor(admin, mail, to)
        else:
            state = mail.get_status_display().lower()
            yield mail.created_at, keys[mail.dedupe_key], format_html("{} · {}", anchor(admin, mail, to), state)


Source = Callable[[Any, Payment], Iterator[Moment]]

SOURCES: tuple[Source, ...] = (_request, _attempts, _cheque, _money, _credits, _refunds, _disputes, _messages, _mails)
"""Whoever adds a kind of row about a payment adds its moments here."""
