"""The pages of bank lines: upload, look, book, go on to the next line."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Invoice
from payments.models import BankLine, Payment
from payments.services.banking.importing import import_statement
from tests.admin.test_listing import lines
from tests.payments.test_bank_statements import HEADER, row


def test_a_statement_is_uploaded_checked_imported_and_booked(admin_client: Client, invoice: Invoice) -> None:
    text = HEADER + row(f"NEFT-ACME-{invoice.number}", "1180.00", "1") + row("INTEREST", "7.00", "2")
    seller = str(invoice.billing_entity_id)
    answers = {"seller": seller, "account": "", "currency": "INR"}
    page = reverse("admin:payments_bankline_import")
    checked = admin_client.post(page, {**answers, "file": SimpleUploadedFile("axis.csv", text.encode())})
    assert "2 added" in checked.content.decode()
    assert not BankLine.objects.exists()
    token = checked.context["form"]["token"].value()
    assert admin_client.post(page, {**answers, "token": token}).status_code == 302
    lines = admin_client.get(reverse("admin:payments_bankline_changelist")).content.decode()
    assert f"Acme: {invoice.number}" in lines
    line = BankLine.objects.get(amount=1180)
    assert admin_client.get(reverse("admin:payments_bankline_change", args=[line.pk])).status_code == 200
    url = reverse("admin:payments_bankline_list_action", args=["book_sure"])
    form = admin_client.get(url).context["form"]
    sent = {"once": str(form["once"].value()), "chosen": form["chosen"].value()}
    assert admin_client.post(url, sent).status_code == 302
    assert Payment.objects.get().bank_line == line


def test_lines_are_exported_with_what_they_pay(admin_client: Client, invoice: Invoice) -> None:
    """Asked for some lines at once: three more of them are no more queries."""
    few = HEADER + row(f"NEFT-ACME-{invoice.number}", "1180.00", "1")
    many = few + "".join(row(f"INTEREST {number}", "7.00", str(number)) for number in range(2, 5))
    asked = []
    for text in (few, many):
        import_statement(seller=invoice.billing_entity, cells=[line.split(",") for line in text.splitlines()])
        with CaptureQueriesContext(connection) as queries:
            pays = [line["Pays"] for line in lines(admin_client, "/admin/payments/bankline/list-export/")]
        asked.append(len(queries))
        assert [text for text in pays if text.startswith(f"Sure: Acme: {invoice.number} ")] == pays[-1:]
    assert len(pays) == 4
    assert asked[1] <= asked[0]


@pytest.mark.parametrize("number", ["", "INV/1999"])
def test_an_invoice_is_chosen_by_hand(admin_client: Client, invoice: Invoice, number: str) -> None:
    text = HEADER + row("NEFT-SOMEBODY", "500.00", "1")
    import_statement(seller=invoice.billing_entity, cells=[line.split(",") for line in text.splitlines()])
    line = BankLine.objects.get()
    url = reverse("admin:payments_bankline_action", args=[line.pk, "book"])
    once = str(admin_client.get(url).context["form"]["once"].value())
    assert admin_client.post(url, {"once": once, "invoice": number}).status_code == 200
    assert not Payment.objects.exists()
    assert admin_client.post(url, {"once": once, "invoice": invoice.number}).status_code == 302
    assert Payment.objects.get().amount == 500
