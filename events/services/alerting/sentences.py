"""What an alert says, in one sentence with its numbers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from billing_platform.lib.dates_in_words import day_text, days_text, month_text, time_text
from billing_platform.lib.number_formats import format_number, format_percent
from billing_platform.lib.periods import local_date
from events.alerts.judging import COST, SPIKE, UNUSUAL, Reading
from events.alerts.windows import DAY, HOUR, MONTH, Window
from events.models import AlertRule
from events.services.alerting.observers import observer_of

COMPARED_WITH = {
    "previous_hour": "of the hour before",
    "previous_day": "of the day before",
    "previous_week": "of the seven days before",
    "same_weekday": "of the same weekday before",
    "hour_of_week": "that are usual",
}

_A_MOMENT = timedelta(microseconds=1)


def fired_sentence(rule: AlertRule, reading: Reading, threshold: Decimal) -> str:
    """ "API calls: 351 calls in November 2026, at or above 350 calls"."""
    operator, limit = rule.get_operator_display(), threshold_text(rule, threshold)
    return f"{seen_sentence(rule, reading)}, {operator} {limit}"


def recovered_sentence(rule: AlertRule, reading: Reading, threshold: Decimal) -> str:
    operator, limit = rule.get_operator_display(), threshold_text(rule, threshold)
    return f"{seen_sentence(rule, reading)}, not {operator} {limit} any more"


def threshold_text(rule: AlertRule, threshold: Decimal) -> str:
    """A threshold with its unit: "350 calls", "200%", "4 deviations"."""
    if rule.kind == SPIKE:
        return format_percent(threshold)
    if rule.kind == UNUSUAL:
        return f"{format_number(threshold)} deviations"
    return observer_of(rule.kind).amount(rule, threshold)


def period_text(rule: AlertRule, period: Window) -> str:
    """ "in November 2026", "on 26 Nov 2026", "in the hour from 26 Nov 2026, 14:00 IST", on the customer's clock."""
    zone, grain = rule.organisation.zone, rule.terms.grain
    first = local_date(period.start, zone)
    if grain == MONTH:
        return f"in {month_text(first)}"
    if grain == HOUR:
        return f"in the hour from {time_text(period.start, zone)}"
    last = local_date(period.end - _A_MOMENT, zone)
    return f"on {day_text(first)}" if grain == DAY else f"in the days {days_text(first, last)}"


def seen_sentence(rule: AlertRule, reading: Reading) -> str:
    """What a rule sees, whatever its thresholds: "API calls: 351 calls in November 2026"."""
    observer = observer_of(rule.kind)
    about, when = observer.subject(rule), period_text(rule, reading.period)
    if rule.kind == COST:
        return f"{about} {when} is {observer.amount(rule, reading.value or Decimal(0))}"
    used = observer.amount(rule, reading.quantity or Decimal(0))
    if rule.kind not in (SPIKE, UNUSUAL) or reading.value is None or reading.usual is None:
        return f"{about}: {used} {when}"
    usual = f"the {observer.amount(rule, reading.usual)} {COMPARED_WITH[rule.span]}"
    if rule.kind == SPIKE:
        more = "more" if reading.value >= 0 else "less"
        least = rule.least_usage
        counted = f", counted as {observer.amount(rule, least)}" if least and reading.usual < least else ""
        return f"{about}: {used} {when}, {format_percent(abs(reading.value))} {more} than {usual}{counted}"
    zero = "dropped to zero: " if reading.quantity == 0 else ""
    return f"{about}: {zero}{used} {when}, {format_number(reading.value)} deviations from {usual}"
