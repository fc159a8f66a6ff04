"""A correction adds entries to the ledger and changes none; all totals agree afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from events.models import DeadLetter, Metric, UsageAggregate, UsageCorrection, UsageDistinct, UsageEvent
from events.selectors import status
from events.usage.metering import usage_for
from organisations.models import Organisation, Project
from tests import factories
from tests.events.correcting import (
    IN_NOVEMBER,
    IN_OCTOBER,
    MID_NOVEMBER,
    NOVEMBER,
    OCTOBER,
    assert_rebuild_agrees,
    close_october,
    correct,
    counted,
    usage,
    void,
)
from tests.events.language import event, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_twelfth_of_november() -> Iterator[None]:
    with clock.standing_at(MID_NOVEMBER):
        yield


def ledger(project: Project) -> list[tuple[str, Decimal, int, bool]]:
    """Kind, quantity, month counted in, lateness; in the order in which it was written."""
    rows = UsageEvent.objects.filter(project=project).order_by("id")
    return [(row.kind, row.quantity, row.counted_in.month, row.is_late) for row in rows]


# --- what it does to the numbers ------------------------------------------------------------------------------------


def test_a_voided_event_counts_nothing_and_stays_in_the_ledger(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER), event("b", "2.5", timestamp=IN_NOVEMBER))
    correction = void(project, "a")
    assert (correction.quantity_before, correction.quantity_after) == (10, None)
    assert ledger(project) == [
        ("usage", Decimal(10), 11, False),
        ("usage", Decimal("2.5"), 11, False),
        ("reversal", Decimal(-10), 11, False),
    ]
    assert usage(project) == Decimal("2.5")  # 10 + 2.5 - 10
    assert UsageAggregate.objects.get().event_count == 1  # 2 - 1
    assert_rebuild_agrees(acme)


def test_a_corrected_event_counts_its_new_quantity(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER), event("b", "2.5", timestamp=IN_NOVEMBER))
    correct(project, "a", "7.00000001")
    assert usage(project) == Decimal("9.50000001")  # 2.5 + 7.00000001
    assert UsageAggregate.objects.get().event_count == 2  # 2 - 1 + 1
    assert [row[:2] for row in ledger(project)[2:]] == [
        ("reversal", Decimal(-10)),
        ("replacement", Decimal("7.00000001")),
    ]
    assert_rebuild_agrees(acme)


def test_entries_are_those_of_the_event_but_for_their_quantity(project: Project) -> None:
    sent = {"timestamp": IN_NOVEMBER, "metadata": {"region": "in", "exact": 12345678901234567.125}}
    counted(project, event("a", "10", **sent))
    correction = correct(project, "a", "7")
    original, reversal, replacement = UsageEvent.objects.order_by("id")
    for entry, kind in ((reversal, "reversal"), (replacement, "replacement")):
        for name in ("organisation", "project", "metric", "dimensions", "metadata", "occurred_at", "hour"):
            assert getattr(entry, name) == getattr(original, name), name
        for name in ("received_at", "received_month", "position"):
            assert getattr(entry, name) == getattr(original, name), name
        assert (entry.event_id, entry.batch_id) == (f"correction:{correction.pk}:{kind}", correction.pk)


def test_the_latest_of_two_values_at_once_stays_the_one_that_came_last(acme: Organisation, project: Project) -> None:
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", aggregation="latest")
    counted(project, event("a", "5", timestamp=IN_NOVEMBER), event("b", "9", timestamp=IN_NOVEMBER))
    correct(project, "a", "6")
    assert usage(project) == 9
    correct(project, "b", "3")
    assert usage(project) == 3
    assert_rebuild_agrees(acme)


def test_a_chain_of_corrections_cancels_the_entry_before_each_time(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    first = correct(project, "a", "7")
    second = correct(project, "a", "8")
    third = void(project, "a")
    assert [row[1] for row in ledger(project)] == [10, -10, 7, -7, 8, -8]
    assert usage(project) == 0
    assert UsageAggregate.objects.get().event_count == 0
    assert [first.quantity_before, second.quantity_before, third.quantity_before] == [10, 7, 8]
    assert second.cancelled_event_id == f"correction:{first.pk}:replacement"
    assert_rebuild_agrees(acme)


def test_dimensions_are_corrected_where_they_were_counted(acme: Organisation, project: Project, metric: Any) -> None:
    metric(dimensions=["region"])
    for number, region in enumerate(["in", "in", "us"]):
        counted(project, event(str(number), "5", timestamp=IN_NOVEMBER, metadata={"region": region}))
    void(project, "0")
    correct(project, "2", "1")
    by_region = {row.dimensions["region"]: row.total for row in UsageAggregate.objects.all()}
    assert by_region == {"in": 5, "us": 1}  # 5 + 5 - 5; 5 - 5 + 1
    assert_rebuild_agrees(acme)


def test_a_count_falls_by_one_when_an_event_is_voided(acme: Organisation, project: Project, metric: Any) -> None:
    metric(aggregation="count")
    counted(project, *[event(str(number), "5", timestamp=IN_NOVEMBER) for number in range(3)])
    void(project, "0")
    assert usage(project) == 2
    correct(project, "1", "100")
    assert usage(project) == 2  # its quantity is not what is counted
    assert_rebuild_agrees(acme)


def test_a_maximum_is_found_again_among_what_still_counts(acme: Organisation, project: Project, metric: Any) -> None:
    metric(aggregation="max")
    counted(project, *[event(f"of {value}", value, timestamp=IN_NOVEMBER) for value in ("5", "9", "7")])
    correct(project, "of 9", "6")
    assert maximum() == 7  # of 5, 6, 7
    void(project, "of 7")
    assert maximum() == 6  # of 5, 6
    correct(project, "of 9", "2")
    assert maximum() == 5  # of 5, 2
    counted(project, event("late comer", "4", timestamp=IN_NOVEMBER))
    assert maximum() == 5
    void(project, "of 5")
    void(project, "of 9")
    void(project, "late comer")
    assert maximum() is None
    assert_rebuild_agrees(acme)


def maximum() -> Decimal | None:
    return UsageAggregate.objects.get().maximum


def test_the_latest_value_is_found_again_among_what_still_counts(
    acme: Organisation, project: Project, metric: Any
) -> None:
    metric(aggregation="latest")
    for minute, value in ((10, "5"), (20, "9"), (30, "7")):
        counted(project, event(f"of {value}", value, timestamp=f"2026-11-10T12:{minute}:00+05:30"))
    assert latest() == 7
    void(project, "of 7")
    assert latest() == 9
    correct(project, "of 9", "8")
    assert latest() == 8
    correct(project, "of 5", "6")
    assert latest() == 8  # still the one of 12:20
    void(project, "of 9")
    assert latest() == 6
    assert_rebuild_agrees(acme)


def latest() -> Decimal:
    value = UsageAggregate.objects.get().latest
    assert value is not None
    return value


def test_different_values_are_counted_while_an_event_names_them(
    acme: Organisation, project: Project, metric: Any
) -> None:
    metric(aggregation="unique", unique_property="user")
    for name, user in (("a", "asha"), ("b", "asha"), ("c", "bela")):
        counted(project, event(name, timestamp=IN_NOVEMBER, metadata={"user": user}))
    void(project, "a")
    assert users() == {"asha": 1, "bela": 1}
    correct(project, "b", "5")
    assert users() == {"asha": 1, "bela": 1}
    void(project, "b")
    assert users() == {"asha": 0, "bela": 1}
    assert_rebuild_agrees(acme)


def users() -> dict[str, int]:
    return {row.value: row.event_count for row in UsageDistinct.objects.all()}


def test_a_closed_months_maximum_stays_and_the_next_month_holds_the_replacement(
    acme: Organisation, project: Project, metric: Any
) -> None:
    metric(aggregation="max")
    counted(project, event("a", "9", timestamp=IN_OCTOBER), event("b", "5", timestamp=IN_OCTOBER))
    close_october(acme)
    correct(project, "a", "3")
    rows = UsageAggregate.objects.order_by("counted_in")
    assert [(row.counted_in.month, row.maximum, row.event_count) for row in rows] == [(10, 9, 2), (11, 3, 0)]
    void(project, "a")
    assert [(row.counted_in.month, row.maximum, row.event_count) for row in rows.all()] == [(10, 9, 2), (11, None, -1)]
    assert_rebuild_agrees(acme)


@pytest.fixture
def metric(acme: Organisation) -> Any:
    """Define Acme's api_calls otherwise than as a plain sum."""

    def define(**traits: Any) -> Metric:
        return Metric.objects.create(organisation=acme, name="api_calls", unit="call", **traits)

    return define


