"""Debits of mandates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, object_action, short_time, status
from billing_platform.lib.admin.display import EMPTY, anchor, brief
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from payments.admin.mandate import CHARGE_TONES, MANAGE
from payments.models import MandateCharge
from payments.services.mandates import charging
from payments.services.mandates.cancelling import cancel_charge


@admin.register(MandateCharge)
class MandateChargeAdmin(ReadOnlyAdmin):
    empty_hint = (
        "Issued invoices of customers with a confirmed mandate are debited by themselves, a day after a notice."
    )
    list_on_a_phone = ("label", "customer", "amount_shown", "state")
    list_display = ("label", "customer", "amount_shown", "state", "not_before", "remark")
    list_filter = ("status", "cause", "invoice__organisation", "created_at")
    search_fields = ("invoice__number", "razorpay_payment_id")
    list_select_related = ("invoice__organisation", "mandate__account")
    fieldsets = (
        (None, {"fields": ("customer", "invoice", "mandate", "amount_shown", "state", "reason", "failure_code")}),
        ("Notice", {"fields": ("cause", "notice", "created_at", "notified_at", "charge_after")}),
        ("At Razorpay", {"fields": ("order", "asked_at", "payments", "ended_at")}),
        WORK,
    )

    amount_shown = money("amount", "Amount", currency="invoice__currency")
    state = status("status", CHARGE_TONES, "Status")
    customer = link("invoice__organisation", "Customer")
    not_before = short_time("charge_after", "Not before")
    work = work_column()
    try_now = try_now_action(
        permission=MANAGE,
        may=charging.may_be_tried_now,
        service=lambda pk: charging.try_now(charge_id=pk),
    )

    @admin.display(description="Debit", ordering="created_at")
    def label(self, charge: MandateCharge) -> str:
        return str(charge)

    @admin.display(description="Payment")
    def payments(self, charge: MandateCharge) -> Any:
        made = charge.order.payments.all() if charge.order else []
        rows = [anchor(self, payment, str(payment)) for payment in made]
        return format_html_join(" · ", "{}", ((row,) for row in rows)) if rows else charge.razorpay_payment_id or EMPTY

    @admin.display(description="Remark")
    def remark(self, charge: MandateCharge) -> Any:
        return brief(charge.reason or charge.last_failure)

    @object_action(
        label="Do not debit",
        permission=MANAGE,
        when=lambda charge: charge.may_opt_out,
        confirm="This debit is not made. The invoice stays due, and the mandate stands.",
        icon="do_not_disturb_on",
    )
    def stop(self, request: HttpRequest, charge: MandateCharge) -> str:
        cancel_charge(charge_id=charge.pk, reason=f"Taken back by {request.user}.")
        return "The debit is not made."
