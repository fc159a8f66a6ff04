"""Approvals: who approved which draft, when, at which total and why. Only looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, short_time
from billing_platform.lib.dates_in_words import month_text
from invoicing.models import Invoice, InvoiceApproval


@admin.register(InvoiceApproval)
class InvoiceApprovalAdmin(ReadOnlyAdmin):
    empty_hint = "An approval is given with Approve on a draft's page."
    list_on_a_phone = ("approved", "customer", "document", "total", "approved_by")
    list_display = ("approved", "customer", "document", "period", "total", "approved_by", "because")
    list_display_links = ("approved",)
    list_filter = ("organisation", "created_at", "currency")
    search_fields = ("approved_by", "organisation__name")
    list_select_related = ("organisation",)
    fields = ("approved", "customer", "document", "period", "total", "approved_by", "because", "fingerprint")

    customer = link("organisation", "Customer")
    approved = short_time("created_at", "Approved")
    total = money("total")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what became of the draft: it may have been discarded since."""
        drafts = Invoice.objects.filter(pk=OuterRef("invoice_id"))
        return (
            super()
            .get_queryset(request)
            .annotate(number=Subquery(drafts.values("number")), status=Subquery(drafts.values("status")))
        )

    @admin.display(description="Invoice")
    def document(self, approval: Any) -> Any:
        if approval.status is None:
            return "Discarded"
        address = reverse("admin:invoicing_invoice_change", args=[approval.invoice_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, approval.number or "Draft")

    @admin.display(description="Period", ordering="period_start")
    def period(self, approval: InvoiceApproval) -> str:
        return month_text(approval.period_start) if approval.period_start else "One-off"

    @admin.display(description="Why it was needed")
    def because(self, approval: InvoiceApproval) -> str:
        return " ".join(reason["message"] for reason in approval.reasons) or "Nothing demanded it."
