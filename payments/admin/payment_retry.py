"""Retries of failed payments with their attempts, and the reminders that were sent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import (
    Extension,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    extends,
    link,
    money,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.display import brief
from billing_platform.lib.admin.work import WORK, work_column
from organisations.notifications.recipients import listed
from payments.admin.dunning import COLLECT, REMINDER_TONES
from payments.models import Payment, PaymentRetry, Reminder, RetryTry
from payments.services.dunning.retry_orders import configure_retries, plan_of, retry_now, why_not_retryable

Status, Outcome = PaymentRetry.Status, RetryTry.Outcome
TONES = {
    Status.SCHEDULED: "info",
    Status.ATTEMPTING: "info",
    Status.SUCCEEDED: "success",
    Status.EXHAUSTED: "danger",
    Status.CANCELLED: "",
}
OUTCOME_TONES = {Outcome.MAKING: "info", Outcome.ASKED: "info", Outcome.PAID: "success", Outcome.FAILED: "danger"}

AttentionFilter = attention_filter(
    exhausted=("Over, and the invoice is still due", lambda plans, _user: plans.exhausted_and_due()),
)


def may_retry(payment: Payment) -> bool:
    return payment.kind == Payment.Kind.GATEWAY and why_not_retryable(payment) is None


def retry_facts(_request: HttpRequest, payment: Payment) -> list[tuple[str, Any]]:
    plan = plan_of(payment)
    invoice = payment.asked_for
    return [
        ("Invoice", str(invoice)),
        ("Due now", payment.shown(invoice.amount_due)),
        ("The bank said", payment.error_description or "Nothing"),
        ("Attempts made", f"{plan.made} of {plan.max_retries}" if plan else "None"),
        ("An e-mail goes to", listed(invoice.organisation, "payment_retry")),
    ]


class RetryTryInline(ReadOnlyInline):
    model = RetryTry
    fields = ("number", "way", "state", "asked_at", "order", "error", "asked_by")
    readonly_fields = fields
    state = status("outcome", OUTCOME_TONES, "Outcome")
    show_change_link = False


@admin.register(PaymentRetry)
class PaymentRetryAdmin(ReadOnlyAdmin):
    empty_hint = "A retry is planned when a payment at Razorpay fails."
    list_on_a_phone = ("label", "state", "customer", "next_attempt")
    list_display = ("label", "state", "customer", "invoice_link", "made", "max_retries", "next_attempt", "why")
    list_filter = (AttentionFilter, "status", "organisation", "next_attempt_at")
    search_fields = ("invoice__number", "organisation__name", "payment__razorpay_payment_id")
    list_select_related = ("organisation", "invoice", "payment")
    fieldsets = (
        (None, {"fields": ("customer", "invoice_link", "payment_link", "state", "end_reason", "ended_at")}),
        ("Attempts", {"fields": (("made", "max_retries"), ("base_hours", "factor", "cap_hours"), "failed_at")}),
        WORK,
    )
    inlines = (RetryTryInline,)

    work = work_column()
    state = status("status", TONES, "Status")
    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    payment_link = link("payment")
    next_attempt = short_time("next_attempt_at", "Next attempt")

    @admin.display(description="Retry", ordering="created_at")
    def label(self, plan: PaymentRetry) -> str:
        return str(plan)

    @admin.display(description="Remark")
    def why(self, plan: PaymentRetry) -> Any:
        return brief(plan.end_reason or plan.last_failure)

    @object_action(
        label="Try again now",
        permission=COLLECT,
        when=lambda plan: may_retry(plan.payment),
        confirm="A charge on the customer's mandate, or else an e-mail with a payment link.",
        facts=lambda request, plan: retry_facts(request, plan.payment),
        icon="replay",
    )
    def attempt(self, request: HttpRequest, plan: PaymentRetry) -> str:
        user: Any = request.user
        retry_now(payment_id=plan.payment_id, by=user.get_username())
        return "It is tried as soon as a worker is free."

    @object_action(
        label="Stop retrying",
        permission=COLLECT,
        when=lambda plan: plan.is_live,
        confirm="Nothing more is tried by itself for this payment. Reminders go on.",
        facts=lambda request, plan: retry_facts(request, plan.payment),
        icon="cancel",
    )
    def stop(self, request: HttpRequest, plan: PaymentRetry) -> str:
        configure_retries(payment_id=plan.payment_id, changes={"enabled": False})
        return "Nothing more is tried."


@extends(Payment)
class RetryOfPayment(Extension):
    related_lists = ((PaymentRetry, "payment__id__exact"),)

    @object_action(
        label="Try again now",
        permission=COLLECT,
        when=may_retry,
        confirm="A charge on the customer's mandate, or else an e-mail with a payment link.",
        facts=retry_facts,
        icon="replay",
    )
    def retry(self, request: HttpRequest, payment: Payment) -> HttpResponse:
        user: Any = request.user
        plan = retry_now(payment_id=payment.pk, by=user.get_username())
        return self.page.done(request, "It is tried as soon as a worker is free.", plan)


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    empty_hint = "Reminders are sent at 09:00 of a customer's day, before, on and after an invoice's due date."
    list_on_a_phone = ("label", "state", "customer", "was_due")
    list_display = ("label", "state", "customer", "invoice_link", "was_due", "sent", "sent_by")
    list_filter = ("status", "step", "invoice__organisation", "created_at")
    search_fields = ("invoice__number", "invoice__organisation__name")
    list_select_related = ("invoice__organisation", "email")
    fields = ("customer", "invoice_link", "label", "state", "was_due", "created_at", "sent_by", "email_link")

    state = status("status", REMINDER_TONES, "Status")
    customer = link("invoice__organisation", "Customer")
    invoice_link = link("invoice")
    email_link = link("email", "E-mail")
    was_due = money("amount", "Was due", currency="invoice__currency")
    sent = short_time("created_at", "When")

    @admin.display(description="Reminder", ordering="step")
    def label(self, reminder: Reminder) -> str:
        return reminder.step_text
