"""`weighted_sum`: a level that events change, integrated over time and carried into the months that follow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import DeadLetter, Metric, UsageAggregate, UsageEvent, UsageLevel
from events.selectors.months import open_months, organisations_with_usage, usage_by_metric
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.dead_letters import replay_one
from events.services.metrics import save_definition
from events.services.months import close_period
from events.usage.level_integral import Change, integrate, microseconds
from events.usage.metering import days_with_usage, usage_for, usage_of_month
from events.usage.questions import Grain, Question, Span
from events.usage.report import Cell, Report, dimension_values, usage_report, used_metrics
from organisations.models import Organisation, Project
from organisations.services import onboarding
from tests import factories
from tests.events.correcting import correct, void
from tests.events.language import batch_of, event, send, settle

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (BillingPeriod.parse(f"2026-{month:02}") for month in (9, 10, 11, 12))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def storage(acme: Organisation) -> Metric:
    found: Metric = Metric.objects.create(
        organisation=acme, name="storage", unit="GB", aggregation="weighted_sum", dimensions=["bucket"]
    )
    return found


def at(text: str) -> Any:
    """The clock stands at this local time of Acme's."""
    return clock.standing_at(datetime.fromisoformat(f"{text}+05:30"))


def gb(event_id: str, value: Any, happened: str, **metadata: Any) -> dict[str, Any]:
    return event(event_id, value, metric_name="storage", unit="GB", metadata=metadata, timestamp=f"{happened}+05:30")


def report(project: Project, *events: dict[str, Any], now: str) -> None:
    with at(now):
        send(project, *events, at=clock.now())
        settle()


def hours(organisation: Organisation, period: BillingPeriod, now: str = "2027-01-01T12:00") -> Decimal:
    """Unit-hours that a month counts, late ones included."""
    with at(now):
        return sum((row.quantity for row in usage_by_metric(organisation=organisation, period=period)), Decimal(0))


def by_month_used(organisation: Organisation, period: BillingPeriod) -> dict[str, Decimal]:
    """What a month counts, by the month it was used in."""
    found: dict[str, Decimal] = {}
    with at("2027-01-01T12:00"):
        for row in usage_for(organisation=organisation, period=period):
            found[str(row.used_in)] = found.get(str(row.used_in), Decimal(0)) + row.quantity
    return found


def assert_rebuild_agrees(organisation: Organisation) -> None:
    for period in (SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER):
        assert rebuild_aggregates(organisation=organisation, period=period, dry_run=True).differences == 0


