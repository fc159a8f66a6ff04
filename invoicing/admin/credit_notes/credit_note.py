"""Credit notes: the list, each note's page, and the way to them from the invoice."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    extends,
    facts,
    link,
    money,
    numeric,
    object_action,
    object_page,
    status,
)
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.admin.work import try_now_action, work_column
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_percent
from invoicing.admin.credit_notes.credit_note_form import (
    CorrectionsForm,
    CreditNoteForm,
    ToCredit,
    corrections_facts,
    corrections_obstacles,
    credit_facts,
    credit_warnings,
)
from invoicing.admin.held_back import mail_waits_for
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.invoice_line import quantity_text
from invoicing.admin.invoice_parts import Moment
from invoicing.admin.issued_documents import email_table, send_action
from invoicing.emails import emails_of
from invoicing.gst_heads import TaxAmount
from invoicing.models import CreditNote, CreditNoteLine, Invoice
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.credit_notes.issuing import issue_credit_note
from invoicing.services.credit_notes.usage_credits import credit_corrections
from invoicing.totals import aggregate_taxes
from organisations.models import AuditEntry

TONES: dict[str, str] = {
    CreditNote.Kind.GST: "info",
    CreditNote.Kind.TAX: "info",
    CreditNote.Kind.COMMERCIAL: "warning",
}

AttentionFilter = attention_filter(
    not_delivered=("Not delivered", lambda notes, _user: notes.not_delivered()),
)


class CreditNoteLineInline(ReadOnlyInline):
    model = CreditNoteLine
    fields = ("line", "quantity_text", "taxable")
    readonly_fields = fields
    show_change_link = False
    per_page = 50
    taxable = money("amount", "Taxable value", currency="credit_note__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice_line", "credit_note")

    @admin.display(description="Line of the invoice")
    def line(self, line: CreditNoteLine) -> Any:
        return anchor(self, line.invoice_line)

    @numeric
    @admin.display(description="Quantity")
    def quantity_text(self, line: CreditNoteLine) -> str:
        return EMPTY if line.quantity is None else quantity_text(line.invoice_line, line.quantity)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    empty_hint = "A credit note is issued on the page of its invoice."
    list_on_a_phone = ("number", "customer_link", "invoice_link", "amount")
    list_display = ("number", "customer_link", "invoice_link", "issue_date", "kind_badge", "reason", "amount")
    list_filter = (AttentionFilter, "kind", "reason", "organisation", "currency", "issue_date")
    filtered_from_elsewhere = ("invoice",)
    search_fields = ("number", "invoice__number", "organisation__name")
    list_select_related = ("organisation", "invoice")
    fieldsets = (
        (None, {"fields": ("about", "amounts")}),
        ("E-mail and PDF", {"fields": ("emails", "work")}),
    )
    inlines = (CreditNoteLineInline,)
    related_lists = ((AuditEntry, "object_pk"),)

    customer_link = link("organisation", "Customer")
    invoice_link = link("invoice", "Invoice")
    kind_badge = status("kind", TONES, "Kind")
    amount = money("total")
    work = work_column(description="PDF and e-mail")
    try_now = try_now_action(
        permission="invoicing.send_invoice", service=lambda pk: credit_note_delivery.try_now(note_id=pk)
    )

    @object_page(label="PDF", permission="invoicing.view_creditnote", icon="download")
    def download_pdf(self, request: HttpRequest, note: CreditNote) -> HttpResponse:
        return file_response(*credit_note_delivery.read_pdf(note), PDF)

    send = send_action(
        "credit note",
        service=lambda pk, to: credit_note_delivery.send_credit_note(note_id=pk, to=to),
        about=lambda note: [("Customer", note.organisation.name), ("Total", format_money(note.total, note.currency))],
    )

    @admin.display(description="Credit note")
    def about(self, note: CreditNote) -> Any:
        rows = [
            ("Credit note", format_html("{} {}", note.number, badge(note.get_kind_display(), TONES[note.kind]))),
            ("Customer", anchor(self, note.organisation)),
            ("Of invoice", _invoice_text(self, note.invoice)),
            ("Issued", day_text(note.issue_date)),
            ("Reason", note.reason_in_full),
        ]
        if note.bill_again:
            rows.append(("Its month", f"{note.invoice.period_label} was released to be billed anew"))
        if note.usage_counted_in:
            rows.append(("From corrections of usage", f"counted in {month_text(note.usage_counted_in)}"))
        return facts(rows)

    @admin.display(description="Totals")
    def amounts(self, note: CreditNote) -> Any:
        def shown(amount: Any) -> str:
            return format_money(amount, note.currency)

        rows = [("Taxable value", shown(note.subtotal))]
        taxes = (TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in note.taxes.all())
        rows += [(f"{tax.name} {format_percent(tax.rate)}", shown(tax.amount)) for tax in aggregate_taxes(taxes)]
        rows += [("Round-off", shown(note.round_off))] if note.round_off else []
        rows += [("Credited", shown(note.total)), ("Due on the invoice", shown(note.invoice.amount_due))]
        return facts(rows, numbers=True)

    @admin.display(description="E-mails")
    def emails(self, note: CreditNote) -> Any:
        return email_table(self, emails_of(note), note.send_to, mail_waits_for(note))


class CreditNoteInline(ReadOnlyInline):
    model = CreditNote
    fields = ("number", "issue_date", "kind_badge", "reason", "credited")
    readonly_fields = fields
    fk_name = "invoice"
    kind_badge = status("kind", TONES, "Kind")
    credited = money("total")


@extends(Invoice)
class CreditNotesOfInvoice(InvoiceExtension):
    inlines = (CreditNoteInline,)
    related_lists = ((CreditNote, "invoice__id__exact"),)

    def moments(self, invoice: Invoice) -> list[Moment]:
        notes = invoice.credit_notes.defer("document")
        return [
            (note.created_at, "Credited", f"{format_money(note.total, note.currency)} by {note.number}")
            for note in notes
        ]

    @object_action(
        label="Credit and finalize",
        permission="invoicing.issue_creditnote",
        when=lambda invoice: invoice.is_draft and invoice.period is not None and invoice.total < ZERO,
        form=CorrectionsForm,
        confirm="The draft takes back more than it charges. Each invoice that charged it gets a credit note with its"
        " own tax; the rest of the month is invoiced. Neither is given back again later.",
        facts=corrections_facts,
        obstacles=corrections_obstacles,
        icon="assignment_return",
    )
    def credit_corrections(self, request: HttpRequest, invoice: Invoice, *, send: bool) -> HttpResponse:
        customer = invoice.organisation
        settled = credit_corrections(invoice_id=invoice.pk, send=send)
        numbers = ", ".join(note.number for note in settled.notes)
        if settled.invoice is None:
            return self.page.done(request, f"Credited by {numbers}; nothing else of the month is to bill.", customer)
        return self.page.done(request, f"Credited by {numbers}; {settled.invoice} bills the rest.", settled.invoice)

    @object_action(
        label="Credit note",
        permission="invoicing.issue_creditnote",
        when=lambda invoice: invoice.is_creditable,
        form=CreditNoteForm,
        template="admin/invoicing/credit_note_form.html",
        confirm="Takes back a part of the invoice, or all of it, with its tax. A credit note never changes.",
        about=ToCredit.now,
        facts=credit_facts,
        warnings=credit_warnings,
        icon="assignment_return",
    )
    def credit(self, request: HttpRequest, invoice: Invoice, **answers: Any) -> HttpResponse:
        note = issue_credit_note(invoice_id=invoice.pk, **answers)
        shown = format_money(note.total, note.currency)
        said = f"Credit note {note} takes back {shown} of invoice {invoice}."
        invoice.refresh_from_db(
            fields=["amount_credited", "amount_paid", "amount_refunded", "amount_returned", "status"]
        )
        if note.bill_again:
            said += f" {invoice.period_label} waits to be billed anew."
        return self.page.done(request, said, note)


def _invoice_text(page: Any, invoice: Invoice) -> Any:
    day = day_text(invoice.issue_date) if invoice.issue_date else ""
    return format_html("{} of {}, {}", anchor(page, invoice), day, format_money(invoice.total, invoice.currency))
