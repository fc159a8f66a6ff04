"""Documents: each planted fault is found, exactly that, and is gone once it is mended; an untouched month has none."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage

from invoicing.models import CreditNote, Invoice
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.stored_pdfs import store_pdf
from organisations.models import Organisation
from reconciliation.checks import CHECKS
from reconciliation.findings import FindingKind, Tally, Window
from reconciliation.models import CheckName
from tests.payments.language import issued_invoice
from tests.reconciliation.language import found, tamper

pytestmark = pytest.mark.django_db

SUMS, FILES, SERIES = CheckName.DOCUMENT_SUMS, CheckName.DOCUMENT_FILES, CheckName.NUMBER_SERIES


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,000.00, CGST ₹90.00, SGST ₹90.00: ₹1,180.00."""
    return issued_invoice(acme)


def credited(invoice: Invoice) -> CreditNote:
    return issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"), send=False)


def day(invoice: Invoice) -> Any:
    return invoice.issue_date


@pytest.mark.parametrize("check", [SUMS, FILES, SERIES])
def test_documents_as_they_were_issued_agree(invoice: Invoice, acme: Organisation, check: CheckName) -> None:
    issued_invoice(acme, "0.05")
    credited(invoice)
    assert found(check, day(invoice)) == []


PLANTED = [
    ("UPDATE invoicing_invoice SET subtotal = subtotal + 1, total = total + 1", FindingKind.INVOICE_SUMS, "1.00"),
    ("UPDATE invoicing_invoice SET tax_total = 181, total = 1181", FindingKind.INVOICE_SUMS, "1.00"),
    ("UPDATE invoicing_invoice SET amount_credited = 10", FindingKind.CREDITED_TOTAL, "10.00"),
]


@pytest.mark.parametrize(("statement", "kind", "worth"), PLANTED)
def test_a_changed_sum_is_found(invoice: Invoice, statement: str, kind: FindingKind, worth: str) -> None:
    tamper(statement)
    (finding,) = found(SUMS, day(invoice))
    assert (finding.kind, finding.worth, finding.about) == (kind, Decimal(worth), f"Invoice {invoice.number}")


def test_a_changed_line_is_found_with_both_amounts(invoice: Invoice) -> None:
    tamper("UPDATE invoicing_invoiceline SET amount = 1000.01")
    sums, *taxes = sorted(found(SUMS, day(invoice)), key=lambda each: each.subject)
    assert sums.kind == FindingKind.INVOICE_SUMS
    assert sums.expected == "subtotal ₹1,000.01, total ₹1,180.01"
    assert sums.found == "subtotal ₹1,000.00, total ₹1,180.00"
    assert [each.kind for each in taxes] == [FindingKind.LINE_TAX] * 2  # the taxable value is another one


def test_a_tax_of_one_paisa_too_much_is_found(invoice: Invoice) -> None:
    tamper("UPDATE invoicing_invoicetax SET amount = 90.01 WHERE name = 'CGST'")
    kinds = {each.kind: each for each in found(SUMS, day(invoice))}
    assert set(kinds) == {FindingKind.INVOICE_SUMS, FindingKind.LINE_TAX}
    assert (kinds[FindingKind.LINE_TAX].expected, kinds[FindingKind.LINE_TAX].found) == ("tax ₹90.00", "tax ₹90.01")


def test_a_changed_credit_note_is_found(invoice: Invoice) -> None:
    note = credited(invoice)
    tamper("UPDATE invoicing_creditnote SET subtotal = 999, total = 1179")
    kinds = {each.kind: each.about for each in found(SUMS, day(invoice))}
    assert kinds == {
        FindingKind.CREDIT_NOTE_SUMS: f"Credit note {note.number}",
        FindingKind.CREDITED_TOTAL: f"Invoice {invoice.number}",
    }


def test_documents_of_other_days_and_customers_are_left_alone(invoice: Invoice, globex: Organisation) -> None:
    tamper("UPDATE invoicing_invoice SET subtotal = subtotal + 1, total = total + 1")
    assert found(SUMS, day(invoice) - timedelta(days=1)) == []
    assert found(SUMS, day(invoice), organisation_id=globex.pk) == []
    assert len(found(SUMS, day(invoice), organisation_id=invoice.organisation_id)) == 1


