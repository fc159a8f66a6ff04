"""Discounts: what comes off a customer's invoices, how often, and what is used of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import ReadOnlyInline, link, money, numeric, object_action
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.number_formats import format_money
from invoicing.admin.terms.terms import EndForm, TermsAdmin, has_not_ended, months_table
from invoicing.models import Discount, DiscountRedemption
from invoicing.selectors.terms import with_use
from invoicing.services.terms import discounts
from invoicing.services.terms.terms_preview import preview_discount


class RedemptionInline(ReadOnlyInline):
    model = DiscountRedemption
    verbose_name_plural = "invoices that use it"
    fields = ("invoice_link", "state", "used")
    readonly_fields = fields
    show_change_link = False
    invoice_link = link("invoice", "Invoice")
    used = money("amount", "Takes off", currency="invoice__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice")

    @admin.display(description="Status")
    def state(self, redemption: DiscountRedemption) -> str:
        return str(redemption.invoice.get_status_display())


@admin.register(Discount)
class DiscountAdmin(TermsAdmin):
    empty_hint = "A discount comes off a customer's monthly invoices before tax: add one for a customer."
    list_on_a_phone = ("name", "customer", "worth", "state")
    list_display = ("name", "customer", "worth", "off", "used", "effective_from", "effective_to", "state")
    list_filter = ("organisation", "kind", "effective_from")
    search_fields = ("name", "organisation__name", "metric_name")
    autocomplete_fields = ("organisation", "recurring_fee")
    fieldsets = (
        ("For", {"fields": (("organisation", "name"),)}),
        ("Worth", {"fields": ("percent", ("amount", "currency"))}),
        ("Off", {"fields": (("metric_name", "unit"), "recurring_fee")}),
        ("How often", {"fields": ("times", "carries_remainder", ("effective_from", "effective_to"))}),
        ("What it takes off", {"fields": ("preview",)}),
    )
    inlines = (RedemptionInline,)

    customer = link("organisation", "Customer")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return super().get_inlines(request, obj) if obj else []

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_use(super().get_queryset(request))

    def is_fixed(self, row: Discount) -> bool:
        return bool(row.used().exists())

    def preview_of(self, row: Discount) -> SafeString | str:
        return months_table(preview_discount(row))

    def create(self, request: HttpRequest, values: dict[str, Any]) -> Discount:
        return discounts.add_discount(**values)

    def update(self, request: HttpRequest, obj: Discount, changes: dict[str, Any]) -> None:
        discounts.update_discount(discount_id=obj.pk, **changes)

    @numeric
    @admin.display(description="Worth")
    def worth(self, discount: Discount) -> str:
        return discount.worth_text

    @admin.display(description="Off")
    def off(self, discount: Discount) -> str:
        if discount.recurring_fee is not None:
            return discount.recurring_fee.description
        return f"{discount.metric_name} ({discount.unit})" if discount.metric_name else "Everything"

    @numeric
    @admin.display(description="Used")
    def used(self, discount: Any) -> str:
        """ "₹500.00 on 2 of 3 invoices"."""
        if not discount.used_times:
            return EMPTY
        amount = format_money(discount.used_amount, discount.currency or discount.organisation.currency)
        limit = f" of {discount.times:,}" if discount.times and not discount.carries_remainder else ""
        many = "invoice" if (discount.times if limit else discount.used_times) == 1 else "invoices"
        return f"{amount} on {discount.used_times:,}{limit} {many}"

    @object_action(
        label="End",
        permission="invoicing.change_discount",
        when=has_not_ended,
        form=EndForm,
        confirm="The invoice of the month of the last day is the last one that it comes off.",
        icon="event_busy",
    )
    def end(self, request: HttpRequest, discount: Discount, *, last_day: date) -> str:
        return self.ended(request, discount, last_day)

    @object_action(
        label="Delete",
        permission="invoicing.delete_discount",
        when=lambda discount: not discount.redemptions.exclude(invoice__number="").exists(),
        confirm="No invoice was issued with it. A draft that shows it is computed again before it is issued.",
        danger=True,
        icon="delete",
    )
    def delete_discount(self, request: HttpRequest, discount: Discount) -> HttpResponse:
        discounts.delete_discount(discount_id=discount.pk)
        return self.gone(request, f"The discount “{discount.name}” was deleted.")
