"""A document without its IRN is not mailed, where its seller holds it back; with its IRN it is, by itself."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from pypdf import PdfReader

from invoicing import tasks
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.services import delivery, sending, stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.e_invoices import needed, recording
from organisations.models import BillingEntity, Notification
from organisations.services.sellers import update_seller
from tests.invoicing.e_invoices.language import credited, registered
from tests.invoicing.language import at

pytestmark = pytest.mark.django_db


def record(found: EInvoice) -> None:
    with at("2026-10-05 11:30"):
        recording.record(e_invoice_id=found.pk, registered=registered(found), source="typed")


def text_of(invoice: Invoice) -> str:
    reader = PdfReader(BytesIO(stored_pdfs.read_pdf(invoice)[1]))
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def deliver(invoice: Invoice) -> Invoice:
    with at("2026-10-05 12:00"):
        tasks.deliver_invoice(str(invoice.pk))
    return Invoice.objects.get(pk=invoice.pk)


def test_the_e_mail_waits_for_the_irn_and_the_pdf_too(invoice: Invoice, e_invoice: EInvoice) -> None:
    waiting = deliver(invoice)
    assert (waiting.pdf_state, waiting.sent_at) == ("pending", None)
    assert invoice.pk not in delivery.due_deliveries()
    record(e_invoice)
    assert invoice.pk in delivery.due_deliveries()
    sent = deliver(invoice)
    assert (sent.pdf_state, sent.sent_at is not None) == ("ready", True)
    assert registered(e_invoice).irn in text_of(sent)
    assert Notification.objects.count() == 1


def test_what_a_person_sends_waits_too(invoice: Invoice, e_invoice: EInvoice) -> None:
    sending.send_invoice(invoice_id=invoice.pk, to=["cfo@bharat.example"])
    assert deliver(invoice).sent_at is None
    record(e_invoice)
    deliver(invoice)
    assert "cfo@bharat.example" in Notification.objects.get().recipients


def test_nothing_waits_where_none_is_needed(invoice: Invoice, e_invoice: EInvoice) -> None:
    needed.mark_not_needed(e_invoice_id=e_invoice.pk, reason="A zone")
    assert deliver(invoice).sent_at is not None


def test_a_seller_may_send_at_once_and_the_pdf_is_made_anew_with_the_irn(
    invoice: Invoice, e_invoice: EInvoice, seller: BillingEntity
) -> None:
    update_seller(seller=seller, e_invoices_hold_mail=False)
    sent = deliver(invoice)
    mailed, irn = Notification.objects.get().attachments, registered(e_invoice).irn
    assert irn not in text_of(sent)
    record(e_invoice)
    assert irn in text_of(Invoice.objects.get(pk=invoice.pk))  # drawn on the spot until it is stored
    made = deliver(invoice)
    assert (made.pdf_state, made.pdf.name != sent.pdf.name) == ("ready", True)
    assert irn in text_of(made)
    assert Notification.objects.get().attachments == mailed
    assert default_storage.exists(sent.pdf.name)  # the e-mail may still wait to carry it
    update_seller(seller=seller, e_invoices_hold_mail=True)
    sending.send_invoice(invoice_id=invoice.pk, to=["cfo@bharat.example"])
    assert Notification.objects.count() == 2


def test_a_cancelled_irn_holds_the_e_mail(invoice: Invoice, e_invoice: EInvoice) -> None:
    with at("2026-10-05 11:30"):
        found = recording.record(e_invoice_id=e_invoice.pk, registered=registered(e_invoice), source="typed")
        recording.record_cancellation(e_invoice_id=e_invoice.pk, at=found.ack_at, reason="2")
    assert deliver(invoice).sent_at is None


def test_a_credit_note_waits_as_its_invoice_does(invoice: Invoice) -> None:
    note = credited(invoice)
    with at("2026-10-06 12:00"):
        tasks.deliver_credit_note(str(note.pk))
        assert CreditNote.objects.get(pk=note.pk).sent_at is None
        assert note.pk not in credit_note_delivery.due_deliveries()
        found = EInvoice.objects.get(credit_note=note)
        given = registered(found, acknowledged="2026-10-06 11:00:00")
        recording.record(e_invoice_id=found.pk, registered=given, source="typed")
        tasks.deliver_credit_note(str(note.pk))
    assert CreditNote.objects.get(pk=note.pk).sent_at is not None
