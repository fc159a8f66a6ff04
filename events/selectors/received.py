"""How many events were received on a UTC day, and what became of them so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Sum

from events.models import EventBatch, HotLogDay


@dataclass(frozen=True, slots=True)
class ReceivedEvents:
    """Those that wait are in `events` only. A replay of dead letters counts on the day of its first receipt."""

    events: int
    counted: int
    duplicates: int
    dead_lettered: int


_COLUMNS = ("counted", "duplicates", "dead_lettered")


def received_on(day: date) -> ReceivedEvents:
    """From the hot log; of a day that was dropped, what it held when it was verified."""
    dropped = HotLogDay.objects.filter(day=day, dropped_at__isnull=False).first()
    if dropped is not None:
        return ReceivedEvents(dropped.events, *(getattr(dropped, column) for column in _COLUMNS))
    start = datetime.combine(day, time(), tzinfo=UTC)
    batches = EventBatch.objects.filter(received_at__gte=start, received_at__lt=start + timedelta(days=1)).order_by()
    found = batches.aggregate(Sum("event_count"), *(Sum(column) for column in _COLUMNS))
    return ReceivedEvents(found["event_count__sum"] or 0, *(found[f"{column}__sum"] or 0 for column in _COLUMNS))
