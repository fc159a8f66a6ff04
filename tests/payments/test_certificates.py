"""Certificates of tax withheld: due by quarter, recorded as they come, asked for once a day at most."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.law import certificate_due_day
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.models import CertificateFile, WithheldTax
from payments.receivables.withheld_taxes import withheld_sums
from payments.services import certificates
from payments.services.offline import reverse_payment
from payments.withholding import last_overdue_quarter, quarter_start
from tests.payments.language import issued_invoice
from tests.payments.test_withheld_tax import short

PDF = b"%PDF-1.7 form 131"


@pytest.fixture
def tax(acme: Organisation) -> WithheldTax:
    """₹10,000.00 of ₹1,00,000.00, withheld on 20 November 2026."""
    short(issued_invoice(acme, "100000"))
    return WithheldTax.objects.get()


def record(tax: WithheldTax, **changes: Any) -> WithheldTax:
    values: dict[str, Any] = {
        "certificate_number": "ABCDEFG",
        "certificate_on": date(2026, 11, 25),
        "certificate_amount": Decimal("10000"),
    }
    return certificates.record_certificate(withheld_tax_id=tax.pk, **values | changes)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 4, 1), date(2026, 8, 15)),
        (date(2026, 9, 30), date(2026, 11, 15)),
        (date(2026, 11, 20), date(2027, 2, 15)),
        (date(2027, 3, 31), date(2027, 6, 15)),
    ],
)
def test_a_certificate_is_due_by_its_quarter(day: date, due: date) -> None:
    quarter = quarter_start(day)
    assert certificate_due_day(quarter) == due
    assert last_overdue_quarter(due) < quarter
    assert last_overdue_quarter(date(due.year, due.month, due.day + 1)) == quarter


def test_a_certificate_comes_with_its_file_and_is_to_chase_no_more(tax: WithheldTax) -> None:
    assert (tax.form, tax.due_day) == ("131", date(2027, 2, 15))
    assert list(WithheldTax.objects.to_chase()) == [tax]
    assert not WithheldTax.objects.overdue(date(2027, 2, 15)).exists()
    assert WithheldTax.objects.overdue(date(2027, 2, 16)).exists()
    record(tax, file=("form131.pdf", PDF))
    tax.refresh_from_db()
    assert (tax.certificate_state, tax.certificate_number, tax.is_to_chase) == ("received", "ABCDEFG", False)
    [file] = CertificateFile.objects.all()
    assert (bytes(file.content), file.size, file.name) == (PDF, len(PDF), "form131.pdf")
    certificates.withdraw_certificate(withheld_tax_id=tax.pk)
    assert list(WithheldTax.objects.to_chase()) == [tax]
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        CertificateFile.objects.update(name="other.pdf")
    with pytest.raises(IntegrityError, match="is_its_fingerprint"), transaction.atomic():
        CertificateFile.objects.create(withheld_tax=tax, name="x", content=b"x", size=1, sha256="0" * 64)


def test_a_certificate_of_another_amount_is_still_chased(tax: WithheldTax) -> None:
    assert record(tax, certificate_amount=Decimal("9000")).certificate_state == "mismatched"
    certificates.ask_for_certificates(organisation_id=tax.payment.organisation_id, seller_id=tax.payment.seller_id)
    [mail] = Notification.objects.filter(kind="certificates_wanted")
    assert "names ₹9,000.00: please correct it" in mail.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"certificate_number": " "}, "certificate_number"),
        ({"certificate_on": date(2026, 11, 19)}, "certificate_on"),
        ({"certificate_on": date(2099, 1, 1)}, "certificate_on"),
        ({"certificate_amount": Decimal("0")}, "certificate_amount"),
        ({"file": ("a.pdf", b"<html>")}, "file"),
        ({"file": ("a.pdf", PDF + b"x" * certificates.LARGEST_FILE)}, "file"),
    ],
)
def test_what_is_no_certificate_is_refused(tax: WithheldTax, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        record(tax, **changes)
    assert list(refused.value.details) == [field]


def test_a_customer_is_asked_once_a_day_for_all_that_it_owes(acme: Organisation, tax: WithheldTax) -> None:
    short(issued_invoice(acme, "100000"), reference="UTR-2")
    ask = {"organisation_id": acme.pk, "seller_id": acme.billing_entity_id}
    assert certificates.ask_for_certificates(**ask) == 2
    with pytest.raises(DomainError, match="asked today already"):
        certificates.ask_for_certificates(**ask)
    assert certificates.ask_many(taxes=WithheldTax.objects.all()) == (0, 1)
    [mail] = Notification.objects.filter(kind="certificates_wanted")
    assert mail.text.count("₹10,000.00\n  Form 131, due on 15 Feb 2027") == 2
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert certificates.ask_for_certificates(**ask) == 2


def test_a_reversed_payment_has_no_certificate_to_come(tax: WithheldTax) -> None:
    reverse_payment(payment_id=tax.payment_id, reason="mistyped")
    assert not WithheldTax.objects.to_chase().exists()
    with pytest.raises(DomainError, match="was reversed"):
        record(tax)
    with pytest.raises(DomainError, match="owes no certificate"):
        certificates.ask_for_certificates(organisation_id=tax.payment.organisation_id, seller_id=tax.payment.seller_id)


def test_sums_are_by_customer_quarter_and_code(acme: Organisation, tax: WithheldTax) -> None:
    record(tax)
    other: Invoice = issued_invoice(acme, "50000")
    short(other, "58000", "1000", section_code="1026", reference="UTR-2")
    short(issued_invoice(acme, "100000"), reference="UTR-3")
    rows = withheld_sums(WithheldTax.objects.all())
    assert [(row.customer, row.quarter, row.code, row.withheld, row.certified, row.to_come) for row in rows] == [
        ("Acme", "26-27 Q3", "1026", 1000, 0, 1000),
        ("Acme", "26-27 Q3", "1027", 20000, 10000, 10000),
    ]
