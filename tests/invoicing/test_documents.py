"""The PDF has every field of Rule 46, escapes hostile text and has the same bytes each time; the e-mail has the PDF."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from pypdf import PdfReader

from invoicing.documents import DocumentLine, InvoiceDocument, render_pdf
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services import delivery, issuing, sending, stored_pdfs, voiding
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.tasks import deliver_due_invoices, deliver_invoice
from organisations.models import Notification, Organisation, Project
from tests import factories
from tests.invoicing.language import after_october, at, issued, one_off, per_unit, pictures, used

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]

ROOT = Path(__file__).resolve().parent.parent.parent
HOSTILE = 'Evil <b>bold</b> <img src="file:///etc/passwd"/> & <para> </font> \x00\x07 "quoted"'
PIXEL = bytes.fromhex(  # a red PNG of one pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)


def printed(invoice: Invoice) -> str:
    return text_of(stored_pdfs.read_pdf(Invoice.objects.get(pk=invoice.pk))[1])


def sample(**changes: Any) -> InvoiceDocument:
    acme = factories.organisation("Acme", gstin=factories.KARNATAKA_GSTIN)
    return replace(invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk)), **changes)


def test_every_field_of_rule_46_is_printed(acme: Organisation, project: Project) -> None:
    acme.gstin = factories.KARNATAKA_GSTIN
    acme.save()
    entity = acme.billing_entity
    entity.bank_name, entity.bank_account_number, entity.bank_ifsc = "HDFC Bank", "50200012345678", "HDFC0001234"
    entity.upi_id = "metrics@hdfc"
    entity.save()
    per_unit("0.0123")
    used(project, 1000)
    text = printed(issued(acme))
    for field in (
        "TAX INVOICE",
        "Metrics Cloud Private Limited", "12 Residency Road", "Bengaluru 560025", "29AAACA1234A1ZG",  # (a)
        "INV/26-27/000001",  # (b)
        "1 Nov 2026",  # (c)
        "Acme Private Limited", "1 Main Street", "29AAGCB7383J1Z4", "29-Karnataka",  # (d) to (f)
        "998315",  # (g)
        "api_calls (call) · October 2026",  # (h)
        "1,000 call", "0.0123",  # (i)
        "₹14.52",  # (j) 12.30 + 1.11 + 1.11
        "₹12.30",  # (k)
        "CGST 9%", "SGST 9%",  # (l)
        "₹1.11",  # (m)
        "Place of supply 29-Karnataka",  # (n)
        "Reverse charge No",  # (p)
        "no signature is required",  # (q)
        "Rupees Fourteen and Fifty-Two Paise Only",
        "16 Nov 2026",
        "50200012345678", "HDFC0001234", "metrics@hdfc",
        "Page 1 of 1",
    ):  # fmt: skip
        assert field in text, field


def test_an_export_prints_endorsement_country_lut_and_rupees(globex: Organisation) -> None:
    with after_october():
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 31), source="FBIL")
        invoice = issuing.finalize_invoice(invoice_id=one_off(globex, "499.00").pk)
    text = printed(invoice)
    for field in (
        "$499.00",
        "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX",
        "United States",
        "AD290426000001X",
        "96-Other Countries",
        "1 USD = 83.4725 INR on 31 Oct 2026 (FBIL)",
        "₹41,652.78",
        "US Dollars Four Hundred Ninety-Nine Only",
    ):
        assert field in text, field


def test_between_states_it_is_igst() -> None:
    pune = factories.organisation("Pune", state_code="27", gstin=factories.MAHARASHTRA_GSTIN)
    text = printed(issuing.finalize_invoice(invoice_id=one_off(pune).pk))
    assert "IGST 18% on ₹100.00 ₹18.00" in text
    assert "CGST" not in text
    assert "Place of supply 27-Maharashtra" in text


def test_what_customers_write_is_text_and_never_markup() -> None:
    acme = factories.organisation("Acme", legal_name=HOSTILE.replace("\x00", "").replace("\x07", "")[:200])
    document = invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk))
    line = replace(document.lines[0], description=HOSTILE, unit=HOSTILE, sac="<i>")
    content = render_pdf(replace(document, lines=(line,), notes=HOSTILE, endorsement=HOSTILE, pay_url='http://x/"><a'))
    text = text_of(content)
    assert "<b>bold</b>" in text
    assert '<img src="file:///etc/passwd"/>' in text
    page = PdfReader(BytesIO(content)).pages[0]
    assert pictures(page) == []
    assert [note.get_object()["/A"]["/URI"] for note in page["/Annots"]] == ['http://x/"><a']


def test_two_hundred_lines_and_an_endless_one_fill_pages_with_heads_and_numbers() -> None:
    lines = tuple(
        DocumentLine(number, f"Metric {number}", "998315", Decimal(1), "unit", Decimal(1), Decimal(18), Decimal(1))
        for number in range(1, 201)
    )
    endless = replace(lines[0], position=201, description="word " * 3000 + "x" * 2000)
    reader = PdfReader(BytesIO(render_pdf(sample(lines=(*lines, endless)))))
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
    for page in pages[1:4]:
        assert "DESCRIPTION" in page
        assert "Tax Invoice INV/" in page
    assert all(f"Metric {number}" in "".join(pages) for number in range(1, 201))


def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    document = sample()
    code = (
        "import sys, json, django; django.setup()\n"
        "from invoicing.documents import InvoiceDocument, render_pdf\n"
        "sys.stdout.buffer.write(render_pdf(InvoiceDocument.from_json(json.load(sys.stdin))))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(document.to_json()).encode(),
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert other.stdout == render_pdf(document)


def test_the_rupee_sign_is_drawn_in_both_weights() -> None:
    reader = PdfReader(BytesIO(render_pdf(sample())))
    used_fonts = [entry.get_object()["/BaseFont"] for entry in reader.pages[0]["/Resources"]["/Font"].values()]
    fonts = {name.partition("+")[2] for name in used_fonts if "NotoSans" in name}
    assert fonts == {"NotoSans-Regular", "NotoSans-Bold"}
    assert reader.pages[0].extract_text().count("₹") >= 5


def test_a_logo_and_a_light_brand_colour_are_taken() -> None:
    content = render_pdf(sample(brand_colour="#ffee88", logo="logos/x.png"), logo=PIXEL)
    assert len(pictures(PdfReader(BytesIO(content)).pages[0])) == 1


@pytest.mark.slow
def test_fonts_are_cut_once_though_several_start_at_the_same_moment(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\n"
        f"from django.conf import settings; settings.VAR_DIR = {str(tmp_path)!r}\n"
        "from invoicing.documents.fonts import register_fonts; register_fonts()"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env) for _ in range(2)]
    assert [process.wait(300) for process in running] == [0, 0]
    names = {re.sub(r"-\d+-[0-9a-f]+", "", path.name) for path in (tmp_path / "fonts").iterdir()}
    assert names == {"NotoSans.ttf", "NotoSans-Bold.ttf"}


def test_the_invoice_is_rendered_stored_and_mailed(
    acme: Organisation, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.delivery.next_attempt_at) == ("ready", None)
    assert re.fullmatch(r"invoices/\d\d-\d\d/[0-9a-f]{40}/INV-\d\d-\d\d-000001\.pdf", invoice.pdf.name)
    note = Notification.objects.get(kind="invoice_issued")
    assert note.recipients == ["accounts@acme.example"]
    assert note.subject == f"Tax Invoice {invoice.number} from Metrics Cloud Private Limited: ₹118.00"
    assert note.attachments == [
        {
            "storage_name": invoice.pdf.name,
            "filename": f"{invoice.number.replace('/', '-')}.pdf",
            "content_type": "application/pdf",
            "content_id": "",
            "sha256": hashlib.sha256(default_storage.open(invoice.pdf.name).read()).hexdigest(),
        }
    ]
    for body in (note.text, note.html):
        assert "₹118.00" in body
        assert f"/pay/{invoice.public_token}" in body


def test_sending_again_sends_nothing(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    deliver_invoice(str(invoice.pk))
    deliver_invoice(str(invoice.pk))
    sending.send_invoice(invoice_id=invoice.pk)
    assert Notification.objects.filter(kind="invoice_issued").count() == 1


def test_customer_names_are_escaped_in_the_mail() -> None:
    acme = factories.organisation("Acme", legal_name="<script>alert(1)</script> & Co")
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    deliver_invoice(str(invoice.pk))
    note = Notification.objects.get(kind="invoice_issued")
    assert "<script>" not in note.html
    assert "<script>alert(1)</script> & Co" in note.text


def test_a_pdf_that_cannot_be_made_is_seen_waits_and_is_made_later(acme: Organisation, settings: Any) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    settings.MEDIA_ROOT = "/proc/nowhere"
    deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.delivery.attempts, invoice.sent_at) == ("failed", 1, None)
    assert "/proc/nowhere" in invoice.delivery.last_failure
    assert delivery.due_deliveries() == []  # not before its pause is over
    assert not Notification.objects.exists()


def test_a_failed_pdf_is_tried_again_after_its_pause(acme: Organisation, settings: Any, tmp_path: Path) -> None:
    with at("2026-11-01 10:00"):
        invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
        settings.MEDIA_ROOT = "/proc/nowhere"
        deliver_invoice(str(invoice.pk))
    settings.MEDIA_ROOT = tmp_path
    with at("2026-11-01 10:02"):  # the first pause is a minute, and up to a quarter longer
        assert delivery.due_deliveries() == [invoice.pk]
        deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.delivery.last_failure) == ("ready", "")
    assert invoice.sent_at is not None


def test_an_e_mail_that_was_lost_between_pdf_and_outbox_is_queued_by_the_sweep(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
        assert delivery.make_pdf(invoice_id=invoice.pk)  # and here the worker dies
    with at("2026-11-01 10:06"):
        assert delivery.due_deliveries() == [invoice.pk]
        deliver_invoice(str(invoice.pk))
    assert Notification.objects.filter(kind="invoice_issued").count() == 1


def test_a_void_invoice_is_not_sent(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    voiding.void_invoice(invoice_id=invoice.pk, reason="test")
    deliver_due_invoices()
    deliver_invoice(str(invoice.pk))
    assert not Notification.objects.exists()


def test_a_lost_pdf_comes_back_byte_for_byte(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    delivery.make_pdf(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    before = default_storage.open(invoice.pdf.name).read()
    default_storage.delete(invoice.pdf.name)
    acme.legal_name = "Renamed"
    acme.save()
    assert stored_pdfs.read_pdf(invoice)[1] == before
    assert default_storage.exists(invoice.pdf.name)


def test_half_a_file_of_a_dead_worker_is_written_over(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    name = stored_pdfs.storage_name(invoice, invoice_document(invoice))
    default_storage.save(name, ContentFile(b"%PDF-1.4 half"))
    delivery.make_pdf(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    assert invoice.pdf.name == name
    assert default_storage.open(name).read().endswith(b"%%EOF\n")


@pytest.mark.django_db(transaction=True)
def test_two_workers_render_one_pdf_between_them() -> None:
    acme = factories.organisation("Acme")
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    Invoice.objects.filter(pk=invoice.pk).update(pdf_state="pending", pdf="")
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda _: make(invoice), range(2)))
    assert sorted(made) == [False, True]


def make(invoice: Invoice) -> bool:
    try:
        return delivery.make_pdf(invoice_id=invoice.pk) is not None
    finally:
        connection.close()
