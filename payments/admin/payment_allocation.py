"""What of each payment was credited to which invoice."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, short_time
from invoicing.models import Invoice
from payments.models import Payment, PaymentAllocation


@admin.register(PaymentAllocation)
class PaymentAllocationAdmin(ReadOnlyAdmin):
    empty_hint = "A payment that was received is allocated to its invoice by itself."
    list_on_a_phone = ("payment_link", "invoice_link", "customer", "credited")
    list_display = ("created", "kind", "payment_link", "invoice_link", "customer", "credited")
    ordering = ("-created_at",)
    list_display_links = ("created",)
    list_filter = ("kind", "invoice__organisation", "created_at")
    search_fields = ("invoice__number", "payment__razorpay_payment_id", "payment__reference")
    search_help_text = "The whole number of an invoice, a payment's id (pay_…) or its reference."
    list_select_related = ("invoice__organisation", "payment")
    fields = ("payment", "invoice", "kind", "credited", "answer", "reason", "created_at")

    created = short_time("created_at", "When")
    payment_link = link("payment")
    invoice_link = link("invoice")
    customer = link("invoice__organisation", "Customer")
    credited = money("amount", "Credited", currency="invoice__currency")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Whole numbers, which indexes find; for parts of them all rows of three tables would be read."""
        if not (number := search_term.strip()) or "\x00" in number:
            return queryset.none() if number else queryset, False
        invoices = list(Invoice.objects.filter(number=number).values_list("pk", flat=True))
        named = Q(razorpay_payment_id=number) | Q(reference=number)
        payments = list(Payment.objects.filter(named).values_list("pk", flat=True))
        return queryset.filter(Q(invoice__in=invoices) | Q(payment__in=payments)), False
