"""The usage explorer shows only the user's organisations, and every number leads to its events."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any

import pytest
from django.test.client import Client

from events.models import Metric
from organisations.models import Organisation, Project
from tests import factories
from tests.events.exploring import DAY_ONE, DAY_TWO, EXPLORER, drill_downs, metric, october, use
from tests.events.language import event, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_viewer(viewer: Any, client: Client) -> Client:
    client.force_login(viewer)
    return client


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
    found = re.findall(r'<a href="([^"]*)" aria-label="([^"]*)"><rect', html)
    return [(href.replace("&amp;", "&"), text) for href, text in found]


def test_a_bar_links_to_its_day_and_the_chart_shows_the_highest_value(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    calls = metric(acme, "calls")
    use(project, "calls", ("2026-10-05T09:00:00+05:30", 1200), ("2026-10-06T09:00:00+05:30", 7))
    html = as_viewer.get(EXPLORER, october(metric=calls.pk)).content.decode()
    [(fifth, said), (_sixth, _text)] = bars(html)
    assert said == "Mon 5 Oct 2026: 1,200 x"
    assert ">1,200 x</text>" in html
    hours = as_viewer.get(EXPLORER + fifth).content.decode()
    assert [text for _href, text in bars(hours)] == ["5 Oct 2026, 09:00: 1,200 x"]
    everything = as_viewer.get(EXPLORER, october()).content.decode()
    assert "Events per day, 1 Oct to 31 Oct; most in 5 Oct: 1" in everything
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
