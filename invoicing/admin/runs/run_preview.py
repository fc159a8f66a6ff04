"""What starting a billing run would do, as facts and warnings of the page that asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib.admin.base import when
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.runs.months import ended_months
from invoicing.services.runs.billing_run_preview import RunPreview, preview_run
from invoicing.services.runs.month_end_check import month_end_check


def preview_facts(request: HttpRequest, period: BillingPeriod) -> list[tuple[str, Any]]:
    preview = _preview(request, period)
    return [
        ("Month", month_text(period)),
        ("To be billed", _customers(preview)),
        ("Estimated total", estimated(preview)),
        ("E-mails", _emails(preview)),
        ("Each of them", dry_run_link(period)),
        *((f"Left alone: {state.lower()}", f"{count:,}") for state, count in preview.left_alone.items()),
        *((f"Not over yet for {who}", format_html("until {}", when(end))) for who, end in preview.not_over[:5]),
    ]


def dry_run_link(period: BillingPeriod) -> Any:
    url = f"{reverse('admin:invoicing_billingrun_list_action', args=['dry_run'])}?month={period}"
    return format_html('<a class="text-link" href="{}">Dry run: who would be billed what</a>', url)


def estimated(preview: RunPreview) -> str:
    if preview.estimates is None:
        return "Not worked out for so many customers."
    return ", ".join(format_money(each.amount, each.currency) for each in preview.estimates) or EMPTY


def chosen_month(request: HttpRequest) -> BillingPeriod:
    """What the form on the page has chosen, or what it offers first."""
    offered = [month for month, _name in ended_months()]
    chosen = request.POST.get("month") or request.GET.get("month", "")
    return BillingPeriod.parse(chosen if chosen in offered else offered[0])


def run_warnings(request: HttpRequest, period: BillingPeriod) -> Iterable[Any]:
    """What the month-end check found, then what single customers' months would leave out."""
    found = [check for check in month_end_check(period=period, actor=request.user) if not check.is_green]
    url = f"{reverse('admin:invoicing_billingrun_list_action', args=['month_end'])}?month={period}"
    for check in found:
        yield format_html('{} <a class="text-link" href="{}#{}">Look</a>', check.sentence, url, check.topic.value)
    yield from _preview(request, period).warnings


def _preview(request: HttpRequest, period: BillingPeriod) -> RunPreview:
    """Worked out once for each request: facts and warnings both show it."""
    known: dict[BillingPeriod, RunPreview] = vars(request).setdefault("run_previews", {})
    if period not in known:
        known[period] = preview_run(period=period)
    return known[period]


def _customers(preview: RunPreview) -> str:
    count = len(preview.billed)
    text = f"{count:,} {'customer' if count == 1 else 'customers'}"
    if preview.invoices is None or preview.invoices == count:
        return text
    return f"{text}, of whom {count - preview.invoices:,} used nothing"


def _emails(preview: RunPreview) -> str:
    if preview.invoices is None:
        return "Each invoice is e-mailed to its customer."
    if not preview.invoices:
        return "None"
    return "1 invoice is e-mailed" if preview.invoices == 1 else f"{preview.invoices:,} invoices are e-mailed"
