"""Two pages to look at before a month is billed: the month-end check, and the dry run as a table and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import badge, list_page
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_sums
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, Metric
from invoicing.admin.metric import without_price
from invoicing.admin.runs.months import ended_months
from invoicing.admin.runs.run_preview import chosen_month
from invoicing.models import BillingRunItem, ExchangeRate, Invoice, NumberSequence
from invoicing.selectors.price_coverage import Unpriced
from invoicing.services.runs.dry_run import DryRow, Outcome, csv_rows, customers_of, deadlines, dry_run
from invoicing.services.runs.month_end_check import Check, Topic, month_end_check
from organisations.models import BillingEntity, BillingHold, Organisation

ROWS_OF_A_PAGE = 200
TONES = {
    Outcome.ISSUED: "success",
    Outcome.WAITS: "info",
    Outcome.APPROVAL: "warning",
    Outcome.PARKED: "warning",
    Outcome.REFUSED: "danger",
    Outcome.NOTHING: "",
    Outcome.LEFT_ALONE: "",
    Outcome.NOT_OVER: "info",
}
FIRST = (
    Outcome.REFUSED,
    Outcome.PARKED,
    Outcome.APPROVAL,
    Outcome.WAITS,
    Outcome.ISSUED,
    Outcome.NOTHING,
    Outcome.NOT_OVER,
    Outcome.LEFT_ALONE,
)


def mends() -> dict[Topic, tuple[str, str]]:
    """Where each finding is put right: what the link says, and its address."""
    return {
        Topic.UNSETTLED: ("Batches that wait", list_address(EventBatch, status__exact="pending")),
        Topic.QUARANTINED: ("Quarantined batches", list_address(EventBatch, status__exact="quarantined")),
        Topic.DEAD_LETTERS: ("Open dead letters", list_address(DeadLetter, status__exact="open")),
        Topic.UNPRICED: ("Metrics", list_address(Metric)),
        Topic.RATES: ("Add a rate", reverse(f"admin:{ExchangeRate._meta.label_lower.replace('.', '_')}_add")),
        Topic.PARTICULARS: ("Customers", list_address(Organisation)),
        Topic.LUT: ("Sellers", list_address(BillingEntity)),
        Topic.SERIES: ("Number series", list_address(NumberSequence)),
        Topic.HOLDS: ("Holds", list_address(BillingHold)),
        Topic.EARLIER_ITEMS: (
            "Billing items",
            list_address(BillingRunItem, status__in="pending,claimed,failed,parked"),
        ),
        Topic.EARLIER_DRAFTS: ("Drafts of past months", list_address(Invoice, attention="old_drafts")),
    }


class MonthEndPages:
    """For the page of billing runs: links above its list."""

    admin_site: Any
    opts: Any

    @list_page(label="Month-end check", permission="invoicing.start_billingrun", icon="fact_check")
    def month_end(self, request: HttpRequest) -> TemplateResponse:
        period = chosen_month(request)
        ways = mends()
        checks = [self._shown(request, check, period, *ways[check.topic]) for check in _checks(request, period)]
        faults = sum(not each["is_green"] for each in checks)
        context = {
            **self._about(request, "Month-end check", period),
            "checks": checks,
            "summary": f"{faults} to look at" if faults else "All is in order",
            "start_url": f"{reverse('admin:invoicing_billingrun_list_action', args=['start'])}?month={period}",
        }
        return TemplateResponse(request, "admin/invoicing/month_end.html", context)

    @list_page(label="Dry run", permission="invoicing.start_billingrun", icon="preview")
    def dry_run(self, request: HttpRequest) -> HttpResponseBase:
        period = chosen_month(request)
        customers = customers_of(period)
        if request.GET.get("format") == "csv":
            return csv_response(f"dry-run-{period}", csv_rows(dry_run(period=period, organisations=customers)))
        page = Paginator(customers, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
        rows = list(dry_run(period=period, organisations=list(page.object_list)))
        rows.sort(key=lambda row: (FIRST.index(row.outcome), -(row.total or ZERO), row.organisation.name))
        base = reverse("admin:invoicing_billingrun_list_action", args=["dry_run"])
        context = {
            **self._about(request, "Dry run", period),
            "rows": [dry_row(self, row) for row in rows],
            "summary": list(_summary(rows)),
            "deadlines": deadlines(rows),
            "page": page,
            "csv_url": f"{base}?{urlencode({'month': str(period), 'format': 'csv'})}",
            "start_url": f"{reverse('admin:invoicing_billingrun_list_action', args=['start'])}?month={period}",
        }
        return TemplateResponse(request, "admin/invoicing/dry_run.html", context)

    def _about(self, request: HttpRequest, title: str, period: BillingPeriod) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{title}: {month_text(period)}",
            "is_fullwidth": "1",
            "month": str(period),
            "months": ended_months(),
        }

    def _shown(self, request: HttpRequest, check: Check, period: BillingPeriod, mend: str, url: str) -> dict[str, Any]:
        return {
            "topic": check.topic.value,
            "title": check.title,
            "sentence": check.sentence,
            "is_green": check.is_green,
            "icon": "check_circle" if check.is_green else "error" if check.stops else "warning",
            "tone": "success" if check.is_green else "danger" if check.stops else "warning",
            "rows": [_row(self, request, row, period) for row in check.rows],
            "more": max(check.count - len(check.rows), 0) if check.rows else 0,
            "mend": "" if check.is_green else mend,
            "url": url,
        }


def _checks(request: HttpRequest, period: BillingPeriod) -> Iterable[Check]:
    return month_end_check(period=period, actor=request.user)


def _row(page: Any, request: HttpRequest, row: Any, period: BillingPeriod) -> Any:
    return without_price(row, request.user, month=period) if isinstance(row, Unpriced) else anchor(page, row)


def dry_row(page: Any, row: DryRow) -> dict[str, Any]:
    def money(amount: Decimal | None) -> str:
        return EMPTY if amount is None else format_money(amount, row.organisation.currency)

    return {
        "customer": anchor(page, row.organisation),
        "outcome": badge(row.outcome.value, TONES[row.outcome]),
        "lines": f"{row.lines:,}" if row.lines else EMPTY,
        "total": money(row.total),
        "before": money(row.before),
        "difference": _difference(row, money(row.difference)),
        "remarks": row.remarks,
    }


def _difference(row: DryRow, text: str) -> Any:
    if row.difference is None or not row.difference:
        return text
    return format_html("{}{}", "+" if row.difference > ZERO else "", text)


def _summary(rows: list[DryRow]) -> Iterator[tuple[str, str]]:
    """How many customers there are of each outcome, and what they come to by currency."""
    for outcome in FIRST:
        chosen = [row for row in rows if row.outcome == outcome]
        if not chosen:
            continue
        sums = format_sums((row.organisation.currency, row.total) for row in chosen if row.total)
        yield outcome.value, ", ".join(filter(None, [f"{len(chosen):,}", sums]))
