"""What of each payment was credited to which invoice."""

from __future__ import annotations

from django.contrib import admin

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, short_time
from payments.models import PaymentAllocation


@admin.register(PaymentAllocation)
class PaymentAllocationAdmin(ReadOnlyAdmin):
    empty_hint = "A payment that was received is allocated to its invoice by itself."
    list_on_a_phone = ("payment_link", "invoice_link", "customer", "credited")
    list_display = ("created", "kind", "payment_link", "invoice_link", "customer", "credited")
    ordering = ("-created_at",)
    list_display_links = ("created",)
    list_filter = ("kind", "invoice__organisation", "created_at")
    search_fields = ("invoice__number__exact", "payment__razorpay_payment_id__exact", "payment__reference__exact")
    search_help_text = "The whole number of an invoice, a payment's id (pay_…) or its reference."
    list_select_related = ("invoice__organisation", "payment")
    fields = ("payment", "invoice", "kind", "credited", "answer", "reason", "created_at")

    created = short_time("created_at", "When")
    payment_link = link("payment")
    invoice_link = link("invoice")
    customer = link("invoice__organisation", "Customer")
    credited = money("amount", "Credited", currency="invoice__currency")
