"""Operators record offline payments and reverse mistakes; no money counts twice."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.models import Payment, PaymentAllocation, Refund
from payments.services.allocating import credit_to_invoice
from payments.services.offline import reverse_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from tests import factories
from tests.payments.language import issued_invoice, open_order, reported
from tests.payments.test_crediting import apply, offline, state_of


def reverse(payment: Payment, reason: str = "mistyped") -> Payment:
    return reverse_payment(payment_id=payment.pk, reason=reason)


def give_back(payment: Payment, amount: str, **changes: Any) -> Refund:
    values: dict[str, Any] = {"reference": "UTR-BACK", "refunded_on": date(2026, 11, 21)}
    return record_refund(payment_id=payment.pk, amount=Decimal(amount), **values | changes)


# --- more than is due -------------------------------------------------------------------------------------------------


def test_more_than_is_due_is_asked_about_before_it_is_taken(invoice: Invoice) -> None:
    with pytest.raises(DomainError) as asked:
        offline(invoice, "2000.00", accept_overpayment=False)
    assert (asked.value.code, asked.value.status) == ("OVERPAYMENT", 409)
    assert asked.value.message == f"₹820.00 more than is due on invoice {invoice}: keep the rest as credit?"
    assert Payment.objects.count() == 0
    payment = offline(invoice, "2000.00")
    assert (payment.allocated, payment.unallocated) == (Decimal("1180"), Decimal("820"))


@pytest.mark.parametrize("day", [date(1, 1, 1), date(26, 11, 3), date(2017, 6, 30)])
def test_a_day_before_gst_is_no_day_of_a_payment(invoice: Invoice, day: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        offline(invoice, "10.00", received_on=day)
    assert list(refused.value.details) == ["received_on"]


def test_the_typed_day_is_kept_as_a_day(invoice: Invoice) -> None:
    Organisation.objects.filter(pk=invoice.organisation_id).update(time_zone="America/New_York")
    payment = offline(invoice, "10.00", received_on=date(2026, 11, 20))
    assert (payment.received_on, payment.received_day) == (date(2026, 11, 20), date(2026, 11, 20))
    assert "20 Nov 2026" in Notification.objects.get(kind="payment_received").text


def test_a_receipt_is_not_sent_when_it_is_not_wanted(invoice: Invoice) -> None:
    payment = offline(invoice, "10.00", send_receipt=False)
    assert not Notification.objects.filter(kind="payment_received").exists()
    reverse(payment)
    assert not Notification.objects.filter(kind="payment_reversed").exists()


# --- reversing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["bank_transfer", "cheque", "tds"])
def test_a_reversed_payment_counts_nowhere_and_the_invoice_is_due_again(invoice: Invoice, method: str) -> None:
    payment = offline(invoice, "1180.00", method=method)
    reversed_payment = reverse(payment, "typed for the wrong customer")
    assert (reversed_payment.status, reversed_payment.reversal_reason) == ("reversed", "typed for the wrong customer")
    assert (reversed_payment.allocated, reversed_payment.unallocated, reversed_payment.problem) == (0, 0, "")
    assert state_of(invoice) == ("finalized", 0)
    assert invoice.amount_due == Decimal("1180")
    assert not Payment.objects.received().exists()
    [correction] = Notification.objects.filter(kind="payment_reversed")
    assert "please ignore that message" in correction.text
    assert "₹1,180.00" in correction.subject


def test_reversing_again_changes_nothing_and_the_reference_is_free(invoice: Invoice) -> None:
    payment = offline(invoice, "100.00")
    first = reverse(payment)
    assert reverse(payment, "again").reversal_reason == first.reversal_reason == "mistyped"
    assert PaymentAllocation.objects.filter(kind="reversal").count() == 1
    assert Notification.objects.filter(kind="payment_reversed").count() == 1
    again = offline(invoice, "1180.00")
    assert (again.reference, again.pk != payment.pk) == (payment.reference, True)
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_only_what_an_operator_recorded_is_reversed_and_with_a_reason(invoice: Invoice, acme: Organisation) -> None:
    with pytest.raises(InvalidInput):
        reverse(offline(invoice, "10.00"), "  ")
    captured = apply(open_order(issued_invoice(acme)))
    with pytest.raises(DomainError) as refused:
        reverse(captured)
    assert refused.value.code == "PAYMENT_NOT_REVERSIBLE"
    with pytest.raises(IntegrityError, match="only_what_an_operator_recorded"), transaction.atomic():
        Payment.objects.filter(pk=captured.pk).update(status="reversed", reversed_at=captured.created_at)


def test_money_that_found_no_room_is_credited_when_a_mistake_is_reversed(invoice: Invoice) -> None:
    """1180.00 typed by mistake, and then the customer's own payment by card."""
    order = open_order(invoice)
    mistake = offline(invoice, "1180.00")
    card = apply(order)
    assert card.unallocated == Decimal("1180")
    reverse(mistake)
    card.refresh_from_db()
    assert (card.allocated, card.problem) == (Decimal("1180"), "")
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_reversing_takes_the_money_back_from_every_invoice(invoice: Invoice, acme: Organisation) -> None:
    other = issued_invoice(acme)
    payment = offline(invoice, "2000.00")
    credit_to_invoice(payment_id=payment.pk, invoice_id=other.pk)
    assert state_of(other) == ("partially_paid", Decimal("820"))
    reverse(payment)
    assert [state_of(invoice), state_of(other)] == [("finalized", 0)] * 2


