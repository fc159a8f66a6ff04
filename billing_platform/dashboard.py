"""The numbers of the operators' front page, from the apps' selectors, for one user's organisations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.db.models import Count, Q
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.admin_display import Bar, bars
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.money import Money, format_money
from events import selectors as usage
from events.models import DeadLetter, HotLogDay
from invoicing import selectors as invoicing
from invoicing.models import BillingRun, BillingRunItem, Invoice
from organisations.models import Notification
from organisations.operators_clock import operators_today, operators_zone
from organisations.scoping import Actor
from payments import selectors as payments
from payments.models import InboundWebhook, Payment

DAYS_OF_USAGE = 30
OPEN_COUNTS_LIVE_SECONDS = 60
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Kpi:
    """A number with what it is, what stands beside it, and the list it counts. One value per currency, never a sum."""

    label: str
    values: tuple[str, ...]
    note: str
    href: str
    tone: str = ""


@dataclass(frozen=True)
class Series:
    labels: tuple[str, ...]
    points: tuple[int, ...]
    href: str

    @property
    def total(self) -> str:
        return intcomma(sum(self.points))

    @property
    def peak(self) -> str:
        return intcomma(max(self.points, default=0))

    @property
    def bars(self) -> tuple[Bar, ...]:
        return bars(list(zip(self.labels, self.points, strict=True)))


@dataclass(frozen=True)
class Attention:
    """Something that waits for a person: what one of it is called, and several."""

    one: str
    many: str
    count: int
    href: str

    @property
    def label(self) -> str:
        return self.one if self.count == 1 else self.many


@dataclass(frozen=True)
class Dashboard:
    kpis: tuple[Kpi, ...]
    usage: Series | None
    attention: tuple[Attention, ...]
    run: Kpi | None


def of(user: Any) -> Dashboard:
    """What one user may see: parts without permission are left out, and all of it is of their organisations."""
    kpis: list[Kpi] = []
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
        attention=tuple(item for item in _attention(user, backlog) if item.count),
        run=_latest_run(user) if user.has_perm("invoicing.view_billingrun") else None,
    )


def open_counts(user: Any) -> dict[str, int]:
    """How many rows wait for a person, by the address of their list. Every page shows it: remembered for a minute."""
    key = f"admin-open-counts:{user.pk}"
    counts: dict[str, int] | None = cache.get(key)
    if counts is None:
        found: Counter[str] = Counter()
        for item in _attention(user, _settle_backlog(user)):
            found[item.href.partition("?")[0]] += item.count
        counts = dict(found)
        cache.set(key, counts, OPEN_COUNTS_LIVE_SECONDS)
    return counts


def _settle_backlog(user: Any) -> usage.SettleBacklog | None:
    return usage.settle_backlog(actor=user) if user.has_perm("events.view_eventbatch") else None


def _collected(user: Actor) -> Kpi:
    zone = operators_zone()
    today = clock.today(zone)
    found = payments.collected(actor=user, first=today.replace(day=1), last=today, zone=zone)
    count = sum(row.count for row in found)
    return Kpi(
        "Collected this month",
        _amounts((row.received, row.currency) for row in found),
        _counted(count, "payment"),
        _list("payments_payment", collected="month"),
        "success" if count else "",
    )


def _receivables(user: Actor) -> list[Kpi]:
    found = invoicing.receivables(actor=user)
    late = [row for row in found if row.overdue_count]
    return [
        Kpi(
            "Outstanding",
            _amounts((row.outstanding, row.currency) for row in found),
            _counted(sum(row.outstanding_count for row in found), "invoice"),
            _list("invoicing_invoice", attention="collectable"),
        ),
        Kpi(
            "Overdue",
            _amounts((row.overdue, row.currency) for row in late),
            _counted(sum(row.overdue_count for row in late), "invoice"),
            _list("invoicing_invoice", attention="overdue"),
            "danger" if late else "",
        ),
    ]


def _backlog(backlog: usage.SettleBacklog) -> Kpi:
    age = backlog.oldest_age_seconds
    oldest = f"{age} s" if age < SECONDS_PER_MINUTE else f"{age // SECONDS_PER_MINUTE} min"
    return Kpi(
        "Waiting to be counted",
        (_counted(backlog.pending, "batch", "batches"),),
        f"the oldest for {oldest}" if backlog.pending else "everything accepted is counted",
        _list("events_eventbatch", status__exact="pending"),
        "warning" if age > 5 * SECONDS_PER_MINUTE else "",
    )


def _usage(user: Actor) -> Series:
    days = usage.daily_usage(actor=user, days=DAYS_OF_USAGE)
    return Series(
        tuple(day_text(day.day) for day in days),
        tuple(day.event_count for day in days),
        _list("events_usageaggregate"),
    )


def _latest_run(user: Actor) -> Kpi | None:
    run = BillingRun.objects.order_by("-period_start").first()
    if run is None:
        return None
    progress = invoicing.run_progress(run=run, actor=user)
    waiting, troubled = progress.waiting, progress.troubled
    notes = [f"{progress.done} invoiced", f"{progress.skipped} without usage"]
    notes += [f"{waiting} waiting"] * bool(waiting) + [f"{troubled} need attention"] * bool(troubled)
    return Kpi(
        f"Billing run {month_text(run.period_start)}",
        (f"{progress.total - waiting} of {progress.total}",),
        ", ".join(notes),
        reverse("admin:invoicing_billingrun_change", args=[run.pk]),
        "warning" if troubled else "info" if waiting else "success",
    )


def _attention(user: Any, backlog: usage.SettleBacklog | None) -> Iterable[Attention]:
    if user.has_perm("payments.view_inboundwebhook"):
        failed = InboundWebhook.objects.for_organisations(user).filter(status="failed").count()
        yield Attention(
            "webhook failed", "webhooks failed", failed, _list("payments_inboundwebhook", status__exact="failed")
        )
    if user.has_perm("payments.view_payment"):
        odd = Payment.objects.for_organisations(user).exclude(problem="").count()
        yield Attention(
            "payment not credited in full",
            "payments not credited in full",
            odd,
            _list("payments_payment", attention="problem"),
        )
    if user.has_perm("organisations.view_notification"):
        unsent = Notification.objects.for_organisations(user).filter(status="failed").count()
        yield Attention(
            "e-mail failed", "e-mails failed", unsent, _list("organisations_notification", status__exact="failed")
        )
    if user.has_perm("invoicing.view_invoice"):
        yield from _invoice_attention(user)
    if backlog is not None:
        held = backlog.quarantined
        yield Attention(
            "usage batch quarantined",
            "usage batches quarantined",
            held,
            _list("events_eventbatch", status__exact="quarantined"),
        )
        yield Attention(
            "usage batch failed and is tried again",
            "usage batches failed and are tried again",
            backlog.failing,
            _list("events_eventbatch", status__exact="failing"),
        )
        conflicts = usage.recent_conflicts(actor=user)
        yield Attention(
            "request with a known id but another body",
            "requests with a known id but another body",
            conflicts,
            _list("events_eventbatch", status__exact="conflicts"),
        )
    if user.has_perm("events.view_hotlogday"):
        kept = HotLogDay.objects.for_organisations(user).kept().count()
        yield Attention(
            "day of accepted usage kept past its time",
            "days of accepted usage kept past their time",
            kept,
            _list("events_hotlogday", state="kept"),
        )
    if user.has_perm("events.view_deadletter"):
        letters = DeadLetter.objects.for_organisations(user).filter(status="open").count()
        yield Attention(
            "dead letter open", "dead letters open", letters, _list("events_deadletter", status__exact="open")
        )


def _invoice_attention(user: Actor) -> Iterable[Attention]:
    invoices = Invoice.objects.for_organisations(user)
    yield Attention(
        "PDF failed",
        "PDFs failed",
        invoices.filter(pdf_state=Invoice.PdfState.FAILED).count(),
        _list("invoicing_invoice", pdf_state__exact="failed"),
    )
    today = operators_today()
    yield Attention(
        "invoice overdue",
        "invoices overdue",
        invoices.overdue(on=today).count(),
        _list("invoicing_invoice", attention="overdue"),
    )
    yield Attention(
        "invoice with unpriced usage",
        "invoices with unpriced usage",
        invoices.with_warnings(on=today).count(),
        _list("invoicing_invoice", attention="warnings"),
    )
    yield Attention(
        "draft of a past month",
        "drafts of past months",
        invoices.drafts_of_past_months(on=today).count(),
        _list("invoicing_invoice", attention="old_drafts"),
    )
    items = BillingRunItem.objects.for_organisations(user)
    counts = items.aggregate(
        parked=Count("pk", filter=Q(status="parked")),
        failed=Count("pk", filter=Q(status="failed")),
        unbilled=Count("pk", filter=Q(pk__in=items.unbilled().values("pk"))),
    )
    yield Attention(
        "month without a live invoice",
        "months without a live invoice",
        counts["unbilled"],
        _list("invoicing_billingrunitem", attention="unbilled"),
    )
    for status in ("parked", "failed"):
        yield Attention(
            f"billing item {status}",
            f"billing items {status}",
            counts[status],
            _list("invoicing_billingrunitem", status__exact=status),
        )


def _amounts(pairs: Iterable[tuple[Decimal, str]]) -> tuple[str, ...]:
    return tuple(format_money(Money(amount, currency)) for amount, currency in pairs) or ("–",)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{intcomma(count)} {one if count == 1 else many or one + 's'}"


def _list(name: str, **filters: str) -> str:
    query = "&".join(f"{key}={value}" for key, value in filters.items())
    return reverse(f"admin:{name}_changelist") + (f"?{query}" if query else "")
