"""The report of usage shows hand-computed numbers: by hour, day and month, project and dimension."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric, UsageEvent
from events.services import months
from events.services.corrections import correct_usage
from events.usage.questions import Grain, Question, Span
from events.usage.report import NOTHING, Report, dimension_values, usage_report, used_metrics
from organisations.models import Organisation, Project
from tests import factories
from tests.events.exploring import DAY_ONE, DAY_TWO, LATER, metric, use
from tests.events.language import event, send, settle

pytestmark = pytest.mark.django_db

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))


def ask(counted: Metric, owner: Organisation, first: date, after: date, **fields: Any) -> Report:
    return usage_report(Question(Span(owner, first, after), counted, **fields))


def numbers(found: Report, zone: str = "%Y-%m-%d") -> dict[str, tuple[Decimal, int]]:
    """Quantity and events of each bucket that has any, by its local beginning."""
    local = found.question.span.organisation.zone
    return {
        bucket.start.astimezone(local).strftime(zone): (bucket.total.quantity, bucket.total.event_count)
        for bucket in found.buckets
        if bucket.total != NOTHING
    }


def by_series(found: Report) -> dict[str | None, tuple[Decimal, int]]:
    return {series.key: (series.total.quantity, series.total.event_count) for series in found.series}


# --- when: the organisation's clock -----------------------------------------------------------------------------------


def test_days_and_hours_are_those_of_kolkata(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls")
    use(
        project,
        "calls",
        ("2026-10-04T18:29:59+00:00", 1),  # 23:59:59 on the 4th
        ("2026-10-04T18:30:00+00:00", 10),  # midnight of the 5th
        ("2026-10-05T18:29:59+00:00", 100),  # the last second of the 5th
        ("2026-10-05T18:30:00+00:00", 1000),
    )
    assert numbers(ask(calls, acme, *OCTOBER)) == {
        "2026-10-04": (Decimal(1), 1),
        "2026-10-05": (Decimal(110), 2),
        "2026-10-06": (Decimal(1000), 1),
    }
    fifth = ask(calls, acme, date(2026, 10, 5), date(2026, 10, 6), grain=Grain.HOUR)
    assert len(fifth.buckets) == 24
    assert numbers(fifth, "%H:%M") == {"00:00": (Decimal(10), 1), "23:00": (Decimal(100), 1)}
    assert fifth.total.quantity == 110


def test_the_day_the_clocks_go_back_has_25_hours_and_two_at_two_o_clock() -> None:
    berlin = factories.organisation("Berlin", time_zone="Europe/Berlin")
    calls = metric(berlin, "calls")
    use(
        factories.project(berlin),
        "calls",
        ("2026-10-24T22:00:00+00:00", 1),  # midnight in summer time
        ("2026-10-25T00:30:00+00:00", 2),  # 02:30 CEST
        ("2026-10-25T01:30:00+00:00", 4),  # 02:30 CET
        ("2026-10-25T22:59:59+00:00", 8),  # 23:59 CET
        ("2026-10-25T23:00:00+00:00", 16),  # the next day
    )
    hours = ask(calls, berlin, date(2026, 10, 25), date(2026, 10, 26), grain=Grain.HOUR)
    assert len(hours.buckets) == 25
    assert numbers(hours, "%H:%M %Z") == {
        "00:00 CEST": (Decimal(1), 1),
        "02:00 CEST": (Decimal(2), 1),
        "02:00 CET": (Decimal(4), 1),
        "23:00 CET": (Decimal(8), 1),
    }
    assert numbers(ask(calls, berlin, *OCTOBER)) == {
        "2026-10-25": (Decimal(15), 4),
        "2026-10-26": (Decimal(16), 1),
    }


def test_months_are_the_organisations_own(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls")
    use(project, "calls", ("2026-10-31T18:29:00+00:00", 3), ("2026-10-31T18:31:00+00:00", 5))
    months = ask(calls, acme, date(2026, 9, 15), date(2026, 11, 10), grain=Grain.MONTH)
    local = [bucket.start.astimezone(acme.zone).date() for bucket in months.buckets]
    assert local == [date(2026, 9, 15), date(2026, 10, 1), date(2026, 11, 1)]  # the first one is not whole
    assert numbers(months, "%Y-%m") == {"2026-10": (Decimal(3), 1), "2026-11": (Decimal(5), 1)}


# --- what: the aggregations, meter by meter ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aggregation", "first", "second", "whole"),
    [
        ("sum", 7 + 2 + 30, 9, 48),
        ("count", 3, 1, 4),
        ("max", 7 + 30, 9, 9 + 30),  # meters are added up; of each the greatest of the whole time
        ("latest", 2 + 30, 9, 9 + 30),
        ("unique", 2 + 1, 1, 2 + 1),  # in: u1 and u2, u1 came back on the second day; us: u1 is another meter's
    ],
)
def test_a_span_is_answered_meter_by_meter(
    acme: Organisation, project: Project, aggregation: str, first: int, second: int, whole: int
) -> None:
    fields = {"unique_property": "user"} if aggregation == "unique" else {}
    counted = metric(acme, "m", aggregation=aggregation, dimensions=["region"], **fields)
    use(project, "m", (DAY_ONE, 7), region="in", user="u1")
    use(project, "m", (LATER, 2), region="in", user="u2")
    use(project, "m", (DAY_ONE, 30), region="us", user="u1")
    use(project, "m", (DAY_TWO, 9), region="in", user="u1")
    found = ask(counted, acme, *OCTOBER)
    assert numbers(found) == {"2026-10-05": (Decimal(first), 3), "2026-10-06": (Decimal(second), 1)}
    assert found.total.quantity == whole
    (used,) = used_metrics(Span(acme, *OCTOBER))
    assert (used.quantity, used.event_count) == (whole, 4)


def test_a_report_is_split_by_project_or_dimension(acme: Organisation, project: Project) -> None:
    other = factories.project(acme, "Other")
    calls = metric(acme, "calls", dimensions=["region"])
    use(project, "calls", (DAY_ONE, 5), region="in")
    use(project, "calls", (DAY_TWO, 1), region="us")
    use(other, "calls", (DAY_ONE, 2))
    assert by_series(ask(calls, acme, *OCTOBER, split="project")) == {
        str(project.pk): (Decimal(6), 2),
        str(other.pk): (Decimal(2), 1),
    }
    by_region = ask(calls, acme, *OCTOBER, split="dimension:region")
    assert by_series(by_region) == {"in": (Decimal(5), 1), None: (Decimal(2), 1), "us": (Decimal(1), 1)}
    fifth = next(bucket for bucket in by_region.buckets if bucket.total.event_count == 2)
    assert [cell.quantity for cell in fifth.cells] == [5, 2, 0]
    only = ask(calls, acme, *OCTOBER, dimensions=(("region", "in"),), split="project")
    assert by_series(only) == {str(project.pk): (Decimal(5), 1)}


def test_the_ninth_value_and_all_smaller_ones_are_shown_together(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls", dimensions=["city"])
    for number in range(1, 12):
        use(project, "calls", (DAY_ONE, number), city=f"c{number:02}")
    found = ask(calls, acme, *OCTOBER, split="dimension:city")
    assert [series.key for series in found.series[:8]] == [f"c{number:02}" for number in range(11, 3, -1)]
    rest = found.series[8]
    assert rest.is_rest
    assert (rest.total.quantity, rest.total.event_count) == (1 + 2 + 3, 3)
    assert found.total.quantity == 66


def test_values_are_offered_whichever_is_chosen(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls", dimensions=["region", "tier"])
    use(project, "calls", (DAY_ONE, 1), region="us", tier="paid")
    use(project, "calls", (DAY_ONE, 1), region="in")
    chosen = Question(Span(acme, *OCTOBER), calls, dimensions=(("region", "in"),))
    assert dimension_values(chosen) == {"region": ["in", "us"], "tier": ["paid"]}


def test_late_usage_stands_in_its_day_with_the_month_it_is_billed_in(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls")
    use(project, "calls", (DAY_ONE, 5))
    with clock.standing_at(datetime(2026, 11, 3, tzinfo=UTC)):
        months.close_period(organisation=acme, period=BillingPeriod.parse("2026-10"), closed_by="test")
    send(
        project,
        event("late", 2, metric_name="calls", unit="x", timestamp=DAY_ONE),
        at=datetime(2026, 11, 4, tzinfo=UTC),
    )
    settle()
    found = ask(calls, acme, *OCTOBER)
    (day,) = [bucket for bucket in found.buckets if bucket.total.event_count]
    assert (day.total.quantity, day.total.event_count) == (7, 2)
    assert [(late.counted_in, late.event_count) for late in day.late] == [(date(2026, 11, 1), 1)]


@pytest.mark.parametrize(("aggregation", "before", "after"), [("max", 90, 4), ("latest", 90, 4), ("sum", 94, 4)])
def test_what_was_voided_after_its_month_had_closed_counts_no_more(
    acme: Organisation, project: Project, aggregation: str, before: int, after: int
) -> None:
    gauge = metric(acme, "gauge", aggregation=aggregation)
    use(project, "gauge", (DAY_ONE, 4))
    use(project, "gauge", (LATER, 90))
    months.close_period(organisation=acme, period=BillingPeriod.parse("2026-10"), closed_by="test")
    assert ask(gauge, acme, *OCTOBER).total.quantity == before
    wrong = UsageEvent.objects.get(quantity=90)
    correct_usage(
        organisation=acme, project=project, event_id=wrong.event_id, action="void", quantity=None, reason="A test",
        by="tests", received_month=wrong.received_month,
    )  # fmt: skip
    assert ask(gauge, acme, *OCTOBER).total.quantity == after
    (used,) = used_metrics(Span(acme, *OCTOBER))
    assert used.quantity == after


def test_too_many_days_are_refused_in_words(acme: Organisation, project: Project) -> None:
    calls = metric(acme, "calls")
    with pytest.raises(InvalidInput, match="at most 14 days; these are 32"):
        ask(calls, acme, date(2026, 1, 1), date(2026, 2, 2), grain=Grain.HOUR)


# --- the page ---------------------------------------------------------------------------------------------------------
