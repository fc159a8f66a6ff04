"""Many documents of a customer as one ZIP: a financial year, or those that were ticked."""

from __future__ import annotations

import zipfile
from io import BytesIO
from itertools import chain

from django.http import HttpRequest, HttpResponse

from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.downloads import file_response
from billing_platform.lib.ids import read_uuid
from invoicing.models import CreditNote, Invoice
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from organisations.access.throttling import count
from payments.customer.portal.access import Portal, portal_page, too_many
from payments.customer.portal.invoices import issued_invoices

MOST = 100
"""Documents of one file: so many are made while somebody waits."""
OFTEN = "6/m"


@portal_page()
def archive(request: HttpRequest, portal: Portal) -> HttpResponse:
    usage = count(request, group="portal_archive", who=portal.who, rate=OFTEN)
    if usage is not None and usage.exceeded:
        return too_many(request, usage.reset_seconds)
    invoices, notes = _chosen(request, portal)
    if not invoices and not notes:
        return _refused(request, portal, "Tick the invoices that you want, or choose a year that has some.")
    if len(invoices) + len(notes) > MOST:
        return _refused(request, portal, f"One file holds up to {MOST} documents: tick the invoices you want.")
    try:
        content = _zipped(invoices, notes)
    except DomainError:
        return _refused(request, portal, f"A file can't be read. Please write to {portal.seller.email}.")
    return file_response("documents.zip", content, "application/zip")


def _chosen(request: HttpRequest, portal: Portal) -> tuple[list[Invoice], list[CreditNote]]:
    """A year brings its credit notes along. One more than the most is enough to know that there are too many."""
    rows = issued_invoices(portal).select_related("organisation", "billing_entity").order_by("issue_date", "number")
    ids = request.GET.getlist("invoice")[: MOST + 1]
    if ids:
        return list(rows.filter(pk__in=[pk for pk in map(read_uuid, ids) if pk])), []
    year = request.GET.get("year", "")[:5].replace("\x00", "")
    notes = CreditNote.objects.for_organisations(portal.actor).filter(financial_year=year).select_related("invoice")
    return list(rows.filter(financial_year=year)[: MOST + 1]), list(notes.order_by("number")[: MOST + 1])


def _zipped(invoices: list[Invoice], notes: list[CreditNote]) -> bytes:
    """As issued; a cancelled invoice says that it is."""
    void = Invoice.Status.VOID
    files = chain(
        (stored_pdfs.read_pdf(each) if each.status == void else stored_pdfs.original_pdf(each) for each in invoices),
        (credit_note_delivery.read_pdf(each) for each in notes),
    )
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as file:  # PDFs are compressed already
        for name, content in files:
            file.writestr(name.replace("/", "-"), content)
    return written.getvalue()


def _refused(request: HttpRequest, portal: Portal, sentence: str) -> HttpResponse:
    context = {"sentence": sentence, "back": portal.address("portal_invoices")}
    return portal.page(request, "portal/refused.html", context, at="portal_invoices", status=400)
