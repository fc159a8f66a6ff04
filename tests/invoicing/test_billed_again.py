"""A month with a voided invoice needs attention until it is billed again or left unbilled."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import claim
from invoicing import tasks
from invoicing.models import BillingRunItem, Invoice
from invoicing.selectors.billing_runs import run_progress
from invoicing.services import drafting, issuing, voiding
from invoicing.services.prices.price_book import update_pricing_rule
from invoicing.services.runs import billing_chunks, billing_run
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import AuditEntry, Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, issued, per_unit, price, used
from tests.invoicing.test_corrections import correct

pytestmark = pytest.mark.django_db

DECEMBER_2 = "2026-12-02 10:00"


def bill(period: BillingPeriod, organisation: Organisation) -> BillingRunItem:
    """Start or continue the month's run, in December when both months are over, and do the organisation's item."""
    with at(DECEMBER_2):
        run = start_billing_run(period=period, requested_by="test", organisations=[organisation])
        return process_item(item_id=run.items.get(organisation=organisation).pk)


def void(item: BillingRunItem, reason: str = "Wrong address") -> BillingRunItem:
    assert item.invoice is not None
    with at(DECEMBER_2):
        voiding.void_invoice(invoice_id=item.invoice.pk, reason=reason)
    item.refresh_from_db()
    return item


@pytest.fixture
def voided(acme: Organisation, project: Project) -> BillingRunItem:
    """October was billed, 100 calls at 1.00, and its invoice voided."""
    per_unit("1")
    used(project, 100)
    return void(bill(OCTOBER, acme))


def test_a_voided_month_is_named_and_counts_as_not_invoiced(voided: BillingRunItem, admin_user: Any) -> None:
    assert (voided.status, voided.reason) == ("voided", "Invoice INV/26-27/000001 was voided: Wrong address")
    progress = run_progress(run=voided.run, actor=admin_user)
    assert (progress.done, progress.voided, progress.troubled, progress.is_finished) == (0, 1, 1, True)
    assert list(BillingRunItem.objects.unbilled()) == [voided]


def test_starting_the_run_again_bills_a_voided_month_with_a_new_number(
    voided: BillingRunItem, acme: Organisation
) -> None:
    again = bill(OCTOBER, acme)
    assert again.pk == voided.pk
    assert again.status == "done"
    assert again.invoice is not None
    # 100 x 1.00, CGST 9.00, SGST 9.00
    assert (again.invoice.number, again.invoice.total) == ("INV/26-27/000002", Decimal("118.00"))
    assert not BillingRunItem.objects.unbilled().exists()


def test_billing_again_is_offered_on_the_item_itself(voided: BillingRunItem) -> None:
    with at(DECEMBER_2):
        billing_run.retry_item(item_id=voided.pk)
        done = process_item(item_id=voided.pk)
    assert (done.status, done.reason, done.invoice.number) == ("done", "", "INV/26-27/000002")


def test_the_schedule_never_undoes_a_void(voided: BillingRunItem) -> None:
    with at("2026-11-02 02:00"):
        tasks.generate_invoices()  # the run of October is started every night of these days
    voided.refresh_from_db()
    assert voided.status == "voided"


def test_a_month_is_left_unbilled_for_a_reason_and_can_be_billed_after_all(voided: BillingRunItem) -> None:
    with pytest.raises(InvalidInput):
        billing_run.leave_unbilled(item_id=voided.pk, reason=" ")
    left = billing_run.leave_unbilled(item_id=voided.pk, reason="Billed by hand in the old system")
    assert (left.status, left.reason) == ("left_unbilled", "Billed by hand in the old system")
    assert not BillingRunItem.objects.unbilled().exists()
    assert AuditEntry.objects.filter(object_pk=str(left.pk), changes__status=["voided", "left_unbilled"]).exists()
    with at(DECEMBER_2):
        start_billing_run(period=OCTOBER, requested_by="test")
        left.refresh_from_db()
        assert left.status == "left_unbilled"  # a run is no reason to forget what somebody decided
        billing_run.retry_item(item_id=left.pk)
        assert process_item(item_id=left.pk).status == "done"


def test_only_a_voided_month_is_left_unbilled(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    with pytest.raises(DomainError) as refused:
        billing_run.leave_unbilled(item_id=bill(OCTOBER, acme).pk, reason="no")
    assert refused.value.code == "ITEM_NOT_VOIDED"


def test_a_month_without_a_billing_run_needs_attention(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    voiding.void_invoice(invoice_id=issued(acme).pk, reason="Wrong address")
    assert [item.reason for item in BillingRunItem.objects.unbilled()] == [
        "Invoice INV/26-27/000001 was voided: Wrong address"
    ]


def test_a_draft_by_hand_takes_the_month_off_the_list_and_its_invoice_ends_the_item(
    voided: BillingRunItem, acme: Organisation
) -> None:
    with at(DECEMBER_2):
        draft = drafting.create_draft(organisation=acme, period=OCTOBER)
        assert not BillingRunItem.objects.unbilled().exists()
        assert list(Invoice.objects.drafts_of_past_months(OCTOBER.end)) == [draft]
        drafting.delete_draft(invoice_id=draft.pk)
        assert BillingRunItem.objects.unbilled().exists()
        draft = drafting.create_draft(organisation=acme, period=OCTOBER)
        issuing.finalize_invoice(invoice_id=draft.pk)
    voided.refresh_from_db()
    assert (voided.status, voided.reason, voided.invoice_id) == ("done", "", draft.pk)


def test_a_voided_one_off_invoice_leaves_no_month_open(acme: Organisation) -> None:
    line = {"description": "Onboarding", "quantity": "1", "unit_price": "100"}
    invoice = drafting.create_one_off_draft(organisation=acme, lines=[line])
    issuing.finalize_invoice(invoice_id=invoice.pk)
    voiding.void_invoice(invoice_id=invoice.pk, reason="Not ordered")
    assert not BillingRunItem.objects.exists()


def test_the_run_names_who_gave_it_something_to_do_last(voided: BillingRunItem) -> None:
    with at(DECEMBER_2):
        assert start_billing_run(period=OCTOBER, requested_by="Asha").requested_by == "Asha"
        assert start_billing_run(period=OCTOBER, requested_by="schedule").requested_by == "Asha"


def test_the_api_bills_a_voided_month_again(voided: BillingRunItem, operator: Any) -> None:
    api = factories.client(factories.admin_key(operator))
    url = "/api/v1/admin/billing-runs"
    answer = api.post(url, json.dumps({"period": "2026-10"}), content_type="application/json").json()
    assert (answer["counts"]["pending"], answer["counts"]["voided"], answer["status"]) == (1, 0, "running")
    assert answer["requested_by"] == "API"


# --- late usage: whatever is voided and billed in whatever order, in the end all usage is charged once ---------------
# The first ten calls of a month cost 10.00 each, every other one 1.00. October has 10, and 5 that are reported in
# November: 15 calls cost 10 x 10.00 + 5 x 1.00 = 105.00.

STEPS = {
    # 10 x 10.00; then 105.00 less 100.00; the new October: 105.00 less what November charged
    "October again after November": (["bill O", "bill N", "void O", "bill O"], {"O": "100.00", "N": "5.00"}),
    # November alone: 5 x 10.00; then October: 105.00 less 50.00
    "November while October is void": (["bill O", "void O", "bill N", "bill O"], {"O": "55.00", "N": "50.00"}),
    "both, October first": (
        ["bill O", "bill N", "void O", "void N", "bill O", "bill N"],
        {"O": "100.00", "N": "5.00"},
    ),
    "both, November first": (
        ["bill O", "bill N", "void O", "void N", "bill N", "bill O"],
        {"O": "55.00", "N": "50.00"},
    ),
    "November again": (["bill O", "bill N", "void N", "bill N"], {"O": "100.00", "N": "5.00"}),
}


@pytest.mark.parametrize("case", STEPS)
def test_all_usage_is_charged_once_whatever_was_voided(
    case: str, acme: Organisation, project: Project, settings: Any
) -> None:
    settings.SAFETY_BOUND_TIMES = Decimal(0)  # November may come to a part of October
    steps, expected = STEPS[case]
    tiers = [{"up_to": "10", "unit_price": "10"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers})
    used(project, 10)
    with at("2026-11-01 10:00"):
        billing_run.close_period(organisation=acme, period=OCTOBER)
    used(project, 5, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    months, items = {"O": OCTOBER, "N": NOVEMBER}, {}
    for step in steps:
        verb, month = step.split()
        items[month] = bill(months[month], acme) if verb == "bill" else void(items[month])
    assert {month: sum(amounts(item.invoice)) for month, item in items.items()} == {
        month: Decimal(amount) for month, amount in expected.items()
    }
    assert sum(invoice.subtotal for invoice in Invoice.objects.live()) == Decimal("105.00")


def test_usage_taken_back_later_is_given_back_once_when_its_month_is_billed_again(
    acme: Organisation, project: Project
) -> None:
    """11 calls in October cost 101.00; one is cancelled in November, which gives 1.00 back; October is billed again."""
    tiers = [{"up_to": "10", "unit_price": "10"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers})
    used(project, 11)
    october = bill(OCTOBER, acme)
    used(project, 20, on="2026-11-06")  # 10 x 10.00 + 10 x 1.00 = 110.00
    correct(project, 11, 10)
    november = bill(NOVEMBER, acme)
    assert amounts(november.invoice) == [Decimal("-1.00"), Decimal("110.00")]
    void(october)
    again = bill(OCTOBER, acme)
    # 10 calls cost 100.00, and November gave back 1.00 of the 101.00
    assert amounts(again.invoice) == [Decimal("101.00")]


# --- at the same moment -----------------------------------------------------------------------------------------------


def finish(verb: Any, *arguments: Any) -> Any:
    """In a thread, with a connection of its own; what the rules refuse is an answer too."""
    try:
        return verb(*arguments)
    except DomainError as error:
        return error.code
    finally:
        connection.close()


def void_by_id(invoice_id: UUID) -> str:
    voiding.void_invoice(invoice_id=invoice_id, reason="Wrong address")
    return "voided"


def start_october(_number: int) -> UUID:
    return start_billing_run(period=OCTOBER, requested_by="test").pk


@pytest.mark.django_db(transaction=True)
def test_voiding_while_runs_are_at_work_leaves_each_month_billed_once_or_told_of(admin_user: Any) -> None:
    """Twelve invoices are voided while two runs of their month are started and four workers bill what is open."""
    per_unit("1")
    customers = [factories.organisation(f"Customer {number}") for number in range(12)]
    for customer in customers:
        used(factories.project(customer), 10)
    first = [bill(OCTOBER, customer).invoice for customer in customers]
    with at(DECEMBER_2), ThreadPoolExecutor(8) as threads:
        items = list(BillingRunItem.objects.values_list("pk", flat=True))
        voids = [threads.submit(finish, void_by_id, invoice.pk) for invoice in first if invoice]
        starts = [threads.submit(finish, start_october, number) for number in range(2)]
        work = [threads.submit(finish, lambda pk: process_item(item_id=pk), pk) for pk in items * 2]
        assert {future.result() for future in voids} == {"voided"}
        assert len({future.result() for future in starts}) == 1
        for future in work:
            future.result()
    states = Counter(BillingRunItem.objects.values_list("status", flat=True))
    # claimed: its worker found the row in the hands of a void or a start, and left it to be taken up again
    assert set(states) <= {"done", "voided", "pending", "claimed"}
    for customer in customers:
        item = BillingRunItem.objects.get(organisation=customer)
        issued = Invoice.objects.live().filter(organisation=customer).exclude(status=Invoice.Status.DRAFT)
        assert issued.count() == (1 if item.status == "done" else 0), item
    with at("2026-12-02 11:00"):  # every claim that was left has ended
        start_billing_run(period=OCTOBER, requested_by="test")
        for pk in items:
            process_item(item_id=pk)
    assert Counter(BillingRunItem.objects.values_list("status", flat=True)) == {"done": 12}
    assert sorted(Invoice.objects.values_list("sequence_number", flat=True)) == list(range(1, 25))


@pytest.mark.django_db(transaction=True)
def test_two_months_that_share_usage_are_never_worked_out_at_the_same_moment(
    acme: Organisation, project: Project
) -> None:
    """Each is charged by the difference to the other: computed side by side, both would charge the late calls."""
    tiers = [{"up_to": "10", "unit_price": "10"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers})
    used(project, 10)
    with at("2026-11-01 10:00"):
        billing_run.close_period(organisation=acme, period=OCTOBER)
    used(project, 5, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    with at(DECEMBER_2), ThreadPoolExecutor(2) as threads:
        for _round in range(5):
            drafts = [
                threads.submit(finish, lambda month: drafting.create_draft(organisation=acme, period=month), month)
                for month in (OCTOBER, NOVEMBER)
            ]
            made = [future.result() for future in drafts]
            assert sum(invoice.subtotal for invoice in made) == Decimal("105.00")
            for invoice in made:
                drafting.delete_draft(invoice_id=invoice.pk)


@pytest.mark.django_db(transaction=True)
def test_an_item_that_is_about_to_end_with_an_invoice_is_waited_for_by_its_void(
    acme: Organisation, project: Project
) -> None:
    """The worker has seen the live invoice and not committed yet: it must not end as done with a void one."""
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    with at("2026-11-20 10:00"), ThreadPoolExecutor(1) as threads:
        run = start_billing_run(period=OCTOBER, requested_by="test")
        item = claim(BillingRunItem.objects.all(), run.items.get().pk)
        assert item is not None
        with transaction.atomic():
            assert billing_chunks._bill_together([item]) == []  # done, with the invoice that was there
            voiding = threads.submit(finish, void_by_id, invoice.pk)
            with suppress(TimeoutError):  # as long as a void takes that waits for nobody
                voiding.result(timeout=1)
        assert voiding.result(timeout=60) == "voided"
    item.refresh_from_db()
    assert item.status == "voided"


def test_an_invoice_of_nothing_can_be_voided_so_that_its_month_gets_another_price(
    acme: Organisation, project: Project
) -> None:
    """A price that was free by mistake: without a void the month would keep it for ever."""
    rule = per_unit("0")
    used(project, 100)
    item = bill(OCTOBER, acme)
    assert item.invoice is not None
    assert (item.invoice.status, item.invoice.total) == ("paid", Decimal(0))
    assert void(item).status == "voided"
    update_pricing_rule(rule_id=rule.pk, price={"unit_price": "1"})
    again = bill(OCTOBER, acme)
    assert again.invoice is not None
    assert amounts(again.invoice) == [Decimal("100.00")]
