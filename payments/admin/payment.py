"""Payments: every attempt, transfer, cheque and certificate, and what it was credited to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib import clock
from billing_platform.lib.admin import (
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    badge,
    link,
    money,
    short_time,
    status,
)
from billing_platform.lib.periods import BillingPeriod
from organisations.operators_clock import operators_zone
from payments.models import Payment, PaymentAllocation

Status = Payment.Status
TONES = {
    Status.CREATED: "",
    Status.FAILED: "danger",
    Status.AUTHORIZED: "info",
    Status.CAPTURED: "success",
    Status.REFUNDED: "warning",
    Status.REVERSED: "",
}


class AttentionFilter(DropdownFilter):
    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("problem", "Not credited in full"),
            ("refunded", "Given back: credit note, or ask again?"),
            ("failed", "Failed, and the invoice is still due"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "problem":
            return queryset.not_placed()
        if self.value() == "refunded":
            return queryset.refunds_to_decide()
        if self.value() == "failed":
            return queryset.failed_and_due()
        return queryset


class CollectedFilter(DropdownFilter):
    """Exactly the payments that `selectors.collected` counts."""

    title = "collected"
    parameter_name = "collected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("month", "This month"), ("last_month", "Last month")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        zone = operators_zone()
        month = BillingPeriod.of(clock.today(zone))
        if self.value() == "last_month":
            month = month.previous()
        elif self.value() != "month":
            return queryset
        return queryset.collected(month.start, month.end - timedelta(days=1), zone)


class PaymentAllocationInline(ReadOnlyInline):
    model = PaymentAllocation
    fields = ("invoice_link", "credited", "created_at")
    readonly_fields = fields
    show_change_link = False
    invoice_link = link("invoice")
    credited = money("amount", "Credited", currency="invoice__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    empty_hint = "Payments come from the pay page of an invoice, or from Record payment on an invoice."
    list_on_a_phone = ("label", "customer", "paid", "state")
    show_full_result_count = False
    list_display = ("label", "customer", "invoice_link", "paid", "method_name", "state", "attempted", "remark")
    list_filter = (AttentionFilter, CollectedFilter, "status", "kind", "organisation", "currency", "paid_at")
    search_fields = ("razorpay_payment_id", "razorpay_order_id", "reference", "invoice__number", "organisation__name")
    list_select_related = ("organisation", "invoice")
    fieldsets = (
        (None, {"fields": ("label", "state", "organisation", "invoice", "paid", "method_name", "paid_at")}),
        ("At the gateway", {"fields": ("kind", "razorpay_payment_id", "razorpay_order_id", "order", "reference")}),
        ("Money", {"fields": ("refunded", "gateway_fee", "gateway_tax", "problem")}),
        ("Failure", {"fields": ("error_code", "error_description", "error_source", "error_step", "error_reason")}),
    )
    inlines = (PaymentAllocationInline,)

    paid = money("amount")
    refunded = money("amount_refunded", "Refunded")
    gateway_fee = money("fee", "Fee")
    gateway_tax = money("tax", "GST in the fee")
    state = status("status", TONES, "Status")
    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    attempted = short_time("attempted_at", "When")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        failed = obj is not None and bool(obj.error_code or obj.error_description)
        return [fieldset for fieldset in self.fieldsets if failed or fieldset[0] != "Failure"]

    @admin.display(description="Payment", ordering="created_at")
    def label(self, payment: Payment) -> str:
        return str(payment)

    @admin.display(description="Method", ordering="method")
    def method_name(self, payment: Payment) -> str:
        return payment.get_method_display_name()

    @admin.display(description="Remark")
    def remark(self, payment: Payment) -> Any:
        return badge("Not credited in full", "warning") if payment.problem else payment.error_description or "–"


@admin.register(PaymentAllocation)
class PaymentAllocationAdmin(ReadOnlyAdmin):
    empty_hint = "A payment that was received is allocated to its invoice by itself."
    list_on_a_phone = ("payment_link", "invoice_link", "customer", "credited")
    list_display = ("created", "payment_link", "invoice_link", "customer", "credited")
    list_display_links = ("created",)
    list_filter = ("invoice__organisation", "created_at")
    search_fields = ("invoice__number", "payment__razorpay_payment_id", "payment__reference")
    list_select_related = ("invoice__organisation", "payment")
    fields = ("payment", "invoice", "credited", "created_at")

    created = short_time("created_at", "When")
    payment_link = link("payment")
    invoice_link = link("invoice")
    customer = link("invoice__organisation", "Customer")
    credited = money("amount", "Credited", currency="invoice__currency")
