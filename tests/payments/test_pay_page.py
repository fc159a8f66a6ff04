"""The pay page shows the state of the invoice, and runs only its own script and Razorpay's checkout."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from invoicing.models import Invoice
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.voiding import void_invoice
from organisations.models import BillingEntity, Organisation
from payments.models import PaymentOrder
from payments.services import collection
from payments.services.offline import record_offline_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import answer_refund
from tests.local.razorpay.harness import KEY_ID, SandboxProcess
from tests.payments.language import issued_invoice, open_order, reported
from tests.payments.test_checkout import claims, pay


def url(invoice: Invoice, name: str = "pay") -> str:
    return reverse(f"payments:{name}", kwargs={"token": invoice.public_token})


def page(invoice: Invoice) -> str:
    response = Client().get(url(invoice))
    assert response.status_code == 200
    return response.content.decode()


def browser(invoice: Invoice) -> Client:
    """Has the page open: carries its CSRF cookie."""
    client = Client(enforce_csrf_checks=True)
    client.get(url(invoice))
    return client


def csrf_of(client: Client) -> dict[str, str]:
    return {"X-CSRFToken": client.cookies["csrftoken"].value}


def test_an_unpaid_invoice_shows_what_is_due_and_can_be_paid(razorpay: SandboxProcess, invoice: Invoice) -> None:
    text = page(invoice)
    for word in ("Metrics Cloud Private Limited", invoice.number, "Acme Private Limited", "₹1,000.00", "₹180.00"):
        assert word in text
    assert text.count("₹1,180.00") == 3  # due, button, total
    assert "Please pay by" in text
    assert f'src="{razorpay.base_url}/v1/checkout.js"' in text


def test_a_void_invoice_offers_its_void_pdf_and_nothing_to_pay_by(invoice: Invoice) -> None:
    """Also where its PDF was not made before it was void."""
    BillingEntity.objects.update(bank_account_number="50200012345678", bank_ifsc="HDFC0001234")
    void_invoice(invoice_id=invoice.pk, reason="Billed twice.")
    text = page(invoice)
    assert "This invoice has been cancelled. There is nothing to pay." in text
    assert "Download the cancelled invoice (PDF)" in text
    assert "50200012345678" not in text
    assert "due" not in text.partition("<main>")[2]
    answer = Client().get(url(invoice, "pay_pdf"))
    printed = PdfReader(BytesIO(b"".join(answer.streaming_content))).pages[0].extract_text()
    assert "Reason: Billed twice." in printed
    assert printed.splitlines()[-1] == "VOID"


def test_a_customer_abroad_sees_swift_details(globex: Organisation) -> None:
    entity = BillingEntity.objects.get()
    entity.bank_account_number, entity.bank_ifsc, entity.bank_swift = "50200012345678", "HDFC0001234", "HDFCINBB"
    entity.save()
    today = timezone.now().date()
    add_exchange_rate(base="USD", target="INR", rate=Decimal("83.5"), as_of=today, source="FBIL")
    globex.refresh_from_db()
    text = page(issued_invoice(globex))
    assert "HDFCINBB" in text
    assert "HDFC0001234" not in text


def test_the_page_runs_only_its_own_script_and_the_checkout(razorpay: SandboxProcess, invoice: Invoice) -> None:
    response = Client().get(url(invoice))
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == f"'self' {razorpay.base_url}"
    assert policy["frame-src"] == razorpay.base_url
    assert (policy["default-src"], policy["frame-ancestors"], policy["style-src"]) == ("'none'", "'none'", "'self'")
    text = response.content.decode()
    assert text.count("<script") == text.count("<script src=") == 2
    assert " style=" not in text
    assert " onclick=" not in text
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_the_real_razorpay_gets_the_hosts_it_needs(db: None, settings: Any, invoice: Invoice) -> None:
    settings.RAZORPAY_CHECKOUT_URL = "https://checkout.razorpay.com/v1/checkout.js"
    assert "script-src 'self' https://*.razorpay.com;" in Client().get(url(invoice))["Content-Security-Policy"]


def test_a_customers_name_is_escaped(acme: Organisation) -> None:
    acme.legal_name = "<script>alert(1)</script>"
    acme.save()
    text = page(issued_invoice(acme))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_an_overdue_invoice_says_so(invoice: Invoice) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=20)):
        assert "This invoice was due on" in page(invoice)


def test_a_paid_invoice_says_so_and_offers_no_button(invoice: Invoice) -> None:
    apply_payment_report(order_id=(order := open_order(invoice)).pk, report=reported(order))
    text = page(invoice)
    assert "This invoice is paid in full. Thank you." in text
    assert "<button" not in text
    assert "<script" not in text


def test_a_void_invoice_says_so(invoice: Invoice) -> None:
    void_invoice(invoice_id=invoice.pk, reason="mistake")
    text = page(invoice)
    assert "This invoice has been cancelled. There is nothing to pay." in text
    assert "<button" not in text


def test_an_authorised_payment_is_shown_as_being_confirmed(invoice: Invoice) -> None:
    apply_payment_report(order_id=(order := open_order(invoice)).pk, report=reported(order, "authorized"))
    text = page(invoice)
    assert "Your payment is being confirmed." in text
    assert "<button" not in text


def test_a_part_payment_leaves_the_rest_to_pay(invoice: Invoice) -> None:
    record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal("180.00"),
        method="tds",
        reference="Q3",
        received_on=date(2026, 11, 20),
    )
    text = page(invoice)
    assert "Pay ₹1,000.00" in text
    assert "-₹180.00" in text


def test_without_a_gateway_the_page_asks_for_a_transfer(invoice: Invoice, settings: Any) -> None:
    settings.RAZORPAY_KEY_ID = ""
    text = page(invoice)
    assert "Please ask billing@metrics.example how to pay." in text
    assert "<button" not in text


def test_a_draft_and_an_unknown_token_have_no_page(invoice: Invoice) -> None:
    for name in ("pay", "pay_pdf"):
        assert Client().get(reverse(f"payments:{name}", kwargs={"token": "x" * 32})).status_code == 404
    client = browser(invoice)
    for name in ("pay_order", "pay_verify"):
        where = reverse(f"payments:{name}", kwargs={"token": "x" * 32})
        assert client.post(where, headers=csrf_of(client)).status_code == 404


def test_the_pdf_is_served_by_the_token(invoice: Invoice) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(pdf="", pdf_state="pending")
    assert Client().get(url(invoice, "pay_pdf")).status_code == 404
    invoice.refresh_from_db()
    invoice.pdf.save("tests/pay-page.pdf", ContentFile(b"%PDF-1.7 test"), save=False)
    try:
        digest = hashlib.sha256(b"%PDF-1.7 test").hexdigest()
        Invoice.objects.filter(pk=invoice.pk).update(pdf=invoice.pdf.name, pdf_state="ready", pdf_sha256=digest)
        assert "Download the invoice (PDF)" in page(invoice)
        response = Client().get(url(invoice, "pay_pdf"))
        assert b"".join(response.streaming_content) == b"%PDF-1.7 test"  # type: ignore[attr-defined]
        assert response["Content-Type"] == "application/pdf"
        invoice.pdf.storage.delete(invoice.pdf.name)
        made_again = Client().get(url(invoice, "pay_pdf"))  # the storage had lost it
        assert b"".join(made_again.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    finally:
        invoice.pdf.storage.delete(invoice.pdf.name)


def test_paying_needs_the_pages_csrf_token(razorpay: SandboxProcess, invoice: Invoice) -> None:
    client = browser(invoice)
    assert client.post(url(invoice, "pay_order")).status_code == 403
    assert client.post(url(invoice, "pay_verify")).status_code == 403
    assert PaymentOrder.objects.count() == 0


def test_the_page_asks_for_an_order_pays_and_verifies(razorpay: SandboxProcess, invoice: Invoice) -> None:
    client = browser(invoice)
    opened = client.post(url(invoice, "pay_order"), headers=csrf_of(client)).json()
    order = PaymentOrder.objects.get()
    assert (opened["key"], opened["order_id"], opened["amount"], opened["currency"]) == (
        KEY_ID,
        order.razorpay_order_id,
        118000,
        "INR",
    )
    assert opened["name"] == "Metrics Cloud Private Limited"
    answer = claims(order, pay(razorpay, order))
    verified = client.post(url(invoice, "pay_verify"), answer, headers=csrf_of(client))
    assert verified.json() == {"status": "captured", "is_paid": True}
    assert "paid in full" in page(invoice)
    again = client.post(url(invoice, "pay_order"), headers=csrf_of(client))
    assert (again.status_code, again.json()["code"]) == (409, "INVOICE_NOT_COLLECTABLE")


def test_the_payer_is_told_when_the_gateway_is_down(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("faults", {"match": "POST /v1/orders", "kind": "502_html"})
    client = browser(invoice)
    response = client.post(url(invoice, "pay_order"), headers=csrf_of(client))
    assert (response.status_code, response.json()["code"]) == (502, "GATEWAY_ERROR")


def test_checkout_may_come_back_as_a_form_of_its_own(razorpay: SandboxProcess, invoice: Invoice) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    answer = claims(order, pay(razorpay, order))
    client = Client(enforce_csrf_checks=True)  # the bank's page knows no token of ours
    forged = client.post(url(invoice, "pay_return"), answer | {"razorpay_signature": "0" * 64})
    assert forged.status_code == 400
    assert "could not confirm your payment" in forged.content.decode()
    response = client.post(url(invoice, "pay_return"), answer)
    assert (response.status_code, response["Location"]) == (302, url(invoice))
    assert "paid in full" in page(invoice)


def test_a_failure_that_comes_back_as_a_form_can_be_tried_again(razorpay: SandboxProcess, invoice: Invoice) -> None:
    response = Client().post(url(invoice, "pay_return"), {"error[code]": "BAD_REQUEST_ERROR"})
    text = response.content.decode()
    assert "The payment did not go through." in text
    assert "Pay ₹1,180.00" in text


def test_the_token_of_one_invoice_says_nothing_about_another(
    razorpay: SandboxProcess, invoice: Invoice, acme: Organisation
) -> None:
    other = issued_invoice(acme)
    order = collection.ensure_order(invoice_id=other.pk)
    answer = claims(order, pay(razorpay, order))
    client = browser(invoice)
    response = client.post(url(invoice, "pay_verify"), answer, headers=csrf_of(client))
    assert response.status_code == 404
    other.refresh_from_db()
    assert other.status == "finalized"


def test_a_payer_back_from_a_payment_link_sees_the_invoice_paid(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    razorpay.http.get(link.short_url, timeout=5)
    order_id = razorpay.client().payment_link.fetch(link.razorpay_link_id)["order_id"]
    checkout_page = f"{razorpay.base_url}/checkout/{order_id}"
    done = razorpay.http.post(checkout_page, data={"outcome": "success"}, timeout=5, allow_redirects=False)
    query = done.headers["Location"].partition("?")[2]
    text = Client().get(f"{url(invoice)}?{query}").content.decode()
    assert "paid in full" in text


def test_tokens_are_long_and_differ(invoice: Invoice, acme: Organisation) -> None:
    other = issued_invoice(acme)
    assert other.public_token != invoice.public_token
    assert len(invoice.public_token) == 32  # 24 random bytes


def test_the_token_is_not_in_the_log(invoice: Invoice, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        page(invoice)
    logged = [vars(record) for record in caplog.records if record.getMessage() == "request"]
    assert [entry["path"] for entry in logged] == ["/pay/<slug:token>"]
    assert invoice.public_token not in str(logged)


def test_what_cant_be_paid_online_says_why_and_how_else(razorpay: SandboxProcess, acme: Organisation) -> None:
    BillingEntity.objects.update(bank_name="State Bank", bank_account_number="000123", bank_ifsc="SBIN0000001")
    invoice = issued_invoice(acme, price="0.50")  # 0.59 with GST
    text = page(invoice)
    assert "This amount can&#x27;t be paid online. The amount is below Razorpay&#x27;s minimum of INR 1." in text
    assert "Please pay by bank transfer" in text
    assert "000123" in text
    assert "<button" not in text


def test_a_refunded_invoice_asks_for_nothing_until_somebody_asks_again(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    order = open_order(invoice)
    for refunded in (0, 118000):
        payment = apply_payment_report(order_id=order.pk, report=reported(order, amount_refunded_minor=refunded))
    text = page(invoice)
    assert "money has been returned. There is nothing to pay." in text
    assert "<button" not in text
    answer_refund(payment_id=payment.pk, ask_again=True)
    assert "Pay ₹1,180.00" in page(invoice)


@pytest.mark.parametrize("name", ["razorpay_order_id", "razorpay_payment_id", "razorpay_signature"])
@pytest.mark.parametrize("address", ["verify", "return"])
def test_a_nul_in_what_comes_back_is_a_400(razorpay: SandboxProcess, invoice: Invoice, name: str, address: str) -> None:
    fields = {"razorpay_order_id": "o", "razorpay_payment_id": "p", "razorpay_signature": "s", name: "\x00"}
    answer = Client().post(f"/pay/{invoice.public_token}/{address}", fields)
    assert answer.status_code == 400


def test_a_nul_in_a_links_address_is_ignored(razorpay: SandboxProcess, invoice: Invoice) -> None:
    answer = Client().get(f"/pay/{invoice.public_token}?razorpay_payment_link_id=%00")
    assert answer.status_code == 200