# --- which month it counts in ---------------------------------------------------------------------------------------


def test_an_open_month_is_corrected_in_itself(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER))
    correction = void(project, "a")
    assert (correction.counted_in, correction.is_late) == (OCTOBER.start, False)
    assert (usage(project, OCTOBER), usage(project, NOVEMBER)) == (0, 0)
    assert_rebuild_agrees(acme)


def test_a_closed_month_stays_and_the_next_open_one_gets_the_difference(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER))
    close_october(acme)
    correction = correct(project, "a", "7")
    assert (correction.counted_in, correction.is_late) == (NOVEMBER.start, True)
    assert ledger(project) == [
        ("usage", Decimal(10), 10, False),
        ("reversal", Decimal(-10), 11, True),
        ("replacement", Decimal(7), 11, True),
    ]
    assert (usage(project, OCTOBER), usage(project, NOVEMBER)) == (10, -3)
    (late,) = usage_for(organisation=acme, period=NOVEMBER)
    assert late.used_in == OCTOBER
    assert_rebuild_agrees(acme)


def test_a_late_event_is_corrected_in_the_month_that_counted_it(acme: Organisation, project: Project) -> None:
    counted(project, event("before", "1", timestamp=IN_OCTOBER))
    close_october(acme)
    counted(project, event("late", "10", timestamp=IN_OCTOBER))
    correction = correct(project, "late", "4")
    assert (correction.counted_in, correction.is_late) == (NOVEMBER.start, True)
    assert usage(project, NOVEMBER) == 4
    assert_rebuild_agrees(acme)


