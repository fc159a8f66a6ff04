"""A reported payment is credited once, never moves back to an earlier status, and never exceeds the amount due."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings, strategies

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice
from invoicing.services.drafting import create_one_off_draft
from invoicing.services.voiding import void_invoice
from organisations.models import Notification, Organisation
from payments.models import Payment, PaymentAllocation, PaymentOrder
from payments.services.offline import record_offline_payment
from payments.services.payment_reports import apply_payment_report
from tests import factories
from tests.payments.language import issued_invoice, open_order, reported


def apply(order: PaymentOrder, status: str = "captured", **changes: Any) -> Payment:
    return apply_payment_report(order_id=order.pk, report=reported(order, status, **changes))


def state_of(invoice: Invoice) -> tuple[str, Decimal]:
    invoice.refresh_from_db()
    return invoice.status, invoice.amount_paid


def offline(invoice: Invoice, amount: str | Decimal, **changes: Any) -> Payment:
    values: dict[str, Any] = {
        "invoice_id": invoice.pk,
        "amount": Decimal(amount),
        "method": "bank_transfer",
        "reference": "UTR-1",
        "received_on": date(2026, 11, 20),
        "accept_overpayment": True,
    }
    return record_offline_payment(**values | changes)


def test_a_captured_payment_pays_the_invoice(invoice: Invoice) -> None:
    order = open_order(invoice)
    payment = apply(order, fee_minor=2784, tax_minor=425)
    assert state_of(invoice) == ("paid", Decimal("1180"))
    order.refresh_from_db()
    assert order.status == "paid"
    assert (payment.amount, payment.fee, payment.tax) == (Decimal("1180"), Decimal("27.84"), Decimal("4.25"))
    assert [(row.invoice, row.amount) for row in payment.allocations.all()] == [(invoice, Decimal("1180"))]
    assert payment.unallocated == 0
    assert payment.problem == ""


def test_the_same_report_again_changes_nothing(invoice: Invoice) -> None:
    order = open_order(invoice)
    first = apply(order)
    second = apply(order)
    assert (first.pk, Payment.objects.count(), PaymentAllocation.objects.count()) == (second.pk, 1, 1)
    assert Notification.objects.filter(kind="payment_received").count() == 1


def test_the_receipt_says_what_was_paid_and_that_nothing_is_due(invoice: Invoice) -> None:
    apply(open_order(invoice))
    receipt = Notification.objects.get(kind="payment_received")
    assert receipt.recipients == ["accounts@acme.example"]
    assert receipt.subject == f"Payment of ₹1,180.00 received for invoice {invoice.number}"
    for text in (receipt.text, receipt.html):
        for word in (invoice.number, "₹1,180.00", "UPI", "pay_Test0000000001", "21 Nov 2026", "paid in full"):
            assert word in text


def test_a_failed_attempt_sends_one_email_and_may_be_followed_by_another(invoice: Invoice) -> None:
    order = open_order(invoice)
    payment = apply(order, "failed")
    assert (payment.status, payment.error_code, payment.error_reason) == ("failed", "BAD_REQUEST_ERROR", "declined")
    apply(order, "failed")
    [mail] = Notification.objects.filter(kind="payment_failed")
    assert "did not go through" in mail.subject
    assert "Declined" in mail.text
    assert invoice.public_token in mail.html
    late = apply(order, "captured")
    assert (late.status, late.error_code, late.error_description) == ("captured", "", "")
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_a_captured_payment_never_returns_to_an_earlier_status(invoice: Invoice) -> None:
    order = open_order(invoice)
    apply(order, "captured", fee_minor=2784)
    for stale in ("authorized", "failed", "created"):
        payment = apply(order, stale)
        assert (payment.status, payment.error_code, payment.fee) == ("captured", "", Decimal("27.84"))
    assert Notification.objects.filter(kind="payment_failed").count() == 0


def test_an_authorisation_that_is_released_was_never_money(invoice: Invoice) -> None:
    order = open_order(invoice)
    apply(order, "authorized")
    payment = apply(order, "refunded", amount_refunded_minor=118000)
    assert (payment.status, payment.paid_at, payment.unallocated) == ("refunded", None, 0)
    assert state_of(invoice) == ("finalized", 0)


SEEN = [
    ("created", {}),
    ("authorized", {}),
    ("failed", {}),
    ("captured", {"fee_minor": 2784, "tax_minor": 425}),
    ("captured", {}),
    ("captured", {"amount_refunded_minor": 1000}),
    ("captured", {"amount_refunded_minor": 18000}),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order_of_events=strategies.permutations(SEEN), repeated=strategies.sampled_from(SEEN))
def test_reports_in_any_order_end_in_the_same_state(
    invoice: Invoice, order_of_events: list[Any], repeated: Any
) -> None:
    with transaction.atomic():
        invoice.refresh_from_db()  # the example before was rolled back
        order = open_order(invoice)
        for status, changes in [*order_of_events, repeated]:
            payment = apply(order, status, **changes)
        payment.refresh_from_db()
        order.refresh_from_db()
        facts = (payment.status, payment.fee, payment.tax, payment.amount_refunded, payment.error_code, payment.problem)
        assert facts == ("captured", Decimal("27.84"), Decimal("4.25"), Decimal("180"), "", "")
        assert payment.paid_at == payment.attempted_at
        assert (order.status, payment.allocated) == ("paid", Decimal("1000"))
        assert state_of(invoice) == ("partially_refunded", Decimal("1000"))
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"amount_minor": 117999}, "Paid ₹1,179.99, but the order asks for ₹1,180.00."),
        ({"currency": "USD"}, "Paid in USD, but the order asks for INR."),
        ({"order_id": "order_Other"}, "It belongs to Razorpay's order order_Other, not to order_Test0000000001."),
    ],
)
def test_what_does_not_match_is_kept_and_not_credited(invoice: Invoice, changes: dict[str, Any], problem: str) -> None:
    payment = apply(open_order(invoice), **changes)
    assert payment.problem == problem
    assert payment.unallocated == payment.amount
    assert state_of(invoice) == ("finalized", 0)
    assert Notification.objects.filter(kind="payment_received").count() == 0


@pytest.mark.parametrize("fee_comes", ["with the capture", "later", "first"])
def test_a_fee_that_the_payer_bore_is_no_part_of_what_is_credited(invoice: Invoice, fee_comes: str) -> None:
    """1180.00 asked; 1207.85 paid, of which Razorpay keeps 27.85."""
    order = open_order(invoice)
    known, unknown = {"fee_minor": 2785, "tax_minor": 425}, {}
    reports = {"with the capture": [known], "later": [unknown, known], "first": [known, unknown]}[fee_comes]
    for fee in [*reports, *reports]:
        payment = apply(order, amount_minor=120785, **fee)
    assert (payment.amount, payment.fee, payment.payer_fee) == (Decimal("1207.85"), Decimal("27.85"), Decimal("27.85"))
    assert (payment.allocated, payment.unallocated, payment.problem) == (Decimal("1180"), 0, "")
    order.refresh_from_db()
    assert order.status == "paid"
    assert state_of(invoice) == ("paid", Decimal("1180"))
    [receipt] = Notification.objects.filter(kind="payment_received")
    assert "₹1,180.00" in receipt.subject
    assert "₹27.85, the payment fee" in receipt.text


@pytest.mark.parametrize(
    ("amount", "fee", "problem"),
    [
        (117999, 2785, "Paid ₹1,179.99, but the order asks for ₹1,180.00."),
        (120784, 2785, "Paid ₹1,207.84, but the order asks for ₹1,180.00."),
        (
            120785,
            None,
            "Paid ₹1,207.85, but the order asks for ₹1,180.00. Razorpay has not named its fee yet.",
        ),
        (120785, 2784, "Paid ₹1,207.85, but the order asks for ₹1,180.00."),
    ],
)
def test_an_amount_that_is_not_order_and_fee_to_the_paisa_is_not_credited(
    invoice: Invoice, amount: int, fee: int | None, problem: str
) -> None:
    payment = apply(open_order(invoice), amount_minor=amount, fee_minor=fee)
    assert (payment.problem, payment.payer_fee) == (problem, 0)
    assert state_of(invoice) == ("finalized", 0)


def test_a_refund_of_what_was_asked_is_a_full_one_where_the_payer_bore_the_fee(invoice: Invoice) -> None:
    order = open_order(invoice)
    for refunded in (0, 118000):
        payment = apply(order, amount_minor=120785, fee_minor=2785, amount_refunded_minor=refunded)
    assert (payment.status, payment.amount_refunded, payment.allocated) == ("refunded", Decimal("1180"), 0)
    assert state_of(invoice) == ("refunded", 0)


def test_an_overpayment_stays_visible(invoice: Invoice) -> None:
    order = open_order(invoice)
    apply(order)
    second = apply(order, id="pay_Test0000000002")
    assert (second.allocated, second.unallocated) == (0, Decimal("1180"))
    assert second.problem == (
        f"Invoice {invoice.number} was paid before: this is a second payment of ₹1,180.00, to refund."
    )
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_paying_an_order_that_was_superseded_credits_what_is_due(invoice: Invoice) -> None:
    order = open_order(invoice)
    offline(invoice, "180.00")
    order.refresh_from_db()
    assert order.status == "superseded"
    payment = apply(order)
    assert (payment.allocated, payment.unallocated) == (Decimal("1000"), Decimal("180"))
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_money_for_a_void_invoice_is_kept_aside(invoice: Invoice) -> None:
    order = open_order(invoice)
    void_invoice(invoice_id=invoice.pk, reason="mistake")
    payment = apply(order)
    assert payment.problem == f"Invoice {invoice.number} is void: ₹1,180.00 is not credited."
    assert payment.unallocated == Decimal("1180")
    assert state_of(invoice) == ("void", 0)


def test_a_bank_transfer_and_tds_pay_an_invoice_together(invoice: Invoice) -> None:
    order = open_order(invoice)
    transfer = offline(invoice, "1080.00")
    assert state_of(invoice) == ("partially_paid", Decimal("1080"))
    tds = offline(invoice, "100.00", method="tds", reference="Q3-2026")
    assert state_of(invoice) == ("paid", Decimal("1180"))
    assert (transfer.kind, tds.kind, tds.status) == ("offline", "tds", "captured")
    assert transfer.paid_at is not None
    assert transfer.paid_at.isoformat() == "2026-11-20T00:00:00+05:30"
    order.refresh_from_db()
    assert order.status == "superseded"
    subjects = set(Notification.objects.filter(kind="payment_received").values_list("subject", flat=True))
    assert subjects == {
        f"Payment of ₹1,080.00 received for invoice {invoice.number}",
        f"TDS of ₹100.00 recorded for invoice {invoice.number}",
    }
    first = Notification.objects.get(dedupe_key=f"payment_received:{transfer.pk}")
    assert "₹100.00" in first.text  # still due


def test_a_transfer_above_what_is_due_shows_the_rest(invoice: Invoice) -> None:
    payment = offline(invoice, "1200.00")
    assert (payment.allocated, payment.unallocated) == (Decimal("1180"), Decimal("20"))
    assert payment.problem.startswith("₹20.00 more than invoice")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": Decimal("0")}, "amount"),
        ({"amount": Decimal("-5")}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("1e16")}, "amount"),
        ({"method": "cash"}, "method"),
        ({"reference": "  "}, "reference"),
        ({"reference": "x" * 101}, "reference"),
        ({"received_on": date(2999, 1, 1)}, "received_on"),
        ({"received_on": date(1, 1, 1)}, "received_on"),
        ({"received_on": date(26, 11, 3)}, "received_on"),
        ({"received_on": date(2017, 6, 30)}, "received_on"),
    ],
)
def test_an_offline_payment_is_checked(invoice: Invoice, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        offline(invoice, **{"amount": "10.00"} | changes)
    assert list(caught.value.details) == [field]
    assert Payment.objects.count() == 0


def test_a_transfer_is_recorded_once_per_invoice(invoice: Invoice, acme: Organisation) -> None:
    offline(invoice, "10.00")
    with pytest.raises(DomainError) as caught:
        offline(invoice, "10.00")
    assert caught.value.code == "PAYMENT_ALREADY_RECORDED"
    offline(issued_invoice(acme), "10.00")  # one transfer may pay two invoices


def test_tds_is_never_more_than_what_is_due(invoice: Invoice) -> None:
    with pytest.raises(DomainError) as caught:
        offline(invoice, "1180.01", method="tds")
    assert caught.value.code == "TDS_ABOVE_DUE"


def test_a_paid_invoice_takes_no_offline_payment(invoice: Invoice) -> None:
    offline(invoice, "1180.00")
    with pytest.raises(DomainError) as caught:
        offline(invoice, "1.00", reference="UTR-2")
    assert caught.value.code == "INVOICE_NOT_COLLECTABLE"


@pytest.mark.django_db(transaction=True)
def test_two_payments_of_one_invoice_at_once_are_allocated_once() -> None:
    invoice = issued_invoice(factories.organisation("Acme"))
    order = open_order(invoice)
    seen = [replace(reported(order), id=f"pay_Test000000000{number}") for number in range(6)]
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            apply_payment_report(order_id=order.pk, report=seen[number])
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in [0, 1, 2, 3, 4, 5, 0, 1]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Payment.objects.count() == 6
    assert PaymentAllocation.objects.aggregate(total=Sum("amount"))["total"] == Decimal("1180")
    assert state_of(invoice) == ("paid", Decimal("1180"))


# --- the database's own word ------------------------------------------------------------------------------------------

ALLOCATE = """
    INSERT INTO payments_paymentallocation
        (id, created_at, updated_at, kind, answer, reason, payment_id, invoice_id, amount)
    VALUES (gen_random_uuid(), now(), now(), 'credit', '', '', %s, %s, %s)
