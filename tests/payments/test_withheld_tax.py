"""Tax that a customer withheld: code, rate on the value without GST, quarter, certificate, and money beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.law import withholding_code
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.models import Payment, WithheldTax
from payments.services.short_payments import record_short_payment
from payments.withholding import quarter_start, quarter_text, why_unusual
from tests.money.golden_tables import golden
from tests.payments.language import issued_invoice
from tests.payments.test_crediting import offline, state_of


@pytest.fixture
def large(acme: Organisation) -> Invoice:
    """₹1,00,000.00 and 18% GST: ₹1,18,000.00."""
    return issued_invoice(acme, "100000")


def short(invoice: Invoice, amount: str = "108000", tds_amount: str = "10000", **changes: Any) -> Payment:
    values: dict[str, Any] = {
        "section_code": "1027",
        "method": "bank_transfer",
        "reference": "UTR-1",
        "received_on": date(2026, 11, 20),
    }
    return record_short_payment(
        invoice_id=invoice.pk, amount=Decimal(amount), tds_amount=Decimal(tds_amount), **values | changes
    )


@golden("payments", "short")
def test_a_short_payment_fits_its_code_or_is_asked_about(row: dict[str, str]) -> None:
    withheld = Decimal(row["withheld"])
    unusual = why_unusual(
        withheld=withheld,
        taxable=Decimal(row["of_which"]),
        with_gst=Decimal(row["bank"]) + withheld,
        code=withholding_code(row["code"], date.fromisoformat(row["day"])),
        currency="INR",
    )
    assert {"yes": unusual == "", "no": unusual != "", "on GST": "Circular 23/2017" in unusual}[row["fits"]]


@pytest.mark.parametrize(
    ("day", "first", "text"),
    [
        (date(2026, 4, 1), date(2026, 4, 1), "26-27 Q1"),
        (date(2026, 9, 30), date(2026, 7, 1), "26-27 Q2"),
        (date(2026, 11, 20), date(2026, 10, 1), "26-27 Q3"),
        (date(2027, 3, 31), date(2027, 1, 1), "26-27 Q4"),
    ],
)
def test_quarters_are_those_of_the_indian_financial_year(day: date, first: date, text: str) -> None:
    assert (quarter_start(day), quarter_text(day)) == (first, text)


def test_money_and_tax_withheld_settle_the_invoice_in_one_go(large: Invoice) -> None:
    cash = short(large)
    assert state_of(large) == ("paid", Decimal("118000"))
    tax = WithheldTax.objects.get()
    assert (cash.amount, cash.kind) == (Decimal("108000"), "offline")
    assert (tax.payment.amount, tax.payment.kind, tax.payment.reference) == (Decimal("10000"), "tds", "UTR-1")
    assert (tax.section_code, tax.taxable_value, tax.rate, tax.quarter) == ("1027", 100_000, 10, "26-27 Q3")
    assert (tax.certificate_state, tax.certificate_number) == ("expected", "")
    [receipt] = Notification.objects.filter(kind="payment_received")
    assert "₹1,08,000.00" in receipt.subject
    assert "paid in full" in receipt.text


def test_half_of_an_invoice_withholds_of_half_its_value(large: Invoice) -> None:
    short(large, "54000", "5000")
    assert WithheldTax.objects.get().taxable_value == 50_000
    assert large.amount_due == 118_000
    assert state_of(large) == ("partially_paid", Decimal("59000"))


def test_tax_computed_on_gst_is_asked_about_before_it_is_taken(large: Invoice) -> None:
    with pytest.raises(DomainError) as asked:
        short(large, "106200", "11800")
    assert asked.value.code == "UNUSUAL_TDS"
    assert asked.value.message == (
        "Code 1027 withholds 10% of the value without GST, ₹1,00,000.00: ₹10,000.00. This is 11.8% of it."
        " It was computed on the amount with GST, against CBDT Circular 23/2017."
    )
    assert not Payment.objects.exists()
    short(large, "106200", "11800", accept_unusual_tds=True)
    assert state_of(large) == ("paid", Decimal("118000"))


@pytest.mark.parametrize(
    ("code", "day"),
    [("194J", date(2026, 4, 1)), ("1027", date(2026, 3, 31)), ("1099", date(2026, 11, 20))],
)
def test_a_code_that_did_not_hold_on_the_day_is_refused(large: Invoice, code: str, day: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        short(large, section_code=code, received_on=day)
    assert list(refused.value.details) == ["section_code"]
    assert not Payment.objects.exists()


def test_a_certificate_that_was_typed_as_a_payment_has_come(invoice: Invoice) -> None:
    offline(invoice, "100.00", method="tds", reference="CERT-7", section_code="1027")
    tax = WithheldTax.objects.get()
    assert (tax.certificate_state, tax.certificate_number, tax.certificate_amount) == ("received", "CERT-7", 100)
    with pytest.raises(InvalidInput):
        offline(invoice, "100.00", section_code="1027")


@pytest.mark.parametrize(
    "change",
    [
        {"certificate_state": "received"},
        {"quarter_start": date(2026, 7, 1)},
        {"certificate_state": "received", "certificate_number": "C", "certificate_on": date(2027, 1, 1)}
        | {"certificate_amount": 9},
        {"certificate_state": "mismatched", "certificate_number": "C", "certificate_on": date(2027, 1, 1)}
        | {"certificate_amount": 10_000},
    ],
)
def test_the_database_takes_no_certificate_that_says_otherwise(large: Invoice, change: dict[str, Any]) -> None:
    short(large)
    with pytest.raises(Exception, match=r"certificate|Certificate|quarter|read-only|Cannot"), transaction.atomic():
        WithheldTax.objects.update(**change)


def test_only_tax_withheld_has_a_certificate(large: Invoice) -> None:
    cash = short(large)
    with pytest.raises(IntegrityError, match="is not tax withheld"), transaction.atomic():
        WithheldTax.objects.create(payment=cash, deducted_on=date(2026, 11, 20), quarter_start=date(2026, 10, 1))