@pytest.mark.django_db
def test_a_level_is_counted_for_as_long_as_it_lasts_and_carried_over(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    """10 GB from noon on 30 October; 5 more from 06:00 on the 31st; 15 taken off at noon on 2 December.

    October: 10 x 36 h + 5 x 18 h = 450. November: 15 x 720 h = 10,800. December: 15 x 36 h = 540.
    """
    report(project, gb("a", 10, "2026-10-30T12:00:00"), gb("b", 5, "2026-10-31T06:00:00"), now="2026-10-31T10:00")
    report(project, gb("c", 15, "2026-12-02T12:00:00", operation="remove"), now="2026-12-02T13:00")
    assert [hours(acme, period) for period in (OCTOBER, NOVEMBER, DECEMBER)] == [450, 10_800, 540]
    with at("2027-01-01T12:00"):
        october = [(row.day.day, row.quantity, row.event_count) for row in usage_for(organisation=acme, period=OCTOBER)]
        november = usage_for(organisation=acme, period=NOVEMBER)
    assert october == [(30, 120, 1), (31, 330, 1)]  # 10 x 12; 10 x 24 + 5 x 18
    assert [(row.day.day, row.quantity, row.event_count) for row in november] == [(day, 360, 0) for day in range(1, 31)]
    assert_rebuild_agrees(acme)


@pytest.mark.django_db
def test_projects_and_dimensions_have_levels_of_their_own(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    other = factories.project(acme, "Other")
    report(
        project,
        gb("a", 3, "2026-10-31T00:00:00", bucket="x"),
        gb("b", 4, "2026-10-31T00:00:00", bucket="y", operation="add"),
        now="2026-10-31T10:00",
    )
    report(other, gb("a", 2, "2026-10-31T12:00:00", bucket="x"), now="2026-10-31T13:00")
    with at("2026-12-01T12:00"):
        rows = usage_for(organisation=acme, period=OCTOBER)
    found = {(row.project_name, row.dimensions): row.quantity for row in rows}
    assert found == {
        ("Main", (("bucket", "x"),)): 72,
        ("Main", (("bucket", "y"),)): 96,
        ("Other", (("bucket", "x"),)): 24,
    }


@pytest.mark.django_db
def test_what_is_removed_before_it_is_added_is_a_negative_level(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    report(project, gb("a", 10, "2026-10-31T12:00:00", operation="remove"), now="2026-10-31T20:00")
    assert hours(acme, OCTOBER) == -120
    report(project, gb("b", 10, "2026-10-31T06:00:00"), now="2026-10-31T21:00")
    assert [hours(acme, OCTOBER), hours(acme, NOVEMBER)] == [60, 0]


@pytest.mark.django_db
def test_an_hour_counts_when_it_is_over(acme: Organisation, project: Project, storage: Metric) -> None:
    report(project, gb("a", 10, "2026-11-10T00:30:00"), gb("b", 7, "2026-11-10T05:10:00"), now="2026-11-10T05:20")
    assert hours(acme, NOVEMBER, now="2026-11-10T00:59") == 0
    assert hours(acme, NOVEMBER, now="2026-11-10T01:00") == 5
    assert hours(acme, NOVEMBER, now="2026-11-10T05:59") == 45  # 10 x 4.5 h
    assert hours(acme, NOVEMBER, now="2026-11-10T06:00") == Decimal("60.83333333")  # 10 x 5.5 h + 7 x 50 min
    assert hours(acme, DECEMBER, now="2026-11-10T06:00") == 0
    with at("2026-11-10T05:59"):
        (row,) = usage_for(organisation=acme, period=NOVEMBER)
    assert row.event_count == 2


@pytest.mark.django_db
def test_a_late_change_is_late_usage_of_every_month_that_is_closed(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    """1 GB from 1 October on; October and November are closed; 2 GB more since 30 October noon are reported then."""
    report(project, gb("a", 1, "2026-10-01T00:00:00"), now="2026-10-01T10:00")
    with at("2026-12-01T12:00"):
        close_period(organisation=acme, period=OCTOBER)
        close_period(organisation=acme, period=NOVEMBER)
    report(project, gb("b", 2, "2026-10-30T12:00:00"), now="2026-12-05T10:00")
    assert by_month_used(acme, OCTOBER) == {"2026-10": 744}
    assert by_month_used(acme, NOVEMBER) == {"2026-11": 720}
    assert by_month_used(acme, DECEMBER) == {"2026-10": 72, "2026-11": 1440, "2026-12": 3 * 744}
    with at("2027-01-01T12:00"):
        known = usage_of_month(organisation=acme, month=NOVEMBER, counted_in=[NOVEMBER])
        both = usage_of_month(organisation=acme, month=NOVEMBER, counted_in=[NOVEMBER, DECEMBER])
    assert (sum(row.quantity for row in known), sum(row.quantity for row in both)) == (720, 2160)
    assert_rebuild_agrees(acme)


@pytest.mark.django_db
def test_a_change_is_counted_after_the_last_closed_month_also_if_its_own_is_open(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    """November was billed before October. What is reported for October then is late usage of both."""
    with at("2026-12-01T12:00"):
        close_period(organisation=acme, period=NOVEMBER)
    report(project, gb("a", 1, "2026-10-31T12:00:00"), now="2026-12-05T10:00")
    assert UsageEvent.objects.get().counted_in == date(2026, 12, 1)
    assert by_month_used(acme, DECEMBER) == {"2026-10": 12, "2026-11": 720, "2026-12": 744}
    assert by_month_used(acme, OCTOBER) == by_month_used(acme, NOVEMBER) == {}


@pytest.mark.django_db
def test_corrections_move_the_level_as_if_the_event_had_said_so(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    report(
        project,
        gb("a", 10, "2026-10-31T12:00:00"),
        gb("b", 4, "2026-10-31T18:00:00", operation="remove"),
        now="2026-10-31T20:00",
    )
    with at("2026-10-31T23:00"):
        correct(project, "b", "6")
    assert [hours(acme, OCTOBER), hours(acme, NOVEMBER)] == [84, 4 * 720]  # 10 x 12 - 6 x 6
    with at("2026-12-01T12:00"):
        close_period(organisation=acme, period=OCTOBER)
        close_period(organisation=acme, period=NOVEMBER)
        void(project, "b")
    assert by_month_used(acme, DECEMBER) == {"2026-10": 36, "2026-11": 6 * 720, "2026-12": 10 * 744}
    assert_rebuild_agrees(acme)


@pytest.mark.django_db
def test_an_event_that_neither_adds_nor_removes_is_a_dead_letter(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    with at("2026-11-10T10:00"):
        accepted = send(
            project,
            gb("a", 1, "2026-11-10T08:00:00", operation="Remove"),
            gb("b", 1, "2026-11-10T08:00:00", operation=None),
            gb("c", 1, "2026-11-10T08:00:00", operation=["remove"]),
            at=clock.now(),
        )
        settle()
        batch = batch_of(accepted)
        assert (batch.counted, batch.dead_lettered) == (1, 2)
        letter = DeadLetter.objects.get(event_id="a")
        assert letter.reason == "OPERATION_UNKNOWN"
        assert "'operation'" in letter.message
        with pytest.raises(DomainError) as refused:
            replay_one(letter_id=letter.pk, by="op")
        assert refused.value.code == "OPERATION_UNKNOWN"


@pytest.mark.django_db
def test_a_month_with_nothing_but_a_carried_level_is_billed_and_closed(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    report(project, gb("a", 10, "2026-09-30T12:00:00"), now="2026-09-30T20:00")
    report(project, gb("b", 10, "2026-11-30T12:00:00", operation="remove"), now="2026-11-30T20:00")
    assert organisations_with_usage(period=OCTOBER) == organisations_with_usage(period=NOVEMBER) == {acme.pk}
    assert organisations_with_usage(period=DECEMBER) == set()
    months = [(acme.pk, period.start) for period in (SEPTEMBER, OCTOBER, NOVEMBER)]
    assert open_months(before=date(2026, 12, 3)) == months
    with at("2026-12-03T12:00"):
        close_period(organisation=acme, period=OCTOBER)
    assert open_months(before=date(2026, 12, 3)) == [months[0], months[2]]


@pytest.mark.django_db
def test_a_test_projects_level_is_in_no_total(acme: Organisation, storage: Metric) -> None:
    staging = onboarding.create_project(organisation=acme, name="Staging", mode="test")
    report(staging, gb("a", 10, "2026-09-30T12:00:00"), now="2026-09-30T20:00")
    assert hours(acme, OCTOBER) == 0
    assert organisations_with_usage(period=OCTOBER) == set()
    assert open_months(before=date(2026, 12, 3)) == []
    with at("2026-11-01T00:00"):
        rows = usage_for(organisation=acme, period=OCTOBER, project=staging)
    assert sum(row.quantity for row in rows) == 7440


@pytest.mark.django_db
def test_a_carried_level_is_usage_of_each_day_for_prices(acme: Organisation, project: Project, storage: Metric) -> None:
    report(project, gb("a", 10, "2026-09-30T12:00:00", bucket="x"), now="2026-09-30T20:00")
    with at("2026-12-03T12:00"):
        used = days_with_usage(
            metric=("storage", "GB"),
            counted_in=[(acme.pk, OCTOBER.start)],
            first=date(2026, 10, 30),
            after=date(2026, 11, 2),
        )
    assert [(each.day, each.dimensions) for each in used] == [
        (date(2026, 10, day), (("bucket", "x"),)) for day in (30, 31)
    ]


@pytest.mark.django_db
def test_rebuilding_mends_levels_and_recounts_what_came_before_the_definition(
    acme: Organisation, project: Project
) -> None:
    report(
        project,
        gb("a", 10, "2026-10-31T12:00:00"),
        gb("b", 4, "2026-10-31T18:00:00", operation="remove"),
        now="2026-10-31T20:00",
    )
    assert hours(acme, OCTOBER) == 14  # a sum, as long as nobody says otherwise
    found = Metric.objects.get()
    found.aggregation = "weighted_sum"
    save_definition(metric=found)
    assert [hours(acme, OCTOBER), hours(acme, NOVEMBER)] == [96, 4320]  # 10 x 12 - 4 x 6; 6 x 720
    UsageLevel.objects.update(change=1)
    UsageAggregate.objects.update(weighted=0)
    assert rebuild_aggregates(organisation=acme, period=OCTOBER, dry_run=True).wrong == 3
    rebuild_aggregates(organisation=acme, period=OCTOBER)
    assert [hours(acme, OCTOBER), hours(acme, NOVEMBER)] == [96, 4320]
    found.dimensions = ["bucket"]
    with pytest.raises(DomainError) as refused:
        save_definition(metric=found)
    assert refused.value.code == "METRIC_IN_USE"


def level_by_the_microsecond(changes: list[tuple[datetime, Decimal]], start: datetime, end: datetime) -> Decimal:
    """The slow way: each change for as long as it lasts within the span, in unit-microseconds."""
    total = Decimal(0)
    for instant, change in changes:
        if instant < end:
            total += change * (microseconds(end) - microseconds(max(start, instant)))
    return total


LONDON = ZoneInfo("Europe/London")


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=61 * 86_400_000_000 - 1),
            st.decimals(min_value=-(10**6), max_value=10**6, places=8),
        ),
        max_size=8,
    )
)
def test_the_days_of_a_month_add_up_to_the_exact_integral_rounded_once(changes: list[tuple[int, Decimal]]) -> None:
    """Changes of September and October in London, where October has 745 hours."""
    start, end = OCTOBER.bounds(LONDON)
    before = microseconds(start_of_day(SEPTEMBER.start, LONDON))
    instants = [(EPOCH + timedelta(microseconds=before + offset), each) for offset, each in changes]
    carried, by_day = 0, {}
    for instant, change in instants:
        units = int(change.scaleb(8))
        if instant < start:
            carried += units
        elif instant < end:
            day = instant.astimezone(LONDON).date()
            found = by_day.get(day, Change())
            by_day[day] = Change(
                found.change + units, found.moment + units * microseconds(instant), found.event_count + 1
            )
    days = list(integrate(carried, by_day, month=OCTOBER, zone=LONDON, until=end))
    exact = level_by_the_microsecond(instants, start, end)
    total = sum((day.quantity for day in days), Decimal(0))
    assert abs(total - exact / 3_600_000_000) <= Decimal("0.000000005")


@pytest.mark.django_db
def test_reports_show_the_level_of_each_hour_day_and_month(
    acme: Organisation, project: Project, storage: Metric
) -> None:
    """10 GB in x from noon on 30 September; 6 in y from 3 October, 06:30, taken off at 18:00."""
    report(project, gb("a", 10, "2026-09-30T12:00:00", bucket="x"), now="2026-09-30T20:00")
    report(
        project,
        gb("b", 6, "2026-10-03T06:30:00", bucket="y"),
        gb("c", 6, "2026-10-03T18:00:00", bucket="y", operation="remove"),
        now="2026-10-03T20:00",
    )

    def ask(first: date, after: date, now: str = "2027-01-01T12:00", **more: Any) -> Report:
        with at(now):
            return usage_report(Question(Span(acme, first, after), storage, **more))

    second, fourth, november = date(2026, 10, 2), date(2026, 10, 4), date(2026, 11, 1)
    days = ask(second, fourth)
    assert [(bucket.total.quantity, bucket.total.event_count) for bucket in days.buckets] == [(240, 0), (309, 2)]
    assert days.total == Cell(Decimal(549), 2)
    split = ask(second, fourth, split="dimension:bucket")
    assert [(series.key, series.total.quantity) for series in split.series] == [("x", 480), ("y", 69)]
    hours_of_day = ask(date(2026, 10, 3), fourth, grain=Grain.HOUR)
    assert [bucket.total.quantity for bucket in hours_of_day.buckets[5:8]] == [10, 13, 16]
    months = ask(SEPTEMBER.start, november, grain=Grain.MONTH)
    assert [bucket.total.quantity for bucket in months.buckets] == [120, 7440 + 69]
    assert ask(second, fourth, now="2026-10-03T07:10", grain=Grain.DAY).total.quantity == 240 + 70 + 3
    assert ask(second, fourth, dimensions=(("bucket", "y"),)).total.quantity == 69
    assert dimension_values(days.question) == {"bucket": ["x", "y"]}
    with at("2027-01-01T12:00"):
        (used,) = used_metrics(Span(acme, second, fourth))
        (idle,) = used_metrics(Span(acme, date(2026, 10, 20), date(2026, 10, 21)), metric_name="storage")
        assert used_metrics(Span(acme, date(2026, 9, 1), date(2026, 9, 2))) == ()
        assert used_metrics(Span(acme, date(2027, 2, 1), date(2027, 2, 2))) == ()
    assert (used.quantity, used.event_count, idle.quantity, idle.event_count) == (549, 2, 240, 0)