def test_corrections_before_and_after_the_month_closes_add_up(acme: Organisation, project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_OCTOBER))
    correct(project, "a", "7")
    close_october(acme)
    void(project, "a")
    assert (usage(project, OCTOBER), usage(project, NOVEMBER)) == (7, -7)
    assert_rebuild_agrees(acme)


# --- what is refused ------------------------------------------------------------------------------------------------


@contextmanager
def refused(code: str, sentence: str) -> Iterator[None]:
    with pytest.raises(DomainError, match=sentence) as info:
        yield
    assert info.value.code == code


def test_a_voided_event_is_not_voided_or_corrected_again(project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    void(project, "a")
    with refused("EVENT_VOIDED", "void already"):
        void(project, "a")
    with refused("EVENT_VOIDED", "void already"):
        correct(project, "a", "7")
    assert len(ledger(project)) == 2


def test_the_same_quantity_is_nothing_to_correct(project: Project) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    with refused("QUANTITY_UNCHANGED", "counts 10"):
        correct(project, "a", "10.0")
    correct(project, "a", "0")
    with refused("QUANTITY_UNCHANGED", "counts 0"):
        correct(project, "a", "0")


def test_an_event_that_is_not_counted_says_what_it_is(acme: Organisation, project: Project) -> None:
    send(project, event("waits", timestamp=IN_NOVEMBER))
    with refused("EVENT_PENDING", "not counted yet"):
        void(project, "waits")
    acme.strict_metrics = True
    acme.save()
    counted(project, event("refused", unit="bunch", timestamp=IN_NOVEMBER))
    assert DeadLetter.objects.filter(event_id="refused").exists()
    with refused("EVENT_DEAD_LETTERED", "replay"):
        void(project, "refused")
    with refused("NOT_FOUND", "sent no event"):
        void(project, "never sent")


def test_while_too_much_waits_an_unknown_event_is_not_called_unknown(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(project, event("a", timestamp=IN_NOVEMBER))
    send(project, event("waits", timestamp=IN_NOVEMBER))
    monkeypatch.setattr(status, "LOOKING_SECONDS", 0)
    with refused("UNAVAILABLE", "Too much of this project waits"):
        void(project, "never sent")
    assert void(project, "a").action == "void"


def test_another_projects_event_is_not_found(acme: Organisation, project: Project) -> None:
    counted(project, event("a", timestamp=IN_NOVEMBER))
    with pytest.raises(NotFound):
        void(factories.project(acme, "Other"), "a")


def test_an_entry_of_a_correction_is_no_event(project: Project, project_key: str) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    correction = correct(project, "a", "7")
    name = f"correction:{correction.pk}:replacement"
    with pytest.raises(NotFound):
        void(project, name)
    assert factories.client(project_key).get(f"/api/v1/events/{name}").status_code == 404


def test_an_id_counted_in_two_months_needs_the_month_of_receipt(project: Project) -> None:
    october = datetime(2026, 9, 30, 22, tzinfo=UTC)  # already October in India: the month of receipt is UTC's
    send(project, event("a", "1", timestamp=october.isoformat()), at=october)
    settle()
    send(project, event("a", "5", timestamp=IN_NOVEMBER))
    settle()
    with refused("EVENT_AMBIGUOUS", "September 2026 and November 2026"):
        void(project, "a")
    with refused("NOT_FOUND", "not in October 2026"):
        void(project, "a", received_month=OCTOBER.start)
    void(project, "a", received_month=NOVEMBER.start)
    assert (usage(project, OCTOBER), usage(project, NOVEMBER)) == (1, 0)
    void(project, "a", received_month=date(2026, 9, 1))
    assert (usage(project, OCTOBER), usage(project, NOVEMBER)) == (0, 0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"action": "forget"}, "action"),
        ({"quantity": Decimal(1)}, "metric_value"),
        ({"action": "correct"}, "metric_value"),
        ({"action": "correct", "quantity": Decimal(-1)}, "metric_value"),
        ({"action": "correct", "quantity": Decimal("0.000000001")}, "metric_value"),
        ({"action": "correct", "quantity": Decimal(10) ** 20}, "metric_value"),
    ],
)
def test_what_cannot_be_right_is_refused(project: Project, values: dict[str, Any], field: str) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    with pytest.raises(InvalidInput) as info:
        void(project, "a", **values)
    assert list(info.value.details) == [field]
    assert not UsageCorrection.objects.exists()


@pytest.mark.parametrize(
    "statement", ["UPDATE events_usagecorrection SET reason = 'x'", "DELETE FROM events_usagecorrection"]
)
def test_a_correction_itself_is_never_changed(project: Project, statement: str) -> None:
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    void(project, "a")
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
