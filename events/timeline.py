"""What events tells of a customer: alerts, and the day of each month with the most usage of a metric."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid5

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.admin.timeline import Before, Moment, Tells, told
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_events
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import Alert, Metric, UsageAggregate
from events.selectors.metric_words import WordBook
from events.usage.peaks import PeakDay, peak_days
from organisations.models import Organisation


def _alerts(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(alert: Alert) -> Moment:
        tone = "danger" if alert.state == Alert.State.FIRING else ""
        return Moment(alert.fired_at, str(alert.pk), alert.sentence, admin_url(alert), tone)

    return told(Alert.objects.filter(organisation=customer), "fired_at", before, most, moment)


def _peaks(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    """Each at the start of its day, in the customer's zone."""
    words, peaks = WordBook(customer), peak_days(organisation=customer)
    metrics = Metric.objects.in_bulk({peak.metric_id for peak in peaks})

    def moment(peak: PeakDay) -> Moment:
        metric = metrics[peak.metric_id]
        name, month = words.words(metric.name, metric.unit).name, month_text(BillingPeriod.of(peak.day))
        text = f"Busiest day of {name} in {month}: {format_events(peak.events)}"
        link = list_address(UsageAggregate, organisation=str(customer.pk), metric=str(metric.pk))
        key = str(uuid5(metric.pk, peak.day.isoformat()))
        return Moment(start_of_day(peak.day, customer.zone), key, text, link)

    moments = sorted(map(moment, peaks), key=lambda each: each.place, reverse=True)
    return [each for each in moments if before is None or each.place < (before.at, before.key)][:most]


TELLS = (
    Tells("usage", "Usage peaks", "monitoring", "events.view_usageaggregate", _peaks),
    Tells("alerts", "Alerts", "notifications", "events.view_alert", _alerts),
)
