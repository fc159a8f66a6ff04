"""What a replay of a dead letter would do, as its page and the pages that ask show it."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import badge, facts
from billing_platform.lib.admin.display import anchor
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError
from events.admin.quantity import amount_of
from events.admin.usage_correction import month_of
from events.models import Metric, UsageEvent
from events.services.settling.rehearsal import Rehearsal


def refused(error: DomainError) -> SafeString:
    return _said("Refused", "danger", error.message)


def shown(page: Any, rehearsal: Rehearsal) -> SafeString:
    if rehearsal.counted is not None:
        return _counted(page, rehearsal, rehearsal.counted)
    if rehearsal.refused:
        return _said("Refused", "danger", rehearsal.refused)
    copy = rehearsal.duplicate_of
    differs = " The two say something different: what is counted stays as it is." if rehearsal.differs else ""
    counted = anchor(page, copy) if copy else "an event that is counted already"
    return _said("Not counted", "warning", format_html("A duplicate of {}.{}", counted, differs))


def _counted(page: Any, rehearsal: Rehearsal, event: UsageEvent) -> SafeString:
    metric = event.metric
    if rehearsal.registers_metric:
        named: Any = format_html("{} ({}), which is registered with it", metric.name, metric.unit)
    else:
        named = anchor(page, metric)
    rows = [
        ("Quantity", amount_of(event.quantity, metric)),
        ("Metric", named),
        ("Project", anchor(page, event.project)),
        ("Counted in", month_of(event.counted_in, event.is_late)),
    ]
    return format_html(
        '<div class="would-replay"><p>{} {}</p><div class="facts-scroll">{}</div></div>',
        badge("Counted", "success"),
        _late(rehearsal, event),
        facts(rows),
    )


def _late(rehearsal: Rehearsal, event: UsageEvent) -> str:
    """Of a level, a later month that is closed is reason enough: it is charged in each month that follows."""
    if not event.is_late or rehearsal.used_in is None:
        return ""
    used_in = month_text(rehearsal.used_in)
    if event.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
        closed = f"{used_in}, or a month after it that the level reaches, is closed"
    else:
        closed = f"{used_in} is closed"
    return f"{closed}: its invoice stays, and the difference is charged with {month_text(event.counted_in)}."


def _said(result: str, tone: str, sentence: Any) -> SafeString:
    return format_html('<div class="would-replay"><p>{} {}</p></div>', badge(result, tone), sentence)
