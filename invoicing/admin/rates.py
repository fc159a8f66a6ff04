"""Tax rates and exchange rates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import ModelAdmin, numeric
from billing_platform.lib.admin.display import figure
from billing_platform.lib.number_formats import format_percent
from invoicing.models import ExchangeRate, TaxRate
from invoicing.services import exchange_rates, tax_rates


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    empty_hint = "Without a tax rate no invoice can be drafted for a customer in India."
    list_on_a_phone = ("name", "percent", "effective_from", "effective_to")
    list_display = ("name", "percent", "service", "effective_from", "effective_to")
    list_filter = ("effective_from",)
    search_fields = ("name", "sac")
    fields = ("name", "rate", "sac", "effective_from", "effective_to")

    def create(self, request: HttpRequest, values: dict[str, Any]) -> TaxRate:
        return tax_rates.add_tax_rate(**values)

    def update(self, request: HttpRequest, obj: TaxRate, changes: dict[str, Any]) -> None:
        tax_rates.update_tax_rate(tax_rate=obj, **changes)

    @numeric
    @admin.display(description="Rate", ordering="rate")
    def percent(self, rate: TaxRate) -> str:
        return format_percent(rate.rate)

    @admin.display(description="SAC", ordering="sac")
    def service(self, rate: TaxRate) -> str:
        return rate.sac or "Any service"


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    """A published rate is never changed: invoices name it by date and source."""

    empty_hint = "An invoice in a foreign currency needs the published rate of its day."
    list_display = ("base", "target", "value", "as_of", "source")
    list_filter = ("as_of",)
    search_fields = ("base", "target", "source")
    fields = ("base", "target", "rate", "as_of", "source")

    def create(self, request: HttpRequest, values: dict[str, Any]) -> ExchangeRate:
        return exchange_rates.add_exchange_rate(**values)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @numeric
    @admin.display(description="Rate", ordering="rate")
    def value(self, rate: ExchangeRate) -> str:
        return figure(rate.rate)
