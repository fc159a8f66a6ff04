"""The usage explorer and the ledger's pages show hand-computed numbers, and only the user's organisations."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.spreadsheet_cells import safe_cell
from events.models import Metric, UsageEvent
from events.selectors import ledger_pages
from events.selectors.backlog import ledger_position
from events.services import months
from events.services.corrections import correct_usage
from events.usage.questions import Grain, Question, Span
from events.usage.report import NOTHING, Report, dimension_values, usage_report, used_metrics
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import event, send, settle

pytestmark = pytest.mark.django_db

EXPLORER = "/admin/events/usageaggregate/"
LEDGER = "/admin/events/usageevent/"
OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))


def metric(organisation: Organisation, name: str, unit: str = "x", **fields: Any) -> Metric:
    return Metric.objects.create(organisation=organisation, name=name, unit=unit, **fields)


def use(project: Project, name: str, *values: tuple[str, Any], unit: str = "x", **metadata: Any) -> None:
    """Events as (when, value), all with the same metadata, received at the later of then and the last one's time."""
    received = max(datetime.fromisoformat(when) for when, _value in values)
    stem = f"{name}-{metadata}-{received.isoformat()}"
    events = [
        event(f"{stem}-{number}", value, metric_name=name, unit=unit, timestamp=when, metadata=metadata)
        for number, (when, value) in enumerate(values)
    ]
    send(project, *events, at=received)
    settle()


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

DAY_ONE, DAY_TWO = "2026-10-05T06:00:00+00:00", "2026-10-06T06:00:00+00:00"
LATER = "2026-10-05T07:00:00+00:00"


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


@pytest.fixture
def as_viewer(viewer: Any, client: Client) -> Client:
    client.force_login(viewer)
    return client


def october(**more: Any) -> dict[str, Any]:
    return {"from": "2026-10-01", "to": "2026-10-31"} | more


def drill_downs(html: str) -> list[str]:
    return [part.split('"')[0].replace("&amp;", "&") for part in html.split('href="') if part.startswith(LEDGER + "?")]


def test_every_number_leads_to_its_events(acme: Organisation, project: Project, as_viewer: Client) -> None:
    calls = metric(acme, "calls", dimensions=["region"])
    use(project, "calls", (DAY_ONE, 5), region="in")
    use(project, "calls", (DAY_ONE, 6))
    use(project, "calls", (DAY_TWO, 7), region="in")
    html = as_viewer.get(EXPLORER, october(metric=calls.pk, split="dimension:region")).content.decode()
    links = drill_downs(html)
    # a line a day: in, not sent, total; the second day has nothing without region; then the whole time
    assert len(links) == 3 + 2 + 3
    quantities = [sorted(found.quantity for found in as_viewer.get(link).context["cl"].result_list) for link in links]
    assert quantities == [[5], [6], [5, 6], [7], [7], [5, 7], [6], [5, 6, 7]]


def test_the_events_of_an_hour_that_is_there_twice_are_told_apart(client: Client, admin_user: Any) -> None:
    berlin = factories.organisation("Berlin", time_zone="Europe/Berlin")
    calls = metric(berlin, "calls")
    use(factories.project(berlin), "calls", ("2026-10-25T00:30:00+00:00", 2), ("2026-10-25T01:30:00+00:00", 4))
    client.force_login(admin_user)
    day = {"from": "2026-10-25", "to": "2026-10-25", "by": "hour", "metric": calls.pk}
    html = client.get(EXPLORER, day).content.decode()
    assert "25 Oct 2026, 02:00 CEST" in html
    assert "25 Oct 2026, 02:00 CET" in html
    found = [[row.quantity for row in client.get(link).context["cl"].result_list] for link in drill_downs(html)]
    assert found == [[2], [4], [2], [4], [4, 2]]  # the bars, then the lines of the table


def bars(html: str) -> list[tuple[str, str]]:
    """Where the bars that can be followed lead, and what they say."""
    found = re.findall(r'<a class="bar" href="([^"]*)"[^>]*>.*?<b>(.*?)</b></a>', html)
    return [(href.replace("&amp;", "&"), text) for href, text in found]


