"""When saved views are mailed, by the operators' clock, and that each of their days is mailed once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connections, transaction

from billing_platform.backoffice import mailed_views, tasks
from billing_platform.lib import clock
from organisations.models import BillingEntity, MailedView, Membership, Notification, SavedView
from organisations.notifications.email import send_notification
from organisations.services.mailed_views import (
    change_mailed_view,
    due_mailed_views,
    mail_view_to_owner,
    pause,
    resume,
    send_now,
)
from tests import factories
from tests.mailbox import Mailbox

INDIA, NEW_YORK = "Asia/Kolkata", "America/New_York"
HOUR = timedelta(hours=1)
A_THURSDAY = datetime(2027, 4, 1, 0, 0, tzinfo=ZoneInfo(INDIA))


@pytest.fixture
def owner(db: None) -> Any:
    factories.billing_entity(time_zone=INDIA)
    return factories.member("olga", None, Membership.Role.OPERATOR)


def mailed(owner: Any, name: str = "Customers", **when: Any) -> MailedView:
    view = SavedView.objects.create(owner=owner, list_of="organisations.organisation", name=name)
    return mail_view_to_owner(user=owner, view=view, **when)


def hours(first: datetime, last: datetime) -> Iterator[datetime]:
    while first < last:
        yield first
        first += HOUR


def look(at: datetime) -> None:
    """Beat looks; a worker does what it is sent."""
    with clock.standing_at(at):
        for pk in due_mailed_views():
            mailed_views.mail_view(mailed_id=pk)


def live_through(first: datetime, last: datetime) -> None:
    for hour in hours(first.astimezone(UTC), last.astimezone(UTC)):
        look(hour)


def days_of(mailing: MailedView) -> list[str]:
    """The days by their keys."""
    keys = Notification.objects.filter(dedupe_key__startswith=f"mailed_view:{mailing.pk}:").order_by("created_at")
    return [key.rpartition(":")[2] for key in keys.values_list("dedupe_key", flat=True)]


def hours_of(mailing: MailedView, zone: str) -> set[str]:
    rows = Notification.objects.filter(dedupe_key__startswith=f"mailed_view:{mailing.pk}:")
    return {f"{each.created_at.astimezone(ZoneInfo(zone)):%H:%M}" for each in rows}


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_month(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, "Daily", hour=8)
        weekly = mailed(owner, "Weekly", frequency="weekly", weekday=1, hour=0)
        monthly = mailed(owner, "Monthly", frequency="monthly", day_of_month=28, hour=23)
        first = mailed(owner, "First", frequency="monthly", day_of_month=1, hour=0)
    for day in range(31):
        for minutes in (0, 8 * 60 - 1, 8 * 60, 23 * 60 - 1, 23 * 60):
            look(A_THURSDAY + timedelta(days=day, minutes=minutes))

    assert days_of(daily) == [f"2027-04-{day:02}" for day in range(1, 31)] + ["2027-05-01"]
    assert days_of(weekly) == ["2027-04-05", "2027-04-12", "2027-04-19", "2027-04-26"]
    assert days_of(monthly) == ["2027-04-28"]
    assert days_of(first) == ["2027-05-01"]  # its hour of 1 April had begun when it was set up
    assert [hours_of(each, INDIA) for each in (daily, weekly, monthly)] == [{"08:00"}, {"00:00"}, {"23:00"}]


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after"), [(INDIA, NEW_YORK), (NEW_YORK, INDIA)])
def test_the_operators_clock_moves_and_no_day_is_mailed_twice_or_left_out(owner: Any, before: str, after: str) -> None:
    BillingEntity.objects.update(time_zone=before)
    begin = datetime(2027, 4, 1, 0, 0, tzinfo=ZoneInfo(before))
    for hour_of_move in (7, 9):  # before its hour, and after it
        name = f"At {hour_of_move}"
        BillingEntity.objects.update(time_zone=before)
        with clock.standing_at(begin):
            daily = mailed(owner, name, hour=8)
        moved = begin + timedelta(days=3, hours=hour_of_move)
        live_through(begin, moved)
        BillingEntity.objects.update(time_zone=after)
        live_through(moved, begin + timedelta(days=6))

        days = days_of(daily)
        assert days[:5] == [f"2027-04-0{day}" for day in range(1, 6)], name
        assert len(set(days)) == len(days), name
        last = Notification.objects.filter(dedupe_key__startswith=f"mailed_view:{daily.pk}:").latest("created_at")
        assert last.created_at.astimezone(ZoneInfo(after)).hour == 8, name


@pytest.mark.django_db
def test_an_hour_that_the_clock_leaves_out_or_has_twice_is_mailed_once(owner: Any) -> None:
    BillingEntity.objects.update(time_zone=NEW_YORK)
    for first, hour in ((date(2027, 3, 13), 2), (date(2027, 11, 6), 1)):
        begin = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(NEW_YORK))
        with clock.standing_at(begin):
            daily = mailed(owner, str(first), hour=hour)
        live_through(begin, begin + timedelta(days=3))
        assert days_of(daily) == [str(first + timedelta(days=n)) for n in range(3)]


@pytest.mark.django_db
def test_after_days_without_workers_one_is_made_up_for_and_not_all(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    late = A_THURSDAY + timedelta(days=4, hours=12)
    live_through(late, late + timedelta(days=1))
    assert days_of(daily) == ["2027-04-01", "2027-04-06"]


@pytest.mark.django_db
def test_paused_days_are_left_out_and_another_hour_counts_at_once(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
        pause(mailed_id=daily.pk)
    live_through(A_THURSDAY, A_THURSDAY + timedelta(days=2))
    assert days_of(daily) == []
    with clock.standing_at(A_THURSDAY + timedelta(days=2, hours=12)):
        resume(mailed_id=daily.pk)
        change_mailed_view(mailed_id=daily.pk, changes={"hour": 14})
    live_through(A_THURSDAY + timedelta(days=2, hours=12), A_THURSDAY + timedelta(days=4))
    assert days_of(daily) == ["2027-04-03", "2027-04-04"]


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_mailed_out_of_turn_it_keeps_its_days(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
        for _ in range(2):
            send_now(mailed_id=daily.pk)
        tasks.mail_view(str(daily.pk))
        tasks.mail_view(str(daily.pk))
    assert Notification.objects.count() == 1
    live_through(A_THURSDAY, A_THURSDAY + 12 * HOUR)
    assert len(days_of(daily)) == 2
    assert days_of(daily)[-1] == "2027-04-01"


@pytest.mark.django_db
def test_the_database_refuses_a_second_mail_of_one_day(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    live_through(A_THURSDAY, A_THURSDAY + 12 * HOUR)
    again = Notification.objects.get()
    again.pk = None
    again._state.adding = True
    with pytest.raises(IntegrityError, match="dedupe_key"), transaction.atomic():
        again.save()
    # and a worker that begins the same day anew, as from a backup, writes none
    MailedView.objects.update(next_day=date(2027, 4, 1), next_attempt_at=A_THURSDAY)
    live_through(A_THURSDAY, A_THURSDAY + 12 * HOUR)
    assert days_of(daily) == ["2027-04-01"]


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_mail_it_once(owner: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            with clock.standing_at(A_THURSDAY + 9 * HOUR):
                mailed_views.mail_view(mailed_id=daily.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert days_of(daily) == ["2027-04-01"]


@contextmanager
def meanwhile(monkeypatch: Any, does: Any) -> Iterator[None]:
    """While a worker makes the file, somebody else does something."""
    with monkeypatch.context() as patched:
        make = mailed_views.make

        def slow(wanted: Any) -> Any:
            made = make(wanted)
            does()
            return made

        patched.setattr(mailed_views, "make", slow)
        yield


@pytest.mark.django_db
def test_paused_deleted_or_taken_over_while_a_worker_is_at_it(owner: Any, monkeypatch: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    with clock.standing_at(A_THURSDAY + 9 * HOUR):
        with meanwhile(monkeypatch, lambda: pause(mailed_id=daily.pk)):
            assert mailed_views.mail_view(mailed_id=daily.pk) is False
        daily.refresh_from_db()
        assert daily.is_paused
        resume(mailed_id=daily.pk)
    deleting = meanwhile(monkeypatch, lambda: MailedView.objects.get(pk=daily.pk).delete())
    with clock.standing_at(A_THURSDAY + 33 * HOUR), deleting:
        assert mailed_views.mail_view(mailed_id=daily.pk) is False
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["make", "queue_email"])
def test_killed_before_or_after_the_file_is_made_it_is_mailed_by_the_next_worker(
    owner: Any, monkeypatch: Any, where: str
) -> None:
    """A real process and a real SIGKILL; the claim of the dead worker ends by itself."""
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    connections.close_all()
    child = os.fork()
    if child == 0:  # the worker that dies
        monkeypatch.setattr(mailed_views, where, lambda *_given, **_named: os.kill(os.getpid(), signal.SIGKILL))
        with clock.standing_at(A_THURSDAY + 9 * HOUR):
            mailed_views.mail_view(mailed_id=daily.pk)
        os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    daily.refresh_from_db()
    assert daily.claimed_until is not None
    assert days_of(daily) == []

    with clock.standing_at(A_THURSDAY + 9 * HOUR):
        assert due_mailed_views() == []
    with clock.standing_at(A_THURSDAY + 10 * HOUR):
        assert due_mailed_views() == [daily.pk]
        assert mailed_views.mail_view(mailed_id=daily.pk)
    assert days_of(daily) == ["2027-04-01"]


@pytest.mark.django_db
def test_what_always_fails_is_stopped_after_five_tries(owner: Any, monkeypatch: Any) -> None:
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)

    def fails(_wanted: Any) -> Any:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(mailed_views, "make", fails)
    live_through(A_THURSDAY, A_THURSDAY + timedelta(days=2))
    daily.refresh_from_db()
    assert (daily.attempts, daily.is_stopped) == (5, True)
    assert daily.last_failure == "RuntimeError: the disk is full"
    assert MailedView.objects.stopped().get() == daily


@pytest.mark.django_db
def test_a_mail_server_that_refuses_gets_it_later_once(owner: Any, mailbox: Mailbox) -> None:
    factories.organisation("Acme")
    with clock.standing_at(A_THURSDAY):
        daily = mailed(owner, hour=8)
    mailbox.refuse = True
    live_through(A_THURSDAY, A_THURSDAY + 12 * HOUR)
    written = Notification.objects.get()
    with clock.standing_at(A_THURSDAY + 12 * HOUR):
        assert send_notification(notification_id=written.pk) is False
    written.refresh_from_db()
    assert "try again later" in written.last_failure
    mailbox.refuse = False
    with clock.standing_at(A_THURSDAY + 13 * HOUR):
        assert send_notification(notification_id=written.pk)
        assert send_notification(notification_id=written.pk) is False
    assert len(mailbox.messages) == 1
    assert days_of(daily) == ["2027-04-01"]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"weekday": 8}, {"day_of_month": 31}, {"hour": 24}, {"last_outcome": "sent"}])
def test_the_database_keeps_to_the_calendar_and_tells_an_outcome_with_its_time(owner: Any, wrong: Any) -> None:
    daily = mailed(owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        MailedView.objects.filter(pk=daily.pk).update(**wrong)
