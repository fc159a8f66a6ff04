"""Invoices: drafts and issued documents, their content, their status and the possible actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    Extension,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    facts,
    link,
    money,
    numeric,
    object_action,
    object_page,
    status,
)
from billing_platform.lib.admin.display import EMPTY, action_url, admin_url
from billing_platform.lib.admin.opening import OpeningMixin, small_table
from billing_platform.lib.admin.tabs import Panel
from billing_platform.lib.admin.work import try_now_action, work_column
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.number_formats import format_money, format_percent
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.held_back import badges_of, decision_obstacles, mail_waits_for, with_what_keeps_back
from invoicing.admin.invoice_asking import (
    FinalizeForm,
    ToFinalize,
    VoidForm,
    amount_of,
    finalize_facts,
    finalize_obstacles,
    finalize_warnings,
    later_charges,
    standing,
    void_facts,
    void_obstacles,
)
from invoicing.admin.invoice_line import discounts_of, quantity_text, unit_price
from invoicing.admin.invoice_parts import (
    Moment,
    about,
    emails_about,
    parties,
    timeline,
    warning_box,
)
from invoicing.admin.issued_documents import email_table, send_action
from invoicing.models import BillingRunItem, Invoice, InvoiceDelivery, InvoiceLine, InvoiceTax
from invoicing.selectors.documents import summed_taxes
from invoicing.selectors.indian_deadlines import credits_end_soon, exports_to_realise_soon, indian_today
from invoicing.services import delivery, drafting, issuing, sending, stored_pdfs, voiding
from organisations.models import AuditEntry
from organisations.notifications.recipients import listed
from organisations.operators_clock import operators_today

FIRST_LINES = 12
"""Of an invoice, in its opened row of the list; its page has all of them."""
Status = Invoice.Status
TONES = {
    Status.DRAFT: "",
    Status.FINALIZED: "info",
    Status.PARTIALLY_PAID: "warning",
    Status.PAID: "success",
    Status.VOID: "danger",
    Status.PARTIALLY_REFUNDED: "warning",
    Status.REFUNDED: "warning",
    Status.CREDITED: "",
}


AttentionFilter = attention_filter(
    collectable=("To be paid", lambda invoices, _user: invoices.collectable()),
    billed=("Issued this month", lambda invoices, _user: invoices.issued_in(BillingPeriod.of(operators_today()))),
    overdue=("Overdue", lambda invoices, _user: invoices.overdue(on=operators_today())),
    warnings=("With warnings", lambda invoices, _user: invoices.with_warnings(on=operators_today())),
    not_delivered=("Not delivered", lambda invoices, _user: invoices.not_delivered()),
    realise=(
        "Export money due within 60 days, or late",
        lambda invoices, user: invoices.filter(
            pk__in=exports_to_realise_soon(actor=user, today=indian_today()).values("pk")
        ),
    ),
    credits_end=(
        "Unpaid, and GST can be taken back for 30 days at most",
        lambda invoices, user: invoices.filter(pk__in=credits_end_soon(actor=user, today=indian_today()).values("pk")),
    ),
    to_approve=("To approve", lambda invoices, _user: invoices.to_approve()),
    old_drafts=("Drafts of past months", lambda invoices, _user: invoices.drafts_of_past_months(on=operators_today())),
)


class InvoiceLineInline(ReadOnlyInline):
    model = InvoiceLine
    row_link = "description"
    fields = ("position", "description", "quantity_text", "price_text", "total", "discount_text", "sac", "explain_link")
    readonly_fields = fields
    per_page = 50
    total = money("amount", currency="invoice__currency")

    @numeric
    @admin.display(description="Quantity")
    def quantity_text(self, line: InvoiceLine) -> str:
        return quantity_text(line)

    @numeric
    @admin.display(description="Unit price")
    def price_text(self, line: InvoiceLine) -> Any:
        return unit_price(line)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The column of discounts only where there is one."""
        shown = super().get_fields(request, obj)
        return shown if obj is None or obj.discount_total else [each for each in shown if each != "discount_text"]

    @admin.display(description="Why")
    def explain_link(self, line: InvoiceLine) -> Any:
        url = action_url(line, "explain")
        return format_html('<a class="text-link" href="{}">Explain</a>', url)

    @numeric
    @admin.display(description="Discount")
    def discount_text(self, line: InvoiceLine) -> Any:
        return discounts_of(line)


