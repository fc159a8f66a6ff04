"""kill -9 of a job in the middle: unfinished work is rolled back, and the job can run again."""

from __future__ import annotations

import uuid

import pytest

from tests.scenarios import accounts
from tests.scenarios.customer import Customer, last_month
from tests.scenarios.inside import inside, replay_all, report_days_ago
from tests.scenarios.running import Platform, wait_for

LONG_AGO = 20  # days; accepted requests are kept for 7


def test_a_rebuild_killed_half_way_has_changed_nothing_and_runs_again(platform: Platform) -> None:
    customer = Customer.create(platform, "Rebuilding")
    customer.report([customer.event(number) for number in range(1_000)])
    customer.wait_until_counted(1_000)
    organisation, month = _slug(customer), f"{last_month():%Y-%m}"
    with (
        platform.database() as prompt
    ):  # ten hours are wrong, and in the last there is a row that has no business there
        prompt.execute(
            "UPDATE events_usageaggregate SET total = total + 1 WHERE id IN ("
            " SELECT id FROM events_usageaggregate WHERE organisation_id = %s ORDER BY hour DESC LIMIT 10)",
            [customer.organisation_id],
        )
        prompt.execute(
            "INSERT INTO events_usagedistinct (organisation_id, project_id, metric_id, dimensions, hour, counted_in,"
            " value, event_count) SELECT organisation_id, project_id, metric_id, dimensions, hour, counted_in,"
            " 'nobody', 1 FROM events_usageaggregate WHERE organisation_id = %s ORDER BY hour DESC LIMIT 1",
            [customer.organisation_id],
        )
    assert accounts.differences(platform, month, organisation=organisation) == 11

    rebuild = ["rebuild_aggregates", "--organisation", organisation, "--period", month]
    platform.kill_manage(*rebuild, waiting_for="events_usagedistinct")  # the hours before are rebuilt by then
    assert accounts.differences(platform, month, organisation=organisation) == 11

    platform.manage(*rebuild)
    assert accounts.differences(platform, month, organisation=organisation) == 0


def test_a_replay_killed_half_way_leaves_dead_letters_open_and_counts_them_once_later(platform: Platform) -> None:
    customer = Customer.create(platform, "Replaying")
    _be_strict(customer, strict=True)
    customer.report([customer.event(number) for number in range(600)])
    wait_for(lambda: _letters(customer) == {"open": 600}, seconds=60, what="600 dead letters", log=platform.log)
    _be_strict(customer, strict=False)

    replay = inside(replay_all, customer.organisation_id)
    platform.kill_manage(*replay, waiting_for="auditlog_logentry")  # batches and letters are written by then
    assert _letters(customer) == {"open": 600}
    assert customer.ledger_rows() == 0

    assert platform.manage(*replay).strip() == "600"
    assert platform.manage(*replay).strip() == "0"
    customer.wait_until_counted(600)
    assert _letters(customer) == {"replayed": 600}


@pytest.mark.slow
def test_a_day_is_verified_and_dropped_though_both_were_killed_half_way(platform: Platform) -> None:
    customer = Customer.create(platform, "Retaining")
    day = platform.manage(*inside(report_days_ago, customer.project_id, LONG_AGO, 500)).strip()
    customer.wait_until_counted(500)

    platform.kill_manage("partitions", "--verify", waiting_for="events_hotlogday")
    assert f"retained {day}: It has not been verified" in platform.manage("partitions", "--drop")
    assert f"{day} verified" in platform.manage("partitions", "--verify")

    platform.kill_manage("partitions", "--drop", waiting_for="events_hotlogday")
    assert _batches(customer) == 1
    assert f"dropped {day}" in platform.manage("partitions", "--drop")
    assert _batches(customer) == 0
    assert customer.ledger_rows() == 500


def _slug(customer: Customer) -> str:
    query = "SELECT slug FROM organisations_organisation WHERE id = %s"
    return str(customer.platform.scalar(query, customer.organisation_id))


def _be_strict(customer: Customer, *, strict: bool) -> None:
    with customer.platform.database() as prompt:
        change = "UPDATE organisations_organisation SET strict_metrics = %s WHERE id = %s"
        prompt.execute(change, [strict, uuid.UUID(customer.organisation_id)])


def _letters(customer: Customer) -> dict[str, int]:
    query = "SELECT status, count(*) FROM events_deadletter WHERE organisation_id = %s GROUP BY status"
    with customer.platform.database() as prompt:
        return dict(prompt.execute(query, [customer.organisation_id]).fetchall())


def _batches(customer: Customer) -> int:
    query = "SELECT count(*) FROM events_eventbatch WHERE organisation_id = %s"
    return int(customer.platform.scalar(query, customer.organisation_id))
