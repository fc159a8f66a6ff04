"""Tax rates, exchange rates, and the feeds that bring exchange rates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import (
    ModelAdmin,
    attention_filter,
    badge,
    list_action,
    numeric,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, figure
from billing_platform.lib.admin.work import WORK, work_column
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_percent
from invoicing.admin.rate_list_pages import RateListPages
from invoicing.models import ExchangeRate, RateFeed, TaxRate
from invoicing.services import exchange_rates, rate_feeds, tax_rates
from organisations.operators_clock import operators_today


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    empty_hint = "Without a tax rate no invoice can be drafted for a customer in India."
    list_on_a_phone = ("name", "percent", "effective_from", "effective_to")
    list_display = ("name", "country", "percent", "service", "effective_from", "effective_to")
    list_filter = ("country", "effective_from")
    search_fields = ("name", "sac")
    fields = (("name", "country"), ("rate", "tax_name"), "sac", ("effective_from", "effective_to"))

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
class ExchangeRateAdmin(RateListPages, ModelAdmin):
    """A published rate is never changed: invoices name it by date and source."""

    empty_hint = "An invoice in a foreign currency needs the published rate of its day."
    list_display = ("base", "target", "value", "as_of", "source")
    list_filter = ("as_of", "base", "target", "source")
    search_fields = ("base", "target", "source")
    fields = ("base", "target", "rate", "as_of", "source")

    def create(self, request: HttpRequest, values: dict[str, Any]) -> ExchangeRate:
        return exchange_rates.add_exchange_rate(**values)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"as_of": operators_today(), **super().get_changeform_initial_data(request)}

    @list_action(
        label="Sync now",
        permission="invoicing.sync_ratefeed",
        confirm="Each feed that is switched on is asked for the rates of the last days.",
        facts=lambda _request, _none: [(str(feed), _stands(feed)) for feed in RateFeed.objects.all()],
        icon="sync",
    )
    def sync(self, _request: HttpRequest) -> str:
        asked = rate_feeds.ask_for_rates()
        if not asked:
            return "No feed is switched on: see Rate feeds."
        return f"{' and '.join(map(str, asked))} will be asked as soon as a worker is free."

    @numeric
    @admin.display(description="Rate", ordering="rate")
    def value(self, rate: ExchangeRate) -> str:
        return figure(rate.rate)


def _stands(feed: RateFeed) -> str:
    """How a feed stands, in one line."""
    if not feed.is_enabled:
        return "switched off"
    newest = f"newest rate {day_text(feed.newest_day)}" if feed.newest_day else "no rates yet"
    failed = f"; the last try failed: {feed.last_failure}" if feed.last_failure else ""
    return f"{newest}{failed}"


@admin.register(RateFeed)
class RateFeedAdmin(ModelAdmin):
    """Which publishers are asked every day. Their rows come with the platform."""

    empty_hint = "Publishers of exchange rates come with the platform: enable one to have its rates every day."
    list_display = ("__str__", "state", "newest_day", "fetched", "failure")
    fieldsets = ((None, {"fields": ("is_enabled", "newest_day", "last_fetched_at")}), WORK)
    readonly_fields = ("newest_day", "last_fetched_at", "work")
    list_filter = (
        attention_filter(
            failing=("The last try failed", lambda feeds, _user: feeds.failing()),
        ),
    )

    fetched = short_time("last_fetched_at", "Last fetched")
    work = work_column()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def update(self, request: HttpRequest, obj: RateFeed, changes: dict[str, Any]) -> None:
        rate_feeds.switch_feed(feed=obj, is_enabled=changes.get("is_enabled", obj.is_enabled))

    @object_action(
        label="Fetch now",
        permission="invoicing.sync_ratefeed",
        when=lambda feed: feed.is_enabled,
        confirm="The publisher is asked for the rates of the last days.",
        facts=lambda _request, feed: [("Now", _stands(feed))],
        icon="sync",
    )
    def fetch_now(self, _request: HttpRequest, feed: RateFeed) -> str:
        rate_feeds.try_now(feed.pk)
        return f"{feed} will be asked as soon as a worker is free."

    @admin.display(description="State", ordering="is_enabled")
    def state(self, feed: RateFeed) -> Any:
        if not feed.is_enabled:
            return badge("Off")
        return badge("Failing", "danger") if feed.last_failure else badge("On", "success")

    @admin.display(description="Last failure")
    def failure(self, feed: RateFeed) -> str:
        return feed.last_failure or EMPTY
