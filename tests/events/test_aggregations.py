"""Each aggregation (sum, count, max, latest, unique) of the same events, for each meter."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.client import Client

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, Metric, UsageAggregate, UsageDistinct, UsagePeriod
from events.selectors.months import usage_by_metric
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.metrics import define_metric, save_definition
from events.services.months import close_period
from events.usage.metering import usage_for, usage_of_month
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import batch_of, event, send, settle

OCTOBER, NOVEMBER = BillingPeriod.parse("2026-10"), BillingPeriod.parse("2026-11")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _end_of_november(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.fromisoformat("2026-11-30T12:00:00+05:30")
    monkeypatch.setattr("billing_platform.lib.clock.now", lambda: now)


def metric(organisation: Organisation, aggregation: str, *dimensions: str) -> Metric:
    found: Metric = Metric.objects.create(
        organisation=organisation,
        name="seats",
        unit="seat",
        aggregation=aggregation,
        dimensions=list(dimensions),
        unique_property="user" if aggregation == "unique" else "",
    )
    return found


def seats(event_id: str, value: Any, at: str | None, **metadata: Any) -> dict[str, Any]:
    """So many seats at a moment of November, local time."""
    moment = {} if at is None else {"timestamp": f"2026-11-{at}+05:30"}
    return event(event_id, value, metric_name="seats", unit="seat", metadata=metadata, **moment)


def quantities(organisation: Organisation, period: BillingPeriod = NOVEMBER) -> list[tuple[int, Decimal, int]]:
    """Day, quantity and events of each row that invoicing sees."""
    return [(row.day.day, row.quantity, row.event_count) for row in usage_for(organisation=organisation, period=period)]


def used(organisation: Organisation, period: BillingPeriod = NOVEMBER) -> Decimal:
    return sum((row.quantity for row in usage_by_metric(organisation=organisation, period=period)), Decimal(0))


def assert_rebuild_agrees(organisation: Organisation) -> None:
    for period in (OCTOBER, NOVEMBER):
        assert rebuild_aggregates(organisation=organisation, period=period, dry_run=True).differences == 0


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("sum", [(3, Decimal(12), 2), (10, Decimal(9), 1), (12, Decimal(4), 1)]),
        ("count", [(3, Decimal(2), 2), (10, Decimal(1), 1), (12, Decimal(1), 1)]),
        ("max", [(3, Decimal(0), 2), (10, Decimal(9), 1), (12, Decimal(0), 1)]),
        ("latest", [(3, Decimal(0), 2), (10, Decimal(0), 1), (12, Decimal(4), 1)]),
        ("unique", [(3, Decimal(2), 2), (10, Decimal(0), 1), (12, Decimal(1), 1)]),
    ],
)
def test_the_quantity_lies_on_the_day_that_earned_it(
    acme: Organisation, project: Project, aggregation: str, expected: list[tuple[int, Decimal, int]]
) -> None:
    metric(acme, aggregation)
    send(project, seats("d", 4, "12T09:00:00", user="zoe"), seats("c", 9, "10T09:00:00", user="ann"))
    settle()
    send(project, seats("a", 5, "03T09:00:00", user="ann"), seats("b", 7, "03T17:30:00", user="bob"))
    settle()
    assert quantities(acme) == expected
    assert_rebuild_agrees(acme)


@pytest.mark.parametrize(
    ("aggregation", "total"), [("sum", 26), ("count", 5), ("max", 16), ("latest", 12), ("unique", 5)]
)
def test_projects_and_dimensions_are_meters_of_their_own_and_add_up(
    acme: Organisation, project: Project, aggregation: str, total: int
) -> None:
    """In India 7 of ann's, then 5 of bob's; in the US 3 of ann's; the other project in India 6 of ann's, then bob's.

    Greatest 7 + 3 + 6, latest 5 + 3 + 4, different users 2 + 1 + 2.
    """
    metric(acme, aggregation, "region")
    other = factories.project(acme, "Other")
    send(
        project,
        seats("a", 7, "03T09:00:00", user="ann", region="in"),
        seats("b", 5, "04T09:00:00", user="bob", region="in"),
        seats("c", 3, "05T09:00:00", user="ann", region="us"),
    )
    send(
        other,
        seats("a", 6, "03T09:00:00", user="ann", region="in"),
        seats("b", 5 if aggregation != "latest" else 4, "04T09:00:00", user="bob", region="in"),
    )
    settle()
    assert used(acme) == total
    assert_rebuild_agrees(acme)


def test_of_values_without_a_time_the_last_of_the_request_is_the_latest(acme: Organisation, project: Project) -> None:
    metric(acme, "latest")
    send(project, seats("z", 1, None), seats("a", 2, None), seats("m", 3, None))
    settle()
    assert used(acme) == 3


def test_the_latest_value_is_the_one_that_happened_last_whenever_it_came(acme: Organisation, project: Project) -> None:
    metric(acme, "latest")
    for number, (value, at) in enumerate([(3, "20T10:00:00"), (8, "21T10:59:00"), (5, "21T10:01:00")]):
        send(project, seats(str(number), value, at))
        settle()
    assert used(acme) == 8
    assert_rebuild_agrees(acme)


def test_an_event_that_names_nothing_to_tell_apart_is_a_dead_letter(acme: Organisation, project: Project) -> None:
    metric(acme, "unique")
    accepted = send(
        project,
        seats("a", 1, "03T09:00:00", user="ann"),
        seats("b", 1, "03T09:00:00"),
        seats("c", 1, "03T09:00:00", user=None),
        seats("d", 1, "03T09:00:00", user=""),
    )
    settle()
    batch = batch_of(accepted)
    assert (batch.counted, batch.dead_lettered) == (2, 2)
    letter = DeadLetter.objects.get(event_id="b")
    assert letter.reason == "VALUE_MISSING"
    assert "'user'" in letter.message
    assert used(acme) == 2  # ann, and whoever is called ""


def test_a_long_value_is_told_apart_from_another_that_begins_alike(acme: Organisation, project: Project) -> None:
    metric(acme, "unique")
    long = "x" * 5000
    send(
        project,
        seats("a", 1, "03T09:00:00", user=long + "1"),
        seats("b", 1, "03T09:00:00", user=long + "2"),
        seats("c", 1, "03T10:00:00", user=long + "1"),
    )
    settle()
    assert used(acme) == 2
    assert_rebuild_agrees(acme)


def test_late_usage_changes_a_peak_only_if_it_is_higher(acme: Organisation, project: Project) -> None:
    metric(acme, "max")
    send(project, seats("a", 100, None) | {"timestamp": "2026-10-20T12:00:00+05:30"})
    settle()
    close_period(organisation=acme, period=OCTOBER)
    send(project, seats("b", 80, None) | {"timestamp": "2026-10-21T12:00:00+05:30"})
    settle()
    both = {"organisation": acme, "month": OCTOBER, "counted_in": [OCTOBER, NOVEMBER]}
    assert sum(row.quantity for row in usage_of_month(**both)) == 100
    send(project, seats("c", 120, None) | {"timestamp": "2026-10-22T12:00:00+05:30"})
    settle()
    assert [(row.day, row.quantity) for row in usage_of_month(**both) if row.quantity] == [
        (date(2026, 10, 22), Decimal(120))
    ]
    assert used(acme, OCTOBER) == 100
    assert_rebuild_agrees(acme)


def test_a_late_event_with_a_known_value_adds_nothing(acme: Organisation, project: Project) -> None:
    metric(acme, "unique")
    october = {"timestamp": "2026-10-20T12:00:00+05:30"}
    send(project, seats("a", 1, None, user="ann") | october)
    settle()
    close_period(organisation=acme, period=OCTOBER)
    send(project, seats("b", 1, None, user="ann") | october, seats("c", 1, None, user="bob") | october)
    settle()
    rows = usage_of_month(organisation=acme, month=OCTOBER, counted_in=[OCTOBER, NOVEMBER])
    assert sum(row.quantity for row in rows) == 2


def test_rebuilding_mends_maximum_latest_and_distinct_values(acme: Organisation, project: Project) -> None:
    for name, aggregation in [("peak", "max"), ("level", "latest"), ("users", "unique")]:
        Metric.objects.create(
            organisation=acme,
            name=name,
            unit="one",
            aggregation=aggregation,
            unique_property="user" if aggregation == "unique" else "",
        )
        send(project, event(name, "5", metric_name=name, unit="one", metadata={"user": "ann"}))
    settle()
    UsageAggregate.objects.filter(metric__name="peak").update(maximum=1)
    UsageAggregate.objects.filter(metric__name="level").update(latest=None)
    UsageDistinct.objects.all().update(event_count=2)
    assert rebuild_aggregates(organisation=acme, period=NOVEMBER, dry_run=True).wrong == 3
    rebuild_aggregates(organisation=acme, period=NOVEMBER)
    assert_rebuild_agrees(acme)
    assert used(acme) == 5 + 5 + 1


def test_usage_that_came_before_its_metric_was_defined_is_counted_as_it_says(
    acme: Organisation, project: Project, api: Client
) -> None:
    send(project, seats("a", 7, "03T09:00:00", user="ann"), seats("b", 9, "04T09:00:00", user="ann"))
    settle()
    assert used(acme) == 16
    body = {"organisation": str(acme.pk), "name": "seats", "unit": "seat"}
    bad = api.post("/api/v1/admin/metrics", body | {"aggregation": "unique"}, content_type="application/json")
    assert bad.status_code == 400
    assert "unique_property" in bad.json()["details"]
    body |= {"aggregation": "unique", "unique_property": "user"}
    answer = api.post("/api/v1/admin/metrics", body, content_type="application/json")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["unique_property"] == "user"
    assert used(acme) == 1
    send(project, seats("c", 1, "05T09:00:00", user="bob"))
    settle()
    assert used(acme) == 2
    assert_rebuild_agrees(acme)


@pytest.mark.parametrize(("aggregation", "before", "after"), [("max", 9, 10), ("count", 2, 3)])
def test_a_shared_definition_holds_for_what_organisations_had_registered_by_usage(
    acme: Organisation, project: Project, aggregation: str, before: int, after: int
) -> None:
    own = factories.organisation("Own")
    Metric.objects.create(organisation=own, name="seats", unit="seat", aggregation="sum")
    send(project, seats("a", 7, "03T09:00:00"), seats("b", 9, "04T09:00:00"))
    send(factories.project(own), seats("a", 7, "03T09:00:00"), seats("b", 9, "04T09:00:00"))
    settle()
    assert (used(acme), used(own)) == (16, 16)
    save_definition(metric=Metric(name="seats", unit="seat", aggregation=aggregation))
    assert (used(acme), used(own)) == (before, 16)  # what an operator defined stays
    send(project, seats("c", 10, "05T09:00:00"))
    settle()
    assert used(acme) == after
    assert not Metric.objects.filter(registered_automatically=True).exists()
    assert_rebuild_agrees(acme)


def test_a_month_is_not_split_by_a_new_dimension_or_an_own_definition(
    acme: Organisation, project: Project, admin_user: Any
) -> None:
    shared = Metric.objects.create(name="seats", unit="seat", aggregation="max", dimensions=["region"])
    send(project, seats("a", 9, "03T09:00:00", region="in"))
    settle()
    shared.dimensions = ["region", "plan"]
    with pytest.raises(DomainError, match="count it twice"):
        save_definition(metric=shared)
    with pytest.raises(DomainError, match="count it twice"):
        define_metric(actor=admin_user, organisation=acme, name="seats", unit="seat", aggregation="max")
    close_period(organisation=acme, period=OCTOBER)
    UsagePeriod.objects.filter(month=NOVEMBER.start).update(closed_at=clock.now())
    define_metric(actor=admin_user, organisation=acme, name="seats", unit="seat", aggregation="max")
    assert used(acme) == 9


def test_a_sum_may_get_a_dimension_at_any_time(acme: Organisation, project: Project) -> None:
    defined = metric(acme, "sum")
    send(project, seats("a", 9, "03T09:00:00", region="in"))
    settle()
    defined.dimensions = ["region"]
    save_definition(metric=defined)
    send(project, seats("b", 9, "03T09:00:00", region="in"))
    settle()
    assert used(acme) == 18


def test_a_property_belongs_to_unique_alone(acme: Organisation) -> None:
    with pytest.raises(ValidationError, match="if, and only if"):
        Metric(organisation=acme, name="a", unit="b", aggregation="sum", unique_property="user").full_clean()


def test_the_same_name_in_another_unit_is_shown_as_such(acme: Organisation, project: Project, admin_user: Any) -> None:
    Metric.objects.create(organisation=acme, name="api_calls", unit="thousand")
    send(project, event("a"))
    settle()
    browser = Client()
    browser.force_login(admin_user)
    assert "Defined in thousand" in browser.get("/admin/events/metric/").content.decode()
