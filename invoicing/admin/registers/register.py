"""The invoice register and the credit note register: sums by currency, the documents, and both as files."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import Extension, extends, list_page
from billing_platform.lib.dates_in_words import day_text, days_text
from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.xlsx_files import xlsx_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_number
from invoicing.admin.registers.span import SpanForm
from invoicing.models import CreditNote, Invoice
from invoicing.rates import BOOKS
from invoicing.returns.documents import DocumentKind
from invoicing.selectors.registers import COLUMNS, Entry, Register, Sums, entries, sums

ROWS_OF_A_PAGE = 50
TITLES = {DocumentKind.INVOICE: "Invoice register", DocumentKind.CREDIT_NOTE: "Credit note register"}
_PAGES = {DocumentKind.INVOICE: "invoicing_invoice", DocumentKind.CREDIT_NOTE: "invoicing_creditnote"}
_SHOWN = ("taxable", "tax", "round_off", "total", "paid", "credited", "due")
_OF_NOTES = _SHOWN[:4]
_IN_RUPEES = ("taxable_in_rupees", "igst_in_rupees", "cgst_in_rupees", "sgst_in_rupees", "total_in_rupees")
_WORDS = {
    "taxable": "Taxable", "tax": "Tax", "round_off": "Round-off", "total": "Total", "paid": "Paid",
    "credited": "Credited", "due": "Due", "taxable_in_rupees": "Taxable in rupees", "igst_in_rupees": "IGST",
    "cgst_in_rupees": "CGST", "sgst_in_rupees": "SGST", "total_in_rupees": "Total in rupees",
}  # fmt: skip
NUMBERS = frozenset(_WORDS)


def register_address(kind: DocumentKind) -> str:
    return reverse(f"admin:{_PAGES[kind]}_list_action", args=["register"])


class _RegisterPage(Extension):
    kind: DocumentKind

    def show(self, request: HttpRequest) -> HttpResponseBase:
        form = SpanForm(request)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": TITLES[self.kind],
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            register = Register(request.user, self.kind, **form.cleaned_data)
            file = self._file(request, register)
            if file is not None:
                return file
            context |= self._shown(request, register) | {"query": form.query}
        context["presets"] = list(form.presets()) if form.is_valid() else []
        return TemplateResponse(request, "admin/invoicing/register.html", context)

    def _file(self, request: HttpRequest, register: Register) -> HttpResponseBase | None:
        """The register as a file, where the address asks for one."""
        kind = "credit-note-register" if self.kind == DocumentKind.CREDIT_NOTE else "invoice-register"
        name = f"{kind}-{register.first:%Y%m%d}-{register.last:%Y%m%d}"
        match request.GET.get("format"):
            case "csv":
                return csv_response(name, _rows(register))
            case "xlsx":
                return xlsx_response(name, _rows(register), numbers=NUMBERS)
        return None

    def _shown(self, request: HttpRequest, register: Register) -> dict[str, Any]:
        is_note = self.kind == DocumentKind.CREDIT_NOTE
        names = _OF_NOTES if is_note else _SHOWN
        in_rows = tuple(name for name in names if name != "round_off")  # the files have it too
        page = Paginator(register.documents, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
        start = max(page.start_index() - 1, 0)
        rows = entries(register, start=start, limit=ROWS_OF_A_PAGE)
        found = sums(register)
        return {
            "days": days_text(register.first, register.last),
            "is_note": is_note,
            "sums": [_sum(each, names) for each in found],
            "rupee_totals": [
                (_WORDS[name], format_money(sum((each.amounts[name] for each in found), ZERO), BOOKS))
                for name in _IN_RUPEES
            ],
            "heads": [_WORDS[name] for name in names],
            "rupee_heads": [_WORDS[name] for name in _IN_RUPEES],
            "row_heads": [_WORDS[name] for name in in_rows],
            "rows": [_row(each, in_rows, f"admin:{_PAGES[self.kind]}_change") for each in rows],
            "page": page,
            "other_title": TITLES[DocumentKind.INVOICE if is_note else DocumentKind.CREDIT_NOTE],
            "other_url": register_address(DocumentKind.INVOICE if is_note else DocumentKind.CREDIT_NOTE),
        }


@extends(Invoice)
class InvoiceRegister(_RegisterPage):
    kind = DocumentKind.INVOICE

    @list_page(label="Invoice register", permission="invoicing.view_invoice", icon="list_alt")
    def register(self, request: HttpRequest) -> HttpResponseBase:
        return self.show(request)


@extends(CreditNote)
class CreditNoteRegister(_RegisterPage):
    kind = DocumentKind.CREDIT_NOTE

    @list_page(label="Credit note register", permission="invoicing.view_creditnote", icon="list_alt")
    def register(self, request: HttpRequest) -> HttpResponseBase:
        return self.show(request)


def _rows(register: Register) -> Any:
    yield COLUMNS
    for entry in entries(register):
        yield entry.cells()


def _sum(each: Sums, names: tuple[str, ...]) -> dict[str, Any]:
    void = f", {each.void:,} void" if each.void else ""
    return {
        "currency": each.currency,
        "documents": f"{format_number(each.documents)}{void}",
        "amounts": [(_WORDS[name], format_money(each.amounts[name], each.currency)) for name in names],
        "rupees": [(_WORDS[name], format_money(each.amounts[name], BOOKS)) for name in _IN_RUPEES],
    }


def _row(entry: Entry, names: tuple[str, ...], page: str) -> dict[str, Any]:
    return {
        "url": reverse(page, args=[entry.id]),
        "number": entry.number,
        "date": day_text(entry.issue_date),
        "status": entry.status,
        "customer": entry.customer,
        "gstin": entry.gstin,
        "place": place_of_supply_label(entry.place_of_supply) if entry.place_of_supply else "",
        "original": entry.original,
        "amounts": [(_WORDS[name], format_money(getattr(entry, name), entry.currency)) for name in names],
    }