"""


def execute_all(*steps: tuple[Any, ...]) -> None:
    """In one transaction: each step is a statement and its values."""
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, *values in steps:
            cursor.execute(sql, values)


def execute(sql: str, *values: Any) -> None:
    execute_all((sql, *values))


def test_allocations_beyond_the_payment_are_refused_by_the_database(invoice: Invoice, acme: Organisation) -> None:
    payment = offline(invoice, "1000.00")
    other = issued_invoice(acme)
    with pytest.raises(IntegrityError, match="smaller than its allocations"):
        execute(ALLOCATE, payment.pk, other.pk, "0.01")


def test_allocations_beyond_the_invoice_are_refused_by_the_database(invoice: Invoice, acme: Organisation) -> None:
    offline(invoice, "1180.00")
    other = offline(issued_invoice(acme), "2000.00", reference="UTR-2")  # 820 of it is free
    with pytest.raises(IntegrityError, match="smaller than its allocations"):
        execute(ALLOCATE, other.pk, invoice.pk, "0.01")


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_a_credit_is_positive(invoice: Invoice, acme: Organisation, amount: str) -> None:
    payment = offline(invoice, "2000.00")
    with pytest.raises(IntegrityError, match=r"did not credit that much|allocation_sign_fits"):
        execute(ALLOCATE, payment.pk, issued_invoice(acme).pk, amount)


def test_money_not_captured_can_not_be_allocated(invoice: Invoice) -> None:
    payment = apply(open_order(invoice), "authorized")
    with pytest.raises(IntegrityError, match="has not been captured"):
        execute(ALLOCATE, payment.pk, invoice.pk, "1")


def test_a_payment_is_never_credited_to_another_customers_invoice(invoice: Invoice) -> None:
    payment = offline(invoice, "2000.00")
    stranger = issued_invoice(factories.organisation("Initech"))
    with pytest.raises(IntegrityError, match="another currency or customer"):
        execute(ALLOCATE, payment.pk, stranger.pk, "1")


def test_money_of_one_seller_is_never_credited_to_another_sellers_invoice(invoice: Invoice, acme: Organisation) -> None:
    payment = offline(invoice, "2000.00")
    acme.billing_entity = factories.billing_entity(name="Other", gstin="", is_default=False)
    acme.save()
    with pytest.raises(IntegrityError, match="another seller received it"):
        execute(ALLOCATE, payment.pk, issued_invoice(acme).pk, "1")


def test_nothing_is_credited_to_a_draft_or_a_void_invoice(invoice: Invoice, acme: Organisation) -> None:
    payment = offline(invoice, "2000.00")
    draft = create_one_off_draft(
        organisation=acme, lines=[{"description": "Set-up", "quantity": "1", "unit_price": "100"}]
    )
    void = void_invoice(invoice_id=issued_invoice(acme).pk, reason="test")
    for nothing in (draft, void):
        with pytest.raises(IntegrityError, match="no document, or void"):
            execute(ALLOCATE, payment.pk, nothing.pk, "1")


def test_what_is_paid_of_an_invoice_is_the_sum_of_its_allocations(invoice: Invoice, acme: Organisation) -> None:
    """At the end of the transaction, whoever writes: a row alone, or the invoice's total alone, is refused."""
    payment, other = offline(invoice, "2000.00"), issued_invoice(acme)
    paid = "UPDATE invoicing_invoice SET amount_paid = %s, status = 'partially_paid' WHERE id = %s"
    row, total, end = (ALLOCATE, payment.pk, other.pk, "1"), (paid, 1, other.pk), ("SET CONSTRAINTS ALL IMMEDIATE",)
    for alone in (row, total):
        with pytest.raises(IntegrityError, match="sum of its allocations"):
            execute_all(alone, end)
    execute_all(row, total, end)


