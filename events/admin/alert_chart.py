"""What a rule would have done: usage or cost as bars, thresholds as lines, and a dot where it would have fired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.dates_in_words import time_text
from events.alerts.judging import COST, THRESHOLD
from events.models import AlertRule
from events.services.alerting.observers import observer_of
from events.services.alerting.preview import DAYS, Point, Preview
from events.services.alerting.sentences import fired_sentence, threshold_text

WIDTH, HEIGHT, TOP = 720, 140, 12
MOST_LISTED = 5
_ZERO = Decimal(0)


def drawn(rule: AlertRule, preview: Preview) -> SafeString:
    """A sentence, the chart, and the newest times at which it would have fired."""
    if not preview.points:
        return format_html("<p>{}</p>", "Nothing of the last 30 days can be judged yet.")
    zone = rule.organisation.zone
    axis = format_html(
        '<p class="axis"><span>{}</span><span>{}</span></p>',
        time_text(preview.points[0].at, zone),
        time_text(preview.points[-1].at, zone),
    )
    return format_html(
        '<div class="alert-preview"><p><strong>{}</strong></p>{}{}{}</div>',
        headline(preview),
        _chart(rule, preview.points),
        axis,
        _fired(rule, preview.points),
    )


def headline(preview: Preview) -> str:
    times = f"{preview.times:,} {'time' if preview.times == 1 else 'times'}" if preview.times else "not at all"
    return f"It would have fired {times} in the last {DAYS} days."


def _chart(rule: AlertRule, points: Sequence[Point]) -> SafeString:
    values = [_bar_of(point) for point in points]
    lines = _lines_within(rule, max(values))
    highest = max([*values, *lines]) or Decimal(1)

    def y(value: Decimal) -> int:
        return HEIGHT - int(max(value, _ZERO) * (HEIGHT - TOP) / highest)

    bars, dots = [], []
    gap = 1 if len(points) <= WIDTH // 4 else 0
    for place, (point, value) in enumerate(zip(points, values, strict=True)):
        left, right = place * WIDTH // len(points), (place + 1) * WIDTH // len(points)
        said = f"{time_text(point.at, rule.organisation.zone)}: {observer_of(rule.kind).amount(rule, value)}"
        bars.append((left, y(value), max(right - left - gap, 1), HEIGHT - y(value), said))
        if point.fired:
            dots.append(((left + right) // 2, y(value), said))
    label = f"{observer_of(rule.kind).subject(rule)} of the last {DAYS} days, and when the rule would have fired"
    return format_html(
        '<svg class="alert-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', bars),
        format_html_join(
            "",
            '<line x1="0" x2="{}" y1="{}" y2="{}"><title>{}</title></line>',
            ((WIDTH, y(line), y(line), threshold_text(rule, line)) for line in lines),
        ),
        format_html_join("", '<circle cx="{}" cy="{}" r="4"><title>{}</title></circle>', dots),
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