def test_a_frozen_document_that_was_changed_or_taken_away_is_found(invoice: Invoice) -> None:
    tamper("UPDATE invoicing_documentsnapshot SET content = jsonb_set(content, '{total}', '\"1\"')")
    (finding,) = found(FILES, day(invoice))
    assert (finding.kind, finding.about) == (FindingKind.DOCUMENT_DIFFERS, f"Invoice {invoice.number}")
    assert (finding.expected.split(", ")[-2], finding.found.split(", ")[-2]) == ("total 1", "total 1180")
    tamper("DELETE FROM invoicing_documentsnapshot")
    (finding,) = found(FILES, day(invoice))
    assert (finding.kind, finding.found) == (FindingKind.DOCUMENT_MISSING, "none")


def test_a_line_that_is_not_the_issued_one_is_found_though_all_sums_agree(invoice: Invoice) -> None:
    tamper("UPDATE invoicing_invoiceline SET quantity = quantity + 1")
    (finding,) = found(FILES, day(invoice))
    assert (finding.kind, finding.about) == (FindingKind.LINE_DIFFERS, f"Invoice {invoice.number}, line 1")
    assert finding.expected.replace("quantity 1,", "quantity 2,") == finding.found
    assert found(SUMS, day(invoice)) == []


def test_a_frozen_document_whose_total_is_no_number_is_found(invoice: Invoice) -> None:
    tamper('UPDATE invoicing_documentsnapshot SET content = content || \'{"total": "much", "lines": 1}\'')
    total, line = found(FILES, day(invoice))
    assert total.expected.endswith("total much, 0 lines")
    assert line.expected == "no such line in the document as it was issued"


def test_what_a_seller_in_the_west_issued_after_the_run_is_looked_at_by_the_next(invoice: Invoice) -> None:
    assert invoice.finalized_at is not None
    today = invoice.finalized_at.astimezone(UTC).date()
    tamper(
        "UPDATE invoicing_invoice SET issue_date = %s, subtotal = subtotal + 1, total = total + 1",
        today - timedelta(days=1),
    )
    assert [each.day for each in found(SUMS, today)] == [today - timedelta(days=1)]
    assert found(SUMS, today + timedelta(days=1)) == []


@pytest.mark.usefixtures("own_media")
def test_a_stored_pdf_that_was_changed_or_lost_is_found(invoice: Invoice) -> None:
    stored = store_pdf(invoice)
    invoice.pdf, invoice.pdf_sha256, invoice.pdf_state = stored.name, stored.sha256, "ready"
    invoice.save()
    assert found(FILES, day(invoice)) == []
    with default_storage.open(stored.name, "ab") as file:
        file.write(b"%")
    (finding,) = found(FILES, day(invoice))
    assert (finding.kind, finding.expected) == (FindingKind.PDF_CHANGED, f"SHA-256 {stored.sha256}")
    default_storage.delete(stored.name)
    (finding,) = found(FILES, day(invoice))
    assert (finding.kind, finding.found) == (FindingKind.PDF_LOST, "no file")


def test_numbers_that_are_missing_beyond_or_given_twice_are_found(invoice: Invoice, acme: Organisation) -> None:
    others = [issued_invoice(acme) for _number in range(5)]
    for pk in (others[1].pk, others[2].pk, others[4].pk):  # numbers 3, 4 and 6
        tamper("DELETE FROM invoicing_invoice WHERE id = %s", pk)
    findings = found(SERIES, day(invoice))
    assert [each.found for each in findings] == ["none has the numbers 3 to 4", "none has number 6"]
    assert {each.kind for each in findings} == {FindingKind.NUMBER_MISSING}
    assert found(SERIES, day(invoice), organisation_id=acme.pk) == []
    tamper("UPDATE invoicing_numbersequence SET next_number = 5")
    kinds = [each.kind for each in found(SERIES, day(invoice))]
    assert kinds == [FindingKind.NUMBER_MISSING, FindingKind.NUMBER_BEYOND]
    note = credited(invoice)
    tamper("UPDATE invoicing_creditnote SET number = %s WHERE id = %s", invoice.number, note.pk)
    assert found(SERIES, day(invoice))[-1].kind == FindingKind.NUMBER_REPEATED


def test_a_number_that_is_given_out_while_a_broken_series_is_read_is_not_beyond_its_counter(
    invoice: Invoice, acme: Organisation
) -> None:
    gap = issued_invoice(acme)
    issued_invoice(acme)
    tamper("DELETE FROM invoicing_invoice WHERE id = %s", gap.pk)
    findings = CHECKS[SERIES].find(Window(day(invoice), day(invoice)), Tally())
    assert next(findings).kind == FindingKind.NUMBER_MISSING
    issued_invoice(acme)
    assert list(findings) == []
