"""What a customer asks for in the portal: each request arrives, is bounded and is nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from invoicing.models import Invoice, InvoiceQuestion
from invoicing.services.questions import answer_question
from organisations.models import DetailsRequest, Organisation
from organisations.services.details_requests import reject_details
from payments.customer.portal.access import too_many
from payments.models import SentCertificate
from tests.payments.language import issued_invoice
from tests.payments.test_portal import address, inside, made

HOSTILE = "<script>alert(1)</script> & why?"


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def link(acme: Organisation) -> Any:
    return made(acme)


def party(organisation: Organisation, **changes: str) -> dict[str, str]:
    names = ("legal_name", "gstin", "address_line1", "address_line2", "city", "postal_code", "state_code")
    return {"subject": "party", **{name: getattr(organisation, name) for name in names}, **changes}


def form_131(**changes: Any) -> dict[str, Any]:
    values = {
        "quarter_start": "2026-10-01",
        "certificate_number": "ABCDEFG",
        "certificate_on": "2026-11-25",
        "certificate_amount": "10000",
        "file": SimpleUploadedFile("form131.pdf", b"%PDF-1.7 form 131"),
    }
    return values | changes


def test_a_question_about_a_line_is_asked_and_its_answer_read(invoice: Invoice, link: Any) -> None:
    client, line = inside(link), invoice.lines.get()
    url = address(link, "portal_question", invoice_id=invoice.pk) + f"?line={line.pk}"
    assert url in client.get(address(link, "portal_invoice", invoice_id=invoice.pk)).content.decode()
    assert client.post(url, {"text": HOSTILE}).status_code == 302
    question = InvoiceQuestion.objects.get()
    assert (question.line, question.status) == (line, "open")
    answer_question(question_id=question.pk, text="As you <i>used</i> more.", answered_by="olga")
    shown = client.get(url).content.decode()
    assert "&lt;script&gt;" in shown
    assert "As you &lt;i&gt;used&lt;/i&gt; more." in shown
    assert "olga" not in shown
    listed = client.get(address(link, "portal_requests")).content.decode()
    assert "Answered" in listed
    assert "<i>used" not in listed


def test_a_question_about_another_customers_invoice_or_line_finds_nothing(
    invoice: Invoice, link: Any, globex: Organisation
) -> None:
    other = made(globex)
    url = address(other, "portal_question", invoice_id=invoice.pk)
    assert inside(other).post(url, {"text": "Why?"}).status_code == 404
    ours = address(link, "portal_question", invoice_id=invoice.pk)
    for line in (issued_invoice(invoice.organisation).lines.get().pk, "x"):
        assert inside(link).post(f"{ours}?line={line}", {"text": "Why?"}).status_code == 404
    assert not InvoiceQuestion.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(45, "45 seconds"), (60, "1 minute"), (184, "4 minutes"), (3600, "1 hour"), (80_000, "23 hours")],
)
def test_who_asks_too_often_reads_how_long_to_wait(seconds: int, said: str) -> None:
    answer = too_many(RequestFactory().get("/"), seconds)
    assert f"Please wait {said}, and try again." in answer.content.decode()


def test_an_empty_question_is_refused(invoice: Invoice, link: Any) -> None:
    url = address(link, "portal_question", invoice_id=invoice.pk)
    for text in (" ", "x" * 2001):
        assert inside(link).post(url, {"text": text}).status_code == 400
    assert not InvoiceQuestion.objects.exists()


def test_a_change_of_details_waits_for_a_person(acme: Organisation, link: Any) -> None:
    client, url = inside(link), address(link, "portal_details")
    assert client.post(url, party(acme, legal_name="Acme <b>Sons</b>")).status_code == 302
    request = DetailsRequest.objects.get()
    assert request.proposed == {"legal_name": "Acme <b>Sons</b>"}
    acme.refresh_from_db()
    assert acme.legal_name != "Acme <b>Sons</b>"
    shown = client.get(url).content.decode()
    assert "still looking at your last request" in shown
    assert 'name="billing_email"' in shown, "the other subject may be asked for"
    assert client.post(url, {"subject": "email", "billing_email": "new@acme.example"}).status_code == 302
    reject_details(request_id=request.pk, decided_by="olga", reason="The GST portal <u>names</u> another.")
    listed = client.get(address(link, "portal_requests")).content.decode()
    assert "Not changed" in listed
    assert "Acme &lt;b&gt;Sons" in listed
    assert "portal &lt;u&gt;names" in listed


def test_a_customer_abroad_is_asked_for_nothing_indian(acme: Organisation, link: Any) -> None:
    Organisation.objects.filter(pk=acme.pk).update(country="JP", gstin="", state_code="")
    client = inside(link)
    shown = client.get(address(link, "portal_details")).content.decode()
    for name in ("GSTIN", 'name="gstin"', 'name="state_code"'):
        assert name not in shown
    assert "TDS" not in client.get(address(link, "portal_requests")).content.decode()
    assert client.post(address(link, "portal_certificate"), form_131()).status_code == 404
    abroad = {"subject": "party", "legal_name": "Acme K.K.", "city": "Tokyo", "address_line1": "2-11 Nihonbashi"}
    assert client.post(address(link, "portal_details"), abroad).status_code == 302
    assert DetailsRequest.objects.get().proposed["legal_name"] == "Acme K.K."


@pytest.mark.parametrize("changes", [{"gstin": "29AAACG1234A1ZX"}, {"legal_name": ""}, {}])
def test_a_change_that_the_form_refuses_is_none(acme: Organisation, link: Any, changes: dict[str, str]) -> None:
    answer = inside(link).post(address(link, "portal_details"), party(acme, **changes))
    assert answer.status_code == 400
    assert 'class="problem"' in answer.content.decode()
    assert not DetailsRequest.objects.exists()


def test_a_certificate_is_sent_to_be_checked(acme: Organisation, link: Any) -> None:
    client = inside(link)
    assert client.get(address(link, "portal_certificate")).status_code == 200
    assert client.post(address(link, "portal_certificate"), form_131()).status_code == 302
    sent = SentCertificate.objects.get()
    assert (sent.organisation, sent.quarter, sent.status) == (acme, "26-27 Q3", "to_check")
    assert "₹10,000.00" in client.get(address(link, "portal_requests")).content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"file": SimpleUploadedFile("form131.pdf", b"<html>", "application/pdf")},
        {"file": SimpleUploadedFile("form131.pdf", b"%PDF-" + b"0" * 5 * 1024 * 1024)},
        {"certificate_amount": "0"},
        {"quarter_start": "2026-10-02"},
        {"certificate_on": "2026-09-01"},
    ],
)
def test_what_is_no_certificate_is_refused(acme: Organisation, link: Any, changes: dict[str, Any]) -> None:
    answer = inside(link).post(address(link, "portal_certificate"), form_131(**changes))
    assert answer.status_code == 400
    assert not SentCertificate.objects.exists()


def test_the_requests_of_another_customer_are_not_listed(acme: Organisation, link: Any, globex: Organisation) -> None:
    inside(link).post(address(link, "portal_details"), party(acme, city="Pune"))
    inside(link).post(address(link, "portal_certificate"), form_131())
    other = made(globex)
    listed = inside(other).get(address(other, "portal_requests")).content.decode()
    assert "Pune" not in listed
    assert "ABCDEFG" not in listed


def test_the_twenty_first_request_of_a_day_is_refused(acme: Organisation, invoice: Invoice, link: Any) -> None:
    url = address(link, "portal_question", invoice_id=invoice.pk)
    for number in range(20):
        assert inside(link).post(url, {"text": f"Why {number}?"}).status_code == 302
    other_link = made(acme)
    refused = inside(other_link).post(address(other_link, "portal_details"), party(acme, city="Pune"))
    assert (refused.status_code, "Please wait" in refused.content.decode()) == (429, True)
    assert inside(link).get(url).status_code == 200
    assert not DetailsRequest.objects.exists()


def test_a_form_without_its_token_is_refused(invoice: Invoice, link: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = inside(link).cookies
    client.cookies["portal"]["path"] = "/"
    assert client.post(address(link, "portal_question", invoice_id=invoice.pk), {"text": "Why?"}).status_code == 403
