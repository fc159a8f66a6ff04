"""Payments in the admin: operators reverse a wrong payment, credit it elsewhere or refund it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from organisations.operators_clock import operators_zone
from payments import selectors
from payments.models import Payment
from payments.services.dunning import reminders
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from tests import factories
from tests.admin.test_confirm_pages import facts_of
from tests.admin.test_object_actions import act, action_url, token
from tests.payments.language import issued_invoice, open_order, reported

FIELDS = {"method": "bank_transfer", "reference": "UTR123", "received_on": "2026-11-20", "send_receipt": "on"}


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


def recorded(invoice: Invoice, amount: str, **changes: Any) -> Payment:
    values: dict[str, Any] = {
        "invoice_id": invoice.pk,
        "amount": Decimal(amount),
        "method": "bank_transfer",
        "reference": f"UTR-{amount}",
        "received_on": clock.today(operators_zone()),
        "accept_overpayment": True,
    }
    return record_offline_payment(**values | changes)


def text_of(answer: Any) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def test_more_than_is_due_is_asked_about_and_ends_in_a_warning(invoice: Invoice, as_operator: Client) -> None:
    url = action_url(invoice, "record_payment")
    assert "Keep the rest as credit" not in text_of(as_operator.get(url))
    assert facts_of(as_operator.get(url))["Due now"] == "₹1,180.00"
    once = token(as_operator, url)
    asked = text_of(as_operator.post(url, {"once": once, "amount": "2,000", **FIELDS}))
    assert f"₹820.00 more than is due on invoice {invoice}: keep the rest as credit?" in asked
    assert Payment.objects.count() == 0
    answer = as_operator.post(url, {"once": once, "amount": "2,000", "accept_overpayment": "on", **FIELDS}, follow=True)
    [message] = answer.context["messages"]
    assert message.level_tag == "warning"
    assert "₹820.00 of it is not credited" in message.message
    assert Payment.objects.get().unallocated == Decimal("820")


def test_the_timeline_names_the_day_that_the_bank_names_and_what_was_taken_back(
    invoice: Invoice, as_operator: Client
) -> None:
    payment = recorded(invoice, "1180.00", received_on=date(2026, 11, 20))
    page = reverse("admin:invoicing_invoice_change", args=[invoice.pk])
    assert "₹1,180.00, received on 20 Nov 2026" in text_of(as_operator.get(page))
    reverse_payment(payment_id=payment.pk, reason="Another customer's")
    shown = re.sub(r"<[^>]*>|\s+", " ", text_of(as_operator.get(page)))
    assert re.search(r"Reversed [^₹]* ₹1,180\.00", shown)


def test_the_page_of_an_invoice_names_attempts_that_failed_and_all_of_its_emails(
    invoice: Invoice, as_operator: Client
) -> None:
    order = open_order(invoice)
    apply_payment_report(order_id=order.pk, report=reported(order, "failed"))
    reminders.send_reminder_now(invoice_id=invoice.pk, by="asha")
    page = text_of(as_operator.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])))
    assert "₹1,180.00 · UPI · Declined" in page
    for kind in ("payment_failed", "reminder"):
        assert Notification.objects.get(kind=kind).subject in page


def test_an_operator_reverses_a_payment_that_was_recorded_by_mistake(invoice: Invoice, as_operator: Client) -> None:
    payment = recorded(invoice, "1180.00")
    url = action_url(payment, "reverse")
    assert "got a receipt, and will get a correction" in text_of(as_operator.get(url))
    said = act(as_operator, url, reason="wrong customer")
    assert "is reversed" in text_of(said)
    assert "wrong customer" in text_of(said)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("finalized", 0)
    assert "does not apply" in text_of(as_operator.get(url, follow=True))


def test_the_rest_of_a_payment_is_credited_to_those_that_are_due_first_and_taken_off_again(
    invoice: Invoice, acme: Organisation, as_operator: Client
) -> None:
    payment = recorded(invoice, "2000.00")
    url = action_url(payment, "allocate")
    assert "has no invoice in INR on which something is due" in text_of(as_operator.get(url))
    other = issued_invoice(acme)
    stranger = issued_invoice(factories.organisation("Initech"))
    page = text_of(as_operator.get(url))
    assert 'value="820.00"' in page
    assert str(stranger.pk) not in page
    field = str(other.pk)
    assert "which is left of the payment" in text_of(act(as_operator, url, **{field: "900"}))
    assert "₹800.00 is credited" in text_of(act(as_operator, url, **{field: "800"}))
    payment.refresh_from_db()
    assert payment.unallocated == 20
    answers = {"invoice": str(other.pk), "reason": "wrong one"}
    assert "₹800.00 is taken off" in text_of(act(as_operator, action_url(payment, "unallocate"), **answers))
    assert "wrong one" in text_of(as_operator.get(reverse("admin:payments_payment_change", args=[payment.pk])))


def test_a_transfer_for_several_invoices_is_recorded_on_the_customers_page(
    acme: Organisation, as_operator: Client
) -> None:
    first, second = issued_invoice(acme), issued_invoice(acme)
    url = action_url(acme, "record_payment_on_account")
    assert "₹2,360.00" in text_of(as_operator.get(url))
    answers = {"method": "bank_transfer", "amount": "2,000", "reference": "UTR-5", "received_on": "2026-11-20"}
    said = text_of(act(as_operator, url, **answers, oldest_first="on"))
    assert "Payment UTR-5 is recorded." in said
    for invoice, paid in ((first, 1180), (second, 820)):
        invoice.refresh_from_db()
        assert invoice.amount_paid == paid


def test_the_rest_of_a_payment_is_given_back_and_leaves_the_attention_list(
    invoice: Invoice, as_operator: Client
) -> None:
    payment = recorded(invoice, "2000.00")
    listed = reverse("admin:payments_payment_changelist") + "?attention=problem"
    assert str(payment.pk) in text_of(as_operator.get(listed))
    answers = {"amount": "820", "reference": "UTR-BACK", "refunded_on": "2026-11-21"}
    assert "on record" in text_of(act(as_operator, action_url(payment, "record_refund"), **answers))
    assert str(payment.pk) not in text_of(as_operator.get(listed))


@pytest.mark.parametrize(
    ("verb", "status", "due"), [("ask_again", "finalized", "1180"), ("leave_refunded", "refunded", "0")]
)
def test_what_was_given_back_waits_for_a_decision(
    invoice: Invoice, as_operator: Client, verb: str, status: str, due: str
) -> None:
    order = open_order(invoice)
    for refunded in (0, 118000):
        payment = apply_payment_report(order_id=order.pk, report=reported(order, amount_refunded_minor=refunded))
    listed = reverse("admin:payments_payment_changelist") + "?attention=refunded"
    assert str(payment.pk) in text_of(as_operator.get(listed))
    act(as_operator, action_url(payment, verb))
    assert str(payment.pk) not in text_of(as_operator.get(listed))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_due) == (status, Decimal(due))


def test_what_cant_be_paid_online_has_no_button_and_says_why(acme: Organisation, as_operator: Client) -> None:
    invoice = issued_invoice(acme, price="0.50")  # 0.59 with GST
    page = text_of(as_operator.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])))
    assert "Not possible: " in page
    assert action_url(invoice, "create_order") not in page
    assert action_url(invoice, "create_link") not in page
    assert action_url(invoice, "record_payment") in page


def test_collected_is_money_and_its_list_shows_the_rows_that_it_counts(
    acme: Organisation, as_operator: Client, operator: Any
) -> None:
    """800.00 and 2,000.00 received, 300.00 of it given back and 520.00 not credited; 100.00 is a certificate."""
    zone = operators_zone()
    first, second, third, fourth = (issued_invoice(acme) for _ in range(4))
    counted = [recorded(first, "800.00"), recorded(second, "2000.00")]
    record_refund(
        payment_id=counted[1].pk, amount=Decimal("300.00"), reference="UTR-BACK", refunded_on=clock.today(zone)
    )
    certificate = recorded(third, "100.00", method="tds")
    mistake = recorded(fourth, "1180.00")
    reverse_payment(payment_id=mistake.pk, reason="mistyped")
    old = recorded(third, "10.00", received_on=date(2026, 10, 1))
    today = clock.today(zone)
    days = {"first": today.replace(day=1), "last": today, "zone": zone}
    [found] = selectors.collected(actor=operator, **days)
    assert selectors.received_between(actor=operator, **days) == {found.currency: found.received}
    assert (found.received, found.tds, found.unallocated, found.count) == (
        Decimal("2500"),
        Decimal("100"),
        Decimal("520"),
        2,
    )
    listed = text_of(as_operator.get(reverse("admin:payments_payment_changelist") + "?collected=month"))
    assert [str(payment.pk) in listed for payment in (*counted, certificate, mistake, old)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_typed_day_is_in_the_month_that_it_names_wherever_the_customer_is(operator: Any, acme: Organisation) -> None:
    """The first of November begins in Tokyo while it is still October in India, where months are cut."""
    Organisation.objects.filter(pk=acme.pk).update(time_zone="Asia/Tokyo")
    recorded(issued_invoice(acme), "10.00", received_on=date(2026, 11, 1))
    zone = operators_zone()
    assert selectors.collected(actor=operator, first=date(2026, 10, 1), last=date(2026, 10, 31), zone=zone) == ()
    [found] = selectors.collected(actor=operator, first=date(2026, 11, 1), last=date(2026, 11, 30), zone=zone)
    assert found.count == Payment.objects.collected(date(2026, 11, 1), date(2026, 11, 30), zone).count() == 1


def test_an_invoice_whose_last_attempt_failed_is_one_row_until_it_is_paid(
    invoice: Invoice, as_operator: Client
) -> None:
    order = open_order(invoice)
    seen = reported(order, "failed")
    for number in (1, 2):
        when = seen.created_at.replace(minute=number)
        apply_payment_report(order_id=order.pk, report=reported(order, "failed", id=f"pay_{number}", created_at=when))
    assert [payment.razorpay_payment_id for payment in Payment.objects.failed_and_due()] == ["pay_2"]
    listed = text_of(as_operator.get(reverse("admin:payments_payment_changelist") + "?attention=failed"))
    assert ("pay_2" in listed, "pay_1" in listed) == (True, False)
    recorded(invoice, "1180.00")
    assert not Payment.objects.failed_and_due().exists()
    assert Payment.objects.aggregate(total=Sum("amount_refunded"))["total"] == 0
