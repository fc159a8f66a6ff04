"""Orders at Razorpay: one order for each amount due, whatever fails between us and Razorpay."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from invoicing.services.drafting import create_one_off_draft
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation
from payments import selectors, tasks
from payments.models import PaymentOrder
from payments.services import collection
from payments.services.offline import record_offline_payment
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import issued_invoice

CREATE = {"match": "POST /v1/orders", "seconds": 2}


def orders_at_razorpay(razorpay: SandboxProcess) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = razorpay.client().order.all({"count": 100})["items"]
    return items


def links_at_razorpay(razorpay: SandboxProcess) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = razorpay.client().payment_link.all({})["payment_links"]
    return links


def test_an_order_asks_for_the_amount_due_and_is_the_same_each_time(razorpay: SandboxProcess, invoice: Invoice) -> None:
    first = collection.ensure_order(invoice_id=invoice.pk)
    assert collection.ensure_order(invoice_id=invoice.pk) == first
    assert (first.status, first.work_state, first.amount_minor, first.currency) == ("open", "done", 118000, "INR")
    [order] = orders_at_razorpay(razorpay)
    assert (order["id"], order["receipt"], order["amount"]) == (first.razorpay_order_id, first.receipt, 118000)
    assert len(first.receipt) <= 40


def test_an_answer_that_got_lost_is_looked_up_at_once(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("faults", {**CREATE, "kind": "drop_after_commit"})
    order = collection.ensure_order(invoice_id=invoice.pk)
    [made] = orders_at_razorpay(razorpay)
    assert order.razorpay_order_id == made["id"]


def test_a_part_payment_supersedes_the_order_with_one_for_the_rest(razorpay: SandboxProcess, invoice: Invoice) -> None:
    first = collection.ensure_order(invoice_id=invoice.pk)
    pay_offline(invoice, "180.00")
    second = collection.ensure_order(invoice_id=invoice.pk)
    first.refresh_from_db()
    assert first.status == "superseded"
    assert (second.status, second.amount_minor) == ("open", 100000)


def test_a_superseded_link_is_cancelled_at_the_gateway(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    pay_offline(invoice, "1180.00")
    assert selectors.links_to_close() == [link.pk]
    assert collection.close_link(order_id=link.pk)
    assert links_at_razorpay(razorpay)[0]["status"] == "cancelled"
    assert selectors.links_to_close() == []
    assert not collection.close_link(order_id=link.pk)


def test_an_operator_has_a_link_closed_now_and_nothing_else(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    with pytest.raises(DomainError, match="does not wait"):
        collection.try_now(order_id=link.pk)
    pay_offline(invoice, "1180.00")
    razorpay.control("faults", {"match": "POST */cancel", "kind": "500"})
    assert not collection.close_link(order_id=link.pk)
    assert selectors.links_to_close() == []
    collection.try_now(order_id=link.pk)
    assert selectors.links_to_close() == [link.pk]
    assert collection.close_link(order_id=link.pk)


@pytest.mark.parametrize("state", ["draft", "void", "paid"])
def test_there_is_nothing_to_collect_on_such_an_invoice(
    razorpay: SandboxProcess, acme: Organisation, state: str
) -> None:
    invoice = issued_invoice(acme)
    if state == "void":
        void_invoice(invoice_id=invoice.pk, reason="mistake")
    elif state == "paid":
        pay_offline(invoice, "1180.00")
    else:
        line = {"description": "x", "quantity": "1", "unit_price": "5"}
        invoice = create_one_off_draft(organisation=acme, lines=[line])
    with pytest.raises(DomainError) as caught:
        collection.ensure_order(invoice_id=invoice.pk)
    assert caught.value.code == "INVOICE_NOT_COLLECTABLE"
    assert orders_at_razorpay(razorpay) == []


def test_what_razorpay_would_refuse_is_not_asked_and_nobodys_failure(
    razorpay: SandboxProcess, acme: Organisation
) -> None:
    invoice = issued_invoice(acme, price="0.50")  # 0.59 with GST
    assert selectors.invoices_to_collect() == []
    tasks.collect_invoice(str(invoice.pk))
    for ask in (collection.ensure_order, collection.create_payment_link):
        with pytest.raises(DomainError) as caught:
            ask(invoice_id=invoice.pk)
        assert (caught.value.code, caught.value.status) == ("NOT_PAYABLE_ONLINE", 409)
        assert caught.value.message == "The amount is below Razorpay's minimum of INR 1."
    assert orders_at_razorpay(razorpay) == []
    assert not PaymentOrder.objects.exists()


@pytest.mark.parametrize(
    ("currency", "total", "reason"),
    [
        ("VES", "100.00", "Razorpay does not take payments in VES: collect this amount by bank transfer."),
        ("KWD", "5.255", "Razorpay takes KWD with two decimals only; collect this amount offline."),
        ("KWD", "5.250", ""),
        ("KWD", "0.990", "The amount is below Razorpay's minimum of KWD 1."),
        ("USD", "1.00", ""),
        ("JPY", "1", ""),
    ],
)
def test_the_sweep_and_the_doors_agree_on_what_can_be_paid_online(
    razorpay: SandboxProcess, invoice: Invoice, currency: str, total: str, reason: str
) -> None:
    with connection.cursor() as cursor:  # the amount of an issued invoice never changes: this one is another's
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE invoicing_invoice DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE invoicing_invoice SET currency = %s, subtotal = %s, total = %s, tax_total = 0 WHERE id = %s",
            [currency, total, total, invoice.pk],
        )
        cursor.execute("ALTER TABLE invoicing_invoice ENABLE TRIGGER USER")
    invoice.refresh_from_db()
    known = selectors.why_not_collectable(invoice)
    assert (known.message if known else "") == reason
    assert selectors.invoices_to_collect() == ([] if reason else [invoice.pk])


def test_a_final_refusal_is_not_retried_until_an_operator_asks(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("settings", {"max_amount": 100})
    tasks.collect_invoice(str(invoice.pk))
    refused = PaymentOrder.objects.get()
    assert refused.status == "failed"
    assert "maximum amount" in refused.last_failure
    assert selectors.invoices_to_collect() == []
    razorpay.control("settings", {"max_amount": None})
    assert collection.ensure_order(invoice_id=invoice.pk).pk == refused.pk


def test_the_sweep_asks_once_and_comes_back_after_a_while(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("faults", {**CREATE, "kind": "500"})
    tasks.collect_invoice(str(invoice.pk))
    assert selectors.invoices_to_collect() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert selectors.invoices_to_collect() == [invoice.pk]
        tasks.collect_invoice(str(invoice.pk))
        assert selectors.invoices_to_collect() == []
    assert PaymentOrder.objects.get().status == "open"


def test_a_void_invoice_retires_its_orders(razorpay: SandboxProcess, invoice: Invoice) -> None:
    collection.ensure_order(invoice_id=invoice.pk)
    collection.create_payment_link(invoice_id=invoice.pk)
    void_invoice(invoice_id=invoice.pk, reason="mistake")
    tasks.start_collections()
    assert set(PaymentOrder.objects.values_list("status", flat=True)) == {"superseded"}


@pytest.mark.django_db(transaction=True)
def test_callers_at_once_get_one_order(razorpay: SandboxProcess) -> None:
    invoice = issued_invoice(factories.organisation("Acme"))
    razorpay.control("faults", {"match": "POST /v1/orders", "kind": "slow", "seconds": 0})
    found: list[Any] = []

    def call() -> None:
        try:
            found.append(collection.ensure_order(invoice_id=invoice.pk).razorpay_order_id)
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [made] = orders_at_razorpay(razorpay)
    assert found == [made["id"]] * 8
    assert PaymentOrder.objects.count() == 1


def test_the_claim_of_a_dead_process_is_taken_over_and_looked_up_first(
    razorpay: SandboxProcess, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between Razorpay's commit and our note: the order exists there, and here the row is claimed."""
    monkeypatch.setattr(collection, "confirm", _die)
    with pytest.raises(KeyboardInterrupt):
        collection.ensure_order(invoice_id=invoice.pk)
    monkeypatch.undo()
    assert PaymentOrder.objects.get().work_state == "at_work"
    monkeypatch.setattr(collection, "WAIT_SECONDS", 0.3)
    with pytest.raises(DomainError) as caught:
        collection.ensure_order(invoice_id=invoice.pk)
    assert caught.value.code == "ORDER_IN_PROGRESS"
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        order = collection.ensure_order(invoice_id=invoice.pk)
    [made] = orders_at_razorpay(razorpay)
    assert (order.status, order.razorpay_order_id) == ("open", made["id"])


def _die(*_: Any) -> None:
    raise KeyboardInterrupt


def test_two_live_orders_of_one_kind_are_refused_by_the_database(razorpay: SandboxProcess, invoice: Invoice) -> None:
    collection.ensure_order(invoice_id=invoice.pk)
    with pytest.raises(IntegrityError, match="one_live_payment_order"), transaction.atomic():
        PaymentOrder.objects.create(invoice=invoice, kind="order", amount=1, currency="INR", amount_minor=100)


@pytest.mark.parametrize("change", ["amount = 1", "amount_minor = 1", "receipt = 'x'", "currency = 'USD'"])
def test_what_an_order_asks_for_never_changes(razorpay: SandboxProcess, invoice: Invoice, change: str) -> None:
    collection.ensure_order(invoice_id=invoice.pk)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_paymentorder SET {change}")


def pay_offline(invoice: Invoice, amount: str) -> None:
    record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal(amount),
        method="bank_transfer",
        reference=f"UTR{amount}",
        received_on=date(2026, 11, 20),
    )
