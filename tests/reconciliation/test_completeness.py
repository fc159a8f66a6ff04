"""The completeness statement: a month in figures worked by hand, and each planted difference in its own section."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from threading import Event, current_thread, main_thread
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from billing_platform.lib import slow_answers
from billing_platform.lib.admin.contributions import page_address
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, HotLogTally, Metric
from events.services import dead_letters
from events.services.corrections import correct_usage
from events.services.months import close_period
from events.services.partitions import list_partitions
from events.services.proof.retention import drop_old_partitions
from events.services.proof.verifying import verify_day
from invoicing.computing.credit_notes import Wanted
from invoicing.services import issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.write_offs import write_off_usage
from organisations.models import Organisation, Project
from payments.services.offline import record_offline_payment
from payments.services.payment_reports import apply_payment_report
from reconciliation.models import Discrepancy
from reconciliation.selectors import completeness_ranking
from reconciliation.selectors.completeness import Name, Standing, Statement, Topic, statements
from tests import factories
from tests.events.language import event, send, settle
from tests.invoicing.language import NOVEMBER, OCTOBER, after_october, at, draft, one_off, per_unit
from tests.payments.language import open_order, reported
from tests.reconciliation.language import tamper
from tests.scenarios.running import wait_for

pytestmark = pytest.mark.django_db
SEPTEMBER = BillingPeriod.parse("2026-09")
PATIENCE = 10


@pytest.fixture
def acme(acme: Organisation) -> Organisation:
    """Knows two metrics and no others; calls cost ₹10.00."""
    for name in ("api_calls", "extra"):
        Metric.objects.create(organisation=acme, name=name, unit="call")
    acme.strict_metrics = True
    acme.save()
    per_unit("10")
    return acme


@pytest.fixture
def october(acme: Organisation, project: Project) -> None:
    """Eleven events are received in October: eight count, two are duplicates, and one is a dead letter."""
    with at("2026-10-15 12:00"):
        close_period(organisation=acme, period=SEPTEMBER)
        first = [event("a", "10"), event("b", "20"), event("c", "30"), event("d", metric_name="extra")]
        send(project, *first, event("a", "10"), event("e", metric_name="unknown"))
    with at("2026-10-15 13:00"):
        send(project, event("a", "10"), event("f", "5"))
        send(project, event("late", "2", timestamp="2026-09-20T12:00:00Z"))
        send(Project.objects.create(organisation=acme, name="Try", mode="test"), event("t"))
        settle()
        correct(project, "b"), correct(project, "f", Decimal(6))
    with at("2026-11-01 01:30"):  # in India it is November, in UTC October
        send(project, event("h"))
        settle()
    with at("2026-11-01 09:00"):
        send(project, event("g", "7", timestamp="2026-10-31T12:00:00Z"))
        settle()


def correct(project: Project, event_id: str, quantity: Decimal | None = None) -> None:
    correct_usage(
        organisation=project.organisation, project=project, event_id=event_id, quantity=quantity, reason="a test",
        action="void" if quantity is None else "correct", by="olga",
    )  # fmt: skip


@pytest.fixture
def billed(acme: Organisation, october: None) -> None:
    """₹649.00 for the month, ₹59.00 of it credited, ₹300.00 paid by transfer, ₹50.00 withheld. A one-off of ₹1,180.00
    is paid online; ₹180.00 of that go back."""
    with at("2026-10-20 12:00"):
        extra = issuing.finalize_invoice(invoice_id=one_off(acme, "1000").pk)
        order = open_order(extra)
        apply_payment_report(order_id=order.pk, report=reported(order))
        apply_payment_report(order_id=order.pk, report=reported(order, amount_refunded_minor=18000))
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=draft(acme).pk)
        note = [Wanted(2, amount=Decimal("50.00"))]
        issue_credit_note(invoice_id=invoice.pk, lines=note, why=Why("other", "a test"), send=False)
        for method, amount in (("bank_transfer", "300"), ("tds", "50")):
            record_offline_payment(
                invoice_id=invoice.pk, amount=Decimal(amount), method=method, reference=f"R {method}",
                received_on=date(2026, 11, 1),
            )  # fmt: skip


def statement(organisation: Organisation, month: BillingPeriod = OCTOBER) -> Statement:
    (one,) = statements(month, [organisation])
    return one


def figures(one: Statement) -> dict[Topic, tuple[Decimal, list[Decimal]]]:
    assert one.differences == []
    return {section.topic: (section.whole, [part.value for part in section.parts]) for section in one.sections}


EVENTS = {
    Topic.RECEIVED: (11, [8, 2, 1, 0]),
    Topic.COUNTED: (8, [7, 1]),  # h is November's
    Topic.USAGE: (7, [7, 1, -2, 1]),  # g came in November; b and f were cancelled, f replaced
}
MONEY = {
    Topic.CHARGED: (1550, [530, 20, 1000]),  # 10 + 30 + 6 + 7 calls, 2 late ones, the one-off
    Topic.INVOICED: (1829, [1550, 0, 279, 0]),
    Topic.OWED: (1829, [59, 1350, 180, 240]),
    Topic.PAID: (1350, [0, 1000, 300, 50]),
}


def test_a_month_before_its_invoice(acme: Organisation, october: None) -> None:
    one = statement(acme)
    assert figures(one) == EVENTS | {Topic.BILLED: (7, [0, 1, 0, 5, 1])}
    assert one.standing == Standing.WAITS
    assert figures(statement(acme, NOVEMBER))[Topic.RECEIVED] == (1, [1, 0, 0, 0])


def test_a_month_that_is_billed_and_partly_paid(acme: Organisation, billed: None, admin_user: Any) -> None:
    assert figures(statement(acme)) == EVENTS | {Topic.BILLED: (7, [5, 1, 0, 0, 1])} | MONEY
    extra = Metric.objects.get(name="extra")
    write_off_usage(organisation=acme, period=OCTOBER, metric=extra, reason="a test", by=admin_user)
    assert figures(statement(acme))[Topic.BILLED] == (7, [5, 0, 1, 0, 1])


def test_what_the_hot_log_forgets_is_still_told(acme: Organisation, october: None) -> None:
    send_replay(acme)
    before = figures(statement(acme))
    assert before[Topic.RECEIVED] == (11, [9, 2, 0, 0])
    for partition in list_partitions():
        if partition.day and partition.day < date(2026, 11, 2):
            verify_day(day=partition.day)
    assert [outcome.day.day for outcome in drop_old_partitions() if outcome.batches] == [15, 31, 1]
    assert HotLogTally.objects.filter(organisation=acme).count() == 3
    assert figures(statement(acme)) == before


def send_replay(acme: Organisation) -> None:
    """The dead letter is counted after all."""
    Metric.objects.create(organisation=acme, name="unknown", unit="call")
    with at("2026-10-16 12:00"):
        dead_letters.replay_one(letter_id=DeadLetter.objects.get().pk, by="olga")
        settle()


def test_what_waits_to_be_settled_is_named(acme: Organisation, project: Project) -> None:
    with at("2026-10-15 12:00"):
        send(project, event("a"))
        one = statement(acme)
    assert list(one.parts(Name.NOT_SETTLED)) == [(1, "")]
    assert (one.standing, one.differences) == (Standing.WAITS, [])


PLANTED = [
    ("DELETE FROM events_usageevent WHERE event_id = 'c'", {Topic.COUNTED: 1, Topic.USAGE: 1}),
    (
        "UPDATE events_eventbatch SET counted = counted + 1, duplicates = duplicates - 1 WHERE duplicates = 1",
        {Topic.COUNTED: 2},
    ),
    ("UPDATE events_usageaggregate SET event_count = event_count + 1 WHERE total = 7", {Topic.USAGE: 1}),
    ("UPDATE invoicing_invoiceline SET amount = amount + 1 WHERE kind = 'late_usage'", {Topic.CHARGED: -1}),
    ("DELETE FROM invoicing_invoicetax WHERE amount = 1.8", {Topic.INVOICED: Decimal("3.6")}),
    ("UPDATE invoicing_invoicetax SET amount = amount + 1 WHERE amount = 90", {Topic.INVOICED: -2}),
    ("DELETE FROM invoicing_creditnote", {Topic.OWED: 59}),
    ("DELETE FROM payments_paymentallocation WHERE amount = 50", {Topic.PAID: 50}),
]


def test_each_planted_difference_stands_in_its_own_section(acme: Organisation, billed: None) -> None:
    for statement_, expected in PLANTED:
        with transaction.atomic():
            tamper(statement_)
            one = statement(acme)
            assert {section.topic: section.difference for section in one.differences} == expected, statement_
            assert one.standing == Standing.DIFFERS
            transaction.set_rollback(True)


def test_the_page_lists_customers_and_shows_one_with_its_picture(
    acme: Organisation, globex: Organisation, billed: None, admin_client: Client
) -> None:
    tamper("DELETE FROM payments_paymentallocation WHERE amount = 50")
    page = page_address(Discrepancy, "completeness")
    listed = admin_client.get(page, {"month": "2026-10"}).content.decode()
    assert ("Acme" in listed, "Globex</a>" in listed) == (True, False)
    assert "What is paid: ₹50.00" in listed
    one = admin_client.get(page, {"month": "2026-10", "organisation": acme.pk}).content.decode()
    assert 'aria-label="Received 11; Duplicates −2; Dead letters −1; Counted 8;' in one
    assert "Paid ₹1,350.00; By bank transfer or cheque −₹300.00; Not paid out yet −₹1,000.00; Does not add up" in one
    assert f"check_name__exact=balances&amp;organisation__id__exact={acme.pk}" in one
    file = b"".join(admin_client.get(page, {"month": "2026-10", "format": "csv"}).streaming_content).decode()
    assert f"Acme,{acme.pk},2026-10,differs,paid,INR,difference,50.00" in file
    assert f"Acme,{acme.pk},2026-10,differs,received,,duplicates,2" in file


def test_the_order_is_remembered_where_it_takes_long_and_the_statements_are_of_now(
    acme: Organisation, billed: None, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow_answers, "TIMES_AS_LONG", 1_000_000)

    def shown(**more: str) -> tuple[bool, bool]:
        """Whether a count above the list, and whether the row, says that something does not add up."""
        page = admin_client.get(page_address(Discrepancy, "completeness"), {"month": "2026-10", **more})
        return "Does not add up: 1" in page.content.decode(), "What is paid: ₹50.00" in page.content.decode()

    assert shown() == (False, False)
    tamper("DELETE FROM payments_paymentallocation WHERE amount = 50")
    assert shown() == (False, True)
    assert shown(anew="1") == (True, True)


@pytest.mark.django_db(transaction=True)
def test_the_page_of_many_customers_does_not_wait_for_their_order(
    acme: Organisation, globex: Organisation, billed: None, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all are compared, they are in the order of their names. Acme's month is the one that does not add up."""
    Organisation.objects.filter(pk=acme.pk).update(name="Zeta")
    with at("2026-10-20 12:00"):
        send(factories.project(globex), event("x"))
        settle()
    tamper("DELETE FROM payments_paymentallocation WHERE amount = 50")
    monkeypatch.setattr(completeness_ranking, "FEW", 1)
    go_on = Event()

    def compared(month: Any, owners: list[Organisation]) -> Any:
        assert current_thread() is main_thread() or go_on.wait(PATIENCE)
        return statements(month, owners)

    monkeypatch.setattr(completeness_ranking, "statements", compared)

    def page(**more: str) -> Any:
        return admin_client.get(page_address(Discrepancy, "completeness"), {"month": "2026-10", **more})

    first = page()
    assert ([row["customer"] for row in first.context["rows"]], first.context["counts"]) == (["Globex", "Zeta"], [])
    assert "All customers are being compared" in first.content.decode()
    go_on.set()
    wait_for(lambda: "Does not add up: 1" in page().content.decode(), seconds=PATIENCE, what="the order")
    assert [row["customer"] for row in page().context["rows"]] == ["Zeta", "Globex"]
    go_on.clear()
    again = page(anew="1").content.decode()
    assert ("Does not add up: 1" in again, "All customers are being compared" in again) == (True, True)
    go_on.set()
    wait_for(lambda: "being compared" not in page().content.decode(), seconds=PATIENCE, what="the new order")


