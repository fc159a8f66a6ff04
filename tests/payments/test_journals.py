"""Documents and money go into the books once, to the paisa, whatever happens to them afterwards."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.database import parts
from billing_platform.lib.errors import DomainError
from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, Invoice
from invoicing.services import voiding
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from organisations.models import Organisation
from payments.accounts.vouchers import LedgerRole
from payments.models import JournalBatch, JournalFile, JournalItem
from payments.services.journals.exporting import export_journal, journal
from payments.services.journals.ledgers import USUAL, set_ledgers, set_party_ledger
from payments.services.offline import reverse_payment
from tests import factories
from tests.payments.language import issued_invoice
from tests.payments.test_crediting import offline

FIRST, LAST = date(2026, 1, 1), date(2099, 12, 31)


def export(seller: Any, program: str = "tally", first: date = FIRST, last: date = LAST) -> JournalBatch:
    return export_journal(seller=seller, program=program, first=first, last=last)


def content_of(batch: JournalBatch) -> bytes:
    return bytes(JournalFile.objects.get(batch=batch).content)


def files(batch: JournalBatch) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content_of(batch))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def vouchers(batch: JournalBatch) -> list[tuple[str, dict[str, Decimal]]]:
    """Type and amounts by ledger of each voucher, debits negative."""
    root = ElementTree.fromstring(files(batch)["vouchers.xml"])
    return [
        (
            voucher.attrib["VCHTYPE"],
            {
                row.findtext("LEDGERNAME"): Decimal(row.findtext("AMOUNT"))
                for row in voucher.iterfind("ALLLEDGERENTRIES.LIST")
            },
        )
        for voucher in root.iterfind(".//VOUCHER")
    ]


@pytest.fixture
def seller(invoice: Invoice) -> Any:
    set_ledgers(seller=invoice.billing_entity, names=USUAL, sales={})
    return invoice.billing_entity


def test_a_month_in_the_books(seller: Any, invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "AT_ONCE", 1)  # the transfer and its TDS are read apart, and stay one receipt
    # 1,000 + CGST 90 + SGST 90; 1,060 arrive, 100 are withheld; 20 are open
    offline(invoice, "1060.00")
    offline(invoice, "100.00", method="tds", reference="Form 131")
    batch = export(seller)
    name = invoice.organisation.name
    assert vouchers(batch) == [
        (
            "Sales",
            {name: Decimal(-1180), "Sales": Decimal(1000), "Output CGST": Decimal(90), "Output SGST": Decimal(90)},
        ),
        ("Receipt", {"Bank": Decimal(-1060), "TDS Receivable": Decimal(-100), name: Decimal(1160)}),
    ]
    assert (batch.voucher_count, batch.debit_total) == (2, Decimal(2340))
    assert sum(item.amount for item in batch.items.all()) == 20  # what the customer still owes


def test_nothing_is_exported_twice_and_the_file_stays(seller: Any, invoice: Invoice) -> None:
    batch = export(seller)
    with pytest.raises(DomainError) as refusal:
        export(seller)
    assert refusal.value.code == "NOTHING_TO_EXPORT"
    assert export(seller, "zoho").voucher_count == 1  # another program has books of its own
    before = content_of(batch)
    offline(invoice, "500.00")
    assert [kind for kind, _ in vouchers(export(seller))] == ["Receipt"]
    assert content_of(batch) == before
    with pytest.raises(IntegrityError, match="booked_once_in_a_program"), transaction.atomic():
        JournalItem.objects.create(
            batch=batch, organisation=invoice.organisation, program="tally", kind="invoice", subject_id=invoice.pk,
            number="again", day=LAST, amount=1,
        )  # fmt: skip


def test_what_is_undone_after_the_export_is_undone_in_the_books(seller: Any, invoice: Invoice) -> None:
    payment = offline(invoice, "1180.00")
    export(seller)
    reverse_payment(payment_id=payment.pk, reason="typed twice")
    voiding.void_invoice(invoice_id=invoice.pk, reason="wrong customer")
    name = invoice.organisation.name
    undone = vouchers(export(seller))
    assert ("Journal", {"Bank": Decimal(1180), name: Decimal(-1180)}) in undone
    assert ("Journal", {
        name: Decimal(1180), "Sales": Decimal(-1000), "Output CGST": Decimal(-90), "Output SGST": Decimal(-90),
    }) in undone  # fmt: skip
    assert sum(item.amount for item in JournalItem.objects.all()) == 0


def test_what_is_undone_before_the_export_never_reaches_the_books(seller: Any, invoice: Invoice) -> None:
    reverse_payment(payment_id=offline(invoice, "1180.00").pk, reason="typed twice")
    voiding.void_invoice(invoice_id=invoice.pk, reason="wrong customer")
    assert journal(seller=seller, program="tally", first=FIRST, last=LAST).voucher_count == 0


def test_a_credit_note_and_its_invoice_cancel_out(seller: Any, invoice: Invoice) -> None:
    issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"))
    (_, sold), (kind, taken_back) = vouchers(export(seller))
    assert kind == "Credit Note"
    assert taken_back == {ledger: -amount for ledger, amount in sold.items()}


def test_missing_ledgers_are_listed_and_stop_the_export(invoice: Invoice) -> None:
    seller = invoice.billing_entity
    set_ledgers(seller=seller, names={LedgerRole.CGST: "CGST"}, sales={"998313": "Consulting"})
    made = journal(seller=seller, program="tally", first=FIRST, last=LAST)
    assert made.missing == [(LedgerRole.SALES, "998315")]  # the first that the voucher asks for
    with pytest.raises(DomainError) as refusal:
        export(seller)
    assert refusal.value.code == "LEDGERS_MISSING"


def test_other_books_can_be_chosen_while_ledgers_are_missing(invoice: Invoice, admin_user: Any) -> None:
    client = Client()
    client.force_login(admin_user)
    asked = client.get(
        reverse("admin:payments_journalbatch_list_action", args=["export"]), {"first": FIRST, "last": LAST}
    )
    page = asked.content.decode()
    assert "No ledger is named for" in page
    assert all(f'name="{name}"' in page for name in ("seller", "program", "first", "last"))


def test_two_customers_of_one_name_need_ledgers_of_their_own(seller: Any, invoice: Invoice) -> None:
    other = issued_invoice(factories.organisation(invoice.organisation.name, billing_entity=seller, slug="other"))
    with pytest.raises(DomainError, match="2 customers have the ledger"):
        export(seller)
    set_party_ledger(organisation=other.organisation, name="Acme (Delhi)")
    assert len(vouchers(export(seller))) == 2


def test_only_new_customers_are_masters_and_changes_are_told(seller: Any, invoice: Invoice) -> None:
    assert invoice.organisation.name in files(export(seller))["masters.xml"]
    Organisation.objects.filter(pk=invoice.organisation_id).update(city="Mysuru")
    offline(invoice, "10.00")
    later = files(export(seller))
    assert "masters.xml" not in later
    assert "Mysuru" in later["masters-changed.csv"]


def test_no_export_is_without_its_file_and_no_file_is_another(seller: Any, invoice: Invoice) -> None:
    batch = export(seller)
    assert JournalFile.objects.get(batch=batch).sha256 == hashlib.sha256(content_of(batch)).hexdigest()
    batch.pk = uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at a commit
    with pytest.raises(IntegrityError, match="has no file"), transaction.atomic():
        batch.save(force_insert=True)
    for wrong, constraint in (({"sha256": "0" * 64}, "is_its_fingerprint"), ({"size": 1}, "has_its_size")):
        file = {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()} | wrong
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            JournalFile.objects.create(batch_id=batch.pk, name="a.zip", content=b"", **file)


def test_zoho_gets_the_documents_own_total(seller: Any, invoice: Invoice) -> None:
    offline(invoice, "1180.00")
    exported = files(export(seller, "zoho"))
    head, row = exported["invoices.csv"].splitlines()
    values = dict(zip(head.split(","), row.split(","), strict=True))
    assert values["Invoice Number"] == invoice.number
    assert (values["Item Price"], values["Item Tax"], values["Adjustment"]) == ("1000.00", "GST18", "")
    assert f"{invoice.number},1180.00" in exported["payments.csv"]


def test_what_zoho_has_no_import_for_is_for_a_person(seller: Any, invoice: Invoice) -> None:
    some = [Wanted(1, amount=Decimal(100))]
    issue_credit_note(invoice_id=invoice.pk, lines=some, why=Why("deficiency"), kind=CreditNote.Kind.COMMERCIAL)
    payment = offline(invoice, "500.00")
    first = files(export(seller, "zoho"))
    assert list(first) == ["invoices.csv", "payments.csv", "by-hand.csv"]  # Zoho would put the note into GST returns
    assert "Make a manual journal: debit Discount Allowed" in first["by-hand.csv"]
    reverse_payment(payment_id=payment.pk, reason="typed twice")
    assert journal(seller=seller, program="zoho", first=FIRST, last=LAST).by_hand == 1
    assert "Open the payment and delete it." in files(export(seller, "zoho"))["by-hand.csv"]


@pytest.mark.django_db(transaction=True)
def test_two_exports_at_once_book_everything_once(invoice: Invoice) -> None:
    set_ledgers(seller=invoice.billing_entity, names=USUAL, sales={})
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def run() -> None:
        try:
            together.wait()
            export(invoice.billing_entity)
            outcomes.append("exported")
        except DomainError as error:
            outcomes.append(str(error.code))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["NOTHING_TO_EXPORT", "exported"]
    assert JournalItem.objects.count() == 1
