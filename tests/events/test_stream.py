"""Any stream of events: the ledger, its aggregates, a rebuild and a naive Python model agree."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, Metric, UsageAggregate, UsageEvent
from events.services.accepting import accept_events
from events.services.closing import close_period
from events.services.rebuilding import rebuild_aggregates
from organisations.models import Organisation, Project
from tests.events.language import aggregates, fold, settle

START = datetime(2026, 10, 28, 0, 0, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")

quantities = st.decimals(min_value=0, max_value=10**12, places=8, allow_nan=False).map(lambda value: f"{value:f}")
single = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([f"e{number}" for number in range(12)]),
        "metric_name": st.sampled_from(["calls", "bytes"]),
        "unit": st.sampled_from(["one", "thousand"]),
        "metric_value": quantities,
        "hours_ago": st.integers(0, 400),
        "metadata": st.one_of(
            st.none(), st.fixed_dictionaries({"region": st.sampled_from(["in", "us"]), "n": st.integers()})
        ),
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.lists(single, min_size=1, max_size=8)),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("close"), st.none()),
    ),
    min_size=1,
    max_size=14,
)


class Model:
    """What should come out, worked out event by event without a database."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.waiting: list[tuple[dict[str, Any], datetime]] = []
        self.closed: set[date] = set()
        self.totals: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        self.sent = 0

    def settle(self) -> None:
        for event, occurred_at in self.waiting:
            if event["event_id"] in self.seen:
                continue
            self.seen.add(event["event_id"])
            local = occurred_at.astimezone(KOLKATA)
            month = own = local.date().replace(day=1)
            while month in self.closed:
                month = BillingPeriod.of(month).next().start
            hour = local.replace(minute=0, second=0, microsecond=0)
            region = (event["metadata"] or {}).get("region") if event["metric_name"] == "calls" else None
            key = (event["metric_name"], event["unit"], region, hour, month, month != own)
            self.totals[key] += Decimal(event["metric_value"])
        self.waiting = []

    @property
    def summed(self) -> dict[tuple[Any, ...], Decimal]:
        merged: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for (*key, _late), value in self.totals.items():
            merged[tuple(key)] += value
        return dict(merged)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_fold_rebuild_and_a_naive_model_agree(
    script: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    from tests import factories

    organisation = factories.organisation(f"Stream {datetime.now(UTC).timestamp()}")
    project = factories.project(organisation)
    for unit in ("one", "thousand"):
        Metric.objects.create(organisation=organisation, name="calls", unit=unit, dimensions=["region"])
    model, clock = Model(), [START]
    monkeypatch.setattr("billing_platform.lib.clock.now", lambda: clock[0])
    for verb, argument in script:
        play(verb, argument, organisation, project, model, clock)
    play("settle", None, organisation, project, model, clock)
    check(organisation, model)


def play(
    verb: str, argument: Any, organisation: Organisation, project: Project, model: Model, clock: list[datetime]
) -> None:
    clock[0] += timedelta(minutes=1)
    if verb == "send":
        events = []
        for drawn in argument:
            occurred_at = clock[0] - timedelta(hours=drawn["hours_ago"])
            event = {name: value for name, value in drawn.items() if name != "hours_ago"}
            events.append(event | {"timestamp": occurred_at.isoformat()})
            model.waiting.append((event, occurred_at))
        accept_events(project=project, body=msgspec.json.encode({"events": events}))
        model.sent += len(events)
    elif verb == "settle":
        settle()
        model.settle()
    elif verb == "wait":
        clock[0] += timedelta(hours=argument)
    elif verb == "close":
        play("settle", None, organisation, project, model, clock)
        last = BillingPeriod.containing(clock[0], KOLKATA).previous()
        close_period(organisation=organisation, period=last)
        model.closed.add(last.start)


def check(organisation: Organisation, model: Model) -> None:
    rows = UsageAggregate.objects.filter(organisation=organisation).select_related("metric")
    found = {
        (
            row.metric.name,
            row.metric.unit,
            row.dimensions.get("region"),
            row.hour.astimezone(KOLKATA),
            row.usage_month,
        ): row.total
        for row in rows
    }
    assert found == model.summed
    ledger = UsageEvent.objects.filter(organisation=organisation)
    assert aggregates(organisation) == fold(ledger)
    assert sorted(ledger.values_list("event_id", flat=True)) == sorted(model.seen)
    for month in {row.usage_month for row in ledger}:
        assert rebuild_aggregates(organisation=organisation, period=BillingPeriod.of(month)).differences == 0
    batches = EventBatch.objects.filter(organisation=organisation)
    assert all(batch.event_count == batch.counted + batch.duplicates + batch.dead_lettered for batch in batches)
    assert sum(batch.event_count for batch in batches) == model.sent
    assert sum(batch.counted for batch in batches) == len(model.seen)
