"""The page that explains a line: price, working, meters, days, corrections and events, and the line computed again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import badge
from billing_platform.lib.admin.display import EMPTY, anchor, figure, when
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import plain_text
from events.models import UsageCorrection, UsageEvent
from events.selectors import ledger_pages
from invoicing.admin.prices.price_words import dimensions_text, validity_text, whole_price_text
from invoicing.models import InvoiceLine, PricingRule
from invoicing.services.explaining import LineExplanation, MeterUse, events_of, explain_line

EVENTS_A_PAGE = 50
CSV_COLUMNS = (
    "event_id", "kind", "occurred_at", "received_at", "project", "dimensions", "quantity", "counted_in", "taken",
)  # fmt: skip


def explanation_page(page: Any, request: HttpRequest, line: InvoiceLine, working: Any) -> HttpResponseBase:
    """`page` is the line's ModelAdmin, `working` the table of its steps. `?format=csv` gives the events."""
    explained = explain_line(line)
    may_see_events = request.user.has_perm("events.view_usageevent", line.invoice.organisation)
    if request.GET.get("format") == "csv" and may_see_events:
        return csv_response(f"line-{line.pk}", _csv_rows(explained))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Explanation",
        "subtitle": str(line),
        "object": line,
        "invoice": anchor(page, line.invoice),
        "working": working,
        "price": _price_rows(page, line),
        "versions": [_version_row(page, rule, line) for rule in explained.versions],
        "verdict": badge("Comes out again" if explained.recomputed.agrees else "Differs", _tone(explained)),
        "recomputed": explained.recomputed.sentence,
        "recomputed_at": when(explained.recomputed.at),
        "meters": [_meter_row(meter, line) for meter in explained.meters],
        "unit": line.unit_label or line.unit,
        "corrections": [_correction_row(page, each) for each in explained.corrections],
        "events": _events_context(page, request, explained) if may_see_events and explained.meters else None,
    }
    return TemplateResponse(request, "admin/invoicing/line_explanation.html", context)


def _tone(explained: LineExplanation) -> str:
    return "success" if explained.recomputed.agrees else "danger"


def _price_rows(page: Any, line: InvoiceLine) -> list[tuple[str, Any]]:
    """The price as it was frozen on the line, and its rule in the price book."""
    rule = line.pricing_rule
    if rule is None or "model" not in line.price:
        return []
    rows = [
        ("Price", whole_price_text(line.price, line.invoice.currency)),
        ("Applies", validity_text(rule.effective_from, rule.effective_to)),
        ("To", rule.get_pool_display()),
        ("Rule", anchor(page, rule, f"{rule.metric_name} ({rule.unit})")),
    ]
    return [*rows, ("Dimensions", dimensions_text(line.dimensions))] if line.dimensions else rows


def _version_row(page: Any, rule: PricingRule, line: InvoiceLine) -> tuple[Any, str, str]:
    said = whole_price_text(rule.body(), line.invoice.currency)
    return (
        anchor(page, rule, validity_text(rule.effective_from, rule.effective_to)),
        said,
        dimensions_text(rule.dimensions),
    )


def _meter_row(meter: MeterUse, line: InvoiceLine) -> dict[str, Any]:
    return {
        "project": meter.project_name,
        "dimensions": dimensions_text(dict(meter.dimensions)) or EMPTY,
        "quantity": figure(meter.quantity),
        "events": figure(meter.event_count),
        "days": [(day_text(day.day), figure(day.quantity), figure(day.event_count)) for day in meter.days],
    }


def _correction_row(page: Any, correction: UsageCorrection) -> dict[str, Any]:
    after = correction.quantity_after
    return {
        "event": anchor(page, correction, correction.event_id),
        "project": correction.project.name,
        "before": figure(correction.quantity_before),
        "after": "Void" if after is None else figure(after),
        "reason": correction.reason,
        "by": correction.created_by,
        "at": when(correction.created_at),
    }


def _events_context(page: Any, request: HttpRequest, explained: LineExplanation) -> dict[str, Any]:
    before = request.GET.get("before", "")
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = ledger_pages.page_before(explained.events, size=EVENTS_A_PAGE, before=cursor)
    return {
        "rows": [
            {
                "event": anchor(page, event, event.event_id),
                "decides": badge("Taken", "success") if event.pk in explained.decided_by else "",
                "kind": event.get_kind_display() if event.kind != UsageEvent.Kind.USAGE else "",
                "project": event.project.name,
                "dimensions": dimensions_text(event.dimensions) or EMPTY,
                "quantity": figure(event.quantity),
                "happened": when(event.occurred_at),
            }
            for event in found.events
        ],
        "decides": bool(explained.decided_by),
        "older": found.older,
        "is_first": cursor is None,
    }


def _csv_rows(explained: LineExplanation) -> Iterator[Any]:
    yield CSV_COLUMNS
    for event in events_of(explained):
        yield (
            event.event_id, event.kind, event.occurred_at.isoformat(), event.received_at.isoformat(),
            event.project.name, dimensions_text(event.dimensions), plain_text(event.quantity),
            month_text(event.counted_in), "yes" if event.pk in explained.decided_by else "",
        )  # fmt: skip