@pytest.mark.django_db(transaction=True)
def test_an_old_snapshot_writes_no_allocation() -> None:
    """Two such transactions would each see the sums without the other's row, locks or not."""
    acme = factories.organisation("Acme")
    payment, other = offline(issued_invoice(acme), "2000.00"), issued_invoice(acme)
    with pytest.raises(DatabaseError, match="read committed"):
        execute_all(("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",), (ALLOCATE, payment.pk, other.pk, "1"))


@pytest.mark.parametrize(
    "column", ["organisation_id", "invoice_id", "order_id"], ids=["its customer", "its invoice", "its request"]
)
def test_a_payment_is_of_its_invoices_customer_and_of_a_request_for_it(
    invoice: Invoice, acme: Organisation, column: str
) -> None:
    payment, stranger = apply(open_order(invoice)), issued_invoice(factories.organisation("Initech"))
    wrong = {
        "organisation_id": stranger.organisation_id,
        "invoice_id": issued_invoice(acme).pk,
        "order_id": open_order(stranger, "order_Test0000000002").pk,
    }
    payment.pk, payment.razorpay_payment_id, payment._state.adding = uuid4(), "pay_Test0000000002", True
    setattr(payment, column, wrong[column])
    with pytest.raises(IntegrityError, match="of its invoice's customer"), transaction.atomic():
        payment.save(force_insert=True)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM payments_paymentallocation",
        "UPDATE payments_paymentallocation SET amount = 1",
        "DELETE FROM payments_payment",
        "UPDATE payments_payment SET amount = 1",
        "UPDATE payments_payment SET currency = 'USD'",
        "UPDATE payments_payment SET order_id = NULL",
        "UPDATE payments_payment SET status = 'authorized', paid_at = NULL",
        "UPDATE payments_payment SET status = 'failed', paid_at = NULL",
        "DELETE FROM payments_paymentorder",
        "TRUNCATE payments_paymentallocation",
        "TRUNCATE payments_paymentorder CASCADE",
        "UPDATE payments_paymentorder SET status = 'open'",
        "UPDATE payments_paymentorder SET status = 'superseded'",
    ],
)
def test_money_is_not_rewritten_with_raw_sql(invoice: Invoice, sql: str) -> None:
    apply(open_order(invoice))
    with pytest.raises(DatabaseError):
        execute(sql)
    assert state_of(invoice) == ("paid", Decimal("1180"))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_payment SET paid_at = NULL",
        "UPDATE payments_payment SET amount_refunded = 1180.01",
        "UPDATE payments_payment SET amount_refunded = -1",
        "UPDATE payments_payment SET payer_fee = 1",
    ],
)
def test_constraints_hold_for_raw_sql(invoice: Invoice, sql: str) -> None:
    apply(open_order(invoice))
    with pytest.raises(IntegrityError):
        execute(sql)