def test_the_api_goes_by_the_remembered_order_and_works_out_its_page_only(
    acme: Organisation, globex: Organisation, billed: None, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow_answers, "TIMES_AS_LONG", 1_000_000)
    worked_out: list[set[str]] = []

    def spied(month: Any, owners: list[Organisation]) -> Any:
        worked_out.append({each.name for each in owners})
        return statements(month, owners)

    monkeypatch.setattr(completeness_ranking, "statements", spied)
    client = factories.client(factories.admin_key(admin_user))

    def standing() -> str:
        (one,) = client.get("/api/v1/admin/reconciliation/completeness", {"period": "2026-10"}).json()["results"]
        return str(one["standing"])

    assert standing() == "waits"
    tamper("DELETE FROM payments_paymentallocation WHERE amount = 50")
    assert standing() == "differs"
    assert worked_out == [{"Acme", "Globex"}, {"Acme"}]


def test_the_api_tells_the_same_of_the_customers_that_a_key_reaches(
    acme: Organisation, globex: Organisation, billed: None
) -> None:
    def asked(whose: Organisation, **parameters: Any) -> Any:
        key = factories.admin_key(factories.member(f"of-{whose.slug}", whose, "viewer"))
        answer = factories.client(key).get("/api/v1/admin/reconciliation/completeness", parameters)
        return answer.json() if answer.status_code == 200 and "format" not in parameters else answer

    answer = asked(acme, period="2026-10")
    (one,) = answer["results"]
    assert (answer["count"], one["organisation"], one["standing"]) == (1, str(acme.pk), "waits")
    assert one["sections"][-1] == {
        "section": "paid",
        "currency": "INR",
        "whole": "1350.00",
        "parts": [
            {"name": "paid_out", "value": "0.00"},
            {"name": "at_razorpay", "value": "1000.00"},
            {"name": "offline", "value": "300.00"},
            {"name": "withheld", "value": "50.00"},
        ],
        "difference": "0.00",
    }
    assert one["sections"][0]["whole"] == "11"
    assert asked(globex, period="2026-10", organisation=str(acme.pk))["results"] == []
