"""Recurring fees: who pays how much a month, on which days."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import link, money, object_action
from invoicing.admin.terms.terms import EndForm, TermsAdmin, has_not_ended, months_table
from invoicing.models import Discount, InvoiceLine, RecurringFee
from invoicing.services.terms import recurring_fees
from invoicing.services.terms.terms_preview import preview_fee


@admin.register(RecurringFee)
class RecurringFeeAdmin(TermsAdmin):
    empty_hint = "A recurring fee is charged every month, whether anything is used or not: add one for a customer."
    list_on_a_phone = ("description", "customer", "monthly", "state")
    list_display = ("description", "customer", "project", "monthly", "effective_from", "effective_to", "state")
    list_filter = ("organisation", "currency", "effective_from")
    search_fields = ("description", "organisation__name", "project__name")
    list_select_related = ("organisation", "project__organisation")
    autocomplete_fields = ("organisation", "project")
    fieldsets = (
        ("For", {"fields": (("organisation", "project"),)}),
        ("Fee", {"fields": (("description", "sac"), ("amount", "currency"), ("effective_from", "effective_to"))}),
        ("What it charges", {"fields": ("preview",)}),
    )
    related_lists = ((InvoiceLine, "recurring_fee__id__exact"), (Discount, "recurring_fee__id__exact"))

    customer = link("organisation", "Customer")
    monthly = money("amount", "A month")

    def is_fixed(self, row: RecurringFee) -> bool:
        return row.is_billed

    def preview_of(self, row: RecurringFee) -> SafeString | str:
        return months_table(preview_fee(row))

    def create(self, request: HttpRequest, values: dict[str, Any]) -> RecurringFee:
        return recurring_fees.add_recurring_fee(**values)

    def update(self, request: HttpRequest, obj: RecurringFee, changes: dict[str, Any]) -> None:
        recurring_fees.update_recurring_fee(fee_id=obj.pk, **changes)

    @object_action(
        label="End",
        permission="invoicing.change_recurringfee",
        when=has_not_ended,
        form=EndForm,
        confirm="The month of the last day is charged up to that day.",
        icon="event_busy",
    )
    def end(self, request: HttpRequest, fee: RecurringFee, *, last_day: date) -> str:
        return self.ended(request, fee, last_day)

    @object_action(
        label="Delete",
        permission="invoicing.delete_recurringfee",
        when=lambda fee: not fee.invoice_lines.exclude(invoice__number="").exists(),
        confirm="No invoice was issued with it. A draft that shows it is computed again before it is issued.",
        danger=True,
        icon="delete",
    )
    def delete_fee(self, request: HttpRequest, fee: RecurringFee) -> HttpResponse:
        recurring_fees.delete_recurring_fee(fee_id=fee.pk)
        return self.gone(request, f"The fee “{fee.description}” was deleted.")
