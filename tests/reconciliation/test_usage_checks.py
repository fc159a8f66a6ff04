"""Usage: what was accepted is in the ledger, and the aggregates say what the ledger says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from events.models import EventBatch, Metric
from events.services.corrections import correct_usage
from organisations.models import Organisation, Project
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName
from tests import factories
from tests.events.language import event, now, send, settle
from tests.reconciliation.language import check_run, found, run, states, tamper

pytestmark = pytest.mark.django_db

HOT_LOG, AGGREGATES = CheckName.HOT_LOG, CheckName.AGGREGATES


@pytest.fixture
def noon() -> datetime:
    """Yesterday at noon."""
    return (now() - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def yesterday(project: Project, noon: datetime) -> date:
    """One event of each kind of metric: 3 calls, a greatest of 7, a newest of 4, one user, a level of 5."""
    for name in ("max", "latest", "unique", "weighted_sum"):
        unique = {"unique_property": "user"} if name == "unique" else {}
        Metric.objects.create(organisation=project.organisation, name=name, unit="x", aggregation=name, **unique)
    send(
        project,
        event("sum", "3"),
        event("max", "7", metric_name="max", unit="x"),
        event("latest", "4", metric_name="latest", unit="x"),
        event("unique", "1", metric_name="unique", unit="x", metadata={"user": "u1"}),
        event("level", "5", metric_name="weighted_sum", unit="x"),
        at=noon,
    )
    settle()
    return noon.date()


@pytest.mark.parametrize("check", [HOT_LOG, AGGREGATES])
def test_what_was_counted_agrees(project: Project, yesterday: date, noon: datetime, check: CheckName) -> None:
    """Also with a late event, a correction, and another customer's usage."""
    other = factories.project(factories.organisation("Initech"))
    send(other, event("theirs"), at=noon)
    send(project, event("late", "2", timestamp=(noon - timedelta(days=40)).isoformat()), at=noon)
    settle()
    correct_usage(
        organisation=project.organisation, project=project, event_id="max", action="void", reason="a test", by="olga"
    )
    assert found(check, yesterday - timedelta(days=3), yesterday) == []


def test_an_entry_taken_out_of_the_ledger_is_named(yesterday: date, project: Project) -> None:
    tamper("DELETE FROM events_usageevent WHERE event_id = 'sum'")
    missing, counts = sorted(found(HOT_LOG, yesterday), key=lambda each: each.kind, reverse=True)
    assert (missing.kind, missing.facts["event_id"]) == (FindingKind.EVENT_MISSING, "sum")
    assert missing.organisation_id == project.organisation_id
    assert counts.kind == FindingKind.BATCH_COUNTS
    (differs,) = found(AGGREGATES, yesterday)
    assert (differs.kind, differs.found) == (
        FindingKind.AGGREGATES_DIFFER, "0 missing, 1 too many, 0 with other values"
    )  # fmt: skip


def test_batches_that_are_not_settled_are_named(yesterday: date) -> None:
    EventBatch.objects.update(status="quarantined")
    (finding,) = found(HOT_LOG, yesterday)
    assert (finding.kind, finding.found) == (FindingKind.BATCH_NOT_SETTLED, "1 batch is not settled.")


PLANTED = [
    ("sum", "UPDATE events_usageaggregate SET total = total + 1 WHERE {metric}", "0 missing, 0 too many, 1 with"),
    ("sum", "UPDATE events_usageaggregate SET event_count = 2 WHERE {metric}", "0 missing, 0 too many, 1 with"),
    ("max", "UPDATE events_usageaggregate SET maximum = 8 WHERE {metric}", "0 missing, 0 too many, 1 with"),
    (
        "latest",
        "UPDATE events_usageaggregate SET latest = ROW(now(), now(), 0, 9)::events_reading WHERE {metric}",
        "0 missing, 0 too many, 1 with",
    ),
    ("unique", "UPDATE events_usagedistinct SET value = 'u2' WHERE {metric}", "1 missing, 1 too many, 0 with"),
    ("weighted_sum", "UPDATE events_usageaggregate SET weighted = 0 WHERE {metric}", "0 missing, 0 too many, 1 with"),
    ("weighted_sum", "UPDATE events_usagelevel SET change = 6 WHERE {metric}", "0 missing, 0 too many, 1 with"),
    ("sum", "DELETE FROM events_usageaggregate WHERE {metric}", "1 missing, 0 too many, 0 with"),
]


