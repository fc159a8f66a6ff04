"""The customer's page of an invoice or a credit note: the document as HTML, opened by the pay page's link.

The page has what a person wrote into a template, so it may do nothing: no script, no form, nothing from elsewhere. It
belongs to no site of ours (`sandbox`), and could not read a cookie even if the cleaning of its HTML failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from billing_platform.lib.http.downloads import PDF, file_response
from invoicing.documents import InvoiceDocument, Standing
from invoicing.documents.html import POLICY, picture_within
from invoicing.documents.html_values import Medium
from invoicing.models import CreditNote
from invoicing.selectors.documents import invoice_document
from invoicing.selectors.pages import page_of
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from payments.customer.pay_page import pay_page
from payments.customer.tokens import opened


@never_cache
@require_GET
def invoice_page(_request: HttpRequest, token: str) -> HttpResponse:
    invoice = opened(token)
    links = {"page": _address("pay", token)}
    if pay_page(invoice).has_pdf:
        links["pdf"] = _address("pay_pdf", token)
    return _answer(invoice_document(invoice), stored_pdfs.standing_of(invoice), links)


@never_cache
@require_GET
def credit_note_page(_request: HttpRequest, token: str, note_id: UUID) -> HttpResponse:
    """Of a credit note for the link's invoice."""
    note = _note(token, note_id)
    links = {"page": _address("pay", token)}
    if note.pdf_state == CreditNote.PdfState.READY:
        links["pdf"] = _address("credit_note_pdf", token, note_id=note.pk)
    return _answer(InvoiceDocument.from_json(note.document), credit_note_delivery.standing_of(note), links)


@never_cache
@require_GET
def credit_note_pdf(_request: HttpRequest, token: str, note_id: UUID) -> HttpResponse:
    """The file as it was issued, of a credit note for the link's invoice."""
    note = _note(token, note_id)
    if note.pdf_state != CreditNote.PdfState.READY:
        raise Http404
    response = file_response(*credit_note_delivery.read_pdf(note), PDF, shown=True)
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response["X-Robots-Tag"] = "noindex"
    return response


def _note(token: str, note_id: UUID) -> CreditNote:
    note: CreditNote | None = CreditNote.objects.filter(invoice=opened(token), pk=note_id).first()
    if note is None:
        raise Http404
    return note


def _address(name: str, token: str, **more: UUID) -> str:
    """Absolute: a page without a site has nothing that an address could begin with."""
    return str(settings.SITE_URL) + reverse(f"payments:{name}", kwargs={"token": token, **more})


def _answer(document: InvoiceDocument, standing: Standing, links: Mapping[str, str]) -> HttpResponse:
    logo = picture_within(stored_pdfs.read_logo(document.logo))
    response = HttpResponse(page_of(document, medium=Medium.PAGE, standing=standing, logo=logo, links=links))
    response["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
    response["X-Robots-Tag"] = "noindex"
    return response
