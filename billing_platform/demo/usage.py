"""The demo's usage: sent as applications would send it, settled, corrected, and verified."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from billing_platform.demo.cast import CUSTOMERS, LEVEL, LEVEL_AT_FIRST, LEVEL_CHANGES, MISTYPED_METRIC, TEST_PROJECT
from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, UsageCorrection, UsageEvent, UsageImport
from events.selectors.backlog import unsettled_batches
from events.services.accepting import accept_events
from events.services.corrections import correct_usage
from events.services.importing import process_import, start_import
from events.services.proof.verifying import days_to_verify, verify_day
from events.services.settling.chunks import settle_pending
from organisations.models import Organisation, Project

SEED = 1947
EVENTS_PER_DAY = 8
DAYS_IN_TIME = 2
"""Number of days before today whose usage is received at the end of the day. Usage of earlier days is received today:
a day of the hot log for each of them would make the first start slow."""

Event = dict[str, Any]


def report_usage(organisations: dict[str, Organisation], *, first: date) -> None:
    """Send the events of each project as its application would, one request per day; then settle them."""
    dice = random.Random(SEED)  # noqa: S311  (plausible figures, not a secret)
    second = BillingPeriod.of(first).next()
    for customer in CUSTOMERS:
        organisation = organisations[customer.fields["name"]]
        for name, metrics in customer.usage.items():
            project = organisation.projects.get(name=name)
            for day in _days(second.start if customer.is_new else first, clock.today(organisation.time_zone)):
                level = Decimal(300 + (day - first).days) / 300
                if BillingPeriod.of(day) == second:
                    level *= customer.surge
                _send(project, day, _events_of(project, day, level, metrics, dice))
    _fill_disks(organisations["Konkan Retail"].projects.get(name="Storefront"), first)
    imported = _try_out(organisations["Nandi Logistics"])
    _mistype(organisations["Konkan Retail"])
    _settle_on_the_days_of_receipt()
    while unsettled_batches():
        settle_pending()
    process_import(import_id=imported.pk)


def _settle_on_the_days_of_receipt() -> None:
    """Count what was received before today as a worker would have then: it is in the statements of those days."""
    today = datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC)
    for back in reversed(range(DAYS_IN_TIME)):
        ended = today - timedelta(days=back)
        received = EventBatch.objects.filter(received_at__lt=ended, status=EventBatch.Status.PENDING).count()
        if received:
            with clock.standing_at(ended - timedelta(minutes=1)):
                settle_pending(limit_batches=received)


def correct_one(organisation: Organisation, *, month: BillingPeriod) -> None:
    """Correct an event of an invoiced month to a tenth; the next invoice has the difference."""
    events = UsageEvent.objects.filter(organisation=organisation, counted_in=month.start, metric__name="api_calls")
    event = events.latest("occurred_at")
    correct_usage(
        organisation=organisation,
        project=event.project,
        event_id=event.event_id,
        action=UsageCorrection.Action.CORRECT,
        quantity=(event.quantity / 10).quantize(Decimal(1)),
        reason="The application counted each call ten times after its release.",
        by="demo data",
    )


def verify_days() -> None:
    """Verify the days that are over, as the daily job does."""
    for day in days_to_verify():
        verify_day(day=day, verified_by="demo data")


def _send(project: Project, day: date, events: list[Event]) -> None:
    """Accept a day's events as of the end of the day in the customer's time zone; for today and days long ago, as of
    now."""
    now = clock.now()
    horizon = (now - timedelta(days=settings.EVENTS_HORIZON_DAYS - 1)).date()
    sent = [event for event in events if day > horizon and event["timestamp"] <= now.isoformat()]
    if not sent:
        return
    day_ended = datetime.combine(day + timedelta(days=1), time(), project.organisation.zone)
    is_recent = day >= now.astimezone(project.organisation.zone).date() - timedelta(days=DAYS_IN_TIME)
    with clock.standing_at(min(day_ended, now) if is_recent else now):
        accept_events(project=project, body=json.dumps({"events": sent}).encode())


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def _events_of(
    project: Project, day: date, level: Decimal, metrics: dict[str, tuple[str, int]], dice: random.Random
) -> list[Event]:
    """The events of one day: `level` times the usual, fewer at week-ends, and random within these."""
    events = []
    zone = ZoneInfo(project.organisation.time_zone)
    for metric, (unit, usual) in metrics.items():
        quiet = 40 if day.weekday() >= 5 else 8
        for slot in range(EVENTS_PER_DAY):
            if dice.randrange(100) < quiet:
                continue
            at = datetime.combine(day, time(hour=slot * 3, minute=dice.randrange(60)), zone).astimezone(UTC)
            quantity = int(usual * level / EVENTS_PER_DAY * dice.randrange(70, 131) / 100)
            region = dice.choice(["in-south", "in-west"])
            events.append(_event(project, metric, unit, quantity, at) | {"metadata": {"region": region}})
    return events


def _fill_disks(project: Project, first: date) -> None:
    """Send the changes of a level: the first of it on the first day, and some in each month."""
    for day in _days(first, clock.today(project.organisation.time_zone)):
        change = LEVEL_AT_FIRST if day == first else LEVEL_CHANGES.get(day.day)
        if change is not None:
            at = datetime.combine(day, time(hour=6), project.organisation.zone).astimezone(UTC)
            operation = {"metadata": {"operation": "add" if change > 0 else "remove"}}
            _send(project, day, [_event(project, *LEVEL, abs(change), at) | operation])


def _try_out(organisation: Organisation) -> UsageImport:
    """By the API, and by a file whose second row is another copy of the first and whose last one is bad."""
    project = organisation.projects.get(name=TEST_PROJECT)
    _send_just_now(project, [("api_calls", "call", 120), ("sms", "message", 5)])
    rows = ["test-1,sms,2,message", "test-1,sms,2,message", "test-2,sms,two,message"]
    file = BytesIO("\n".join(["event_id,metric_name,metric_value,unit", *rows]).encode())
    made = start_import(project=project, file=file, file_name="tried-out.csv", by="demo data")
    process_import(import_id=made.pk)
    return made


def _mistype(organisation: Organisation) -> None:
    _send_just_now(organisation.projects.get(name="Storefront"), [(MISTYPED_METRIC, "call", 250)])


def _send_just_now(project: Project, usage: list[tuple[str, str, int]]) -> None:
    at = clock.now() - timedelta(minutes=1)
    events = [_event(project, metric, unit, quantity, at) for metric, unit, quantity in usage]
    accept_events(project=project, body=json.dumps({"events": events}).encode())


def _event(project: Project, metric: str, unit: str, quantity: int, at: datetime) -> Event:
    return {
        "event_id": f"{project.name}-{metric}-{at:%Y%m%d%H}".lower().replace(" ", "-"),
        "metric_name": metric,
        "metric_value": quantity,
        "unit": unit,
        "timestamp": at.isoformat(),
    }