class InvoiceTaxInline(ReadOnlyInline):
    model = InvoiceTax
    fields = ("line", "name", "percent", "taxable", "total")
    readonly_fields = fields
    show_change_link = False
    per_page = 50
    taxable = money("taxable_amount", currency="invoice__currency")
    total = money("amount", "Tax", currency="invoice__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("line__invoice")

    @numeric
    @admin.display(description="Rate")
    def percent(self, tax: InvoiceTax) -> str:
        return format_percent(tax.rate)


class InvoiceExtension(Extension):
    """The base of another app's additions to an invoice's page and timeline."""

    def moments(self, invoice: Invoice) -> list[Moment]:
        """Events for the timeline: time, name and a sentence."""
        return []


def _delivery_of(invoice: Invoice) -> InvoiceDelivery | None:
    found: InvoiceDelivery | None = InvoiceDelivery.objects.filter(pk=invoice.pk).first()
    return found


@admin.register(Invoice)
class InvoiceAdmin(OpeningMixin, ReadOnlyAdmin):
    empty_hint = "Invoices come from a billing run, or from Draft invoice on a customer's page."
    list_on_a_phone = ("label", "customer_link", "state_and_trouble", "amount")
    list_display = (
        "label",
        "customer_link",
        "period_label",
        "issue_date",
        "state_and_trouble",
        "amount",
        "due",
        "due_date",
    )
    list_filter = (AttentionFilter, "status", "organisation", "currency", "period_start", "due_date", "pdf_state")
    search_fields = ("number__exact", "sequence_number__exact", "organisation__name", "organisation__legal_name")
    search_help_text = "A part of the customer's name, or a number: the whole one or its last digits, such as 123."
    list_select_related = ("organisation",)
    fieldsets = (
        ("To check", {"fields": ("warning_list",), "classes": ("warnings",)}),
        (None, {"fields": ("about", "amounts")}),
        ("What happened", {"fields": ("timeline", "emails", "work")}),
        ("Parties and supply", {"fields": ("parties",), "classes": ("collapse",)}),
    )
    inlines = (InvoiceLineInline, InvoiceTaxInline)
    related_lists = (
        (BillingRunItem, "invoice__id__exact"),
        (AuditEntry, "object_pk"),
    )

    customer_link = link("organisation", "Customer")
    state = status("status", TONES, "Status")
    amount = money("total")
    work = work_column(_delivery_of, "PDF and e-mail")
    try_now = try_now_action(
        permission="invoicing.send_invoice", service=lambda pk: delivery.try_now(invoice_id=pk), work_of=_delivery_of
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_what_keeps_back(super().get_queryset(request))

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        quiet = obj is not None and not obj.warnings
        return [fieldset for fieldset in self.fieldsets if not (quiet and fieldset[0] == "To check")]

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_page(
        label="PDF", permission="invoicing.view_invoice", when=lambda invoice: bool(invoice.number), icon="download"
    )
    def download_pdf(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        return file_response(*stored_pdfs.read_pdf(invoice), PDF)

    @object_action(
        label="Finalize",
        permission="invoicing.finalize_invoice",
        when=lambda invoice: invoice.is_draft,
        form=FinalizeForm,
        confirm="The month is closed for usage, the invoice gets its number, and what it says never changes again.",
        about=ToFinalize.now,
        facts=finalize_facts,
        warnings=finalize_warnings,
        obstacles=lambda request, draft: [
            *finalize_obstacles(request, draft),
            *decision_obstacles(draft.invoice, draft.computed),
        ],
        icon="task_alt",
    )
    def finalize(self, request: HttpRequest, invoice: Invoice, *, send: bool) -> str:
        issued = issuing.finalize_invoice(invoice_id=invoice.pk, send=send)
        address = listed(issued.organisation, "invoice_issued")
        mail = f"It is e-mailed to {address} as soon as {mail_waits_for(issued)}." if send else "It is not sent."
        return f"Invoice {issued.number} is issued. {mail}"

    @object_action(
        label="Recompute",
        permission="invoicing.create_invoice",
        when=lambda invoice: invoice.is_draft,
        confirm="Lines, prices and taxes are worked out again from today's usage and prices.",
        facts=lambda _request, invoice: standing(invoice),
        icon="calculate",
    )
    def recompute(self, request: HttpRequest, invoice: Invoice) -> str:
        draft = drafting.recompute_draft(invoice_id=invoice.pk)
        return f"The draft is worked out again: {amount_of(draft)}, before {amount_of(invoice)}."

    @object_action(
        label="Discard draft",
        permission="invoicing.create_invoice",
        when=lambda invoice: invoice.is_draft,
        confirm="The draft is thrown away; no number is lost. The month can be drafted again.",
        facts=lambda _request, invoice: standing(invoice),
        icon="delete",
    )
    def discard(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        drafting.delete_draft(invoice_id=invoice.pk)
        return self.done(request, f"{invoice} was discarded.", invoice.organisation)

    send = send_action(
        "invoice",
        service=lambda pk, to: sending.send_invoice(invoice_id=pk, to=to),
        about=standing,
        may=lambda invoice: invoice.status not in (Status.DRAFT, Status.VOID),
    )

    @object_action(
        label="Void",
        permission="invoicing.void_invoice",
        when=lambda invoice: invoice.is_voidable,
        form=VoidForm,
        confirm="The number stays taken, and the invoice asks for nothing any more. There is no way back.",
        facts=void_facts,
        warnings=later_charges,
        obstacles=void_obstacles,
        danger=True,
        icon="block",
    )
    def void(self, request: HttpRequest, invoice: Invoice, *, reason: str) -> str:
        voiding.void_invoice(invoice_id=invoice.pk, reason=reason)
        return "The invoice is void." + (" Its month waits to be billed again." if invoice.period else "")

    def opened(self, request: HttpRequest, invoice: Invoice) -> Iterator[Panel]:
        """The first lines, and the way to the others."""
        lines = list(invoice.lines.select_related("invoice").order_by("position")[: FIRST_LINES + 1])
        rows = [
            (line.description, quantity_text(line), unit_price(line), format_money(line.amount, invoice.currency))
            for line in lines[:FIRST_LINES]
        ]
        heads = ("Line", "Quantity", "Unit price", "Amount before tax")
        note = "More lines: open the invoice" if len(lines) > FIRST_LINES else "Open the invoice"
        body = small_table(heads, rows, numbers_from=1) if rows else "No lines."
        yield Panel("Lines", body, admin_url(invoice), note)

    # --- how it looks -------------------------------------------------------------------------------------------

    @admin.display(description="Invoice", ordering="number")
    def label(self, invoice: Invoice) -> str:
        return format_html('<span class="nowrap">{}</span>', invoice.number) if invoice.number else str(invoice)

    @admin.display(description="Period", ordering="period_start")
    def period_label(self, invoice: Invoice) -> str:
        return month_text(invoice.period_start) if invoice.period_start else "One-off"

    @numeric
    @admin.display(description="Due")
    def due(self, invoice: Invoice) -> Any:
        if invoice.is_draft:
            return EMPTY
        text = format_money(invoice.amount_due, invoice.currency)
        late = invoice.is_overdue(operators_today())
        return format_html("{} {}", text, badge("Overdue", "danger")) if late else text

    @admin.display(description="Totals")
    def amounts(self, invoice: Invoice) -> Any:
        def shown(name: str) -> str:
            return format_money(getattr(invoice, name), invoice.currency)

        rows = [("Subtotal", shown("subtotal"))]
        if invoice.discount_total:
            rows += [("Discount", format_money(-invoice.discount_total, invoice.currency))]
        for tax in summed_taxes(invoice.taxes.all()):
            rows.append((f"{tax.name} {format_percent(tax.rate)}", format_money(tax.amount, invoice.currency)))
        rows += [("Round-off", shown("round_off"))] if invoice.round_off else []
        rows += [("Total", shown("total"))]
        rows += [("Credited", shown("amount_credited"))] if invoice.amount_credited else []
        rows += [("Paid", shown("amount_paid"))]
        rows += [("Paid and given back", shown("amount_returned"))] if invoice.amount_returned else []
        rows += [("Due", shown("amount_due"))]
        return facts(rows, numbers=True)

    @admin.display(description="Status", ordering="status")
    def state_and_trouble(self, invoice: Invoice) -> Any:
        """The status, and a problem of the delivery if there is one."""
        found = [self.state(invoice)]
        if invoice.pdf_state == Invoice.PdfState.FAILED:
            found.append(badge("PDF failed", "danger"))
        if invoice.number and invoice.status != Status.VOID and invoice.sent_at is None:
            found.append(badge("Not sent", "warning"))
        if invoice.warnings and invoice.is_draft:
            found.append(badge("Warnings", "warning"))
        found += badges_of(invoice)
        return format_html_join(" ", "{}", ((mark,) for mark in found))

    @admin.display(description="Warnings")
    def warning_list(self, invoice: Invoice) -> Any:
        return warning_box(invoice)

    @admin.display(description="Invoice")
    def about(self, invoice: Invoice) -> Any:
        return facts(about(self, invoice))

    @admin.display(description="Timeline")
    def timeline(self, invoice: Invoice) -> Any:
        extensions = [each for each in self.extensions if isinstance(each, InvoiceExtension)]
        others = [moment for each in extensions for moment in each.moments(invoice)]
        return facts(timeline(invoice, others))

    @admin.display(description="E-mails")
    def emails(self, invoice: Invoice) -> Any:
        delivery = _delivery_of(invoice)
        is_void = invoice.status == Invoice.Status.VOID
        to = delivery.send_to if delivery and not is_void else ()
        return email_table(self, emails_about(invoice), to, mail_waits_for(invoice))

    @admin.display(description="As on the document")
    def parties(self, invoice: Invoice) -> Any:
        return parties(invoice)
