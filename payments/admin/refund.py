"""Refunds, reported by Razorpay or recorded by an operator."""

from __future__ import annotations

from django.contrib import admin

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, short_time, status
from payments.models import Refund

Status = Refund.Status
TONES = {Status.PENDING: "info", Status.PROCESSED: "success", Status.FAILED: "danger"}


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    empty_hint = "A refund stands here when Razorpay reports one, or when one by bank is recorded on its payment."
    list_on_a_phone = ("label", "customer", "returned", "state")
    list_display = ("label", "customer", "payment_link", "returned", "kind", "state", "refunded_on")
    list_filter = ("status", "kind", "payment__organisation", "refunded_on")
    search_fields = ("razorpay_refund_id", "reference", "payment__razorpay_payment_id", "payment__reference")
    list_select_related = ("payment__organisation",)
    fields = ("label", "payment", "returned", "kind", "state", "refunded_on", "recorded")

    returned = money("amount", "Amount")
    state = status("status", TONES, "Status")
    payment_link = link("payment")
    customer = link("payment__organisation", "Customer")
    recorded = short_time("created_at", "Recorded")

    @admin.display(description="Refund", ordering="created_at")
    def label(self, refund: Refund) -> str:
        return str(refund)
