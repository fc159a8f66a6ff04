"""What must be true whatever went wrong: money here is money at Razorpay, once, and nothing waits in silence."""

from __future__ import annotations

import base64
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing_platform.lib.money import Money, to_minor
from billing_platform.observability.logs import JsonFormatter
from invoicing.models import Invoice
from payments.models import InboundWebhook, Mandate, MandateCharge, Payment, PaymentAllocation, PaymentOrder, Refund
from tests.local.razorpay.harness import KEY_ID, KEY_SECRET, WEBHOOK_SECRET
from tests.payments.matrix.world import World

SECRETS = (KEY_SECRET, WEBHOOK_SECRET, base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode())
PAYABLE = ("created", "partially_paid")
WAITING = (PaymentOrder, Refund, MandateCharge, Mandate, InboundWebhook)


@dataclass(frozen=True)
class There:
    """All that Razorpay holds, asked for past our own code."""

    orders: list[dict[str, Any]]
    links: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    refunds: list[dict[str, Any]]


def audit(world: World, *, at_rest: bool = False) -> None:
    """`at_rest`: all that was to be done is done, so that both sides tell the same, and nothing waits after a
    failure. Before that, an answer may be on its way: then only what would be wrong at any time is asserted."""
    there = There(world.orders(), world.links(), world.payments(), world.refunds())
    _nothing_exists_twice(there)
    _what_exists_is_known_and_what_is_known_exists(there)
    _no_money_moves_twice(there)
    _sums_agree_here()
    if at_rest:
        _both_sides_tell_the_same(there)
        _nothing_waits_after_a_failure()


def assert_no_secret(records: Iterable[logging.LogRecord]) -> None:
    """In no line as it is written, and in no reason as operators read it."""
    written = [JsonFormatter().format(record) for record in records]
    for model in WAITING:
        written += map(str, model.objects.exclude(last_failure="").values_list("last_failure", flat=True))
    for secret in SECRETS:
        assert not any(secret in line for line in written)


def _nothing_exists_twice(there: There) -> None:
    names = [("order", order["receipt"]) for order in there.orders if order["receipt"]]
    names += [("link", link["reference_id"]) for link in there.links]
    names += [("refund", refund["receipt"]) for refund in there.refunds if refund["receipt"]]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    invoices = dict(PaymentOrder.objects.filter(kind="link").values_list("receipt", "invoice_id"))
    payable = Counter(invoices[link["reference_id"]] for link in there.links if link["status"] in PAYABLE)
    assert all(count == 1 for count in payable.values()), "two links of one invoice can be paid"


def _what_exists_is_known_and_what_is_known_exists(there: There) -> None:
    """Our row stood before the call, so each thing at Razorpay has one; and each id here is Razorpay's, with our
    amount."""
    orders = {order["id"]: order for order in there.orders}
    links = {link["id"]: link for link in there.links}
    of_links = {link.get("order_id") for link in there.links}
    known = set(PaymentOrder.objects.values_list("receipt", flat=True)) | _receipts_of_mandates()
    assert {order["receipt"] for order in there.orders if order["id"] not in of_links} <= known
    assert {link["reference_id"] for link in there.links} <= known
    for row in PaymentOrder.objects.all():
        if row.razorpay_link_id:
            assert links[row.razorpay_link_id]["amount"] == row.amount_minor
        if row.razorpay_order_id:
            assert orders[row.razorpay_order_id]["amount"] == row.amount_minor
    refunds = {refund["id"] for refund in there.refunds}
    assert set(Refund.objects.exclude(razorpay_refund_id=None).values_list("razorpay_refund_id", flat=True)) <= refunds


def _no_money_moves_twice(there: There) -> None:
    """Of one invoice its total is taken at most, and of one payment no more goes back than all of it."""
    totals = {invoice.pk: int(invoice.total * 100) for invoice in Invoice.objects.all()}
    invoices = dict(PaymentOrder.objects.values_list("razorpay_order_id", "invoice_id"))
    invoices |= {order["id"]: _invoice_of(order, there) for order in there.orders if order["id"] not in invoices}
    captured = {payment["id"]: payment for payment in there.payments if payment["captured"]}
    taken = Counter[Any]()
    for payment in captured.values():
        assert payment["amount_refunded"] <= payment["amount"]
        taken[invoices[payment["order_id"]]] += payment["amount"]
    assert all(amount <= totals[invoice] for invoice, amount in taken.items() if invoice is not None)
    booked = Payment.objects.filter(kind="gateway", paid_at__isnull=False)
    assert set(booked.values_list("razorpay_payment_id", flat=True)) <= set(captured)


def _invoice_of(order: dict[str, Any], there: There) -> Any:
    """Of an order whose id we have not learnt; None for the registration of a mandate."""
    link = next((link for link in there.links if link.get("order_id") == order["id"]), None)
    receipt = link["reference_id"] if link else order["receipt"]
    return PaymentOrder.objects.filter(receipt=receipt).values_list("invoice_id", flat=True).first()


def _sums_agree_here() -> None:
    for payment in Payment.objects.all():
        assert payment.allocated <= payment.net
    for invoice in Invoice.objects.all():
        rows = PaymentAllocation.objects.filter(invoice=invoice).values_list("amount", flat=True)
        assert invoice.amount_paid == sum(rows, Decimal(0))


def _both_sides_tell_the_same(there: There) -> None:
    mandates = _receipts_of_mandates()
    registrations = {order["id"] for order in there.orders if order["receipt"] in mandates}
    payments = [payment for payment in there.payments if payment["order_id"] not in registrations]
    assert {(each["id"], each["status"], each["amount"], each["amount_refunded"]) for each in payments} == {
        (row.razorpay_payment_id, row.status, _minor(row, row.amount), _minor(row, row.amount_refunded))
        for row in Payment.objects.filter(kind="gateway")
    }
    ids = {payment["id"] for payment in payments}
    assert {(each["id"], each["status"], each["amount"]) for each in there.refunds if each["payment_id"] in ids} == {
        (row.razorpay_refund_id, row.status, _minor(row, row.amount)) for row in Refund.objects.all()
    }
    paid = Invoice.objects.filter(status="paid").values("pk")
    over = set(PaymentOrder.objects.filter(kind="link", invoice__in=paid).values_list("receipt", flat=True))
    assert [link for link in there.links if link["reference_id"] in over and link["status"] in PAYABLE] == []


def _receipts_of_mandates() -> set[str]:
    return set(Mandate.objects.values_list("receipt", flat=True))


def _minor(row: Any, amount: Decimal) -> int:
    return to_minor(Money(amount, row.currency))


def _nothing_waits_after_a_failure() -> None:
    for model in WAITING:
        for row in model.objects.all():
            assert (row.claimed_until, row.last_failure) == (None, ""), f"{row!r}: {row.last_failure or 'claimed'}"
    assert not InboundWebhook.objects.filter(status__in=["pending", "failed"]).exists()
