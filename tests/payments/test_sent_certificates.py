"""TDS certificates that customers send in: checked by a person, recorded with the taxes of a quarter, or rejected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import Notification, Organisation
from payments.models import CertificateFile, SentCertificate, WithheldTax
from payments.services import certificates
from payments.services.sent_certificates import accept_certificate, reject_certificate, send_certificate
from tests import factories
from tests.payments.language import issued_invoice
from tests.payments.test_withheld_tax import short

PDF = b"%PDF-1.7 form 131"


def sent(organisation: Organisation, **changes: Any) -> SentCertificate:
    values: dict[str, Any] = {
        "quarter_start": date(2026, 10, 1),
        "certificate_number": "ABCDEFG",
        "certificate_on": date(2026, 11, 25),
        "certificate_amount": Decimal("10000"),
        "file": ("form131.pdf", PDF),
        "sent_by": "Asha",
    }
    return send_certificate(organisation=organisation, **values | changes)


@pytest.fixture
def tax(acme: Organisation) -> WithheldTax:
    """₹10,000.00, withheld on 20 November 2026."""
    short(issued_invoice(acme, "100000"))
    return WithheldTax.objects.get()


def test_an_accepted_certificate_is_recorded_with_its_file(acme: Organisation, tax: WithheldTax) -> None:
    one = sent(acme)
    assert list(WithheldTax.objects.to_chase()) == [tax], "nothing is recorded before somebody has looked"
    accept_certificate(sent_id=one.pk, tax_ids=[tax.pk], decided_by="operator")
    tax.refresh_from_db()
    assert (tax.certificate_state, tax.certificate_number) == ("received", "ABCDEFG")
    assert bytes(CertificateFile.objects.get().content) == PDF
    [mail] = Notification.objects.filter(kind="certificate_decided")
    assert "checked and on record" in mail.text
    with pytest.raises(DomainError, match="accepted already, by operator"):
        reject_certificate(sent_id=one.pk, reason="late", decided_by="other")


def test_one_certificate_is_for_all_taxes_of_its_quarter(acme: Organisation, tax: WithheldTax) -> None:
    short(issued_invoice(acme, "100000"), reference="UTR-2")
    both = list(WithheldTax.objects.values_list("pk", flat=True))
    with pytest.raises(InvalidInput, match=r"come to ₹20,000\.00, the certificate names ₹10,000\.00") as refused:
        accept_certificate(sent_id=sent(acme).pk, tax_ids=both, decided_by="operator")
    assert list(refused.value.details) == ["taxes"]
    assert not CertificateFile.objects.exists()
    whole = sent(acme, certificate_amount=Decimal("20000"), file=("b.pdf", PDF + b"2"))
    accept_certificate(sent_id=whole.pk, tax_ids=both, decided_by="operator")
    assert not WithheldTax.objects.to_chase().exists()


def test_a_single_one_of_another_amount_stays_to_chase(acme: Organisation, tax: WithheldTax) -> None:
    one = sent(acme, certificate_amount=Decimal("9000"))
    accept_certificate(sent_id=one.pk, tax_ids=[tax.pk], decided_by="operator")
    tax.refresh_from_db()
    assert tax.certificate_state == "mismatched"
    assert "₹10,000.00 that you withheld" in Notification.objects.get(kind="certificate_decided").text


def test_taxes_of_others_and_of_another_quarter_are_refused(acme: Organisation, tax: WithheldTax) -> None:
    short(issued_invoice(factories.organisation("Globex"), "100000"), reference="UTR-3")
    theirs = WithheldTax.objects.exclude(pk=tax.pk).get()
    one = sent(acme)
    for wanted in ([theirs.pk], [tax.pk, theirs.pk], []):
        with pytest.raises(InvalidInput, match="Choose the taxes"):
            accept_certificate(sent_id=one.pk, tax_ids=wanted, decided_by="operator")
    earlier = sent(acme, quarter_start=date(2026, 7, 1), file=("c.pdf", PDF + b"3"))
    with pytest.raises(InvalidInput, match="26-27 Q2"):
        accept_certificate(sent_id=earlier.pk, tax_ids=[tax.pk], decided_by="operator")


def test_a_rejected_certificate_may_be_sent_again_the_same_file_not_twice(acme: Organisation) -> None:
    one = sent(acme)
    with pytest.raises(DomainError, match="have this file already"):
        sent(acme)
    reject_certificate(sent_id=one.pk, reason="Another PAN", decided_by="operator")
    assert "Another PAN" in Notification.objects.get(kind="certificate_decided").text
    sent(acme)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quarter_start": date(2026, 11, 1)}, "quarter_start"),
        ({"quarter_start": date(2099, 1, 1)}, "quarter_start"),
        ({"certificate_number": " "}, "certificate_number"),
        ({"certificate_on": date(2026, 9, 30)}, "certificate_on"),
        ({"certificate_on": date(2099, 1, 1)}, "certificate_on"),
        ({"certificate_amount": Decimal("0")}, "certificate_amount"),
        ({"certificate_amount": Decimal("1.001")}, "certificate_amount"),
        ({"file": ("a.pdf", b"<html>")}, "file"),
        ({"file": ("a.pdf", PDF + b"x" * certificates.LARGEST_FILE)}, "file"),
    ],
)
def test_what_is_no_certificate_is_refused(acme: Organisation, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sent(acme, **changes)
    assert list(refused.value.details) == [field]


def test_nobody_fills_the_store(acme: Organisation) -> None:
    for number in range(20):
        sent(acme, file=("a.pdf", PDF + str(number).encode()))
    with pytest.raises(DomainError, match="to be checked still"):
        sent(acme)


def test_what_was_sent_never_changes(acme: Organisation) -> None:
    sent(acme)
    for forbidden in (
        lambda: SentCertificate.objects.update(certificate_amount=1),
        lambda: SentCertificate.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="annot"), transaction.atomic():
            forbidden()