# --- the rest of a payment --------------------------------------------------------------------------------------------


def test_the_rest_is_credited_to_another_invoice_as_far_as_it_is_due(invoice: Invoice, acme: Organisation) -> None:
    small = issued_invoice(acme, "100")  # 118.00
    payment = offline(invoice, "1400.00")
    allocation = credit_to_invoice(payment_id=payment.pk, invoice_id=small.pk)
    assert allocation.amount == Decimal("118")
    payment.refresh_from_db()
    assert payment.problem == f"₹102.00 more than invoice {invoice} asked for: to refund, or to credit elsewhere."
    large = issued_invoice(acme)
    credit_to_invoice(payment_id=payment.pk, invoice_id=large.pk)
    payment.refresh_from_db()
    assert (payment.unallocated, payment.problem) == (0, "")
    assert [state_of(small), state_of(large)] == [("paid", Decimal("118")), ("partially_paid", Decimal("102"))]
    with pytest.raises(DomainError) as refused:
        credit_to_invoice(payment_id=payment.pk, invoice_id=large.pk)
    assert refused.value.code == "NOTHING_TO_CREDIT"


def test_a_payment_that_answers_no_order_is_placed_by_hand(invoice: Invoice) -> None:
    payment = apply(open_order(invoice), amount_minor=100000)  # 1000.00 for an order of 1180.00
    assert state_of(invoice) == ("finalized", 0)
    credit_to_invoice(payment_id=payment.pk, invoice_id=invoice.pk)
    payment.refresh_from_db()
    assert (payment.allocated, payment.problem) == (Decimal("1000"), "")
    assert state_of(invoice) == ("partially_paid", Decimal("1000"))


def test_the_rest_never_goes_to_a_stranger_nor_to_a_paid_invoice(invoice: Invoice, acme: Organisation) -> None:
    payment = offline(invoice, "2000.00")
    stranger = issued_invoice(factories.organisation("Initech"))
    with pytest.raises(NotFound):
        credit_to_invoice(payment_id=payment.pk, invoice_id=stranger.pk)
    with pytest.raises(DomainError) as refused:
        credit_to_invoice(payment_id=payment.pk, invoice_id=invoice.pk)
    assert refused.value.code == "INVOICE_NOT_COLLECTABLE"


def test_the_rest_goes_back_by_bank_transfer_and_stays_on_record(invoice: Invoice) -> None:
    payment = offline(invoice, "2000.00")
    give_back(payment, "800.00")
    refund = give_back(payment, "20.00", reference="UTR-BACK-2")
    payment.refresh_from_db()
    assert (payment.amount_refunded, payment.unallocated, payment.problem) == (Decimal("820"), 0, "")
    assert (payment.status, refund.status, refund.kind) == ("captured", "processed", "bank")
    assert state_of(invoice) == ("paid", Decimal("1180"))
    with pytest.raises(DomainError) as refused:
        give_back(payment, "1.00", reference="UTR-BACK-3")
    assert refused.value.code == "NOTHING_TO_REFUND"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "820.01"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"reference": " "}, "reference"),
        ({"refunded_on": date(2999, 1, 1)}, "refunded_on"),
        ({"refunded_on": date(26, 11, 3)}, "refunded_on"),
    ],
)
def test_a_refund_is_checked(invoice: Invoice, changes: dict[str, Any], field: str) -> None:
    payment = offline(invoice, "2000.00")
    with pytest.raises(InvalidInput) as refused:
        give_back(payment, **{"amount": "820.00"} | changes)
    assert list(refused.value.details) == [field]


# --- the database's own word ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_payment SET amount_refunded = 0.01",
        "UPDATE payments_payment SET payer_fee = 0.01, fee = 0.01",
        "UPDATE payments_payment SET status = 'reversed', reversed_at = now()",
    ],
)
def test_what_went_back_is_never_still_credited(sql: str) -> None:
    offline(issued_invoice(factories.organisation("Acme")), "1180.00")
    with (
        pytest.raises(IntegrityError, match="money of it went back"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
def test_reversing_crediting_elsewhere_and_the_gateway_at_once_keep_every_sum() -> None:
    acme = factories.organisation("Acme")
    invoices = [issued_invoice(acme) for _ in range(3)]
    order = open_order(invoices[0])
    payment = offline(invoices[0], "3000.00")
    seen = reported(order)
    errors: list[Exception] = []

    def attempt(work: Any) -> None:
        try:
            work()
        except DomainError:
            pass  # whoever comes second finds nothing left
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    jobs = [
        lambda: reverse(payment),
        lambda: credit_to_invoice(payment_id=payment.pk, invoice_id=invoices[1].pk),
        lambda: credit_to_invoice(payment_id=payment.pk, invoice_id=invoices[2].pk),
        lambda: give_back(payment, "300.00"),
        lambda: apply_payment_report(order_id=order.pk, report=seen),
    ] * 2
    threads = [threading.Thread(target=attempt, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    payment.refresh_from_db()
    assert (payment.status, payment.allocated) == ("reversed", 0)
    for invoice in invoices:
        invoice.refresh_from_db()
        credited = PaymentAllocation.objects.filter(invoice=invoice).aggregate(total=Sum("amount"))["total"] or 0
        assert invoice.amount_paid == credited
    assert [state_of(invoice)[0] for invoice in invoices] == ["paid", "finalized", "finalized"]