def test_a_bar_links_to_its_day_and_the_chart_shows_the_highest_value(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    calls = metric(acme, "calls")
    use(project, "calls", ("2026-10-05T09:00:00+05:30", 1200), ("2026-10-06T09:00:00+05:30", 7))
    html = as_viewer.get(EXPLORER, october(metric=calls.pk)).content.decode()
    [(fifth, said), (_sixth, _text)] = bars(html)
    assert said == "Mon 5 Oct 2026: 1,200 x"
    assert '<p class="axis peak">1,200 x</p>' in html
    hours = as_viewer.get(EXPLORER + fifth).content.decode()
    assert [text for _href, text in bars(hours)] == ["5 Oct 2026, 09:00: 1,200 x"]
    everything = as_viewer.get(EXPLORER, october()).content.decode()
    assert '<p class="axis peak">1 event</p>' in everything
    [(fifth, _text), _sixth] = bars(everything)
    assert "Events per day <span>1 event</span>" in as_viewer.get(EXPLORER + fifth).content.decode()


def test_another_organisations_ids_are_answered_in_words_and_with_no_data(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    stranger = factories.organisation("Zzyzx")
    theirs, secret = factories.project(stranger, "Hidden"), metric(stranger, "secret_metric")
    use(theirs, "secret_metric", (DAY_ONE, 7654321))
    for query, sentence in (
        ({"organisation": stranger.pk}, "This is none of your customers."),
        ({"project": theirs.pk}, "This is no project of that customer."),
        ({"metric": secret.pk}, "This is no metric of that customer."),
        ({"metric": "nonsense"}, "This is no metric of that customer."),
        ({"organisation": stranger.pk, "metric": secret.pk, "format": "csv"}, "This is none of your customers."),
    ):
        shown = as_viewer.get(EXPLORER, october(**query))
        html = shown.content.decode()
        assert sentence in html, query
        assert shown.context["page"] is None
        assert not {word for word in ("Zzyzx", "Hidden", "secret_metric", "7,654,321") if word in html}


def test_the_explorer_answers_wrong_parameters_with_a_sentence(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    calls = metric(acme, "calls", dimensions=["region"])
    for query, sentence in (
        ({"from": "yesterday"}, "write it as 2026-11-01"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "The last day lies before the first."),
        ({"from": "0001-01-01"}, "There is no usage of that time."),
        ({"to": "9999-12-31"}, "There is no usage of that time."),
        ({"from": "2026-01-01", "to": "2026-10-31"}, "at most 93 days"),
        ({"metric": calls.pk, "by": "minute"}, "Choose hour, day or month."),
        ({"metric": calls.pk, "split": "dimension:planet"}, "This metric has no such dimension."),
        ({"metric": calls.pk, "d.region": "a\x00b"}, "Null characters are not allowed."),
        ({"from": "2026-01-01", "to": "2026-03-31", "metric": calls.pk, "by": "hour"}, "at most 14 days"),
    ):
        shown = as_viewer.get(EXPLORER, october(**query))
        assert shown.status_code == 200
        assert sentence in shown.content.decode(), query
    assert "No usage in these days." in as_viewer.get(EXPLORER, october(metric=calls.pk)).content.decode()


def test_someone_with_many_organisations_chooses_first(acme: Organisation, client: Client, admin_user: Any) -> None:
    factories.organisation("Initech")
    client.force_login(admin_user)
    html = client.get(EXPLORER).content.decode()
    assert "Choose a customer" in html
    assert f"?organisation={acme.pk}" in html.replace("&amp;", "&")


def test_the_csv_holds_the_table_and_no_formula(acme: Organisation, project: Project, as_viewer: Client) -> None:
    Organisation.objects.filter(pk=acme.pk).update(name="=cmd|' /C calc'!A0")
    calls = metric(acme, "calls", dimensions=["region"])
    use(project, "calls", (DAY_ONE, "2.5"), region="@SUM(A1)")
    use(project, "calls", (DAY_TWO, 7))
    query = october(metric=calls.pk, split="dimension:region", format="csv")
    answer = as_viewer.get(EXPLORER, query)
    assert answer["Content-Type"].startswith("text/csv")
    assert answer.streaming
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
    assert [(row["from"], row["region"], row["quantity"], row["events"]) for row in rows] == [
        ("2026-10-05T00:00:00+05:30", "'@SUM(A1)", "2.5", "1"),
        ("2026-10-06T00:00:00+05:30", "–", "7", "1"),
    ]
    assert rows[0]["organisation"].startswith("'=cmd")


def test_the_csv_of_all_metrics_has_a_line_for_each(acme: Organisation, project: Project, as_viewer: Client) -> None:
    metric(acme, "calls")
    metric(acme, "rows", unit="row")
    use(project, "calls", (DAY_ONE, "2.5"), (DAY_TWO, 7))
    use(factories.project(acme, "Second"), "calls", (DAY_TWO, 1))
    use(project, "rows", (DAY_TWO, 1600), unit="row")
    assert "format=csv" in as_viewer.get(EXPLORER, october()).content.decode()

    def lines(**query: str) -> list[tuple[str, ...]]:
        answer = as_viewer.get(EXPLORER, october(format="csv", **query))
        columns = ("metric", "unit", "from", "to", "quantity", "events")
        return [tuple(row[name] for name in columns) for row in csv.DictReader(StringIO(b"".join(answer).decode()))]

    october_there = ("2026-10-01T00:00:00+05:30", "2026-11-01T00:00:00+05:30")
    rows = ("rows", "row", *october_there, "1600", "1")
    assert lines() == [("calls", "x", *october_there, "10.5", "3"), rows]
    assert lines(find="ROW") == [rows]


def test_the_csv_names_projects_by_their_ids_too(acme: Organisation, project: Project, as_viewer: Client) -> None:
    """Names can change, and be given to another project afterwards."""
    calls = metric(acme, "calls")
    second = factories.project(acme, "Second")
    use(project, "calls", (DAY_ONE, 3))
    use(second, "calls", (DAY_ONE, 2))
    answer = as_viewer.get(EXPLORER, october(metric=calls.pk, split="project", format="csv"))
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
    assert {(row["project"], row["project_id"], row["quantity"], row["events"]) for row in rows} == {
        ("Main", str(project.pk), "3", "1"),
        ("Second", str(second.pk), "2", "1"),
    }


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-A1", "'-A1"),
        ("-1+A1", "'-1+A1"),
        ("-0.50", "-0.50"),
        ("@A", "'@A"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=1", "a=1"),
        ("  =1+1", "'  =1+1"),
        ("\n=1+1", "'\n'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("x; y=1", "x; y=1"),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_guarded(cell: str, safe: str) -> None:
    assert safe_cell(cell) == safe
    assert safe_cell(Decimal(-1)) == Decimal(-1)


# --- the ledger's pages -----------------------------------------------------------------------------------------------


def fill(project: Project, *names: str) -> None:
    send(project, *(event(name, metric_name="calls", unit="x", timestamp=DAY_ONE) for name in names))
    settle()


def shown_ids(client: Client, url: str) -> tuple[list[str], Any]:
    changelist = client.get(url).context["cl"]
    return [row.event_id for row in changelist.result_list], changelist


def test_paging_shows_every_event_once_while_new_ones_come_in(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    names = [f"e{number:03}" for number in range(120)]
    fill(project, *names)
    seen, address = [], f"?organisation__id__exact={acme.pk}"
    while address:
        found, changelist = shown_ids(as_viewer, LEDGER + address)
        seen += found
        address = changelist.older_url
        fill(project, f"new-{len(seen)}")  # arrives while somebody reads
    assert seen == names[::-1]
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found == names[20:70][::-1]  # the page before the last one, of 20
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found == names[70:120][::-1]
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found[:3] == ["new-120", "new-100", "new-50"]  # the newest page, as it is full again
    assert changelist.newer_url == changelist.newest_url == ""


def test_links_between_pages_keep_the_filters(acme: Organisation, project: Project, as_viewer: Client) -> None:
    other = factories.project(acme, "Other")
    for number in range(60):
        fill(project, f"mine-{number}")
        fill(other, f"other-{number}")
    first, changelist = shown_ids(as_viewer, f"{LEDGER}?project__id__exact={project.pk}")
    second, _changelist = shown_ids(as_viewer, LEDGER + changelist.older_url)
    assert first + second == [f"mine-{number}" for number in range(59, -1, -1)]


@contextmanager
def ids_gone_up(further: int) -> Iterator[None]:
    """As if others had written that many rows since. A sequence isn't rolled back with the test."""
    top = ledger_position()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('events_usageevent_id_seq', %s)", [top + further])
        try:
            yield
        finally:
            cursor.execute("SELECT setval('events_usageevent_id_seq', %s)", [top])


def test_a_search_that_takes_too_long_stops_and_goes_on_where_it_was(acme: Organisation, project: Project) -> None:
    fill(project, "far-back")
    events = UsageEvent.objects.filter(organisation=acme)
    with ids_gone_up(200_000):
        page = ledger_pages.page_before(events, size=50, patience_ms=0)
        assert (page.events, page.is_cut) == ((), True)
        steps = 1
        while page.older is not None and not page.events:
            page = ledger_pages.page_before(events, size=50, before=page.older, patience_ms=0)
            steps += 1
        assert [row.event_id for row in page.events] == ["far-back"]
        assert steps == 5  # of 50,000 ids each, and the last for what lies below
        assert ledger_pages.page_before(events, size=50).events[0].event_id == "far-back"  # with patience


def test_an_event_is_found_by_its_id_among_ones_own(acme: Organisation, project: Project, as_viewer: Client) -> None:
    fill(project, "mine")
    fill(factories.project(factories.organisation("Initech")), "theirs")
    assert shown_ids(as_viewer, f"{LEDGER}?q=mine")[0] == ["mine"]
    for odd in ("theirs", "min", "mine%"):
        assert shown_ids(as_viewer, f"{LEDGER}?q={odd}")[0] == []
    for name in ("q", "kind__exact"):
        assert as_viewer.get(f"{LEDGER}?{name}=%00", follow=True).status_code == 200


def test_filters_that_make_no_sense_show_nothing(acme: Organisation, project: Project, as_viewer: Client) -> None:
    fill(project, "mine")
    stranger = factories.project(factories.organisation("Initech"))
    theirs = send(stranger, event("theirs"))
    settle()
    assert shown_ids(as_viewer, f"{LEDGER}?counted_in=2026-10")[0] == ["mine"]
    for query in (
        "happened=nonsense", "happened=2026-10-01/2026-10-02", "dimensions=[1]", "counted_in=soon", "batch_id=7",
        f"batch_id={theirs.batch_id}", 'dimensions={"a":1}', "happened=0001-01-01T00:00:00Z/0001-01-02T00:00:00Z",
        "happened=9999-12-31T23:00:00-05:00/9999-12-31T23:00:00-05:00", f"dimensions={'[' * 3000}",
        r'dimensions={"a":"\ud800"}', r'dimensions={"\ud800":null}', "received_at_from=9999-12-31",
    ):  # fmt: skip
        found, _changelist = shown_ids(as_viewer, f"{LEDGER}?{query}")
        assert found == [], query
    for odd in ("received_at_to=9999-12-31", "before=x", "before=99999999999999999999", "after=-1", "before="):
        assert shown_ids(as_viewer, f"{LEDGER}?{odd}")[0] == ["mine"], odd


def test_a_batch_leads_to_its_events(acme: Organisation, project: Project, as_viewer: Client) -> None:
    accepted = send(project, event("in-it"), at=datetime(2026, 10, 5, 6, tzinfo=UTC))
    fill(project, "not-in-it")
    page = as_viewer.get(reverse("admin:events_eventbatch_change", args=[accepted.batch_id])).content.decode()
    (link,) = {link for link in drill_downs(page) if "batch_id" in link}
    assert shown_ids(as_viewer, link)[0] == ["in-it"]


def test_days_of_receipt_read_their_partitions_only(acme: Organisation, project: Project, as_viewer: Client) -> None:
    for day in (5, 6):
        send(project, event(f"october-{day}"), at=datetime(2026, 10, day, 6, tzinfo=UTC))
    settle()
    found, changelist = shown_ids(as_viewer, f"{LEDGER}?received_at_from=2026-10-06&received_at_to=2026-10-06")
    assert found == ["october-6"]
    assert "received_month" in str(changelist.queryset.query)


# --- the API ----------------------------------------------------------------------------------------------------------


def usage_of(organisation: Organisation) -> str:
    return f"/api/v1/admin/organisations/{organisation.pk}/usage"


def test_the_api_answers_days_on_the_organisations_clock(acme: Organisation, project: Project, api: Client) -> None:
    metric(acme, "calls")
    metric(acme, "peak", aggregation="max")
    use(project, "calls", ("2026-10-04T18:30:00+00:00", 10), ("2026-10-05T18:30:00+00:00", 1000))  # the 5th and 6th
    use(project, "peak", (DAY_ONE, 7), (LATER, 3))
    days = {"start": "2026-10-05", "end": "2026-10-06"}
    answer = api.get(usage_of(acme), days).json()
    assert (answer["period"], answer["period_start"], answer["period_end"]) == (None, "2026-10-05", "2026-10-06")
    assert [(row["metric_name"], row["quantity"], row["event_count"]) for row in answer["usage"]] == [
        ("calls", "10.00000000", 1),
        ("peak", "7.00000000", 2),
    ]
    only = api.get(usage_of(acme), days | {"metric_name": "peak"}).json()["usage"]
    assert [row["metric_name"] for row in only] == ["peak"]
    answer = api.get(usage_of(acme), days | {"format": "csv", "project_id": project.pk})
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
    assert [(row["metric_name"], row["quantity"]) for row in rows] == [("calls", "10.00000000"), ("peak", "7.00000000")]


def test_the_api_refuses_odd_days_in_words(acme: Organisation, api: Client) -> None:
    for query, field in (
        ({"start": "2026-10-05"}, "end"),
        ({"start": "soon", "end": "2026-10-05"}, "start"),
        ({"start": "2026-10-05", "end": "2026-10-05"}, "end"),
        ({"start": "0001-01-01", "end": "2026-10-05"}, "start"),
        ({"start": "2026-01-01", "end": "2026-10-05"}, "end"),
        ({"start": "2026-10-01", "end": "2026-10-05", "period": "2026-10"}, "period"),
        ({"period": "2026-10", "format": "csv", "project_id": "x"}, "project_id"),
    ):
        refused = api.get(usage_of(acme), query)
        assert (refused.status_code, list(refused.json()["details"])) == (400, [field]), query


def test_of_hundreds_of_metrics_a_page_shows_the_most_used_and_finds_the_others(
    acme: Organisation, project: Project, operator: Any, client: Client
) -> None:
    """A customer may have invented 40,000 names before there was a limit: the page took 161 s, and 24 MB."""
    client.force_login(operator)
    names = [f"m{number:03}" for number in range(350)]
    send(
        project,
        *[event(name, metric_name=name, unit="u") for name in names],
        event("again", metric_name="m349", unit="u"),
    )
    settle()

    def page(**query: str) -> str:
        answer = client.get(EXPLORER, {"organisation": str(acme.pk), **query})
        assert answer.status_code == 200
        return answer.content.decode()

    def shown(text: str) -> list[str]:
        return re.findall(r'<th scope="row"><a[^>]*>(m\d{3})</a>', text)

    first = page()
    assert "Metrics 1 to 100 of 350, by events." in first
    assert first.count("<option") <= 250
    lines = shown(first)
    assert (lines[0], len(lines)) == ("m349", 100)
    last = page(page="4")
    assert "Metrics 301 to 350 of 350, by events." in last
    assert len(shown(last)) == 50
    assert "There are no more metrics." in page(page="5")
    assert shown(page(find="M27")) == [f"m27{digit}" for digit in range(10)]
    assert "No metric of that name" in page(find="nothing")
    chosen = Metric.objects.get(name="m345")
    assert f'value="{chosen.pk}" selected' in page(metric=str(chosen.pk))
