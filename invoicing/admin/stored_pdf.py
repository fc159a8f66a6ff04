"""Adds to an invoice's and a credit note's page: the PDF as it was issued, and whether the file is still that one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import Extension, badge, extends, facts, object_page
from billing_platform.lib.admin.display import when
from invoicing.admin.invoice import InvoiceExtension
from invoicing.models import CreditNote, Invoice
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.stored_pdfs import FileState, StoredPdf

TITLE = "Stored PDF"
_TONES = {
    FileState.SAME: "success",
    FileState.CHANGED: "danger",
    FileState.LOST: "warning",
    FileState.UNREAD: "warning",
}
_MEANS = {
    FileState.SAME: "It is the file that was stored when the document was issued.",
    FileState.CHANGED: "Somebody or something wrote over the file. It is neither handed out nor mailed. Restore it from"
    " a backup of the storage, or delete it: then it is drawn again from the frozen document.",
    FileState.LOST: "The file is gone. Whoever asks for it gets it drawn again from the frozen document; it is stored"
    " again if its bytes are the same.",
    FileState.UNREAD: "The storage did not hand the file out. Its reason stands in the log.",
}


class _OfDocument(Extension):
    def shown(self, request: HttpRequest, document: Any) -> HttpResponse:
        stored = StoredPdf.of(document)
        found = stored_pdfs.check(stored)
        rows = [
            ("State", badge(found.state.label, _TONES[found.state])),
            ("Compared", when(clock.now())),
            ("File", _code(stored.name)),
            ("Size", filesizeformat(found.size) if found.size else ""),
            ("SHA-256 when stored", _code(stored.sha256)),
            ("SHA-256 now", _code(found.sha256)),
        ]
        context = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"{TITLE} of {document.number}",
            "object": document,
            "facts": facts((name, value) for name, value in rows if value),
            "means": _MEANS[found.state],
            "may_download": found.state in (FileState.SAME, FileState.LOST),
        }
        return TemplateResponse(request, "admin/invoicing/stored_pdf.html", context)


def _code(text: str) -> Any:
    return format_html('<code class="break-all">{}</code>', text) if text else ""


def _file(filename: str, content: bytes) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return HttpResponse(content, content_type="application/pdf", headers=disposition)


@extends(Invoice)
class StoredPdfOfInvoice(_OfDocument, InvoiceExtension):
    @object_page(
        label=TITLE, permission="invoicing.view_invoice", when=lambda invoice: bool(invoice.pdf), icon="verified"
    )
    def stored_pdf(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        if request.GET.get("format") == "pdf":
            return _file(*stored_pdfs.original_pdf(invoice))
        return self.shown(request, invoice)


@extends(CreditNote)
class StoredPdfOfCreditNote(_OfDocument):
    @object_page(label=TITLE, permission="invoicing.view_creditnote", when=lambda note: bool(note.pdf), icon="verified")
    def stored_pdf(self, request: HttpRequest, note: CreditNote) -> HttpResponse:
        if request.GET.get("format") == "pdf":
            return _file(*credit_note_delivery.read_pdf(note))
        return self.shown(request, note)
