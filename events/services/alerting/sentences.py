"""What an alert says, in one sentence with its numbers, in the language that is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing_platform.lib.dates_in_words import day_text, days_text, month_text, time_text
from billing_platform.lib.number_formats import format_number, format_percent
from billing_platform.lib.periods import local_date
from events.alerts.judging import COST, SPIKE, UNUSUAL, Reading
from events.alerts.windows import DAY, HOUR, MONTH, Window
from events.models import Alert, AlertRule
from events.services.alerting.observers import observer_of

COMPARED_WITH = {
    "previous_hour": gettext_noop("the %(usual)s of the hour before"),
    "previous_day": gettext_noop("the %(usual)s of the day before"),
    "previous_week": gettext_noop("the %(usual)s of the seven days before"),
    "same_weekday": gettext_noop("the %(usual)s of the same weekday before"),
    "hour_of_week": gettext_noop("the %(usual)s that are usual"),
}
_OVER = {
    AlertRule.Operator.GT: gettext_noop("%(seen)s, above %(limit)s"),
    AlertRule.Operator.GTE: gettext_noop("%(seen)s, at or above %(limit)s"),
    AlertRule.Operator.LT: gettext_noop("%(seen)s, below %(limit)s"),
    AlertRule.Operator.LTE: gettext_noop("%(seen)s, at or below %(limit)s"),
    AlertRule.Operator.EQ: gettext_noop("%(seen)s, exactly %(limit)s"),
}
_NO_MORE = {
    AlertRule.Operator.GT: gettext_noop("%(seen)s, not above %(limit)s any more"),
    AlertRule.Operator.GTE: gettext_noop("%(seen)s, not at or above %(limit)s any more"),
    AlertRule.Operator.LT: gettext_noop("%(seen)s, not below %(limit)s any more"),
    AlertRule.Operator.LTE: gettext_noop("%(seen)s, not at or below %(limit)s any more"),
    AlertRule.Operator.EQ: gettext_noop("%(seen)s, not exactly %(limit)s any more"),
}

_A_MOMENT = timedelta(microseconds=1)


def fired_sentence(rule: AlertRule, reading: Reading, threshold: Decimal) -> str:
    """ "API calls: 351 calls in November 2026, at or above 350 calls"."""
    return _with_limit(_OVER, rule, reading, threshold)


def recovered_sentence(rule: AlertRule, reading: Reading, threshold: Decimal) -> str:
    return _with_limit(_NO_MORE, rule, reading, threshold)


def sentence_of(alert: Alert) -> str:
    """What the alert saw, in the language that is in force. The row says it in English."""
    period = Window(alert.period_start, alert.period_end)
    reading = Reading(period, value=alert.value, quantity=alert.quantity, usual=alert.usual)
    return fired_sentence(alert.rule, reading, alert.threshold)


def threshold_text(rule: AlertRule, threshold: Decimal) -> str:
    """A threshold with its unit: "350 calls", "200%", "4 deviations"."""
    if rule.kind == SPIKE:
        return format_percent(threshold)
    if rule.kind == UNUSUAL:
        return _("%(number)s deviations") % {"number": format_number(threshold)}
    return observer_of(rule.kind).amount(rule, threshold)


def period_text(rule: AlertRule, period: Window) -> str:
    """ "in November 2026", "on 26 Nov 2026", "in the hour from 26 Nov 2026, 14:00 IST", on the customer's clock."""
    zone, grain = rule.organisation.zone, rule.terms.grain
    first = local_date(period.start, zone)
    if grain == MONTH:
        return _("in %(month)s") % {"month": month_text(first)}
    if grain == HOUR:
        return _("in the hour from %(time)s") % {"time": time_text(period.start, zone)}
    if grain == DAY:
        return _("on %(day)s") % {"day": day_text(first)}
    return _("in the days %(days)s") % {"days": days_text(first, local_date(period.end - _A_MOMENT, zone))}


def seen_sentence(rule: AlertRule, reading: Reading) -> str:
    """What a rule sees, whatever its thresholds: "API calls: 351 calls in November 2026"."""
    observer = observer_of(rule.kind)
    words = {"about": observer.subject(rule), "when": period_text(rule, reading.period)}
    if rule.kind == COST:
        return _("%(about)s %(when)s is %(cost)s") % {
            **words,
            "cost": observer.amount(rule, reading.value or Decimal(0)),
        }
    words["used"] = observer.amount(rule, reading.quantity or Decimal(0))
    if rule.kind not in (SPIKE, UNUSUAL) or reading.value is None or reading.usual is None:
        return _("%(about)s: %(used)s %(when)s") % words
    words["usual"] = _(COMPARED_WITH[rule.span]) % {"usual": observer.amount(rule, reading.usual)}
    if rule.kind == SPIKE:
        if rule.least_usage and reading.usual < rule.least_usage:
            least = {"usual": words["usual"], "least": observer.amount(rule, rule.least_usage)}
            words["usual"] = _("%(usual)s, counted as %(least)s") % least
        words["percent"] = format_percent(abs(reading.value))
        if reading.value >= 0:
            return _("%(about)s: %(used)s %(when)s, %(percent)s more than %(usual)s") % words
        return _("%(about)s: %(used)s %(when)s, %(percent)s less than %(usual)s") % words
    words["number"] = format_number(reading.value)
    if reading.quantity == 0:
        return _("%(about)s: dropped to zero: %(used)s %(when)s, %(number)s deviations from %(usual)s") % words
    return _("%(about)s: %(used)s %(when)s, %(number)s deviations from %(usual)s") % words


def _with_limit(
    sentences: Mapping[AlertRule.Operator, str], rule: AlertRule, reading: Reading, threshold: Decimal
) -> str:
    sentence = _(sentences[AlertRule.Operator(rule.operator)])
    return sentence % {"seen": seen_sentence(rule, reading), "limit": threshold_text(rule, threshold)}
