"""Retries: a failed payment is tried again three times, each time for real, and only captured money is success."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice
from invoicing.services.voiding import void_invoice
from organisations.models import Notification, Organisation
from organisations.services.holds import place_hold
from payments.models import DunningRules, Payment, PaymentOrder, PaymentRetry, RetryTry
from payments.services import collection
from payments.services.dunning import retries, ways
from payments.services.dunning.pauses import note_promise
from payments.services.dunning.retry_orders import configure_retries, retry_now
from payments.services.offline import record_offline_payment
from payments.services.payment_reports import apply_payment_report
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import issued_invoice, open_order, reported

FAILED_AT = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(FAILED_AT + HOUR, tick=False) as traveller:
        yield traveller


@pytest.fixture
def plan(clock: Any, acme: Organisation) -> PaymentRetry:
    """An invoice of ₹1,180.00 whose payment was declined."""
    fail(open_order(issued_invoice(acme)))
    found: PaymentRetry = PaymentRetry.objects.get()
    return found


def fail(order: PaymentOrder, name: str = "pay_Test0000000001", at: datetime = FAILED_AT) -> Payment:
    return apply_payment_report(order_id=order.pk, report=reported(order, "failed", id=name, created_at=at))


def pay(order: PaymentOrder, at: datetime, name: str = "pay_Test0000000009") -> Payment:
    report = reported(order, "captured", id=name, created_at=at, order_id=order.razorpay_order_id or "order_OfTheLink")
    return apply_payment_report(order_id=order.pk, report=report)


def run(plan: PaymentRetry) -> PaymentRetry:
    retries.attempt_retry(plan_id=plan.pk)
    plan.refresh_from_db()
    return plan


def mails(kind: str) -> int:
    return Notification.objects.filter(kind=kind).count()


def test_a_month_without_money_three_links_are_sent_and_then_both_sides_are_told(
    razorpay: SandboxProcess, plan: PaymentRetry, clock: Any
) -> None:
    assert (plan.status, plan.made, plan.next_attempt_at) == ("scheduled", 0, FAILED_AT + 24 * HOUR)
    run(plan)  # too early
    assert not RetryTry.objects.exists()

    at = FAILED_AT
    for number, pause in enumerate([24, 48, 96], 1):
        at += pause * HOUR
        clock.move_to(at)
        run(plan)
        run(plan)  # a second message does nothing
        assert (plan.status, plan.made, mails("payment_retry")) == ("scheduled", number, number)
    assert plan.next_attempt_at == at + 24 * HOUR
    assert [(each.way, each.outcome) for each in plan.tries.all()] == [("link", "asked")] * 3
    links = razorpay.client().payment_link.all({})["payment_links"]
    assert [link["amount"] for link in links] == [118000]  # one link, sent three times
    sent = Notification.objects.filter(kind="payment_retry").order_by("created_at")
    assert links[0]["short_url"] in sent[0].text
    assert ["last automatic attempt" in each.text for each in sent] == [False, False, True]

    clock.move_to(at + 24 * HOUR)
    run(plan)
    run(plan)
    assert (plan.status, plan.made) == ("exhausted", 3)
    assert PaymentRetry.objects.exhausted_and_due().get() == plan
    assert (mails("payment_given_up"), mails("payment_given_up_seller")) == (1, 1)
    assert Notification.objects.get(kind="payment_given_up_seller").recipients == [plan.invoice.billing_entity.email]

    pay(PaymentOrder.objects.get(kind="link"), at + 30 * HOUR)  # late, by the last link
    retries.settle_retries(invoice_id=plan.invoice_id)
    plan.refresh_from_db()
    assert (plan.status, plan.tries.last().outcome) == ("succeeded", "paid")


def test_money_by_the_link_is_success_and_money_another_way_ends_the_plan(
    razorpay: SandboxProcess, plan: PaymentRetry, clock: Any
) -> None:
    clock.move_to(FAILED_AT + 24 * HOUR)
    run(plan)
    retries.settle_retries(invoice_id=plan.invoice_id)
    plan.refresh_from_db()
    assert plan.status == "scheduled"  # a link that was sent is no success
    invoice = plan.invoice
    record_offline_payment(
        invoice_id=invoice.pk, amount=Decimal("1180.00"), method="bank_transfer", reference="UTR1",
        received_on=clock_day(),
    )  # fmt: skip
    retries.settle_retries(invoice_id=invoice.pk)
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason, plan.next_attempt_at) == ("cancelled", "Paid another way.", None)
    clock.move_to(FAILED_AT + 200 * HOUR)
    run(plan)
    assert mails("payment_retry") == 1


def clock_day() -> Any:
    from billing_platform.lib import clock

    return clock.today("Asia/Kolkata")


def test_a_payment_that_succeeds_after_all_before_the_first_attempt_ends_the_plan(plan: PaymentRetry) -> None:
    order = PaymentOrder.objects.get()
    pay(order, FAILED_AT + HOUR)
    retries.settle_retries(invoice_id=plan.invoice_id)
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason) == ("cancelled", "Paid before the first attempt.")


def test_a_void_invoice_ends_its_plan_by_the_sweep(plan: PaymentRetry) -> None:
    void_invoice(invoice_id=plan.invoice_id, reason="wrong customer")
    assert retries.plans_to_settle() == [plan.invoice_id]
    retries.settle_retries(invoice_id=plan.invoice_id)
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason) == ("cancelled", "The invoice is void.")


def test_several_failures_make_one_plan_and_a_seller_may_want_none(plan: PaymentRetry, acme: Organisation) -> None:
    fail(PaymentOrder.objects.get(), "pay_Test0000000002", FAILED_AT + HOUR)
    assert PaymentRetry.objects.count() == 1
    DunningRules.objects.create(billing_entity=acme.billing_entity, retries_on=False)
    fail(open_order(issued_invoice(acme), "order_Test0000000002"), "pay_Test0000000003")
    assert PaymentRetry.objects.count() == 1


@pytest.mark.usefixtures("no_repeats")
def test_an_outage_costs_no_attempt(razorpay: SandboxProcess, plan: PaymentRetry, clock: Any) -> None:
    clock.move_to(FAILED_AT + 24 * HOUR)
    razorpay.control("faults", {"match": "POST /v1/payment_links", "kind": "502_html", "times": 1})
    run(plan)
    assert (plan.status, plan.made, plan.work_state) == ("scheduled", 0, "waiting")
    assert plan.last_failure
    assert (mails("payment_retry"), plan.tries.get().outcome) == (0, "making")
    clock.move_to(FAILED_AT + 25 * HOUR)
    run(plan)
    assert (plan.made, mails("payment_retry"), plan.tries.count()) == (1, 1, 1)


def test_a_worker_that_dies_after_it_asked_leaves_one_attempt(
    razorpay: SandboxProcess, plan: PaymentRetry, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.move_to(FAILED_AT + 24 * HOUR)
    asked = ways.ask

    def die(invoice: Invoice) -> ways.Asked:
        asked(invoice)
        raise KeyboardInterrupt

    monkeypatch.setattr(ways, "ask", die)
    with pytest.raises(KeyboardInterrupt):
        retries.attempt_retry(plan_id=plan.pk)
    monkeypatch.setattr(ways, "ask", asked)
    run(plan)  # the claim of the dead one stands
    assert (plan.status, mails("payment_retry")) == ("attempting", 0)
    clock.move_to(FAILED_AT + 24 * HOUR + PaymentRetry.claim_lasts)
    run(plan)
    assert (plan.status, plan.made, plan.tries.count(), mails("payment_retry")) == ("scheduled", 1, 1, 1)
    assert len(razorpay.client().payment_link.all({})["payment_links"]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_attempt(razorpay: SandboxProcess, acme: Organisation) -> None:
    fail(open_order(issued_invoice(acme)))
    plan = PaymentRetry.objects.get()
    PaymentRetry.objects.update(next_attempt_at=FAILED_AT)

    def work() -> None:
        retries.attempt_retry(plan_id=plan.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plan.refresh_from_db()
    assert (plan.made, mails("payment_retry"), RetryTry.objects.count()) == (1, 1, 1)


def test_a_mandate_is_charged_first_and_its_refusal_is_an_attempt(
    plan: PaymentRetry, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged: list[UUID] = []

    def charge(invoice_id: UUID) -> ways.Asked:
        charged.append(invoice_id)
        return ways.Asked(RetryTry.Way.MANDATE, order=PaymentOrder.objects.get())

    monkeypatch.setattr(ways, "charges", [charge])
    clock.move_to(FAILED_AT + 24 * HOUR)
    run(plan)
    assert (charged, plan.tries.get().outcome, mails("payment_retry")) == ([plan.invoice_id], "asked", 0)
    fail(PaymentOrder.objects.get(), "pay_Test0000000004", FAILED_AT + 26 * HOUR)
    assert [(each.outcome, each.error) for each in plan.tries.all()] == [("failed", "Declined")]
    plan.refresh_from_db()
    assert plan.status == "scheduled"
    assert PaymentRetry.objects.count() == 1


def test_where_nothing_can_be_paid_online_the_customer_is_asked_for_a_transfer(
    plan: PaymentRetry, clock: Any, settings: Any
) -> None:
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
    clock.move_to(FAILED_AT + 24 * HOUR)
    run(plan)
    attempt = plan.tries.get()
    assert (attempt.way, attempt.outcome, attempt.order) == ("link", "asked", None)
    assert "not set up" in attempt.error
    assert mails("payment_retry") == 1


@pytest.mark.parametrize("how", ["hold", "promise"])
def test_nobody_is_asked_while_the_customer_is_held_or_has_promised(plan: PaymentRetry, clock: Any, how: str) -> None:
    if how == "hold":
        place_hold(organisation=plan.organisation, kind="no_reminders", reason="In talks", placed_by="x")
    else:
        day = clock_day() + timedelta(days=3)
        note_promise(invoice_id=plan.invoice_id, last_day=day, note="By phone", placed_by="x")
    clock.move_to(FAILED_AT + 24 * HOUR)
    run(plan)
    assert (plan.status, plan.made, plan.next_attempt_at) == ("scheduled", 0, FAILED_AT + 30 * HOUR)
    with pytest.raises(DomainError) as caught:
        retry_now(payment_id=plan.payment_id, by="x")
    assert caught.value.code == "COLLECTION_PAUSED"


def test_a_person_tries_at_once_also_after_the_end(razorpay: SandboxProcess, plan: PaymentRetry, clock: Any) -> None:
    retry_now(payment_id=plan.payment_id, by="ravi")
    run(plan)
    assert [(each.number, each.asked_by) for each in plan.tries.all()] == [(1, "ravi")]
    assert plan.next_attempt_at == FAILED_AT + HOUR + 48 * HOUR
    for _ in range(3):
        clock.move_to(plan.next_attempt_at)
        run(plan)
    assert plan.status == "exhausted"
    retry_now(payment_id=plan.payment_id, by="ravi")
    run(plan)
    assert (plan.status, plan.made, plan.max_retries) == ("scheduled", 4, 4)


def test_a_plan_has_numbers_of_its_own_when_asked(plan: PaymentRetry) -> None:
    configure_retries(payment_id=plan.payment_id, changes={"max_retries": 5, "base_hours": 2})
    plan.refresh_from_db()
    assert (plan.max_retries, plan.next_attempt_at) == (5, FAILED_AT + 2 * HOUR)
    PaymentRetry.objects.filter(pk=plan.pk).update(made=3)
    with pytest.raises(InvalidInput):
        configure_retries(payment_id=plan.payment_id, changes={"max_retries": 2})
    configure_retries(payment_id=plan.payment_id, changes={"enabled": False})
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason) == ("cancelled", "Stopped by a person.")
    with pytest.raises(DomainError) as caught:
        configure_retries(payment_id=plan.payment_id, changes={"base_hours": 2})
    assert caught.value.code == "RETRY_NOT_PLANNED"


def test_only_a_failed_payment_of_something_due_is_tried(plan: PaymentRetry) -> None:
    paid = pay(PaymentOrder.objects.get(), FAILED_AT + HOUR)
    for payment_id, code in [(paid.pk, "PAYMENT_NOT_FAILED"), (plan.payment_id, "INVOICE_NOT_COLLECTABLE")]:
        with pytest.raises(DomainError) as caught:
            retry_now(payment_id=payment_id, by="x")
        assert caught.value.code == code


def test_a_link_that_is_there_already_is_the_one_that_is_sent(
    razorpay: SandboxProcess, plan: PaymentRetry, clock: Any
) -> None:
    made = collection.create_payment_link(invoice_id=plan.invoice_id)
    clock.move_to(FAILED_AT + 24 * HOUR)
    run(plan)
    assert plan.tries.get().order == made
