"""Minimum charges: what a month costs at least, for one customer or for all."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import facts, money, object_action
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money
from invoicing.admin.terms.terms import EndForm, TermsAdmin, has_not_ended, months_table
from invoicing.models import InvoiceLine, MinimumCharge
from invoicing.services.terms import minimum_charges
from invoicing.services.terms.terms_preview import preview_global_minimum, preview_own_minimum
from organisations.scoping import reaches_every_organisation


@admin.register(MinimumCharge)
class MinimumChargeAdmin(TermsAdmin):
    empty_hint = "Without a minimum, a customer who uses nothing pays nothing: add one for every customer, or for one."
    list_on_a_phone = ("scope", "monthly", "effective_from", "state")
    list_display = ("scope", "currency", "monthly", "effective_from", "effective_to", "state")
    list_filter = ("organisation", "currency", "effective_from")
    search_fields = ("organisation__name",)
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fieldsets = (
        ("For", {"fields": (("organisation", "currency"),)}),
        ("Minimum", {"fields": (("amount", "sac"), ("effective_from", "effective_to"))}),
        ("What it charges", {"fields": ("preview",)}),
    )
    related_lists = ((InvoiceLine, "minimum_charge__id__exact"),)

    monthly = money("amount", "A month at least")

    @admin.display(description="For", ordering="organisation__name")
    def scope(self, row: MinimumCharge) -> str:
        return str(row.organisation or "Every customer")

    def is_fixed(self, row: MinimumCharge) -> bool:
        return row.is_billed

    def preview_of(self, row: MinimumCharge) -> SafeString | str:
        return months_table(preview_own_minimum(row)) if row.organisation else _for_all(row)

    def may_preview(self, request: HttpRequest, row: MinimumCharge) -> bool:
        """What a global minimum changes tells of all customers."""
        return row.organisation is not None or reaches_every_organisation(request.user)

    def create(self, request: HttpRequest, values: dict[str, Any]) -> MinimumCharge:
        return minimum_charges.add_minimum_charge(**values)

    def update(self, request: HttpRequest, obj: MinimumCharge, changes: dict[str, Any]) -> None:
        minimum_charges.update_minimum_charge(minimum_id=obj.pk, **changes)

    @object_action(
        label="End",
        permission="invoicing.change_minimumcharge",
        when=has_not_ended,
        form=EndForm,
        confirm="For the month of the last day, the minimum counts for its days up to that day.",
        icon="event_busy",
    )
    def end(self, request: HttpRequest, minimum: MinimumCharge, *, last_day: date) -> str:
        return self.ended(request, minimum, last_day)

    @object_action(
        label="Delete",
        permission="invoicing.delete_minimumcharge",
        when=lambda minimum: not minimum.invoice_lines.exclude(invoice__number="").exists(),
        confirm="No invoice was issued with it. A draft that shows it is computed again before it is issued.",
        danger=True,
        icon="delete",
    )
    def delete_minimum(self, request: HttpRequest, minimum: MinimumCharge) -> HttpResponse:
        minimum_charges.delete_minimum_charge(minimum_id=minimum.pk)
        return self.gone(request, "The minimum was deleted.")


def _for_all(row: MinimumCharge) -> SafeString:
    effect = preview_global_minimum(row)
    return facts(
        [
            (f"Active customers that pay in {row.currency} and had no minimum of their own", f"{effect.customers:,}"),
            (f"Of them would have paid a top-up for {month_text(effect.period)}", f"{effect.topped_up:,}"),
            ("Together, before discounts and tax", format_money(effect.together, row.currency)),
        ],
        numbers=True,
    )
