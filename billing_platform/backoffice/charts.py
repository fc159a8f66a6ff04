"""The charts of the dashboard: money by month, what is late by age, and who used and paid most.

They add up a year, so what one user saw is remembered for some minutes; the tiles above them are counted each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db.models import DecimalField, Sum
from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.admin.charts.columns import Column, columns_chart
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_events, format_money
from billing_platform.lib.periods import BillingPeriod
from events.models import UsageAggregate
from events.usage import recent
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from invoicing.selectors.billed import billed_by_month
from invoicing.selectors.invoiced import top_customers
from organisations.operators_clock import operators_today
from organisations.scoping import Actor
from payments.receivables.ageing import Bucket, bucket_of

REMEMBERED_SECONDS = 300
MONTHS, MOST_BARS = 12, 6
HOME = "INR"  # comes first
_MONEY = DecimalField(max_digits=19, decimal_places=4)


@dataclass(frozen=True)
class Chart:
    title: str
    note: str
    href: str
    picture: SafeString


def of(user: Any) -> tuple[Chart, ...]:
    """Those that the user has permissions for, of their organisations; at most five minutes old."""
    key = f"dashboard-charts:{user.pk}:{operators_today().isoformat()}"
    known: tuple[Chart, ...] | None = cache.get(key)
    if known is None:
        known = tuple(_charts(user))
        cache.set(key, known, REMEMBERED_SECONDS)
    return known


def _charts(user: Any) -> Iterator[Chart]:
    sees_money = user.has_perm("invoicing.view_invoice")
    months = _months()
    if sees_money:
        billed, late = _billed(user, months), _late(user)
        for currency in sorted({*billed, *late}, key=lambda code: (code != HOME, code)):
            yield from (by_currency[currency] for by_currency in (billed, late) if currency in by_currency)
    if user.has_perm("events.view_usageaggregate"):
        yield from _metrics(user)
    if sees_money:
        yield from _customers(user, months)


def _months() -> list[date]:
    """The first days of the last twelve months, this one included."""
    month, found = BillingPeriod.of(operators_today()), []
    for _ in range(MONTHS):
        found.append(month.start)
        month = month.previous()
    return found[::-1]


def _billed(actor: Actor, months: list[date]) -> dict[str, Chart]:
    """By month of issue and currency: what of it was paid since, and what is open."""
    rows, found = {(row.currency, row.month): row for row in billed_by_month(actor=actor, months=months)}, {}
    for currency in sorted({currency for currency, _month in rows}):
        shown = partial(format_money, currency=currency)
        columns = []
        for month in months:
            row = rows.get((currency, month))
            billed, paid = (row.billed, row.paid) if row else (ZERO, ZERO)
            said = f"{month_text(BillingPeriod.of(month))}: {shown(billed)} billed, {shown(paid)} of it paid"
            columns.append(Column(f"{month:%b %Y}", (paid, max(billed - paid, ZERO)), said=said))
        title = f"Billed by month, {currency}"
        picture = columns_chart(title, columns, shown=shown, series=("Paid", "Open"))
        found[currency] = Chart(title, "with tax, by date of issue", list_address(Invoice), picture)
    return found


def _late(actor: Actor) -> dict[str, Chart]:
    """What is due, by how many days it is late."""
    today, sums, found = operators_today(), dict[tuple[str, Bucket], Decimal](), {}
    due = Invoice.objects.for_organisations(actor).real().collectable().order_by()
    for currency, day, amount in due.values_list("currency", "due_date").annotate(
        amount=Sum(amount_due(), output_field=_MONEY)
    ):
        key = currency, bucket_of((today - day).days)
        sums[key] = sums.get(key, ZERO) + amount
    for currency in sorted({currency for currency, _bucket in sums}):
        amounts = [(bucket, sums.get((currency, bucket), ZERO)) for bucket in Bucket]
        bars = [Bar(str(bucket), format_money(amount, currency), amount) for bucket, amount in amounts]
        title = f"Due by age, {currency}"
        ageing = page_address(Invoice, "ageing")
        found[currency] = Chart(title, "days after the due date", ageing, bars_chart(title, bars))
    return found


def _metrics(actor: Actor) -> Iterator[Chart]:
    rows = recent.events_by_metric(actor=actor)[:MOST_BARS]
    if rows:
        bars = [Bar(f"{row.name} ({row.unit})", format_events(row.events), Decimal(row.events)) for row in rows]
        analytics = page_address(UsageAggregate, "analytics")
        yield Chart("Usage by metric", "last 30 days", analytics, bars_chart("Usage by metric", bars))


def _customers(actor: Actor, months: list[date]) -> Iterator[Chart]:
    bars: dict[str, list[Bar]] = {}
    for row in top_customers(actor=actor, months=months, most=MOST_BARS):
        href = list_address(Invoice, organisation__id__exact=str(row.organisation_id))
        bars.setdefault(row.currency, []).append(Bar(row.name, format_money(row.cost, row.currency), row.cost, href))
    for currency, rows in bars.items():
        title = f"Top customers, {currency}"
        analytics = page_address(UsageAggregate, "analytics")
        yield Chart(title, "12 months, before tax", analytics, bars_chart(title, rows))
