"""kill -9 of the worker in the middle of its work, and of `make run`: after a restart, the same numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scenarios.customer import Customer
from tests.scenarios.running import Platform, wait_for

# how many invoices have a number, and the highest running number: equal when there is no gap
NUMBERS = "SELECT jsonb_build_array(count(*), max(right(number, 6)::int)) FROM invoicing_invoice WHERE number <> ''"


def test_a_worker_killed_while_settling_loses_nothing_and_counts_nothing_twice(platform: Platform) -> None:
    customer = Customer.create(platform, "Settling")
    # the fold, the last step of settling, has to wait, with the ledger rows inserted but not committed
    with platform.table_locked("events_usageaggregate") as wait_for_a_waiting_worker:
        for batch in range(3):
            customer.report([customer.event(batch * 1_000 + offset) for offset in range(1_000)])
        customer.report([customer.event(offset) for offset in range(500)])  # all of them duplicates
        wait_for_a_waiting_worker()
        platform.kill_worker()
    assert not (platform.var_dir / "run.json").exists()

    platform.start()
    customer.wait_until_counted(3_000)
    total = "SELECT sum(total)::text FROM events_usageaggregate WHERE organisation_id = %s"
    wait_for(lambda: not _unsettled(platform, customer), seconds=60, what="every batch to be settled", log=platform.log)
    # 3,000 × 1.25
    assert Decimal(platform.scalar(total, customer.organisation_id)) == 3_750
    assert customer.ledger_rows() == 3_000


def test_make_run_goes_on_with_all_data_after_its_launcher_was_killed(platform: Platform) -> None:
    customer = Customer.create(platform, "Launching")
    customer.report([customer.event(number) for number in range(1_000)])
    platform.kill_launcher()  # at once: not everything is settled

    platform.start()
    customer.report([customer.event(number) for number in range(500, 1_500)])  # the first half are duplicates
    customer.wait_until_counted(1_500)


@pytest.mark.slow
def test_a_worker_killed_while_billing_leaves_one_right_invoice(platform: Platform) -> None:
    customer = Customer.create(platform, "Billing")
    customer.report([customer.event(number) for number in range(1_000)])
    customer.wait_until_counted(1_000)
    # taking the number is a late step of finalising: the month is closed by then, but not committed
    with platform.table_locked("invoicing_numbersequence") as wait_for_a_waiting_worker:
        customer.start_billing_run()
        wait_for_a_waiting_worker()
        platform.kill_worker()

    platform.start()
    customer.start_billing_run()
    invoice = customer.wait_for_invoice()
    # 1,000 × 1.25 × ₹0.04 = ₹50.00 + CGST 4.50 + SGST 4.50
    assert (invoice["subtotal"], invoice["total"]) == ("50.00", "59.00")
    assert len(customer.invoices()) == 1
    taken, highest = platform.scalar(NUMBERS)
    assert taken == highest


def _unsettled(platform: Platform, customer: Customer) -> int:
    query = "SELECT count(*) FROM events_eventbatch WHERE organisation_id = %s AND status <> 'settled'"
    return int(platform.scalar(query, customer.organisation_id))
