"""What a rule would have done: usage or cost as bars, thresholds as lines, and a dot where it would have fired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.columns import Column, axis_day, columns_chart
from billing_platform.lib.dates_in_words import time_text
from events.alerts.judging import COST, THRESHOLD
from events.models import AlertRule
from events.services.alerting.observers import observer_of
from events.services.alerting.preview import DAYS, Point, Preview
from events.services.alerting.sentences import fired_sentence, threshold_text

MOST_LISTED = 5
_ZERO = Decimal(0)


def drawn(rule: AlertRule, preview: Preview) -> SafeString:
    """A sentence, the chart, and the newest times at which it would have fired."""
    if not preview.points:
        return format_html("<p>{}</p>", "Nothing of the last 30 days can be judged yet.")
    return format_html(
        '<div class="alert-preview"><p><strong>{}</strong></p>{}{}</div>',
        headline(preview),
        _chart(rule, preview.points),
        _fired(rule, preview.points),
    )


def headline(preview: Preview) -> str:
    times = f"{preview.times:,} {'time' if preview.times == 1 else 'times'}" if preview.times else "not at all"
    return f"It would have fired {times} in the last {DAYS} days."


def _chart(rule: AlertRule, points: Sequence[Point]) -> SafeString:
    observer, zone = observer_of(rule.kind), rule.organisation.zone
    columns = [
        Column(
            axis_day(point.at.astimezone(zone)),
            (value := _bar_of(point),),
            said=f"{time_text(point.at, zone)}: {observer.amount(rule, value)}",
            dotted=bool(point.fired),
        )
        for point in points
    ]
    lines = _lines_within(rule, max(column.value for column in columns))
    return columns_chart(
        f"{observer.subject(rule)} of the last {DAYS} days, with a dot when the rule would have fired",
        columns,
        shown=lambda value: observer.amount(rule, value),
        lines=[(line, threshold_text(rule, line)) for line in lines],
    )


def _bar_of(point: Point) -> Decimal:
    """Usage, or the cost: what was compared with something is drawn as the usage that it was."""
    reading = point.reading
    return reading.quantity if reading.quantity is not None else reading.value or _ZERO


def _lines_within(rule: AlertRule, highest: Decimal) -> list[Decimal]:
    """Thresholds of what the bars show, no higher than twice the highest of them."""
    if rule.kind not in (THRESHOLD, COST):
        return []
    return [threshold for threshold in rule.thresholds if 0 < threshold <= 2 * highest]


def _fired(rule: AlertRule, points: Sequence[Point]) -> SafeString:
    rows = list(_newest_first(rule, points))
    more = f"and {len(rows) - MOST_LISTED:,} more before" if len(rows) > MOST_LISTED else ""
    listed = format_html_join("", "<li>{}: {}</li>", rows[:MOST_LISTED])
    return format_html("<ul>{}</ul>{}", listed, more) if rows else format_html("{}", "")


def _newest_first(rule: AlertRule, points: Sequence[Point]) -> Iterator[tuple[str, str]]:
    for point in reversed(points):
        if point.fired:
            moment = time_text(point.at, rule.organisation.zone)
            yield moment, fired_sentence(rule, point.reading, point.fired[-1])