@pytest.mark.parametrize(("metric", "statement", "said"), PLANTED)
def test_an_aggregate_that_was_changed_is_found(
    yesterday: date, acme: Organisation, metric: str, statement: str, said: str
) -> None:
    name = "api_calls" if metric == "sum" else metric
    of_metric = f"metric_id = (SELECT id FROM events_metric WHERE name = '{name}' ORDER BY organisation_id LIMIT 1)"
    tamper(statement.format(metric=of_metric))
    (finding,) = found(AGGREGATES, yesterday)
    assert finding.about.startswith(f"{name} of Acme")
    assert finding.found.startswith(said)
    assert found(AGGREGATES, yesterday - timedelta(days=1)) == []


def test_late_usage_is_compared_on_the_day_of_its_receipt_and_belongs_to_the_day_of_use(
    project: Project, noon: datetime
) -> None:
    send(project, event("late", "2", timestamp=(noon - timedelta(days=40)).isoformat()), at=noon)
    settle()
    tamper("UPDATE events_usageaggregate SET total = 3")
    (finding,) = found(AGGREGATES, noon.date())
    assert finding.day == (noon - timedelta(days=40)).date()


def test_a_day_that_agrees_again_closes_nothing_of_another_day(project: Project, noon: datetime) -> None:
    """Two days of one metric and month differ; one of them is mended, and read again."""
    noon = (noon.replace(day=1) - timedelta(days=1)).replace(day=10)  # both in the month before
    days = [noon.date(), (noon + timedelta(days=1)).date()]
    for number in range(2):
        send(project, event(f"e{number}", "3"), at=noon + timedelta(days=number))
    settle()
    tamper("UPDATE events_usageaggregate SET total = 4")
    run(days[0], days[1], AGGREGATES)
    assert states(AGGREGATES) == ["open", "open"]
    tamper("UPDATE events_usageaggregate SET total = 3 WHERE hour >= %s", noon + timedelta(hours=12))
    run(days[1], None, AGGREGATES)
    assert states(AGGREGATES) == ["open", "gone"]


def test_levels_that_differ_are_one_finding_of_their_month(project: Project, noon: datetime) -> None:
    noon = (noon.replace(day=1) - timedelta(days=1)).replace(day=10)
    days = [noon.date(), (noon + timedelta(days=1)).date()]
    Metric.objects.create(organisation=project.organisation, name="disk", unit="x", aggregation="weighted_sum")
    for number in range(2):
        send(project, event(f"e{number}", "3", metric_name="disk", unit="x"), at=noon + timedelta(days=number))
    settle()
    tamper("UPDATE events_usagelevel SET change = 7")
    run(days[0], days[1], AGGREGATES)
    assert states(AGGREGATES) == ["open"]
    tamper("UPDATE events_usagelevel SET change = 6")
    run(days[0], days[1], AGGREGATES)
    assert states(AGGREGATES) == ["gone"]


def test_a_day_that_can_not_be_compared_closes_nothing(yesterday: date) -> None:
    tamper("DELETE FROM events_usageevent WHERE event_id = 'sum'")
    run(yesterday, None, HOT_LOG)
    EventBatch.objects.update(status="quarantined")
    unsettled = run(yesterday, None, HOT_LOG)
    assert check_run(unsettled, HOT_LOG).is_cut_short
    assert states(HOT_LOG) == ["open", "open", "open"]


def test_one_customer_may_be_looked_at_alone(yesterday: date, globex: Organisation, acme: Any) -> None:
    tamper("UPDATE events_usageaggregate SET total = total + 1")
    assert found(AGGREGATES, yesterday, organisation_id=globex.pk) == []
    assert len(found(AGGREGATES, yesterday, organisation_id=acme.pk)) == 6  # five hours, and the levels of the month
