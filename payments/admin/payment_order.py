"""Orders and payment links: requests for an amount due, made at Razorpay."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib.admin.base import ReadOnlyAdmin, attention_filter, link, money, short_time, status
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from organisations.admin.billing_hold import hold_sentences
from organisations.models import BillingHold
from payments.models import Payment, PaymentOrder
from payments.selectors import held_up_by_outage
from payments.services import collection

Status = PaymentOrder.Status
TONES = {
    Status.CREATED: "info",
    Status.OPEN: "info",
    Status.PAID: "success",
    Status.SUPERSEDED: "",
    Status.FAILED: "danger",
}


AttentionFilter = attention_filter(
    outage=("Waits until Razorpay can be reached", lambda requests, _user: held_up_by_outage(requests)),
)


@admin.register(PaymentOrder)
class PaymentOrderAdmin(ReadOnlyAdmin):
    empty_hint = "Orders and payment links are made at Razorpay when an invoice is issued or its pay page is opened."
    list_on_a_phone = ("label", "state", "customer", "asked")
    list_display = ("label", "kind", "state", "invoice_link", "customer", "asked", "created")
    list_filter = (AttentionFilter, "status", "kind", "invoice__organisation", "created_at")
    search_fields = ("receipt", "razorpay_order_id", "razorpay_link_id", "invoice__number")
    list_select_related = ("invoice__organisation",)
    fieldsets = (
        (None, {"fields": ("kind", "state", "invoice", "asked", "paid", "address", "expires_at", "parts")}),
        (
            "At Razorpay",
            {
                "fields": (
                    "gateway_account",
                    "razorpay_order_id",
                    "razorpay_link_id",
                    "receipt",
                    "created_at",
                    "sent_at",
                    "closed_at",
                )
            },
        ),
        WORK,
    )
    readonly_fields = ("held", "paid", "parts")
    related_lists = ((Payment, "order__id__exact"),)

    asked = money("amount", "Asked")
    paid = money("received", "Paid through it")
    parts = money("first_part", "In parts, the first of at least")
    work = work_column()
    try_now = try_now_action(
        permission="payments.collect_invoice",
        may=collection.may_be_tried_now,
        service=lambda pk: collection.try_now(order_id=pk),
    )
    state = status("status", TONES, "Status")
    invoice_link = link("invoice")
    customer = link("invoice__organisation", "Customer")
    created = short_time("created_at", "Created")

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """What keeps the request from being made stands above it."""
        if obj is not None and obj.kind != PaymentOrder.Kind.LINK:
            only_of_links = ("paid", "address", "expires_at", "parts")
            first = tuple(name for name in self.fieldsets[0][1]["fields"] if name not in only_of_links)
            return self._with_hold(obj, ((None, {"fields": first}), *self.fieldsets[1:]))
        return self._with_hold(obj, self.fieldsets)

    def _with_hold(self, obj: Any, shown: Any) -> Any:
        held = obj is not None and obj.status == Status.CREATED and bool(_holds(obj))
        on_hold = ("On hold", {"fields": ("held",), "classes": ("warnings",)})
        return (on_hold, *shown) if held else shown

    @admin.display(description="On hold")
    def held(self, order: PaymentOrder) -> Any:
        return hold_sentences(self, _holds(order))

    @admin.display(description="Order", ordering="created_at")
    def label(self, order: PaymentOrder) -> str:
        return str(order)

    @admin.display(description="Link")
    def address(self, order: PaymentOrder) -> Any:
        if not order.short_url:
            return "–"
        return format_html('<a class="text-link" href="{}" rel="noreferrer">{}</a>', order.short_url, order.short_url)


def _holds(order: PaymentOrder) -> list[BillingHold]:
    holds = order.invoice.organisation.standing_holds
    return [hold for hold in holds if hold.kind == BillingHold.Kind.NO_COLLECTION]
