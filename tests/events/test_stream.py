"""Any stream of events: the ledger, its aggregates, a rebuild and a naive Python model agree.

Duplicates, late events, corrections, months that close, chunks that die half-way, several workers at once.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_platform.lib.periods import BillingPeriod
from events.models import EventBatch, Metric, UsageAggregate, UsageEvent
from events.services.accepting import accept_events
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.corrections import correct_usage
from events.services.months import close_period
from events.usage.metered import MeteredUsage
from events.usage.metering import usage_for, usage_of_month
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import settle
from tests.events.naive import AGGREGATIONS, DIMENSIONS, ZONE, Meter, Naive, Sent

START = datetime(2026, 10, 28, 0, 0, tzinfo=UTC)

quantities = st.one_of(
    st.sampled_from(["0", "1", "7", "7.5"]),
    st.decimals(min_value=0, max_value=10**12, places=8, allow_nan=False).map(lambda value: f"{value:f}"),
)
single = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([f"e{number}" for number in range(14)]),
        "metric_name": st.sampled_from(list(AGGREGATIONS)),
        "unit": st.just("one"),
        "metric_value": quantities,
        "hours_ago": st.one_of(st.integers(0, 3), st.integers(0, 400)),
        "metadata": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {"region": st.sampled_from(["in", "us"]), "user": st.sampled_from(["ann", "bob", "zoe"])},
                optional={"operation": st.sampled_from(["add", "remove", "remove", "sideways"])},
            ),
        ),
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.lists(single, min_size=1, max_size=8)),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("settle_by_three"), st.none()),
        st.tuples(st.just("die_settling"), st.integers(1, 14)),
        st.tuples(st.just("correct"), st.tuples(st.integers(0, 13), st.one_of(st.none(), quantities))),
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("close"), st.none()),
    ),
    min_size=1,
    max_size=18,
)


class Died(BaseException):
    """Stands for a worker's end: nothing of its transaction stays."""


class Story:
    """One organisation whose months are played twice: by the platform and by the naive model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.organisation: Organisation = factories.organisation(f"Stream {datetime.now(UTC).timestamp()}")
        self.project: Project = factories.project(self.organisation)
        for name, aggregation in AGGREGATIONS.items():
            if name != "bytes":  # nobody defined it: usage registers it
                Metric.objects.create(
                    organisation=self.organisation,
                    name=name,
                    unit="one",
                    aggregation=aggregation,
                    dimensions=DIMENSIONS.get(name, []),
                    unique_property="user" if aggregation == "unique" else "",
                )
        self.naive = Naive()
        self.now = START
        monkeypatch.setattr("billing_platform.lib.clock.now", lambda: self.now)

    def play(self, verb: str, argument: Any) -> None:
        self.now += timedelta(minutes=1)
        getattr(self, f"_{verb}")(argument)

    def _send(self, drawn: list[dict[str, Any]]) -> None:
        moments = [self.now - timedelta(hours=event["hours_ago"]) for event in drawn]
        events = [
            {name: value for name, value in event.items() if name != "hours_ago"} | {"timestamp": moment.isoformat()}
            for event, moment in zip(drawn, moments, strict=True)
        ]
        accepted = accept_events(project=self.project, body=msgspec.json.encode({"events": events}))
        self.naive.sent += len(events)
        self.naive.waiting += [
            Sent(event, moment, self.now, str(accepted.batch_id), position)
            for position, (event, moment) in enumerate(zip(events, moments, strict=True))
        ]

    def _settle(self, _nothing: None = None) -> None:
        settle()
        self.naive.settle()

    def _settle_by_three(self, _nothing: None) -> None:
        def work() -> None:
            try:
                settle()
            finally:
                connections.close_all()

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        settle()
        entries = UsageEvent.objects.filter(organisation=self.organisation, kind="usage")
        places = entries.values_list("event_id", "batch_id", "position")
        self.naive.settle({event_id: (str(batch), position) for event_id, batch, position in places})

    def _die_settling(self, statement: int) -> None:
        with suppress(Died), _dying_at(statement):
            settle()
        if not EventBatch.objects.filter(organisation=self.organisation, status="pending").exists():
            self.naive.settle()

    def _correct(self, argument: tuple[int, str | None]) -> None:
        number, text = argument
        self._settle()
        open_to_it = sorted(event_id for event_id, entry in self.naive.standing.items() if entry is not None)
        if not open_to_it:
            return
        event_id = open_to_it[number % len(open_to_it)]
        quantity = None if text is None else Decimal(text)
        if quantity == self.naive.standing[event_id].quantity:  # type: ignore[union-attr]
            return
        correct_usage(
            organisation=self.organisation,
            project=self.project,
            event_id=event_id,
            action="void" if quantity is None else "correct",
            quantity=quantity,
            reason="The sender was wrong.",
            by="auditor",
        )
        self.naive.correct(event_id, quantity)

    def _wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def _close(self, _nothing: None) -> None:
        self._settle()
        last = BillingPeriod.containing(self.now, ZONE).previous()
        close_period(organisation=self.organisation, period=last)
        self.naive.closed.add(last.start)


@contextmanager
def _dying_at(statement: int) -> Iterator[None]:
    """The n-th statement of this connection ends it all."""
    left = [statement]

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise Died
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield


@pytest.mark.django_db(transaction=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_fold_rebuild_and_a_naive_model_agree(script: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(monkeypatch)
    for verb, argument in script:
        story.play(verb, argument)
    story.play("settle", None)
    check_hours(story)
    check_meters(story)
    check_conservation(story)


def check_hours(story: Story) -> None:
    rows = UsageAggregate.objects.filter(organisation=story.organisation).select_related("metric")
    found = {
        (row.metric.name, row.dimensions.get("region"), row.hour.astimezone(ZONE), row.counted_in): (
            row.total,
            row.event_count,
        )
        for row in rows
    }
    assert found == story.naive.sums()


def check_meters(story: Story) -> None:
    months = {entry.counted_in for entry in story.naive.ledger}
    for month in months:
        period = BillingPeriod.of(month)
        rows = usage_for(organisation=story.organisation, period=period)
        assert by_meter(rows) == story.naive.quantities({month}, story.now)
        assert rebuild_aggregates(organisation=story.organisation, period=period, dry_run=True).differences == 0
    happened = months | {entry.meter[2] for entry in story.naive.ledger}
    for month in sorted(happened)[:-1]:  # a level is used in the months between as well
        happened.add(BillingPeriod.of(month).next().start)
    periods = [BillingPeriod.of(month) for month in months]
    together: dict[Meter, Decimal] = {}
    for month in happened:
        rows = usage_of_month(organisation=story.organisation, month=BillingPeriod.of(month), counted_in=periods)
        together |= by_meter(rows)
    assert together == story.naive.quantities(months, story.now)


def by_meter(rows: tuple[MeteredUsage, ...]) -> dict[Meter, Decimal]:
    found: defaultdict[Meter, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.metric_name, dict(row.dimensions).get("region"), date(row.day.year, row.day.month, 1)] += row.quantity
    return {meter: quantity for meter, quantity in found.items() if quantity}


def check_conservation(story: Story) -> None:
    batches = EventBatch.objects.filter(organisation=story.organisation)
    assert all(batch.event_count == batch.counted + batch.duplicates + batch.dead_lettered for batch in batches)
    assert sum(batch.event_count for batch in batches) == story.naive.sent
    assert sum(batch.counted for batch in batches) == len(story.naive.standing)
    if not story.naive.raced:
        assert sum(batch.dead_lettered for batch in batches) == story.naive.dead
