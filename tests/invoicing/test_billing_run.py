"""A billing run invoices each customer once: who is billed, who waits, who is parked, and what is computed anew."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work import waking
from events.services import partitions
from events.services.accepting import Form, accept_events
from events.services.settling import chunks
from invoicing.models import BillingRun, BillingRunItem, Invoice, PricingRule
from invoicing.pricing.month_facts import MonthFacts
from invoicing.pricing.rating import Rated, rate
from invoicing.services import issuing
from invoicing.services.prices.price_book import update_pricing_rule
from invoicing.services.runs import billing_run
from invoicing.services.runs.billing_run import due_periods, process_item, process_items, start_billing_run
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import OCTOBER, after_october, amounts, at, draft, per_unit, price, used

pytestmark = pytest.mark.django_db


def run_october() -> dict[str, BillingRunItem]:
    """Start October's run and do every open item; the items by organisation."""
    with after_october():
        run = start_billing_run(period=OCTOBER, requested_by="test")
        process_items(item_ids=run.items.open().values_list("pk", flat=True))
    return {item.organisation.name: item for item in run.items.select_related("organisation", "invoice")}


def customer(name: str, quantity: int, **fields: Any) -> Organisation:
    """A customer that used something in October."""
    made = factories.organisation(name, **fields)
    used(factories.project(made), quantity)
    return made


def test_the_run_drafts_and_finalizes_everybody_who_used_something(acme: Organisation) -> None:
    per_unit("1")
    customer("Umbrella", 100)
    items = run_october()
    assert items["Umbrella"].status == "done"
    invoice = items["Umbrella"].invoice
    assert invoice is not None
    # 100 x 1 = 100.00, CGST 9.00, SGST 9.00
    assert (invoice.status, invoice.total) == ("finalized", Decimal("118.00"))
    assert (items["Acme"].status, items["Acme"].reason, items["Acme"].invoice) == ("skipped", "Nothing to bill.", None)


def test_a_second_run_finds_nothing_to_do() -> None:
    per_unit("1")
    customer("Umbrella", 100)
    first, second = run_october(), run_october()
    assert first["Umbrella"].pk == second["Umbrella"].pk
    assert second["Umbrella"].attempts == 1
    assert (BillingRun.objects.count(), Invoice.objects.count()) == (1, 1)


def test_a_failed_customer_does_not_stop_the_others() -> None:
    per_unit("1")
    customer("Before", 1)
    customer("Broken", 1, gstin="", is_sez=True)  # a SEZ customer without GSTIN: nobody knows which tax is due
    customer("Later", 1)
    items = run_october()
    assert {name: item.status for name, item in items.items()} == {
        "Before": "done",
        "Broken": "failed",
        "Later": "done",
    }
    assert "GSTIN, which is missing" in items["Broken"].reason


def test_what_failed_is_tried_again_when_the_run_is_started_again() -> None:
    per_unit("1")
    broken = customer("Broken", 1, gstin="", is_sez=True)
    run_october()
    broken.is_sez = False
    broken.save()
    item = run_october()["Broken"]
    assert (item.status, item.attempts) == ("done", 2)


def test_usage_that_nobody_priced_parks_the_organisation_for_an_operator() -> None:
    customer("Umbrella", 100)
    parked = run_october()["Umbrella"]
    assert parked.status == "parked"
    assert parked.reason.startswith("No price covers api_calls: 100")
    per_unit("1")
    with after_october():
        billing_run.retry_item(item_id=parked.pk)
        done = process_item(item_id=parked.pk)
    assert (done.status, amounts(done.invoice)) == ("done", [Decimal("100.00")])


def test_who_used_nothing_needs_no_rate_and_no_address() -> None:
    """An idle customer's missing particulars matter once there is something to bill: no empty draft, nothing parked."""
    factories.organisation("Idle abroad", country="US", state_code="", currency="USD", time_zone="America/New_York")
    nowhere = factories.organisation("Idle nowhere", gstin=factories.KARNATAKA_GSTIN)
    Organisation.objects.filter(pk=nowhere.pk).update(address_line1="")
    with at("2026-11-05 10:00"):
        assert {name: item.status for name, item in run_october().items()} == {
            "Idle abroad": "skipped",
            "Idle nowhere": "skipped",
        }
    assert Invoice.objects.count() == 0


def test_a_negative_total_is_parked() -> None:
    tiers = [{"up_to": "10", "unit_price": "10"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "volume", "tiers": tiers})
    umbrella = customer("Umbrella", 10)
    run_october()
    used(umbrella.projects.get(), 10, on="2026-10-20", reported="2026-11-05")
    with at("2026-12-01 10:00"):
        run = start_billing_run(period=OCTOBER.next(), requested_by="test")
        item = process_item(item_id=run.items.get().pk)
    # October again: 20 x 1 = 20.00, charged 10 x 10 = 100.00: 80.00 too much, and 14.40 of tax
    assert (item.status, item.reason) == ("parked", "The total of -₹94.40 is negative.")


