"""How an endpoint took its messages on each of the last days, and what waits of all endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing_platform.lib import clock
from billing_platform.lib.periods import local_date, start_of_day
from organisations.models import WebhookDelivery, WebhookEndpoint

DAYS_SHOWN = 30
LATE_AFTER = timedelta(hours=1)
"""Since the message was written: what takes longer, after tries that failed, is late."""
_MORE_THAN_ONE_TRY = 2
Status = WebhookDelivery.Status


class Standing(StrEnum):
    """How an endpoint stands with the messages of one day."""

    TAKEN = "All taken"
    GIVEN_UP = "Given up"
    LATE = "Late"
    WAITS = "On their way"
    NOTHING = "Nothing was to be sent"


@dataclass(frozen=True, slots=True)
class Day:
    """Messages to one endpoint that were written on a day of the operators' clock."""

    day: date
    taken: int = 0
    late: int = 0
    given_up: int = 0
    waits: int = 0

    @property
    def standing(self) -> Standing:
        if self.given_up:
            return Standing.GIVEN_UP
        if self.late:
            return Standing.LATE
        if self.waits:
            return Standing.WAITS
        return Standing.TAKEN if self.taken else Standing.NOTHING


def last_days(endpoint_id: UUID) -> list[Day]:
    """The last 30 days up to today, the oldest first; one query. What is late is counted beside taken or waiting."""
    zone = timezone.get_current_timezone()
    today = local_date(clock.now(), zone)
    days = [today - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    tried, waits = Q(attempts__gte=_MORE_THAN_ONE_TRY), Q(next_attempt_at__isnull=False)
    taken_late = Q(delivered_at__gt=F("created_at") + LATE_AFTER)
    rows = (
        WebhookDelivery.objects.filter(endpoint=endpoint_id, created_at__gte=start_of_day(days[0], zone))
        .order_by()
        .values(day=TruncDate("created_at", tzinfo=zone))
        .annotate(
            taken=Count("pk", filter=Q(status=Status.DELIVERED)),
            late=Count("pk", filter=tried & (taken_late | (waits & Q(created_at__lt=clock.now() - LATE_AFTER)))),
            given_up=Count("pk", filter=Q(status=Status.FAILED)),
            waits=Count("pk", filter=waits),
        )
    )
    found = {row["day"]: Day(**row) for row in rows}
    return [found.get(day, Day(day)) for day in days]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries to endpoints in use. `oldest_due_seconds` is of those whose receivers take messages: none should be
    due for more than a minute."""

    waiting: int
    retrying: int
    given_up: int
    oldest_due_seconds: float


def backlog() -> Backlog:
    """Two queries, of partial indexes."""
    now = clock.now()
    in_use = WebhookDelivery.objects.filter(endpoint__status=WebhookEndpoint.Status.ACTIVE)
    takes = Q(endpoint__failing_since__isnull=True, attempts=0, claimed_until__isnull=True, next_attempt_at__lte=now)
    found = in_use.filter(next_attempt_at__isnull=False).aggregate(
        waiting=Count("pk", filter=Q(attempts=0)),
        retrying=Count("pk", filter=Q(attempts__gt=0)),
        oldest=Min("next_attempt_at", filter=takes),
    )
    age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Backlog(found["waiting"], found["retrying"], in_use.filter(status=Status.FAILED).count(), age)
