"""Credit notes: what they take back, what the customer owes then, and what the database refuses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.client import Client

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.computing.credit_notes import Wanted
from invoicing.documents import InvoiceDocument
from invoicing.models import BillingRunItem, CreditNote, CreditNoteLine, CreditNoteTax, Invoice
from invoicing.services import drafting, issuing, voiding
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.credit_notes.issuing import Why, issue_credit_note, last_day_of, look_ahead
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import Notification, Organisation, Project
from tests.invoicing.language import OCTOBER, at, issued, one_off, per_unit, used

pytestmark = pytest.mark.django_db

WHY = Why("deficiency", "The service was down")


def finalized(organisation: Organisation, *prices: str) -> Invoice:
    """A one-off invoice of the 1st of November with a line for each price."""
    with at("2026-11-01 10:00"):
        lines = [{"description": f"Work {price}", "quantity": "10", "unit_price": price} for price in prices]
        draft = drafting.create_one_off_draft(organisation=organisation, lines=lines)
        return issuing.finalize_invoice(invoice_id=draft.pk)


def credit(invoice: Invoice, *lines: tuple[int, str], on: str = "2026-11-20 10:00", **options: Any) -> CreditNote:
    wanted = [Wanted(position, amount=Decimal(amount)) for position, amount in lines] or None
    with at(on):
        note = issue_credit_note(invoice_id=invoice.pk, lines=wanted, **{"why": WHY, **options})
    invoice.refresh_from_db()
    return note


def test_a_partial_note_repeats_the_invoice_and_takes_back_its_part(acme: Organisation) -> None:
    # lines of 1234.57 and 100.00: CGST 111.11 + 9.00, SGST the same; total 1574.79
    invoice = finalized(acme, "123.457", "10")
    note = credit(invoice, (1, "617.28"))
    assert (note.number, note.series, note.financial_year) == ("CN/26-27/000001", "CN/26-27/", "26-27")
    assert (note.subtotal, note.tax_total, note.total) == (Decimal("617.28"), Decimal("111.12"), Decimal("728.40"))
    assert (note.supply_kind, note.place_of_supply, note.seller_gstin) == ("B2C", "29", invoice.seller_gstin)
    assert (note.taxable_in_rupees, note.cgst_in_rupees, note.sgst_in_rupees, note.igst_in_rupees) == (
        Decimal("617.28"), Decimal("55.56"), Decimal("55.56"), 0,
    )  # fmt: skip
    assert (invoice.amount_credited, invoice.amount_due, invoice.status) == (
        Decimal("728.40"), Decimal("846.39"), "finalized",
    )  # fmt: skip
    rest = credit(invoice, (1, "617.29"))
    assert (rest.number, rest.tax_total) == ("CN/26-27/000002", Decimal("111.10"))


def test_a_full_note_takes_back_everything_and_no_other_can_follow(acme: Organisation) -> None:
    invoice = finalized(acme, "123.457", "10")
    credit(invoice, (2, "40.00"))
    note = credit(invoice)
    assert (invoice.amount_credited, invoice.amount_due, invoice.status) == (invoice.total, 0, "credited")
    assert [line.amount for line in note.lines.all()] == [Decimal("1234.57"), Decimal("60.00")]
    assert not Invoice.objects.collectable().exists()
    with pytest.raises(DomainError) as refused:
        credit(invoice)
    assert refused.value.code == "INVOICE_CREDITED"


def test_the_document_says_what_rule_53_asks_for(acme: Organisation) -> None:
    invoice = finalized(acme, "100")
    acme.legal_name, acme.state_code = "Acme Renamed Limited", "27"
    acme.save()
    note = credit(invoice, (1, "500.00"))
    document = InvoiceDocument.from_json(note.document)
    assert (document.title, document.number, document.issue_date) == ("Credit Note", note.number, date(2026, 11, 20))
    assert document.credits is not None
    assert (document.credits.number, document.credits.issue_date) == (invoice.number, date(2026, 11, 1))
    assert document.credits.reason == "Deficiency in the service: The service was down"
    assert (document.customer.name, document.place_of_supply) == ("Acme Private Limited", "29-Karnataka")
    assert [(tax.name, tax.rate, tax.amount) for tax in document.taxes] == [
        ("CGST", Decimal(9), Decimal("45.00")),
        ("SGST", Decimal(9), Decimal("45.00")),
    ]
    assert (document.total, document.total_in_words) == (Decimal("590.00"), "Rupees Five Hundred Ninety Only")
    assert (document.pay_url, document.upi_url(document.total), document.transfer) == ("", "", ())


def test_the_pdf_is_stored_and_goes_out_by_e_mail(acme: Organisation) -> None:
    note = credit(finalized(acme, "100"), (1, "500.00"))
    with at("2026-11-20 10:00"):
        credit_note_delivery.deliver(note_id=note.pk)
        credit_note_delivery.deliver(note_id=note.pk)  # a second message changes nothing
    note.refresh_from_db()
    assert (note.pdf_state, note.work_state, note.send_to) == ("ready", "done", [])
    mail = Notification.objects.get(kind="credit_note_issued")
    assert mail.recipients == [acme.billing_email]
    assert mail.subject.startswith("Credit Note CN/26-27/000001 from Metrics Cloud")
    name, content = credit_note_delivery.read_pdf(note)
    assert (name, content[:5]) == ("CN-26-27-000001.pdf", b"%PDF-")
    note.pdf.delete(save=False)
    assert credit_note_delivery.read_pdf(CreditNote.objects.get(pk=note.pk)) == (name, content)


def test_drafts_and_void_invoices_are_not_credited(acme: Organisation) -> None:
    draft = one_off(acme)
    with pytest.raises(DomainError) as refused:
        issue_credit_note(invoice_id=draft.pk, lines=None, why=WHY)
    assert refused.value.code == "INVOICE_NOT_FINALIZED"
    invoice = finalized(acme, "100")
    with at("2026-11-02 10:00"):
        voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
    with pytest.raises(DomainError) as refused:
        credit(invoice)
    assert refused.value.code == "INVOICE_VOID"


@pytest.mark.parametrize(
    ("why", "place"),
    [(Why("because"), "reason"), (Why("other"), "reason_text"), (Why("deficiency", "x" * 501), "reason_text")],
)
def test_a_note_says_why(acme: Organisation, why: Why, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        credit(finalized(acme, "100"), why=why)
    assert list(refused.value.details) == [place]


# --- the last day for GST ------------------------------------------------------------------------------------------


def test_after_november_only_a_commercial_note_is_possible(acme: Organisation) -> None:
    invoice = finalized(acme, "100")
    assert last_day_of(invoice) == date(2027, 11, 30)
    assert credit(invoice, (1, "100.00"), on="2027-11-30 23:59").kind == "gst"
    with pytest.raises(DomainError) as refused:
        credit(invoice, (1, "100.00"), on="2027-12-01 00:01")
    assert (refused.value.code, refused.value.details["possible_kind"]) == ("CREDIT_NOTE_TOO_LATE", "commercial")
    note = credit(invoice, kind="commercial", on="2027-12-01 00:01")
    assert (note.total, note.tax_total, note.taxable_in_rupees) == (Decimal("900.00"), 0, None)
    assert note.document["title"] == "Commercial Credit Note"
    assert (invoice.amount_due, invoice.status) == (Decimal("162.00"), "finalized")  # the tax of 900.00 stays owed


def test_the_supply_s_year_counts_and_not_that_of_the_invoice(acme: Organisation, project: Project) -> None:
    per_unit("1", effective_from=date(2025, 4, 1))
    used(project, 100, on="2026-03-10")
    with at("2026-04-02 10:00"):
        march = OCTOBER.parse("2026-03")
        invoice = issuing.finalize_invoice(invoice_id=drafting.create_draft(organisation=acme, period=march).pk)
    assert last_day_of(invoice) == date(2026, 11, 30)


def test_a_seller_without_gst_gives_notes_without_tax_and_without_a_last_day(acme: Organisation) -> None:
    seller = acme.billing_entity
    seller.gstin = ""
    seller.save()
    invoice = finalized(acme, "100")
    note = credit(invoice, on="2030-01-01 10:00")
    assert (note.kind, note.total, note.document["title"]) == ("commercial", Decimal("1000.00"), "Credit Note")
    assert (invoice.status, last_day_of(invoice)) == ("credited", None)
    with pytest.raises(InvalidInput):
        credit(finalized(acme, "100"), kind="gst")


def test_the_registration_of_the_invoice_numbers_its_notes(acme: Organisation) -> None:
    invoice = finalized(acme, "100")
    seller = acme.billing_entity
    seller.gstin, seller.state_code = "27AAACA1234A1ZK", "27"
    seller.save()
    note = credit(invoice, (1, "1.00"))
    assert (note.seller_gstin, note.number) == ("29AAACA1234A1ZG", "CN/26-27/000001")
    assert credit(finalized(acme, "100"), (1, "1.00")).number == "CN/26-27/000001"  # under the new GSTIN


def test_a_foreign_invoice_is_credited_at_its_own_rate(globex: Organisation) -> None:
    with at("2026-10-30 10:00"):
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 30), source="RBI")
    invoice = finalized(globex, "49.90")
    with at("2026-11-19 10:00"):
        add_exchange_rate(base="USD", target="INR", rate=Decimal("90"), as_of=date(2026, 11, 19), source="RBI")
    note = credit(invoice)
    assert (note.currency, note.supply_kind, note.total) == ("USD", "EXPWOP", Decimal("499.00"))
    assert note.taxable_in_rupees == invoice.taxable_in_rupees == Decimal("41652.78")
    assert Decimal(note.document["exchange"]["rate"]) == Decimal("83.4725")


# --- the month billed anew, and voiding -----------------------------------------------------------------------------


def test_a_full_note_lets_the_month_be_billed_anew(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    note = credit(invoice, bill_again=True)
    assert (invoice.is_released, invoice.status) == (True, "credited")
    item = BillingRunItem.objects.unbilled().get()
    assert item.reason == f"Invoice {invoice} was credited by {note} to be billed anew"
    per_unit("2", organisation=acme)  # no refusal: no invoice bills October any more
    with at("2026-12-02 10:00"):
        run = start_billing_run(period=OCTOBER, requested_by="test", organisations=[acme])
        again = process_item(item_id=run.items.get(organisation=acme).pk)
    assert again.invoice is not None
    assert (again.status, again.invoice.subtotal, again.invoice.number) == (
        "done",
        Decimal("200.00"),
        "INV/26-27/000002",
    )


def test_any_other_note_leaves_the_month_billed(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    with pytest.raises(InvalidInput) as refused:
        credit(invoice, (1, "50.00"), bill_again=True)
    assert list(refused.value.details) == ["bill_again"]
    credit(invoice)
    assert not BillingRunItem.objects.unbilled().exists()
    with at("2026-12-02 10:00"), pytest.raises(DomainError) as exists:
        drafting.create_draft(organisation=acme, period=OCTOBER)
    assert exists.value.code == "INVOICE_EXISTS"


@pytest.mark.parametrize(("commercial", "subtotal", "tax"), [("100.00", "0.00", "18.00"), ("40.00", "60.00", "18.00")])
def test_a_month_is_billed_anew_after_a_commercial_note(
    acme: Organisation, project: Project, commercial: str, subtotal: str, tax: str
) -> None:
    """100 calls at ₹1 and ₹18 of tax. What is left without tax, and all of the tax, make the note; the new invoice
    charges the whole month."""
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    credit(invoice, (1, commercial), kind="commercial")
    note = credit(invoice, bill_again=True)
    assert (note.subtotal, note.tax_total) == (Decimal(subtotal), Decimal(tax))
    assert (note.taxable_in_rupees, note.cgst_in_rupees) == (Decimal("100.00"), Decimal("9.00"))
    assert (invoice.amount_due, invoice.status, invoice.is_released) == (0, "credited", True)
    document = InvoiceDocument.from_json(note.document)
    assert document.credits is not None
    assert f"also takes back the tax on ₹{commercial}" in document.credits.remark
    with at("2026-11-21 10:00"):
        again = drafting.create_draft(organisation=acme, period=OCTOBER)
    assert again.subtotal == Decimal("100.00")


def test_after_the_last_day_for_gst_no_month_is_billed_anew(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    for kind in (None, "commercial"):
        with pytest.raises(InvalidInput, match=r"30 Nov 2027 was the last day .* by a one-off") as refused:
            credit(invoice, kind=kind, bill_again=True, on="2027-12-01 10:00")
        assert list(refused.value.details) == ["bill_again"]


def test_what_somebody_has_seen_is_credited_and_not_voided(acme: Organisation, project: Project) -> None:
    invoice = finalized(acme, "100")
    with at("2026-12-01 00:01"), pytest.raises(DomainError) as refused:  # the return of November
        voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
    assert refused.value.code == "INVOICE_NOT_VOIDABLE"
    assert "Issue a credit note over all of it instead." in refused.value.message
    assert refused.value.details["credit_notes"] == f"/api/v1/admin/invoices/{invoice.pk}/credit-notes"
    with at("2026-11-20 10:00"):
        credit(invoice, (1, "1.00"))
        with pytest.raises(DomainError, match="can't be voided"):
            voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")


# --- promises of the database ---------------------------------------------------------------------------------------


def test_an_issued_note_never_changes(acme: Organisation) -> None:
    note = credit(finalized(acme, "100"), (1, "500.00"))
    connection.check_constraints()
    for change in (
        lambda: CreditNote.objects.filter(pk=note.pk).update(total=1),
        lambda: CreditNote.objects.filter(pk=note.pk).delete(),
        lambda: CreditNoteLine.objects.update(amount=1),
        lambda: CreditNoteTax.objects.all().delete(),
        lambda: Invoice.objects.filter(pk=note.invoice_id).update(amount_credited=0),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():  # noqa: PT012
            change()
            connection.check_constraints()  # what is checked at the end of the transaction


def test_no_row_can_take_back_more_than_the_line(acme: Organisation) -> None:
    note = credit(finalized(acme, "100"), (1, "500.00"))
    other = credit(finalized(acme, "100"), (1, "500.00"))
    with pytest.raises(IntegrityError, match="has not that much to credit"), transaction.atomic():
        CreditNoteLine.objects.create(
            credit_note=other, invoice_line=note.lines.get().invoice_line, amount=Decimal("1")
        )


@pytest.mark.django_db(transaction=True)
def test_two_notes_at_once_never_take_back_more_than_the_invoice(acme: Organisation) -> None:
    invoice = finalized(acme, "100")

    def one(_index: int) -> str:
        try:
            with at("2026-11-20 10:00"):
                wanted = [Wanted(1, amount=Decimal("600.00"))]
                issue_credit_note(invoice_id=invoice.pk, lines=wanted, why=WHY, send=False)
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "issued"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(one, range(2)))
    assert outcomes == ["VALIDATION_ERROR", "issued"]
    invoice.refresh_from_db()
    assert invoice.amount_credited == Decimal("708.00")
    assert CreditNote.objects.get().number == "CN/26-27/000001"


def test_looking_ahead_says_what_is_due_and_what_is_too_much(acme: Organisation) -> None:
    invoice = finalized(acme, "100")
    with at("2026-11-20 10:00"):
        outlook = look_ahead(invoice=invoice, lines=[Wanted(1, quantity=Decimal(5))])
    assert (outlook.note.total, outlook.due, outlook.excess) == (Decimal("590.00"), Decimal("590.00"), 0)
    assert not CreditNote.objects.exists()


# --- the API --------------------------------------------------------------------------------------------------------


def post_note(api: Client, invoice: Invoice, body: dict[str, Any]) -> Any:
    with at("2026-11-20 10:00"):
        path = f"/api/v1/admin/invoices/{invoice.pk}/credit-notes"
        return api.post(path, json.dumps(body), content_type="application/json")


def test_a_note_is_issued_read_listed_and_printed_by_the_api(api: Client, acme: Organisation) -> None:
    invoice = finalized(acme, "123.457", "10")
    lines = [{"line_number": 1, "amount": "617.28"}, {"line_number": 2, "quantity": 5}]
    answer = post_note(api, invoice, {"lines": lines, "reason": "Goodwill after the outage"})
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    # 617.28 + 2 × 55.56, and half of 100.00 + 2 × 4.50
    assert (body["subtotal"], body["tax_total"], body["total"]) == ("667.28", "120.12", "787.40")
    assert (body["reason"], body["reason_text"]) == ("other", "Goodwill after the outage")
    assert [(line["line_number"], line["quantity"], line["amount"]) for line in body["line_items"]] == [
        (1, None, "617.28"),
        (2, "5", "50.00"),
    ]
    assert [(tax["name"], tax["rate"], tax["amount"]) for tax in body["taxes"]] == [
        ("CGST", "9", "60.06"),
        ("SGST", "9", "60.06"),
    ]
    assert api.get(f"/api/v1/admin/credit-notes/{body['id']}").json() == body
    listed = api.get(f"/api/v1/admin/credit-notes?invoice={invoice.pk}&kind=gst").json()["results"]
    assert [row["number"] for row in listed] == ["CN/26-27/000001"]
    assert api.get(f"/api/v1/admin/invoices/{invoice.pk}/credit-notes").json()["count"] == 1
    assert api.get(body["pdf_url"]).content.startswith(b"%PDF-")
    read = api.get(f"/api/v1/admin/invoices/{invoice.pk}").json()
    assert (read["amount_credited"], read["amount_due"]) == ("787.40", "787.39")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"reason": "correction"}, "lines"),
        ({"reason": "correction", "full": True, "lines": [{"line_number": 1, "amount": "1"}]}, "lines"),
        ({"reason": "correction", "lines": [{"line_number": 1}]}, "lines[0].amount"),
        ({"reason": "correction", "lines": [{"line_number": 9, "amount": "1"}]}, "lines[0].line_number"),
        ({"full": True}, "reason"),
    ],
)
def test_a_wrong_request_is_told_where(api: Client, acme: Organisation, body: dict[str, Any], place: str) -> None:
    answer = post_note(api, finalized(acme, "100"), body)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [place])


def test_all_of_an_invoice_is_credited_once(api: Client, acme: Organisation) -> None:
    invoice = finalized(acme, "100")
    assert post_note(api, invoice, {"full": True, "reason": "cancelled"}).status_code == 201
    again = post_note(api, invoice, {"full": True, "reason": "cancelled"})
    assert (again.status_code, again.json()["code"]) == (409, "INVOICE_CREDITED")