def test_an_operators_draft_is_taken_up_and_finalized(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    mine = draft(acme)
    item = run_october()["Acme"]
    assert (item.status, item.invoice_id) == ("done", mine.pk)


def test_an_invoice_that_an_operator_finalized_is_left_alone(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    with after_october():
        mine = issuing.finalize_invoice(invoice_id=draft(acme).pk)
    item = run_october()["Acme"]
    assert (item.status, item.invoice_id) == ("done", mine.pk)
    assert Invoice.objects.count() == 1


def test_the_run_waits_until_everything_received_is_settled(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 1)
    event = {"event_id": "last", "metric_name": "api_calls", "unit": "call", "metric_value": 7}
    with at("2026-10-31 23:59"):
        partitions.ensure_partitions()
        accept_events(project=project, body=msgspec.json.encode({"events": [event]}), form=Form.BATCH)
    waiting = run_october()["Acme"]
    assert waiting.status == "pending"
    assert "not settled yet" in waiting.reason
    with after_october():
        chunks.settle_pending()
        assert billing_run.take_up_open_items() == []  # it was touched this very moment
    with at("2026-11-01 10:01"):
        assert billing_run.take_up_open_items() == [waiting.pk]
        assert billing_run.take_up_open_items() == []
    done = run_october()["Acme"]
    # 1 + 7 calls at 1 each
    assert (done.status, amounts(done.invoice)) == ("done", [Decimal("8.00")])


def test_a_customer_is_billed_after_the_month_has_ended_in_its_time_zone(
    acme: Organisation, globex: Organisation
) -> None:
    with at("2026-11-01 02:00"):  # in New York it is still the afternoon of 31 October
        assert due_periods(datetime(2026, 10, 31, 20, 30, tzinfo=UTC)) == [OCTOBER]
        run = start_billing_run(period=OCTOBER, requested_by="test")
        assert [item.organisation for item in run.items.all()] == [acme]
    with after_october():
        again = start_billing_run(period=OCTOBER, requested_by="test")
    assert {item.organisation for item in again.items.all()} == {acme, globex}


def test_a_month_that_is_over_nowhere_has_no_run(acme: Organisation) -> None:
    with at("2026-10-31 23:00"), pytest.raises(DomainError) as refused:
        start_billing_run(period=OCTOBER, requested_by="test")
    assert refused.value.code == "PERIOD_NOT_OVER"
    assert not BillingRun.objects.exists()


def test_the_schedule_takes_the_month_that_just_ended_and_no_older_one(
    acme: Organisation, globex: Organisation
) -> None:
    assert due_periods(datetime(2026, 11, 1, 2, 0, tzinfo=UTC)) == [OCTOBER]
    assert due_periods(datetime(2026, 11, 3, 23, 0, tzinfo=UTC)) == [OCTOBER]
    assert due_periods(datetime(2026, 11, 20, 2, 0, tzinfo=UTC)) == []
    assert due_periods(datetime(2026, 10, 1, 2, 0, tzinfo=UTC)) == [BillingPeriod.parse("2026-09")]


def test_an_inactive_organisation_is_billed_for_what_it_used_and_then_left_alone() -> None:
    per_unit("1")
    customer("Left in October", 5, is_active=False)
    factories.organisation("Gone", is_active=False)
    factories.organisation("Here")
    items = run_october()
    assert {name: item.status for name, item in items.items()} == {"Here": "skipped", "Left in October": "done"}


def test_whoever_starts_a_run_sends_one_message_however_many_are_billed(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Ten thousand messages took as many milliseconds of the request, or minutes when the broker was down."""
    factories.organisation("Umbrella")
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(waking, "current_app", SimpleNamespace(send_task=lambda *task: sent.append(task)))
    with after_october(), django_capture_on_commit_callbacks(execute=True):
        run = start_billing_run(period=OCTOBER, requested_by="test")
    assert sent == [("invoicing.tasks.hand_out_billing_run", [str(run.pk)])]
    assert set(billing_run.waiting_items(run_id=run.pk)) == set(run.items.values_list("pk", flat=True))


@pytest.fixture
def ratings(monkeypatch: pytest.MonkeyPatch) -> list[BillingPeriod]:
    """The periods that were rated, in order: the real rating, with a note of each call."""
    periods: list[BillingPeriod] = []

    def noted(facts: MonthFacts) -> Rated:
        periods.append(facts.period)
        return rate(facts)

    monkeypatch.setattr("invoicing.computing.invoice.rate", noted)
    return periods


def test_a_month_is_rated_once_for_an_unattended_invoice(ratings: list[BillingPeriod]) -> None:
    per_unit("1")
    customer("Umbrella", 100)
    assert run_october()["Umbrella"].status == "done"
    assert ratings == [OCTOBER]


def change_price(_umbrella: Organisation) -> None:
    rule = PricingRule.objects.get()
    update_pricing_rule(rule_id=rule.pk, price={"model": "per_unit", "unit_price": "3"})


def change_address(umbrella: Organisation) -> None:
    umbrella.gstin, umbrella.state_code = "27AAPFU0939F1ZV", "27"
    umbrella.save()


def use_more(umbrella: Organisation) -> None:
    used(umbrella.projects.get(), 50, on="2026-10-31")


@pytest.mark.parametrize(
    ("change", "subtotal", "heads"),
    [
        (change_price, "300.00", {"CGST", "SGST"}),  # 100 x 3
        (use_more, "150.00", {"CGST", "SGST"}),  # (100 + 50) x 1
        (change_address, "100.00", {"IGST"}),  # in another State by now
    ],
)
def test_what_changes_after_an_operators_draft_is_on_the_runs_invoice(
    ratings: list[BillingPeriod], change: Any, subtotal: str, heads: set[str]
) -> None:
    per_unit("1")
    umbrella = customer("Umbrella", 100)
    drafted = draft(umbrella)
    change(umbrella)
    invoice = run_october()["Umbrella"].invoice
    assert invoice is not None
    assert (invoice.pk, invoice.status, invoice.subtotal) == (drafted.pk, "finalized", Decimal(subtotal))
    assert {tax.name for tax in invoice.taxes.all()} == heads
    assert ratings == [OCTOBER, OCTOBER]
