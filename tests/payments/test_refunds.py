"""After a refund at Razorpay the invoice is not paid by that money, in every order of the messages."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies

from invoicing.models import Invoice
from organisations.models import Notification
from payments.models import Payment, PaymentOrder, Refund
from payments.services import collection
from payments.services.offline import reverse_payment
from payments.services.refunds import answer_refund
from tests.local.razorpay.harness import WEBHOOK_SECRET, SandboxProcess
from tests.payments.language import deliver, hand_over, open_order, payment_entity, refund_entity
from tests.payments.test_crediting import offline


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]


def tell(order: PaymentOrder, name: str, number: int) -> None:
    """One message of Razorpay by its short name, with the payment as it stood then."""
    webhook = deliver(*MESSAGES[name](order), f"evt_{number}")
    assert webhook.status == "processed", webhook.last_failure


def _payment(status: str, refunded: int = 0, **changes: Any) -> Any:
    def message(order: PaymentOrder) -> Any:
        entity = payment_entity(order, status, amount_refunded=refunded, **changes)
        return f"payment.{status}", {"payment": entity}

    return message


def _refund(event: str, refund: str, amount: int, refunded: int, status: str = "captured") -> Any:
    def message(order: PaymentOrder) -> Any:
        state = {"created": "pending", "processed": "processed", "failed": "failed"}[event]
        entity = payment_entity(order, status, amount_refunded=refunded, captured=True)
        return f"refund.{event}", {"refund": refund_entity(refund, amount, state), "payment": entity}

    return message


MESSAGES = {
    "authorized": _payment("authorized"),
    "captured": _payment("captured"),
    "full created": _refund("created", "rfnd_1", 118000, 118000, "refunded"),
    "full processed": _refund("processed", "rfnd_1", 118000, 118000, "refunded"),
    "full failed": _refund("failed", "rfnd_1", 118000, 0),
    "refunded": _payment("refunded", 118000, captured=True),
    "180 created": _refund("created", "rfnd_2", 18000, 18000),
    "180 processed": _refund("processed", "rfnd_2", 18000, 18000),
    "100 processed": _refund("processed", "rfnd_3", 10000, 28000),
    "100 failed": _refund("failed", "rfnd_3", 10000, 18000),
}


def standing(invoice: Invoice) -> tuple[str, Decimal, Decimal, Decimal]:
    invoice.refresh_from_db()
    return invoice.status, invoice.amount_paid, invoice.amount_returned, invoice.amount_due


FULL = ("refunded", Decimal(0), Decimal(1180), Decimal(0))


@pytest.mark.parametrize("order_of_events", list(permutations(["captured", "full created", "full processed"])))
def test_a_full_refund_leaves_the_invoice_refunded_in_every_order(
    invoice: Invoice, order_of_events: tuple[str, ...]
) -> None:
    order = open_order(invoice)
    for number, name in enumerate([*order_of_events, *order_of_events]):
        tell(order, name, number)
        assert standing(invoice)[0] != "paid" or (number, name) == (0, "captured")
    payment = Payment.objects.get()
    assert (payment.status, payment.amount_refunded, payment.allocated) == ("refunded", Decimal(1180), 0)
    assert standing(invoice) == FULL
    assert list(Payment.objects.refunds_to_decide()) == [payment]
    assert not Invoice.objects.collectable().exists()
    receipts = Notification.objects.filter(kind="payment_received").count()
    assert receipts == (1 if order_of_events[0] == "captured" else 0)


PARTIAL = ["authorized", "captured", "180 created", "180 processed", "100 processed", "100 failed"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order_of_events=strategies.permutations(PARTIAL), repeated=strategies.sampled_from(PARTIAL))
def test_partial_refunds_of_which_one_fails_end_the_same_in_any_order(
    invoice: Invoice, order_of_events: list[str], repeated: str
) -> None:
    """1180.00 paid, 180.00 given back, and 100.00 that the bank could not give back."""
    with transaction.atomic():
        invoice.refresh_from_db()
        order = open_order(invoice)
        for number, name in enumerate([*order_of_events, repeated]):
            tell(order, name, number)
        payment = Payment.objects.get()
        assert (payment.status, payment.amount_refunded) == ("captured", Decimal(180))
        assert (payment.allocated, payment.unallocated, payment.problem) == (Decimal(1000), 0, "")
        assert standing(invoice) == ("partially_refunded", Decimal(1000), Decimal(180), 0)
        assert set(Refund.objects.values_list("razorpay_refund_id", "status")) == {
            ("rfnd_2", "processed"),
            ("rfnd_3", "failed"),
        }
        transaction.set_rollback(True)


@pytest.mark.parametrize("order_of_events", list(permutations(["captured", "full created", "full failed"])))
def test_a_refund_that_fails_leaves_the_invoice_paid(invoice: Invoice, order_of_events: tuple[str, ...]) -> None:
    order = open_order(invoice)
    for number, name in enumerate(order_of_events):
        tell(order, name, number)
    assert standing(invoice) == ("paid", Decimal(1180), 0, 0)
    assert Payment.objects.get().status == "captured"
    assert not Payment.objects.refunds_to_decide().exists()


def test_after_a_refund_that_failed_nothing_counts_as_given_back(invoice: Invoice) -> None:
    """500.00 by transfer and 680.00 by card, of which 100.00 could not be given back; then the transfer is reversed."""
    transfer = offline(invoice, "500.00")
    invoice.refresh_from_db()
    order = open_order(invoice)
    paid = payment_entity(order, "captured")
    for number, (status, refunded) in enumerate([("pending", 10000), ("failed", 0)]):
        payload = {"refund": refund_entity("rfnd_1", 10000, status), "payment": paid | {"amount_refunded": refunded}}
        deliver("refund.created", payload, f"evt_{number}")
    assert standing(invoice) == ("paid", Decimal(1180), 0, 0)
    reverse_payment(payment_id=transfer.pk, reason="mistyped")
    assert standing(invoice) == ("partially_paid", Decimal(680), 0, Decimal(500))


def test_an_event_that_names_only_the_refunded_payment_is_enough(invoice: Invoice) -> None:
    order = open_order(invoice)
    for number, name in enumerate(["captured", "refunded", "captured"]):
        tell(order, name, number)
    assert standing(invoice) == FULL


@pytest.mark.parametrize("refunded", ["pay_A", "pay_B"])
@pytest.mark.parametrize("first", ["both captured", "refund before the other"])
def test_of_two_payments_either_may_be_given_back_and_the_invoice_stays_paid(
    invoice: Invoice, refunded: str, first: str
) -> None:
    order = open_order(invoice)
    other = "pay_B" if refunded == "pay_A" else "pay_A"

    def capture(name: str, number: str) -> None:
        deliver("payment.captured", {"payment": payment_entity(order, "captured", id=name)}, number)

    capture(refunded, "evt_1")
    if first == "both captured":
        capture(other, "evt_2")
    entity = payment_entity(order, "refunded", id=refunded, amount_refunded=118000, captured=True)
    deliver("refund.created", {"refund": refund_entity("rfnd_1", 118000, "processed"), "payment": entity}, "evt_3")
    if first == "refund before the other":
        capture(other, "evt_4")
    assert standing(invoice) == ("paid", Decimal(1180), 0, 0)
    assert Payment.objects.get(razorpay_payment_id=other).allocated == 1180
    assert Payment.objects.get(razorpay_payment_id=refunded).allocated == 0
    assert not Payment.objects.not_placed().exists()
    assert not Payment.objects.refunds_to_decide().exists()


def test_what_was_given_back_is_asked_for_again_when_a_person_says_so(invoice: Invoice) -> None:
    order = open_order(invoice)
    for number, name in enumerate(["captured", "180 created"]):
        tell(order, name, number)
    payment = Payment.objects.get()
    answer_refund(payment_id=payment.pk, ask_again=True)
    assert standing(invoice) == ("partially_paid", Decimal(1000), 0, Decimal(180))
    assert not Payment.objects.refunds_to_decide().exists()
    assert [row.answer for row in payment.allocations.filter(kind="refund")] == ["asked_again"]
    tell(order, "180 processed", 3)  # the same refund again asks nothing anew
    assert standing(invoice) == ("partially_paid", Decimal(1000), 0, Decimal(180))
    tell(order, "100 processed", 4)  # another one does
    assert standing(invoice) == ("partially_refunded", Decimal(900), Decimal(100), Decimal(180))
    assert Payment.objects.refunds_to_decide().exists()
    answer_refund(payment_id=payment.pk, ask_again=True)
    offline(invoice, "280.00")
    assert standing(invoice) == ("paid", Decimal(1180), 0, 0)


def test_what_is_left_refunded_is_not_asked_for_and_waits_for_nobody(invoice: Invoice) -> None:
    order = open_order(invoice)
    for number, name in enumerate(["captured", "full processed"]):
        tell(order, name, number)
    payment = Payment.objects.get()
    answer_refund(payment_id=payment.pk, ask_again=False)
    assert standing(invoice) == FULL
    assert not Payment.objects.refunds_to_decide().exists()
    answer_refund(payment_id=payment.pk, ask_again=True)  # a mind may be changed
    assert standing(invoice) == ("finalized", 0, 0, Decimal(1180))


@pytest.mark.parametrize("reverse", [False, True])
def test_refunds_made_in_the_dashboard_arrive_from_the_sandbox(
    razorpay: SandboxProcess, invoice: Invoice, reverse: bool
) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    payment = razorpay.pay(order.razorpay_order_id or "", "success")
    razorpay.client().payment.refund(payment["id"], {"amount": 18000})
    razorpay.client().payment.refund(payment["id"], {})
    deliveries = razorpay.deliveries()
    hand_over(deliveries[::-1] if reverse else deliveries)
    assert standing(invoice) == FULL
    assert Refund.objects.filter(status="processed").count() == 2
    again = answer_refund(payment_id=Payment.objects.get().pk, ask_again=True)
    assert again.status == "refunded"
    assert collection.ensure_order(invoice_id=invoice.pk).pk != order.pk


def test_a_refund_that_failed_long_ago_answers_for_no_later_one(invoice: Invoice) -> None:
    order = open_order(invoice)
    for number, name in enumerate(["captured", "100 processed", "100 failed", "180 processed"]):
        tell(order, name, number)
    payment = Payment.objects.get()
    answer_refund(payment_id=payment.pk, ask_again=True)  # for the 180.00: the 100.00 are here
    assert standing(invoice) == ("partially_paid", Decimal(1000), 0, Decimal(180))
    entity = payment_entity(order, "captured", amount_refunded=23000, captured=True)
    deliver("refund.processed", {"refund": refund_entity("rfnd_4", 5000, "processed"), "payment": entity}, "evt_9")
    assert standing(invoice) == ("partially_refunded", Decimal(950), Decimal(50), Decimal(180))
    assert list(Payment.objects.refunds_to_decide()) == [payment]
