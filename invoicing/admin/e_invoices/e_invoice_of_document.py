"""What an invoice's page and a credit note's page say of the IRN, and the way to it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import Extension, extends, facts, object_page
from billing_platform.lib.admin.display import admin_url, anchor, badge, when
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.law import INDIAN_TIME
from invoicing.admin.e_invoices.e_invoice import TONES, is_pending
from invoicing.admin.e_invoices.e_invoice_form import checked_once, mail_words, why_not_void_next
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.invoice_parts import Moment
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.selectors.e_invoices import e_invoice_of

TITLE = "E-invoice"


def known_to(document: Invoice | CreditNote) -> EInvoice | None:
    """Read once for each page."""
    if not hasattr(document, "_e_invoice"):
        found = e_invoice_of(document) if document.number and document.seller_gstin else None
        document._e_invoice = found  # type: ignore[union-attr]  # remembered on it
    return document._e_invoice  # type: ignore[union-attr, no-any-return]  # remembered on it


def standing_of(page: Any, found: EInvoice) -> Any:
    """Where the IRN stands, what waits for it, and how long there is."""
    state = badge(found.get_status_display(), TONES[found.status])
    rows: list[tuple[str, Any]] = [("State", format_html("{} {}", state, anchor(page, found, "Open")))]
    if is_pending(found):
        rows += _of_pending(found)
    rows += [
        ("Why not", found.not_needed_reason),
        ("IRN", format_html('<span class="break-all">{}</span>', found.irn) if found.irn else ""),
        ("Acknowledgement", format_html("{} {}", found.ack_number, when(found.ack_at)) if found.ack_at else ""),
        ("Cancelled", when(found.cancelled_at) if found.cancelled_at else ""),
    ]
    if found.status == EInvoice.Status.CANCELLED and not found.is_void:
        rows.append(("Next", _after_cancellation(found)))
    return facts((name, value) for name, value in rows if value)


def _after_cancellation(found: EInvoice) -> str:
    if found.invoice is None:
        return "The note stands without an IRN."
    return why_not_void_next(found) or "Void the invoice: it stands without an IRN."


def _of_pending(found: EInvoice) -> list[tuple[str, Any]]:
    obstacles = checked_once(found).obstacles
    left = found.days_left(clock.today(INDIAN_TIME))
    rows: list[tuple[str, Any]] = [
        ("E-mail", mail_words(found)),
        ("Last failure", found.last_failure),
    ]
    if obstacles:
        rows.append(("The portal would refuse", " ".join(each.message for each in obstacles)))
    if found.last_day and left is not None:
        words = f"{left:,} days left" if left > 1 else "the last day is today" if left == 1 else "too late"
        rows.append(("Last day to report", f"{day_text(found.last_day)}: {words}"))
    return rows


class _OfDocument(Extension):
    """The section, and the button that leads to the e-invoice."""

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or known_to(obj) is None:
            return shown
        place = next((i for i, (title, _options) in enumerate(shown) if title is None), 0) + 1
        return [*shown[:place], (TITLE, {"fields": (self.e_invoice_standing,)}), *shown[place:]]

    @admin.display(description="IRN")
    def e_invoice_standing(self, document: Any) -> Any:
        found = known_to(document)
        return standing_of(self.page, found) if found else ""


@extends(Invoice)
class EInvoiceOfInvoice(_OfDocument, InvoiceExtension):
    @object_page(
        label=TITLE,
        permission="invoicing.view_einvoice",
        when=lambda invoice: known_to(invoice) is not None,
        icon="qr_code",
    )
    def open_e_invoice(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        return HttpResponseRedirect(admin_url(known_to(invoice)))

    def moments(self, invoice: Invoice) -> list[Moment]:
        found = known_to(invoice)
        if found is None or found.ack_at is None:
            return []
        moments: list[Moment] = [(found.ack_at, "Has IRN", found.ack_number)]
        if found.cancelled_at:
            moments.append((found.cancelled_at, "IRN cancelled", found.get_cancel_reason_display()))
        return moments


@extends(CreditNote)
class EInvoiceOfCreditNote(_OfDocument):
    @object_page(
        label=TITLE,
        permission="invoicing.view_einvoice",
        when=lambda note: known_to(note) is not None,
        icon="qr_code",
    )
    def open_e_invoice(self, request: HttpRequest, note: CreditNote) -> HttpResponse:
        return HttpResponseRedirect(admin_url(known_to(note)))
