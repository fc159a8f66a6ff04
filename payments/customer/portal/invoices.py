"""The portal's invoices and credit notes: the list, one of them with its lines explained, the files, the way to pay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.number_formats import format_money, format_number, format_price
from invoicing.models import CreditNote, Invoice, InvoiceLine
from invoicing.selectors.documents import page_address
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.pay_page_links import usable_token
from invoicing.steps import Step
from payments.customer.pay_page import pay_page
from payments.customer.portal.access import Portal, nothing_done, portal_page
from payments.customer.portal.rows import invoice_row, note_row

A_PAGE = 25
STATES = (("", "All"), ("open", "To pay"), ("paid", "Paid"), ("void", "Cancelled"))


@portal_page()
def invoices(request: HttpRequest, portal: Portal) -> HttpResponse:
    today = clock.today(portal.organisation.time_zone)
    state, year = request.GET.get("state", ""), request.GET.get("year", "")
    issued = issued_invoices(portal)
    years = list(issued.order_by("-financial_year").values_list("financial_year", flat=True).distinct())
    year, state = year if year in years else "", state if state in dict(STATES) else ""
    found = in_state(issued.filter(financial_year=year) if year else issued, state)
    page = Paginator(found.order_by("-issue_date", "-number"), A_PAGE).get_page(request.GET.get("page"))
    notes = CreditNote.objects.for_organisations(portal.actor).select_related("invoice").defer("document")
    context = {
        "rows": [invoice_row(portal, each, today) for each in page],
        "notes": [note_row(portal, each) for each in notes.order_by("-issue_date", "-number")[:A_PAGE]],
        "states": [(label, f"?{urlencode({'state': name, 'year': year})}", name == state) for name, label in STATES],
        "years": [(each, f"?{urlencode({'state': state, 'year': each})}", each == year) for each in ["", *years]],
        "page": page,
        "query": urlencode({"state": state, "year": year}),
        "archive": portal.address("portal_archive"),
        "archives": years,
    }
    return portal.page(request, "portal/invoices.html", context, at="portal_invoices")


@portal_page()
def invoice(request: HttpRequest, portal: Portal, invoice_id: UUID) -> HttpResponse:
    found = invoice_of(portal, invoice_id)
    lines = found.lines.order_by("position").select_related("project")
    context = {
        "row": invoice_row(portal, found, clock.today(portal.organisation.time_zone)),
        "shown": pay_page(found),
        "question_url": portal.address("portal_question", invoice_id=found.pk),
        "lines": [line_row(line, found.currency) for line in lines],
        "notes": [note_row(portal, each) for each in found.credit_notes.select_related("invoice").defer("document")],
    }
    return portal.page(request, "portal/invoice.html", context, at="portal_invoices")


@portal_page()
def invoice_pdf(_request: HttpRequest, portal: Portal, invoice_id: UUID) -> HttpResponse:
    return file_response(*stored_pdfs.read_pdf(invoice_of(portal, invoice_id)), PDF, shown=True)


@portal_page()
def credit_note_pdf(_request: HttpRequest, portal: Portal, note_id: UUID) -> HttpResponse:
    note = CreditNote.objects.for_organisations(portal.actor).filter(pk=note_id).first()
    if note is None:
        raise Http404
    return file_response(*credit_note_delivery.read_pdf(note), PDF, shown=True)


@portal_page()
def pay(request: HttpRequest, portal: Portal, invoice_id: UUID) -> HttpResponse:
    """To the invoice's pay page, by a link that is good for a while: whoever only looks gets none."""
    if portal.only_looks:
        return nothing_done(request, portal)
    token = usable_token(invoice=invoice_of(portal, invoice_id))
    return HttpResponseRedirect(page_address(token))


def issued_invoices(portal: Portal) -> QuerySet[Invoice]:
    """Those with a number: a draft is nothing that a customer sees."""
    rows: QuerySet[Invoice] = Invoice.objects.for_organisations(portal.actor).exclude(number="")
    return rows


def invoice_of(portal: Portal, invoice_id: UUID) -> Invoice:
    """Raises Http404 for a draft and for another customer's."""
    found = issued_invoices(portal).select_related("organisation", "billing_entity").filter(pk=invoice_id).first()
    if found is None:
        raise Http404
    return found


def in_state(rows: Any, state: str) -> Any:
    match state:
        case "open":
            return rows.collectable()
        case "paid":
            return rows.filter(status=Invoice.Status.PAID)
        case "void":
            return rows.filter(status=Invoice.Status.VOID)
    return rows


def line_row(line: InvoiceLine, currency: str) -> dict[str, Any]:
    """A line with the steps of its working, in the words that the invoice prints."""
    days = ""
    if line.service_start and line.service_end:
        days = days_text(line.service_start, line.service_end - timedelta(days=1))
    return {
        "pk": line.pk,
        "description": line.description,
        "quantity": f"{format_number(line.quantity)} {line.unit_label or line.unit}".strip(),
        "days": days,
        "project": line.project.name if line.project else "",
        "amount": format_money(line.amount, currency),
        "steps": [_step(step, currency) for step in line.steps],
        "discounts": [(each.text, format_money(-each.amount, currency)) for each in line.line_discounts],
        "taxable": format_money(line.amount - line.discount, currency) if line.discounts else "",
    }


def _step(step: Step, currency: str) -> dict[str, str]:
    if step.is_note:
        return {"said": step.description, "sum": "", "amount": ""}
    if step.is_share:
        return {"said": f"{step.description}: {format_number(step.quantity)}", "sum": "", "amount": ""}
    parts = []
    if step.unit_price:
        parts.append(f"{format_number(step.quantity)} × {format_price(step.unit_price, currency)}")
    if step.flat_fee and step.flat_fee != step.amount:
        parts.append(f"a fee of {format_price(step.flat_fee, currency)}")
    return {"said": step.description, "sum": " + ".join(parts), "amount": format_price(step.amount, currency)}
