"""Payment links: they end, may be paid in parts, and are closed when their money came another way."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.utils import timezone

from invoicing.models import Invoice
from organisations.models import BillingEntity
from payments.inbox.processing import process_webhook
from payments.models import InboundWebhook, Payment, PaymentOrder
from payments.services import collection
from payments.services.allocating import use_credit
from payments.services.link_terms import first_part
from payments.services.offline import record_offline_payment
from payments.services.refunding.asking import refund_payment
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import at_once, hand_over, issued_invoice, received


@pytest.fixture
def in_parts(acme: Any) -> None:
    BillingEntity.objects.update(first_part_percent=30)


def at_razorpay(razorpay: SandboxProcess, link: PaymentOrder) -> dict[str, Any]:
    entity: dict[str, Any] = razorpay.client().payment_link.fetch(link.razorpay_link_id)
    return entity


def pay_part(razorpay: SandboxProcess, link: PaymentOrder, amount_minor: int) -> None:
    """A payer pays a part of a link, and Razorpay tells us in four messages."""
    razorpay.http.get(link.short_url, timeout=5)  # only now does the link get its order
    razorpay.pay(at_razorpay(razorpay, link)["order_id"], amount=amount_minor)
    hand_over(razorpay.deliveries())


def test_a_link_ends_as_the_seller_has_it_and_is_made_anew_after_its_end(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    BillingEntity.objects.update(link_days=7)
    link = collection.create_payment_link(invoice_id=invoice.pk)
    assert link.expires_at is not None
    assert timedelta(days=6) < link.expires_at - timezone.now() <= timedelta(days=7)
    entity = at_razorpay(razorpay, link)
    assert (entity["expire_by"], entity["accept_partial"]) == (int(link.expires_at.timestamp()), False)
    assert collection.create_payment_link(invoice_id=invoice.pk) == link
    with time_machine.travel(link.expires_at - timedelta(minutes=30)):  # Razorpay's clock stands still
        fresh = collection.create_payment_link(invoice_id=invoice.pk)
        assert fresh != link
        assert collection.close_link(order_id=link.pk)
    assert at_razorpay(razorpay, link)["status"] == "cancelled"


def test_the_sweep_lets_go_of_a_link_that_ended(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    order = collection.ensure_order(invoice_id=invoice.pk)
    with time_machine.travel(link.expires_at + timedelta(minutes=1)):  # type: ignore[operator]
        collection.retire_orders()
        assert collection.close_link(order_id=link.pk)
    link.refresh_from_db()
    order.refresh_from_db()
    assert (link.status, order.status) == ("superseded", "open")
    assert link.closed_at is not None


@pytest.mark.usefixtures("in_parts")
def test_each_part_is_credited_once_and_the_link_asks_for_the_rest(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    assert link.first_part == Decimal("354.00")
    assert at_razorpay(razorpay, link)["first_min_partial_amount"] == 35400
    pay_part(razorpay, link, 50000)
    pay_part(razorpay, link, 30000)  # and all earlier messages a second time
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("partially_paid", Decimal("800.00"))
    assert list(Payment.objects.values_list("problem", flat=True)) == ["", ""]
    collection.retire_orders()
    again = collection.create_payment_link(invoice_id=invoice.pk)
    assert (again, again.remaining) == (link, Decimal("380.00"))
    pay_part(razorpay, link, 38000)
    invoice.refresh_from_db()
    link.refresh_from_db()
    assert (invoice.status, link.status, at_razorpay(razorpay, link)["status"]) == ("paid", "paid", "paid")
    assert Payment.objects.count() == 3


@pytest.mark.usefixtures("in_parts")
def test_a_link_paid_in_part_ends_within_minutes_once_the_rest_came_another_way(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    pay_part(razorpay, link, 50000)
    record_offline_payment(
        invoice_id=invoice.pk,
        method="bank_transfer",
        amount=Decimal("680.00"),
        reference="UTR1",
        received_on=timezone.now().date(),
    )
    link.refresh_from_db()
    assert link.status == "superseded"
    assert not collection.close_link(order_id=link.pk)
    link.refresh_from_db()
    assert link.last_failure.startswith("It was paid in part")
    assert link.expires_at is not None
    assert link.expires_at - timezone.now() <= timedelta(minutes=20)
    entity = at_razorpay(razorpay, link)
    assert (entity["status"], entity["expire_by"]) == ("partially_paid", int(link.expires_at.timestamp()))
    assert link.next_attempt_at is not None
    assert link.next_attempt_at > link.expires_at


@pytest.mark.parametrize(
    ("amount", "currency", "percent", "expected"),
    [
        ("1180.05", "INR", 30, "354.02"),  # 354.015
        ("1180", "INR", None, None),
        ("2.50", "INR", 10, "1"),  # a part below Razorpay's minimum is none
        ("1.50", "INR", 50, None),  # nor may the rest be below it
        ("1000", "JPY", 33, "330"),
        ("10.550", "KWD", 33, "3.48"),  # Razorpay takes two of three decimals
    ],
)
def test_the_smallest_first_part(amount: str, currency: str, percent: int | None, expected: str | None) -> None:
    part = first_part(Decimal(amount), currency, percent)
    assert part == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("sql", ["first_part = 1180", "first_part = 0", "kind = 'order'"])
def test_parts_and_ends_belong_to_links(razorpay: SandboxProcess, invoice: Invoice, sql: str) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    assert isinstance(link.expires_at, datetime)
    with pytest.raises(DatabaseError), transaction.atomic():
        PaymentOrder.objects.raw(f"UPDATE payments_paymentorder SET {sql} WHERE id = %s RETURNING id", [link.pk])[0]


@pytest.mark.django_db(transaction=True)
def test_an_order_and_a_link_that_are_both_paid_at_once_credit_the_invoice_once_and_show_the_second(
    razorpay: SandboxProcess,
) -> None:
    """Razorpay can't withdraw an order, and a link may be open in another tab: both can be paid. All messages about
    both payments are processed at the same moment, each in a thread of its own."""
    acme = factories.organisation("Acme")
    invoice, other = issued_invoice(acme), issued_invoice(acme, "100")
    order = collection.ensure_order(invoice_id=invoice.pk)
    link = collection.create_payment_link(invoice_id=invoice.pk)
    razorpay.http.get(link.short_url, timeout=5)
    razorpay.pay(order.razorpay_order_id or "")
    razorpay.pay(at_razorpay(razorpay, link)["order_id"])
    messages = received(razorpay.deliveries())
    at_once([partial(process_webhook, webhook_id=message.pk) for message in messages])
    assert set(InboundWebhook.objects.values_list("status", flat=True)) == {"processed"}
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal("1180.00"))
    [second] = Payment.objects.second_payments()
    assert second.problem.startswith(f"Invoice {invoice} was paid before")
    assert not Payment.objects.not_placed().exists()  # one line of what waits, not two
    assert sorted(payment.allocated for payment in Payment.objects.all()) == [0, 1180]
    assert {each.status for each in PaymentOrder.objects.all()} == {"paid"}
    assert use_credit(invoice_id=other.pk) == 0  # it is to be given back, not used
    refund_payment(payment_id=second.pk, amount=second.unallocated, reason="Paid twice.", only_excess=True)
    assert not Payment.objects.second_payments().exists()
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal("1180.00"))
    given_back = [payment["amount_refunded"] for payment in razorpay.client().payment.all()["items"]]
    assert sorted(given_back) == [0, 118000]
