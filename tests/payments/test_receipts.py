"""The receipt of a payment: a PDF that says what came in and what it paid, for customers and operators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from organisations.notifications.email import send_notification
from payments.models import Payment
from payments.services.allocating import allocate, credit_to_invoice, unallocate
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.receipts import receipt_pdf
from payments.services.refunds import record_refund
from tests.payments.language import issued_invoice, open_order, reported
from tests.payments.test_allocating import on_account


def printed(content: bytes) -> str:
    return " ".join(PdfReader(BytesIO(content)).pages[0].extract_text().split())


def transfer(invoice: Invoice, amount: str, **more: Any) -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk,
        method=more.pop("method", "bank_transfer"),
        amount=Decimal(amount),
        reference="HDFC/26 112",
        received_on=clock.today(INDIAN_TIME.key),
        **more,
    )


def test_a_receipt_says_who_paid_what_and_what_it_paid(invoice: Invoice) -> None:
    name, content = receipt_pdf(transfer(invoice, "1000"))
    assert name == "receipt-HDFC-26-112.pdf"
    text = printed(content)
    for words in (
        "PAYMENT RECEIPT",
        "Metrics Cloud Private Limited",
        "Acme Private Limited",
        "Bank transfer",
        "HDFC/26 112",
        "Rupees One Thousand Only",
        f"{invoice.number}",
        "₹1,000.00",
        "₹180.00",  # still due
        "GST asks for no receipt voucher",
    ):
        assert words in text, words


def test_tax_withheld_has_a_receipt_that_says_so(invoice: Invoice) -> None:
    assert "TDS RECEIPT" in printed(receipt_pdf(transfer(invoice, "100", method="tds"))[1])


def test_a_reversed_payment_says_so_across_its_receipt(invoice: Invoice) -> None:
    payment = transfer(invoice, "1180")
    payment = reverse_payment(payment_id=payment.pk, reason="Another customer's.")
    assert "REVERSED" in printed(receipt_pdf(payment)[1])


def test_the_mailed_receipt_is_made_when_the_message_is_sent(invoice: Invoice) -> None:
    payment = transfer(invoice, "1180")
    queued = Notification.objects.get(dedupe_key=f"payment_received:{payment.pk}")
    send_notification(notification_id=queued.pk)
    [message] = mail.outbox
    [(name, content, kind)] = message.attachments
    assert (name, kind) == ("receipt-HDFC-26-112.pdf", "application/pdf")
    assert "PAYMENT RECEIPT" in printed(content)


def test_the_pay_page_has_the_receipts_of_its_invoice_and_names_no_other(invoice: Invoice, acme: Organisation) -> None:
    other = issued_invoice(acme, "100")
    payment = transfer(invoice, "1200", accept_overpayment=True)
    record_refund(payment_id=payment.pk, amount=Decimal("3"), reference="R-1", refunded_on=date(2026, 11, 26))
    credit_to_invoice(payment_id=payment.pk, invoice_id=other.pk)
    address = reverse("payments:receipt", kwargs={"token": invoice.public_token, "payment_id": payment.pk})
    page = Client().get(reverse("payments:pay", kwargs={"token": invoice.public_token})).content.decode()
    for words in (address, "₹1,200.00", "26 Nov 2026 · Returned", "-₹3.00"):
        assert words in page, words
    text = printed(b"".join(Client().get(address)))  # type: ignore[arg-type]
    assert "Other invoices" in text
    assert other.number not in text
    stranger = issued_invoice(acme, "50")
    elsewhere = reverse("payments:receipt", kwargs={"token": stranger.public_token, "payment_id": payment.pk})
    assert Client().get(elsewhere).status_code == 404


def test_money_on_account_has_a_receipt_which_its_mail_brings_and_the_pay_page_of_what_it_pays(
    acme: Organisation,
) -> None:
    """1,500.00 came before there was an invoice: 1,180.00 of it pays the first one, and 320.00 is left."""
    payment = on_account(acme, "1500", received_on=date(2026, 1, 20))
    text = printed(receipt_pdf(payment)[1])
    for words in ("PAYMENT RECEIPT", "Acme Private Limited", "₹1,500.00", "On account, for later invoices"):
        assert words in text, words
    assert "no receipt voucher" not in text  # it was an advance
    send_notification(notification_id=Notification.objects.get(kind="payment_on_account").pk)
    [(name, content, _kind)] = mail.outbox[0].attachments
    assert (name, "PAYMENT RECEIPT" in printed(content)) == ("receipt-UTR-9.pdf", True)
    invoice, other = issued_invoice(acme), issued_invoice(acme, "100")
    allocate(payment_id=payment.pk, amounts={invoice.pk: Decimal(1180), other.pk: Decimal(100)})
    address = reverse("payments:receipt", kwargs={"token": invoice.public_token, "payment_id": payment.pk})
    assert address in Client().get(reverse("payments:pay", kwargs={"token": invoice.public_token})).content.decode()
    text = printed(b"".join(Client().get(address)))  # type: ignore[arg-type]
    for words in (invoice.number, "Other invoices ₹100.00", "₹220.00"):
        assert words in text, words
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="Meant for the other one.")
    assert Client().get(address).status_code == 404  # it pays this invoice no more


def test_the_mail_about_money_on_account_says_which_invoices_it_paid(acme: Organisation) -> None:
    invoice = issued_invoice(acme)
    payment = on_account(acme, "1500", oldest_first=True, received_on=clock.today(INDIAN_TIME.key))
    told = Notification.objects.get(kind="payment_on_account")
    assert told.subject == "Payment of ₹1,500.00 received"
    for text in (told.text, told.html):
        assert f"Credited to invoice {invoice.number}" in text
        assert "₹320.00" in text
    allocate(payment_id=payment.pk, amounts={issued_invoice(acme).pk: Decimal(320)})
    assert "GST asks for no receipt voucher" in printed(receipt_pdf(Payment.objects.get())[1])


@pytest.mark.parametrize("status", ["failed", "authorized"])
def test_what_brought_no_money_has_no_receipt(invoice: Invoice, status: str) -> None:
    payment = apply_payment_report(order_id=open_order(invoice).pk, report=reported(open_order_of(invoice), status))
    address = reverse("payments:receipt", kwargs={"token": invoice.public_token, "payment_id": payment.pk})
    assert Client().get(address).status_code == 404


def open_order_of(invoice: Invoice) -> Any:
    return invoice.payment_orders.get()
