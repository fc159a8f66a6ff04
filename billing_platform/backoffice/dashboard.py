"""The numbers of the operators' dashboard, from the apps' selectors, for one user's organisations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse

from billing_platform.backoffice import attention
from billing_platform.backoffice.attention import Attention, Waiting
from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import Bar, bars
from billing_platform.lib.admin.tiles import Tile
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.number_formats import format_money, format_number
from events.models import EventBatch, UsageAggregate
from events.selectors.backlog import SettleBacklog, settle_backlog
from events.usage import recent
from invoicing.models import Invoice
from invoicing.selectors.billing_runs import latest_run, run_progress
from invoicing.selectors.receivables import receivables
from organisations.operators_clock import operators_zone
from organisations.scoping import Actor
from payments import selectors as payments
from payments.models import Payment

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Series:
    labels: tuple[str, ...]
    points: tuple[int, ...]
    href: str

    @property
    def total(self) -> str:
        return format_number(sum(self.points))

    @property
    def peak(self) -> str:
        return format_number(max(self.points, default=0))

    @property
    def bars(self) -> tuple[Bar, ...]:
        return bars(list(zip(self.labels, self.points, strict=True)))


@dataclass(frozen=True)
class Dashboard:
    kpis: tuple[Tile, ...]
    usage: Series | None
    waiting: Waiting
    run: Tile | None

    @property
    def attention(self) -> tuple[Attention, ...]:
        """All that waits and was not marked as seen."""
        return (*self.waiting.billing, *self.waiting.technical)


def of(user: Any) -> Dashboard:
    """What one user may see: parts without permission are left out, and all of it is of their organisations."""
    kpis: list[Tile] = []
    backlog = _settle_backlog(user)
    if user.has_perm("payments.view_payment"):
        kpis.append(_collected(user))
    if user.has_perm("invoicing.view_invoice"):
        kpis += _receivables(user)
    if backlog is not None:
        kpis.append(_backlog(backlog))
    return Dashboard(
        kpis=tuple(kpis),
        usage=_usage(user) if user.has_perm("events.view_usageaggregate") else None,
        waiting=attention.of(user),
        run=_latest_run(user) if user.has_perm("invoicing.view_billingrun") else None,
    )


def _settle_backlog(user: Any) -> SettleBacklog | None:
    return settle_backlog(actor=user) if user.has_perm("events.view_eventbatch") else None


def _collected(user: Actor) -> Tile:
    zone = operators_zone()
    today = clock.today(zone)
    found = payments.collected(actor=user, first=today.replace(day=1), last=today, zone=zone)
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
        count=count,
    )


def _receivables(user: Actor) -> list[Tile]:
    found = receivables(actor=user)
    late = [row for row in found if row.overdue_count]
    open_invoices, late_invoices = (
        sum(getattr(row, name) for row in found) for name in ("outstanding_count", "overdue_count")
    )
    return [
        Tile(
            "Outstanding",
            _amounts((row.outstanding, row.currency) for row in found),
            _counted(open_invoices, "invoice"),
            list_address(Invoice, attention="collectable"),
            count=open_invoices,
        ),
        Tile(
            "Overdue",
            _amounts((row.overdue, row.currency) for row in late),
            _counted(late_invoices, "invoice"),
            list_address(Invoice, attention="overdue"),
            "danger" if late else "",
            count=late_invoices,
        ),
    ]


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
        tuple(day_text(day.day) for day in days),
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


def _amounts(pairs: Iterable[tuple[Decimal, str]]) -> tuple[str, ...]:
    return tuple(format_money(amount, currency) for amount, currency in pairs) or ("–",)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{format_number(count)} {one if count == 1 else many or one + 's'}"
