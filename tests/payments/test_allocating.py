"""Money on account, credited to several invoices, taken off with a reason, and used by itself by the next invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.customer.pay_page import pay_page
from payments.models import Payment, PaymentAllocation
from payments.receivables.movements import balances
from payments.selectors import invoices_that_credit_may_pay
from payments.services.allocating import allocate, unallocate, use_credit
from payments.services.offline import reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from tests import factories
from tests.payments.language import at_once, issued_invoice, open_order, reported
from tests.payments.test_crediting import offline, state_of


def on_account(organisation: Organisation, amount: str, **changes: Any) -> Payment:
    values: dict[str, Any] = {
        "method": "bank_transfer",
        "reference": "UTR-9",
        "received_on": date(2026, 11, 20),
    }
    return record_payment_on_account(organisation_id=organisation.pk, amount=Decimal(amount), **values | changes)


def credited(invoices: list[Invoice]) -> list[Decimal]:
    return [state_of(invoice)[1] for invoice in invoices]


def test_money_of_no_invoice_waits_on_account_and_lowers_the_balance(acme: Organisation) -> None:
    payment = on_account(acme, "500")
    assert (payment.invoice, payment.billing_entity, payment.unallocated) == (None, acme.billing_entity, 500)
    assert (payment.problem, payment in Payment.objects.with_credit()) == ("", True)
    assert "credit on your account" in Notification.objects.get(kind="payment_on_account").text
    for seller in (acme.billing_entity_id, None):
        owed = balances(organisations=[acme.pk], seller=seller, day=date(2026, 11, 30))
        assert owed == {(acme.pk, "INR"): Decimal("-500")}
    other = factories.billing_entity(name="Other", gstin="", is_default=False)
    assert balances(organisations=[acme.pk], seller=other.pk, day=date(2026, 11, 30)) == {}


def test_the_same_transfer_is_taken_once_and_again_after_it_was_reversed(acme: Organisation) -> None:
    payment = on_account(acme, "500")
    with pytest.raises(DomainError) as refused:
        on_account(acme, "500")
    assert refused.value.code == "PAYMENT_ALREADY_RECORDED"
    reverse_payment(payment_id=payment.pk, reason="typed twice")
    assert Notification.objects.filter(kind="payment_on_account_reversed").count() == 1
    assert not Payment.objects.with_credit().exists()
    on_account(acme, "500")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("method", {"method": "tds"}),
        ("currency", {"currency": "XXY"}),
        ("received_on", {"received_on": date(2016, 1, 1)}),
        ("reference", {"reference": "  "}),
    ],
)
def test_what_is_typed_wrongly_is_named(acme: Organisation, field: str, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        on_account(acme, "500", **change)
    assert list(refused.value.details) == [field]


def test_the_invoices_that_are_due_first_are_paid_first(acme: Organisation) -> None:
    invoices = [issued_invoice(acme), issued_invoice(acme), issued_invoice(acme)]
    payment = on_account(acme, "2000", oldest_first=True)
    assert credited(invoices) == [1180, 820, 0]
    assert payment.unallocated == 0


def test_the_operator_says_how_much_pays_which_invoice(acme: Organisation) -> None:
    first, second = issued_invoice(acme), issued_invoice(acme)
    payment = on_account(acme, "1000", amounts={first.pk: Decimal("300"), second.pk: Decimal("600")})
    assert credited([first, second]) == [300, 600]
    assert payment.unallocated == 100


def test_all_or_nothing_is_allocated(acme: Organisation) -> None:
    first, second = issued_invoice(acme), issued_invoice(acme)
    stranger = issued_invoice(factories.organisation("Initech"))
    payment = on_account(acme, "5000")
    wrong: list[tuple[dict[Any, str], str]] = [
        ({first.pk: "100", second.pk: "1180.01"}, "ABOVE_DUE"),
        ({first.pk: "4000", second.pk: "1001"}, "ABOVE_PAYMENT"),
        ({first.pk: "100", stranger.pk: "1"}, "NOT_FOUND"),
        ({first.pk: "100", second.pk: "0"}, "VALIDATION_ERROR"),
    ]
    for amounts, code in wrong:
        with pytest.raises((DomainError, NotFound, InvalidInput)) as refused:
            allocate(payment_id=payment.pk, amounts={pk: Decimal(text) for pk, text in amounts.items()})
        assert refused.value.code == code
    assert credited([first, second, stranger]) == [0, 0, 0]


def test_money_of_one_seller_pays_no_invoice_of_another(acme: Organisation) -> None:
    payment = on_account(acme, "500")
    acme.billing_entity = factories.billing_entity(name="Other", gstin="", is_default=False)
    acme.save()
    invoice = issued_invoice(acme)
    with pytest.raises(DomainError) as refused:
        allocate(payment_id=payment.pk, amounts={invoice.pk: Decimal("1")})
    assert refused.value.code == "OTHER_SELLER"
    assert use_credit(invoice_id=invoice.pk) == 0
    assert pay_page(invoice).on_account == ""
    acme.billing_entity = payment.billing_entity
    acme.save()
    assert pay_page(issued_invoice(acme)).on_account == "₹500.00"


# --- taken off --------------------------------------------------------------------------------------------------------


def test_what_is_taken_off_waits_on_the_payment_and_is_credited_elsewhere(invoice: Invoice, acme: Organisation) -> None:
    payment = offline(invoice, "1180.00")
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="meant for the other one")
    assert state_of(invoice) == ("finalized", 0)
    other = issued_invoice(acme)
    allocate(payment_id=payment.pk, amounts={other.pk: Decimal("1180")})
    assert [state_of(invoice)[1], state_of(other)[1]] == [0, 1180]
    with pytest.raises(DomainError) as refused:
        unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="again")
    assert refused.value.code == "NOTHING_TO_TAKE_OFF"


def test_what_an_operator_took_off_comes_back_by_no_report_and_by_no_credit(invoice: Invoice) -> None:
    order = open_order(invoice)
    payment = apply_payment_report(order_id=order.pk, report=reported(order))
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="paid by mistake")
    apply_payment_report(order_id=order.pk, report=reported(order))
    assert use_credit(invoice_id=invoice.pk) == 0
    assert invoice.pk not in invoices_that_credit_may_pay()
    record_refund(payment_id=payment.pk, amount=Decimal("80"), reference="R", refunded_on=date(2026, 11, 21))
    assert state_of(invoice) == ("finalized", 0)
    payment.refresh_from_db()
    assert payment.unallocated == 1100


def test_nothing_is_taken_off_without_a_reason(invoice: Invoice) -> None:
    payment = offline(invoice, "1180.00")
    with pytest.raises(InvalidInput):
        unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason=" ")
    with pytest.raises(IntegrityError, match="says_why"), transaction.atomic():
        PaymentAllocation.objects.create(payment=payment, invoice=invoice, amount=-1, kind="unallocated")


# --- credit is used by itself -----------------------------------------------------------------------------------------


def test_the_next_invoice_uses_the_oldest_credit_first(acme: Organisation) -> None:
    paid = issued_invoice(acme, "100")  # 118.00
    more = offline(paid, "618.00")  # 500.00 above
    later = on_account(acme, "1000", received_on=date(2026, 11, 21))
    invoice = issued_invoice(acme)
    assert invoice.pk in invoices_that_credit_may_pay()
    assert use_credit(invoice_id=invoice.pk) == 1180
    assert use_credit(invoice_id=invoice.pk) == 0
    assert state_of(invoice) == ("paid", Decimal("1180"))
    more.refresh_from_db()
    later.refresh_from_db()
    assert (more.unallocated, more.problem, later.unallocated) == (0, "", 320)


def test_a_second_payment_through_razorpay_is_no_credit(invoice: Invoice, acme: Organisation) -> None:
    order = open_order(invoice)
    offline(invoice, "1180.00")
    second = apply_payment_report(order_id=order.pk, report=reported(order))
    assert second.unallocated == 1180
    following = issued_invoice(acme)
    assert use_credit(invoice_id=following.pk) == 0
    second.refresh_from_db()
    assert second.problem


def test_a_customer_set_so_keeps_its_credit(acme: Organisation) -> None:
    on_account(acme, "1000")
    Organisation.objects.filter(pk=acme.pk).update(uses_credit=False)
    invoice = issued_invoice(acme)
    assert (invoices_that_credit_may_pay(), use_credit(invoice_id=invoice.pk)) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_two_invoices_at_once_share_the_credit(acme: Organisation) -> None:
    on_account(acme, "1500")
    invoices = [issued_invoice(acme), issued_invoice(acme)]
    at_once([partial(use_credit, invoice_id=invoice.pk) for invoice in invoices])
    assert sorted(credited(invoices)) == [320, 1180]


@pytest.mark.parametrize(
    "change",
    ["invoice_id = NULL", "billing_entity_id = NULL", "kind = 'tds'"],
)
def test_the_database_wants_an_invoice_or_a_seller(invoice: Invoice, acme: Organisation, change: str) -> None:
    offline(invoice, "10")
    on_account(acme, "10")
    with pytest.raises(Exception, match=r"on_account|update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_payment SET {change}")
