"""A day of the hot log may go although something is wrong with it, once somebody has written off all of that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from events.models import HotLogDay
from events.services.proof.retention import drop_old_partitions
from events.services.proof.verifying import verify_day
from organisations.models import Project
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services.resolving import write_off
from tests.events.language import event, now, send, settle
from tests.events.test_retention import _only_partitions_of_today, is_there, only
from tests.reconciliation.language import run, tamper

pytestmark = pytest.mark.django_db(transaction=True)
clean_up = _only_partitions_of_today
LOSE = "DELETE FROM events_usageevent WHERE event_id = %s"


@pytest.fixture
def day(project: Project) -> date:
    """Old enough to be dropped. Of its three events one is lost, which its batch holds twice: one finding."""
    old: datetime = (now() - timedelta(days=8)).replace(hour=12)
    send(project, *(event(event_id) for event_id in "abca"), at=old)
    settle()
    tamper(LOSE, "a")
    run(old.date(), None, CheckName.HOT_LOG)
    return old.date()


def written_off(by: Any) -> None:
    for discrepancy in Discrepancy.objects.standing():
        write_off(discrepancy_id=discrepancy.pk, by=by, reason="Lost with a disk; the customer knows.")


def test_a_day_whose_discrepancies_are_all_written_off_is_dropped(day: date, admin_user: Any) -> None:
    assert only(drop_old_partitions()).retained_because == "The check found 2 discrepancies."
    written_off(admin_user)
    assert only(drop_old_partitions()).retained_because == ""
    record = HotLogDay.objects.get(day=day)
    assert (is_there(day), record.state, record.written_off) == (False, "dropped", 2)
    assert (record.dropped_batches, record.dropped_counted) == (1, 2)  # the entries that there are


def test_a_day_with_a_finding_that_waits_or_came_since_is_retained(day: date, admin_user: Any) -> None:
    first, _other = Discrepancy.objects.order_by("kind")
    write_off(discrepancy_id=first.pk, by=admin_user, reason="It is known.")
    assert only(drop_old_partitions()).retained_because == "The check found 2 discrepancies."
    written_off(admin_user)
    tamper(LOSE, "b")
    verify_day(day=day)
    assert only(drop_old_partitions()).retained_because == "The check found 3 discrepancies."
    assert is_there(day)


def test_what_a_replay_brings_to_a_dropped_day_is_verified_first(project: Project, day: date, admin_user: Any) -> None:
    """As many batches as the day had when its discrepancies were written off: they are others."""
    written_off(admin_user)
    assert only(drop_old_partitions()).retained_because == ""
    send(project, event("z"), at=datetime(day.year, day.month, day.day, 13, tzinfo=UTC))
    settle()
    for _time in range(2):
        assert only(drop_old_partitions()).retained_because == "It has not been verified yet."
    verify_day(day=day)
    assert only(drop_old_partitions()).retained_because == ""
    record = HotLogDay.objects.get(day=day)
    assert (record.dropped_batches, record.dropped_counted, record.written_off) == (2, 3, 0)
