"""The numbers of the operators' dashboard, from the apps' selectors, for one user's organisations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from billing_platform.backoffice import attention, charts
from billing_platform.backoffice.attention import Attention, Waiting
from billing_platform.backoffice.charts import Chart
from billing_platform.lib import clock, slow_answers
from billing_platform.lib.admin.charts.columns import Column, axis_day, columns_chart
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.tiles import Tile
from billing_platform.lib.admin.trends import trends
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.number_formats import format_money, format_number, format_sums
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.slow_answers import remembered
from events.models import EventBatch, UsageAggregate
from events.selectors.backlog import SettleBacklog, settle_backlog
from events.usage import recent
from invoicing.models import Invoice
from invoicing.selectors.billed import billed_between, billed_by_month
from invoicing.selectors.billing_runs import latest_run, run_progress
from invoicing.selectors.receivables import receivables
from organisations.operators_clock import operators_today, operators_zone
from organisations.scoping import Actor
from payments import selectors as payments
from payments.models import Payment
from payments.receivables.ageing import owed

REMEMBERED_SECONDS = 60
SECONDS_PER_MINUTE = 60
_SHOULD_BE_NOUGHT = {
    "payment_failed": "Failed payments",
    "discrepancies": "Discrepancies",
    "unpriced": "Metrics without a price",
    "dead_letters": "Dead letters",
}


@dataclass(frozen=True)
class Series:
    days: tuple[date, ...]
    points: tuple[int, ...]
    href: str

    @property
    def total(self) -> str:
        return format_number(sum(self.points))

    @property
    def today(self) -> str:
        return format_number(self.points[-1] if self.points else 0)

    @property
    def picture(self) -> SafeString:
        columns = [
            Column(axis_day(day), (Decimal(count),), said=f"{day_text(day)}: {format_number(count)}")
            for day, count in zip(self.days, self.points, strict=True)
        ]
        return columns_chart("Events per day", columns, shown=format_number)


@dataclass(frozen=True)
class Dashboard:
    kpis: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    usage: Series | None
    waiting: Waiting
    run: Tile | None

    @property
    def attention(self) -> tuple[Attention, ...]:
        """All that waits and was not marked as seen."""
        return (*self.waiting.billing, *self.waiting.technical)


def of(user: Any) -> Dashboard:
    """What one user may see: parts without permission are left out, and all of it is of their organisations.

    Counted now; where that takes long, it is at most a minute old, and counted anew after a POST of this user.
    """
    return remembered(_key(user), lambda: _of(user), longest=REMEMBERED_SECONDS)


def forget(user: Any) -> None:
    """After something was done: the next page counts anew."""
    slow_answers.forget(_key(user))
    attention.forget(user)


def _key(user: Any) -> str:
    return f"dashboard:{user.pk}:{operators_today().isoformat()}"


def _of(user: Any) -> Dashboard:
    kpis: list[Tile] = []
    backlog, waiting = _settle_backlog(user), attention.of(user)
    if user.has_perm("invoicing.view_invoice"):
        kpis.append(_billed(user))
    if user.has_perm("payments.view_payment"):
        kpis.append(_collected(user))
    if user.has_perm("invoicing.view_invoice"):
        kpis += _receivables(user)
    kpis += _troubles(user, waiting)
    if backlog is not None:
        kpis.append(_backlog(backlog))
    return Dashboard(
        kpis=tuple(kpis),
        charts=charts.of(user),
        usage=_usage(user) if user.has_perm("events.view_usageaggregate") else None,
        waiting=waiting,
        run=_latest_run(user) if user.has_perm("invoicing.view_billingrun") else None,
    )


def _settle_backlog(user: Any) -> SettleBacklog | None:
    return settle_backlog(actor=user) if user.has_perm("events.view_eventbatch") else None


def _billed(user: Actor) -> Tile:
    month = BillingPeriod.of(operators_today())
    rows = billed_by_month(actor=user, months=[month.previous().start, month.start])
    now = [row for row in rows if row.month == month.start]
    count = sum(row.invoices for row in now)
    before = format_sums((row.currency, row.billed) for row in rows if row.month != month.start)
    first, last = same_days_before(operators_today())
    past = billed_between(actor=user, first=first, last=last)
    return Tile(
        "Billed this month",
        _amounts((row.billed, row.currency) for row in now),
        _counted(count, "invoice"),
        list_address(Invoice, attention="billed"),
        more=(f"{before} in {month_text(month.previous())}",) if before else (),
        changes=_changes({row.currency: row.billed for row in now}, past, first, last),
        count=count,
    )


def _troubles(user: Any, waiting: Waiting) -> Iterator[Tile]:
    """Numbers that should be nought, each with its list."""
    for kind, label in _SHOULD_BE_NOUGHT.items():
        found = attention.now(user, waiting, kind)
        if found is not None:
            note = ", ".join(found.facts) if found.facts else "none" if not found.count else ""
            tone = "danger" if found.count else ""
            more = tuple(filter(None, [attention.came(kind, user)]))
            yield Tile(label, (format_number(found.count),), note, found.href, tone, more, count=found.count)


def _collected(user: Actor) -> Tile:
    zone = operators_zone()
    today = clock.today(zone)
    found = payments.collected(actor=user, first=today.replace(day=1), last=today, zone=zone)
    first, last = same_days_before(today)
    past = payments.received_between(actor=user, first=first, last=last, zone=zone)
    count = sum(row.count for row in found)
    beside = [f"+ {format_money(row.tds, row.currency)} TDS" for row in found if row.tds]
    beside += [
        f"{format_money(row.unallocated, row.currency)} not yet credited" for row in found if row.unallocated > 0
    ]
    return Tile(
        "Collected this month",
        _amounts((row.received, row.currency) for row in found if row.count),
        _counted(count, "payment"),
        list_address(Payment, collected="month"),
        "success" if count else "",
        more=tuple(beside),
        changes=_changes({row.currency: row.received for row in found}, past, first, last),
        count=count,
    )


def _receivables(user: Actor) -> Iterator[Tile]:
    """What is due, and what of it is late; against the end of the same day of the month before."""
    found = receivables(actor=user)
    _first, then = same_days_before(operators_today())
    past = owed(actor=user, day=then)
    due = [(row.currency, row.outstanding, row.outstanding_count) for row in found]
    late = [(row.currency, row.overdue, row.overdue_count) for row in found if row.overdue_count]
    due_then, late_then = ({code: getattr(each, name) for code, each in past.items()} for name in ("due", "late"))
    yield _owed_tile("Outstanding", due, due_then, then, attention="collectable")
    yield _owed_tile("Overdue", late, late_then, then, attention="overdue", tone="danger" if late else "")


def _owed_tile(
    label: str,
    rows: list[tuple[str, Decimal, int]],
    before: Mapping[str, Decimal],
    then: date,
    *,
    attention: str,
    tone: str = "",
) -> Tile:
    """`rows` have currency, amount and how many invoices."""
    count = sum(invoices for _currency, _amount, invoices in rows)
    changes = _changes({code: amount for code, amount, _ in rows}, before, then, then)
    values = _amounts((amount, code) for code, amount, _ in rows)
    href = list_address(Invoice, attention=attention)
    return Tile(label, values, _counted(count, "invoice"), href, tone, changes=changes, count=count)


def _some(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {code: amount for code, amount in amounts.items() if amount}


def _backlog(backlog: SettleBacklog) -> Tile:
    age = backlog.oldest_age_seconds
    oldest = f"{age} s" if age < SECONDS_PER_MINUTE else f"{age // SECONDS_PER_MINUTE} min"
    return Tile(
        "Waiting to be counted",
        (_counted(backlog.pending, "batch", "batches"),),
        f"the oldest for {oldest}" if backlog.pending else "everything accepted is counted",
        list_address(EventBatch, status__exact="pending"),
        "warning" if age > 5 * SECONDS_PER_MINUTE else "",
        count=backlog.pending,
    )


def _usage(user: Actor) -> Series:
    days = recent.daily_usage(actor=user)
    return Series(
        tuple(day.day for day in days),
        tuple(day.event_count for day in days),
        list_address(UsageAggregate),
    )


def _latest_run(user: Actor) -> Tile | None:
    run = latest_run()
    if run is None:
        return None
    progress = run_progress(run=run, actor=user)
    waiting, troubled = progress.waiting, progress.troubled
    notes = [f"{progress.done} invoiced", f"{progress.skipped} without usage"]
    notes += [f"{waiting} waiting"] * bool(waiting) + [_counted(troubled, "needs attention", "need attention")] * bool(
        troubled
    )
    return Tile(
        f"Billing run {month_text(run.period_start)}",
        (f"{progress.total - waiting - troubled} of {progress.total}",),
        ", ".join(notes),
        reverse("admin:invoicing_billingrun_change", args=[run.pk]),
        "warning" if troubled else "info" if waiting else "success",
    )


def same_days_before(today: date) -> tuple[date, date]:
    """Of the month before, the first day and the day of today; its last day, where it has no such day."""
    before = BillingPeriod.of(today).previous()
    last_day = (before.end - timedelta(days=1)).day
    return before.start, before.start.replace(day=min(today.day, last_day))


def _changes(
    now: Mapping[str, Decimal], before: Mapping[str, Decimal], first: date, last: date
) -> tuple[SafeString, ...]:
    """Against these days of the month before; nothing, where neither has any."""
    currencies = sorted({*_some(now), *_some(before)})
    against = f"{first.day}–{day_text(last)}" if first != last else day_text(last)
    return tuple(trends(now, before, currencies=currencies, against=against))


def _amounts(pairs: Iterable[tuple[Decimal, str]]) -> tuple[str, ...]:
    return tuple(format_money(amount, currency) for amount, currency in pairs) or ("–",)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{format_number(count)} {one if count == 1 else many or one + 's'}"
