"""The ledger is append-only, and its sums can be computed again at any time."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from billing_platform.lib.periods import BillingPeriod
from events.models import UsageAggregate, UsageEvent
from events.selectors.months import current_period
from events.services import partitions
from events.services.aggregates.rebuilding import rebuild_aggregates
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import aggregates, event, fold, now, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(project: Project) -> str:
    """The partition that holds one event."""
    send(project, event("a"))
    settle()
    return f"events_usageevent_{now():%Y%m}"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET quantity = 0",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "UPDATE events_usageevent SET organisation_id = gen_random_uuid()",
        "DELETE FROM events_usageevent",
        "TRUNCATE events_usageevent",
    ],
)
def test_raw_sql_cannot_change_it(ledger: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table=ledger))
    assert UsageEvent.objects.count() == 1


def test_rebuilding_finds_nothing_to_do_after_folding(acme: Organisation, project: Project) -> None:
    for number in range(30):
        moment = now() - timedelta(hours=number)
        send(project, event(str(number), f"{number}.5", timestamp=moment.isoformat(), unit=f"u{number % 3}"))
    settle()
    before = aggregates(acme)
    for period in {current_period(acme), current_period(acme).previous()}:
        report = rebuild_aggregates(organisation=acme, period=period)
        assert report.differences == 0
    assert aggregates(acme) == before == fold(UsageEvent.objects.filter(organisation=acme))


def test_rebuilding_repairs_what_differs(acme: Organisation, project: Project) -> None:
    other = factories.project(factories.organisation("Initech"))
    for number in range(3):
        send(project, event(str(number), unit=f"u{number}"))
    send(other, event("theirs"))
    settle()
    good, theirs = aggregates(acme), aggregates(other.organisation)
    period = current_period(acme)
    rows = list(UsageAggregate.objects.filter(organisation=acme).order_by("id"))
    UsageAggregate.objects.filter(pk=rows[0].pk).delete()
    UsageAggregate.objects.filter(pk=rows[1].pk).update(total=99)
    UsageAggregate.objects.filter(pk=rows[2].pk).update(hour=rows[2].hour - timedelta(hours=1))
    looked = rebuild_aggregates(organisation=acme, period=period, dry_run=True)
    assert (looked.rows, looked.missing, looked.surplus, looked.wrong) == (3, 2, 1, 1)
    assert aggregates(acme) != good
    assert rebuild_aggregates(organisation=acme, period=period) == looked
    assert aggregates(acme) == good
    assert aggregates(other.organisation) == theirs


def test_the_command_says_what_it_did(acme: Organisation, project: Project) -> None:
    send(project, event("a"))
    settle()
    UsageAggregate.objects.all().update(total=5)
    out = StringIO()
    period = str(current_period(acme))
    call_command("rebuild_aggregates", organisation=acme.slug, period=period, dry_run=True, stdout=out)
    call_command("rebuild_aggregates", organisation="all", period=period, stdout=out)
    assert "1 rows, 1 differ (missing 0, surplus 0, wrong 1)" in out.getvalue()
    assert "1 differed and were rebuilt" in out.getvalue()
    with pytest.raises(CommandError, match="no organisation"):
        call_command("rebuild_aggregates", organisation="nobody", period=period)
    with pytest.raises(CommandError, match="not a month"):
        call_command("rebuild_aggregates", organisation="all", period="October")


def test_partitions_are_made_ahead_and_only_once() -> None:
    assert partitions.ensure_partitions() == []
    in_a_year = now() + timedelta(days=365)
    created = partitions.ensure_partitions(at=in_a_year)
    month = BillingPeriod.of(in_a_year.date())
    assert f"events_eventbatch_{in_a_year + timedelta(days=7):%Y%m%d}" in created
    assert f"events_usageevent_{month.next().next().start:%Y%m}" in created
    assert len(created) == 8 + 3
    assert partitions.ensure_partitions(at=in_a_year) == []


def test_the_command_lists_partitions_with_sizes() -> None:
    out = StringIO()
    call_command("partitions", ensure=True, stdout=out)
    assert f"events_eventbatch_{now():%Y%m%d}" in out.getvalue()
    assert f"events_usageevent_{now():%Y%m}" in out.getvalue()
    assert "FOR VALUES FROM" in out.getvalue()
