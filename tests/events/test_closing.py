"""A closed month does not change; later usage of that month is late and counts in the next month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, UsageEvent, UsagePeriod
from events.selectors.backlog import SettleBacklog, settle_backlog, unsettled_batches
from events.services.months import close_period
from events.usage.metering import usage_for
from organisations.models import Organisation, Project
from tests.events.language import event, send, settle

OCTOBER, NOVEMBER = BillingPeriod.parse("2026-10"), BillingPeriod.parse("2026-11")
IN_OCTOBER = "2026-10-20T12:00:00+05:30"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def move(moment: datetime) -> None:
        monkeypatch.setattr("billing_platform.lib.clock.now", lambda: moment)

    move(datetime(2026, 11, 1, 2, tzinfo=UTC))
    return move


@pytest.mark.django_db
def test_a_month_closes_once_it_is_over_and_settled(acme: Organisation, project: Project, at: object) -> None:
    send(project, event("a", timestamp=IN_OCTOBER))
    settle()
    closed = close_period(organisation=acme, period=OCTOBER, closed_by="test")
    assert (closed.month, closed.is_closed, closed.closed_by) == (date(2026, 10, 1), True, "test")
    assert close_period(organisation=acme, period=OCTOBER, closed_by="again") == closed
    assert UsagePeriod.objects.get(organisation=acme, month=OCTOBER.start).closed_by == "test"


@pytest.mark.django_db
def test_a_month_that_is_not_over_stays_open(acme: Organisation, at: Callable[[datetime], None]) -> None:
    at(datetime(2026, 10, 31, 18, 29, 59, tzinfo=UTC))  # 23:59:59 in Kolkata
    with pytest.raises(DomainError) as refused:
        close_period(organisation=acme, period=OCTOBER)
    assert refused.value.code == "PERIOD_NOT_OVER"
    at(datetime(2026, 10, 31, 18, 30, tzinfo=UTC))
    assert close_period(organisation=acme, period=OCTOBER).is_closed


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "quarantined"])
def test_a_month_waits_for_what_was_received_in_it(
    acme: Organisation, project: Project, at: Callable[[datetime], None], status: str
) -> None:
    at(datetime(2026, 10, 31, 12, tzinfo=UTC))
    accepted = send(project, event("a"))
    EventBatch.objects.filter(pk=accepted.batch_id).update(status=status)
    at(datetime(2026, 11, 1, 2, tzinfo=UTC))
    send(project, event("b"))  # received in November: of no concern
    with pytest.raises(DomainError) as refused:
        close_period(organisation=acme, period=OCTOBER)
    assert (refused.value.code, refused.value.details) == ("USAGE_UNSETTLED", {"unsettled_batches": 1})


@pytest.mark.django_db
def test_late_usage_belongs_to_the_next_open_month_and_remembers_its_own(
    acme: Organisation, project: Project, at: Callable[[datetime], None]
) -> None:
    send(project, event("in time", "5", timestamp=IN_OCTOBER))
    settle()
    close_period(organisation=acme, period=OCTOBER)
    send(project, event("late", "7", timestamp=IN_OCTOBER), event("now", "1"))
    settle()
    late = UsageEvent.objects.get(organisation=acme, event_id="late")
    assert (late.is_late, late.counted_in, late.occurred_at) == (
        True,
        NOVEMBER.start,
        datetime(2026, 10, 20, 6, 30, tzinfo=UTC),
    )
    october = usage_for(organisation=acme, period=OCTOBER)
    november = usage_for(organisation=acme, period=NOVEMBER)
    assert [(row.day, row.quantity, row.used_in) for row in october] == [(date(2026, 10, 20), Decimal(5), OCTOBER)]
    assert [(row.day, row.quantity, row.used_in) for row in november] == [
        (date(2026, 10, 20), Decimal(7), OCTOBER),
        (date(2026, 11, 1), Decimal(1), NOVEMBER),
    ]


@pytest.mark.django_db
def test_later_than_two_closed_months(acme: Organisation, project: Project, at: Callable[[datetime], None]) -> None:
    at(datetime(2026, 12, 2, tzinfo=UTC))
    close_period(organisation=acme, period=OCTOBER)
    close_period(organisation=acme, period=NOVEMBER)
    send(project, event("late", timestamp=IN_OCTOBER))
    settle()
    assert UsageEvent.objects.get(organisation=acme).counted_in == date(2026, 12, 1)


@pytest.mark.django_db
def test_one_organisations_closing_is_no_others(
    acme: Organisation, globex: Organisation, project: Project, at: object
) -> None:
    from tests import factories

    close_period(organisation=globex, period=BillingPeriod.parse("2026-09"))
    send(project, event("a", timestamp=IN_OCTOBER))
    send(factories.project(globex), event("a", timestamp=IN_OCTOBER))
    settle()
    assert not UsageEvent.objects.filter(is_late=True).exists()


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_settling_under_way(acme: Organisation, project: Project, at: object) -> None:
    """Settling has locked the month; closing must not answer before it has committed."""
    from threading import Thread

    UsagePeriod.objects.create(organisation=acme, month=OCTOBER.start)
    done: list[UsagePeriod] = []

    def close() -> None:
        done.append(close_period(organisation=acme, period=OCTOBER))
        connections.close_all()

    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM events_usageperiod WHERE month = %s FOR SHARE", [OCTOBER.start])
        closer = Thread(target=close)
        closer.start()
        closer.join(timeout=0.5)
        assert closer.is_alive()
        assert not done
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    closer.join(timeout=10)
    assert done[0].is_closed


@pytest.mark.django_db
def test_the_backlog_is_counted_and_aged(acme: Organisation, project: Project, at: Callable[[datetime], None]) -> None:
    assert settle_backlog() == SettleBacklog(pending=0, oldest_age_seconds=0, quarantined=0)
    send(project, event("a"))
    bad = send(project, event("b"))
    EventBatch.objects.filter(pk=bad.batch_id).update(status="quarantined")
    at(datetime(2026, 11, 1, 2, 0, 30, tzinfo=UTC) + timedelta(minutes=1))
    assert settle_backlog() == SettleBacklog(pending=1, oldest_age_seconds=90, quarantined=1)
    assert unsettled_batches() == 2
    assert unsettled_batches(organisation=acme, received_before=datetime(2026, 11, 1, tzinfo=UTC)) == 0
