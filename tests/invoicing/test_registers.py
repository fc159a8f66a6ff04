"""The registers have each final document once, and their sums are those of their rows."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse
from openpyxl import load_workbook

from invoicing.computing.credit_notes import Wanted
from invoicing.models import Invoice
from invoicing.returns.documents import DocumentKind
from invoicing.selectors.registers import Entry, Register, entries, sums
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation
from tests import factories
from tests.payments.language import issued_invoice

DAYS = {"first": date(2000, 1, 1), "last": date(2100, 1, 1)}


@pytest.fixture
def documents(acme: Organisation, globex: Organisation) -> list[Invoice]:
    """In rupees an invoice with a note over a part of it, and a void one; in dollars an invoice."""
    add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 11, 25), source="RBI")
    acme.gstin = "29AAGCB7383J1Z4"
    acme.save()
    plain, void, dollars = issued_invoice(acme), issued_invoice(acme, "77"), issued_invoice(globex, "499")
    issue_credit_note(invoice_id=plain.pk, lines=[Wanted(1, amount=Decimal(100))], why=Why("deficiency"))
    void_invoice(invoice_id=void.pk, reason="mistake")
    return [plain, void, dollars]


@pytest.fixture
def register(admin_user: Any) -> Callable[..., Register]:
    return partial(_register, admin_user)


def _register(actor: Any, kind: DocumentKind, like: Invoice, **changes: Any) -> Register:
    return Register(actor, kind, seller=like.billing_entity, **DAYS | changes)


def test_a_row_says_what_the_document_says_and_what_became_of_it(
    documents: list[Invoice], register: Callable[..., Register]
) -> None:
    plain, void, dollars = documents
    Organisation.objects.filter(pk=plain.organisation_id).update(legal_name="Renamed", gstin="")
    found = {entry.number: entry for entry in entries(register(DocumentKind.INVOICE, plain))}
    assert list(found) == [plain.number, void.number, dollars.number]
    row = found[plain.number]
    said = (row.customer, row.gstin[:2], row.place_of_supply, row.status)
    assert said == ("Acme Private Limited", "29", "29", "Finalized")
    assert (row.taxable, row.tax, row.total, row.credited, row.due) == (1000, 180, 1180, 118, 1062)
    assert (row.cgst_in_rupees, row.sgst_in_rupees, row.igst_in_rupees, row.total_in_rupees) == (90, 90, 0, 1180)
    assert (found[void.number].status, found[void.number].total, found[void.number].due) == ("Void", 0, 0)
    assert (found[dollars.number].total, found[dollars.number].total_in_rupees) == (499, Decimal("41652.78"))
    (note,) = entries(register(DocumentKind.CREDIT_NOTE, plain))
    assert (note.original, note.taxable, note.total, note.due) == (plain.number, 100, 118, 0)


def test_the_sums_are_those_of_the_rows(documents: list[Invoice], register: Callable[..., Register]) -> None:
    for kind in DocumentKind:
        chosen = register(kind, documents[0])
        rows: list[Entry] = list(entries(chosen))
        for each in sums(chosen):
            of_currency = [row for row in rows if row.currency == each.currency]
            assert len(of_currency) == each.documents + each.void
            for name, amount in each.amounts.items():
                assert amount == sum(getattr(row, name) for row in of_currency), name
    assert [each.void for each in sums(register(DocumentKind.INVOICE, documents[0]))] == [1, 0]
    assert not sums(register(DocumentKind.INVOICE, documents[0], first=date(2090, 1, 1)))


def test_the_page_and_its_files_hold_every_document(documents: list[Invoice], admin_user: Any) -> None:
    client = Client()
    client.force_login(admin_user)
    url = reverse("admin:invoicing_invoice_list_action", args=["register"]) + "?first=2000-01-01&last=2100-01-01"
    page = client.get(url).content.decode()
    assert all(each.number in page for each in documents)
    assert "1, 1 void" in page
    assert "₹1,180.00" in page
    text = b"".join(client.get(f"{url}&format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["number"] for row in rows] == [each.number for each in documents]
    assert rows[2]["total_in_rupees"] == "41652.78"
    content = b"".join(client.get(f"{url}&format=xlsx").streaming_content)  # type: ignore[attr-defined]
    header, first, *_others = load_workbook(BytesIO(content)).active.values  # type: ignore[union-attr]
    assert dict(zip(header, first, strict=True))["total"] == 1180
    assert "before the first" in client.get(f"{url}&last=1999-01-01").content.decode()


def test_people_of_one_customer_see_only_its_documents(documents: list[Invoice], viewer: Any) -> None:
    chosen = _register(viewer, DocumentKind.INVOICE, documents[0])
    assert [each.number for each in entries(chosen)] == [each.number for each in documents[:2]]
    assert [each.currency for each in sums(chosen)] == ["INR"]


def test_no_name_of_a_customer_is_a_formula_in_a_file(admin_user: Any) -> None:
    issued_invoice(factories.organisation("=HYPERLINK(1)", billing_email="a@example.com"))
    client = Client()
    client.force_login(admin_user)
    url = reverse("admin:invoicing_invoice_list_action", args=["register"]) + "?last=2100-01-01&format=csv"
    text = b"".join(client.get(url).streaming_content).decode()  # type: ignore[attr-defined]
    assert ",'=HYPERLINK(1) Private Limited," in text
