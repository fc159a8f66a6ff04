"""Compares what the senders know with what the database has, event by event."""

from __future__ import annotations

import re
from collections import Counter

from events.wire import packing
from tests.scenarios.running import Running
from tests.scenarios.senders import Book, is_countable, quantity_of


def unsettled(platform: Running) -> int:
    return int(platform.scalar("SELECT count(*) FROM events_eventbatch WHERE status <> 'settled'"))


def logged(platform: Running) -> Counter[str]:
    """How often the hot log holds each event."""
    copies: Counter[str] = Counter()
    with platform.database() as prompt:
        for (stored,) in prompt.execute("SELECT packed_events FROM events_eventbatch"):
            copies.update(event.event_id for event in packing.unpack(stored))
    return copies


def check(platform: Running, book: Book) -> None:
    """Once everything is settled: nothing lost, nothing twice, nothing invented, nothing put down to a batch."""
    copies = logged(platform)
    countable = {event_id for event_id in copies if is_countable(event_id)}
    dead = Counter({event_id: count for event_id, count in copies.items() if event_id not in countable})
    assert not book.unheard_of, book.unheard_of[:5]
    _check_log(platform, book, copies)
    _check_batches(platform, total=copies.total(), counted=len(countable), dead_lettered=dead.total())
    _check_ledger(platform, countable)
    _check_dead_letters(platform, dead)
    _check_aggregates(platform)


def _check_log(platform: Running, book: Book, copies: Counter[str]) -> None:
    """Each 202 is in the log, and whatever is in there was sent: an answer may have got lost, but no request."""
    lost = {event_id for event_id, count in book.accepted.items() if copies[event_id] < count}
    assert not lost, f"{len(lost)} events are not in the log as often as they were accepted: {_some(lost)}"
    invented = {event_id for event_id, count in copies.items() if book.tried[event_id] < count}
    assert not invented, f"{len(invented)} events are in the log more often than they were sent: {_some(invented)}"
    with platform.database() as prompt:
        ids = {batch_id for (batch_id,) in prompt.execute("SELECT id::text FROM events_eventbatch")}
    assert not book.batch_ids - ids


def _check_batches(platform: Running, *, total: int, counted: int, dead_lettered: int) -> None:
    """All of them settled at the first attempt, and their sums are those of the log."""
    with platform.database() as prompt:
        found = prompt.execute("SELECT id, status, attempts, last_failure FROM events_eventbatch").fetchall()
        sums = prompt.execute(
            "SELECT sum(event_count), sum(counted), sum(duplicates), sum(dead_lettered),"
            " count(*) FILTER (WHERE event_count <> counted + duplicates + dead_lettered) FROM events_eventbatch"
        ).fetchone()
    blamed = [batch for batch in found if batch[1:] != ("settled", 0, "")]
    assert not blamed, f"{len(blamed)} batches were blamed for a crash: {blamed[:3]}"
    expected = (total, counted, total - counted - dead_lettered, dead_lettered, 0)
    assert sums == expected, f"events, counted, duplicates, dead letters, batches that don't add up: {sums}, {expected}"


def _check_ledger(platform: Running, expected: set[str]) -> None:
    """Each event once, with its quantity, and no other."""
    with platform.database() as prompt:
        entries = prompt.execute("SELECT event_id, quantity FROM events_usageevent").fetchall()
    times = Counter(event_id for event_id, _quantity in entries)
    twice = {event_id for event_id, count in times.items() if count > 1}
    missing, surplus = expected - times.keys(), times.keys() - expected
    assert not twice, f"{len(twice)} events are counted twice: {_some(twice)}"
    assert not missing, f"{len(missing)} events were accepted and not counted: {_some(missing)}"
    assert not surplus, f"{len(surplus)} events are counted and were never accepted: {_some(surplus)}"
    assert not [entry for entry in entries if entry[1] != quantity_of(entry[0])][:5]


def _check_dead_letters(platform: Running, expected: Counter[str]) -> None:
    """One open letter for each, that has been sent as often as it says."""
    with platform.database() as prompt:
        letters = prompt.execute("SELECT event_id, times_sent FROM events_deadletter WHERE status = 'open'").fetchall()
    found = Counter(dict(letters))
    assert len(letters) == len(found)
    assert found == expected, (
        f"dead letters: too few {_some(set(expected - found))}, many {_some(set(found - expected))}"
    )


def _check_aggregates(platform: Running) -> None:
    with platform.database() as prompt:
        query = "SELECT DISTINCT to_char(counted_in, 'YYYY-MM') FROM events_usageaggregate"
        months = [month for (month,) in prompt.execute(query)]
        totals = "SELECT sum(total), sum(event_count) FROM events_usageaggregate"
        kept = prompt.execute(totals).fetchone()
        in_ledger = prompt.execute("SELECT sum(quantity), count(*) FROM events_usageevent").fetchone()
    assert kept == in_ledger, f"total and events of the aggregates {kept}, of the ledger {in_ledger}"
    for month in months:
        assert differences(platform, month) == 0


def differences(platform: Running, month: str, *, organisation: str = "all") -> int:
    """How many aggregates differ from the ledger, as `rebuild_aggregates --dry-run` tells it."""
    told = platform.manage("rebuild_aggregates", "--organisation", organisation, "--period", month, "--dry-run")
    return sum(int(count) for count in re.findall(r"(\d+) differ", told))


def _some(found: set[str]) -> list[str]:
    return sorted(found)[:5]
