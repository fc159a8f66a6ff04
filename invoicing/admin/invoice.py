"""Invoices: drafts and documents, what they say, where they stand, and what may be done next."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin import (
    ActionForm,
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
    short_time,
    status,
)
from billing_platform.lib.admin_display import EMPTY
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import Money, format_money
from invoicing.admin.invoice_line import plain
from invoicing.models import Invoice, InvoiceLine, InvoiceTax
from invoicing.selectors import summed_taxes
from invoicing.services import lifecycle, pdfs
from organisations.operators_clock import operators_today

Status = Invoice.Status
TONES = {
    Status.DRAFT: "",
    Status.FINALIZED: "info",
    Status.PARTIALLY_PAID: "warning",
    Status.PAID: "success",
    Status.VOID: "danger",
    Status.PARTIALLY_REFUNDED: "warning",
    Status.REFUNDED: "warning",
}
PDF_TONES = {"none": "", "pending": "info", "ready": "success", "failed": "danger"}


def standing(invoice: Invoice) -> list[tuple[str, Any]]:
    """What every page that asks about an invoice shows first: whose it is, and how much."""
    count = invoice.lines.count()
    return [
        ("Customer", invoice.organisation.name),
        ("Period", invoice.period_label),
        ("Lines", f"{count:,}"),
        ("Total", format_money(Money(invoice.total, invoice.currency))),
    ]


class VoidForm(ActionForm):
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept with the invoice.")


AttentionFilter = attention_filter(
    collectable=("To be paid", lambda invoices, _user: invoices.collectable()),
    overdue=("Overdue", lambda invoices, _user: invoices.overdue(on=operators_today())),
    warnings=("With warnings", lambda invoices, _user: invoices.with_warnings(on=operators_today())),
    old_drafts=("Drafts of past months", lambda invoices, _user: invoices.drafts_of_past_months(on=operators_today())),
)


class InvoiceLineInline(ReadOnlyInline):
    model = InvoiceLine
    fields = ("position", "description", "quantity_text", "price_text", "total", "sac")
    readonly_fields = fields
    per_page = 50
    total = money("amount", currency="invoice__currency")

    @numeric
    @admin.display(description="Quantity")
    def quantity_text(self, line: InvoiceLine) -> str:
        return f"{plain(line.quantity)} {line.unit_label or line.unit}".strip()

    @numeric
    @admin.display(description="Unit price")
    def price_text(self, line: InvoiceLine) -> str:
        return plain(line.unit_price)


class InvoiceTaxInline(ReadOnlyInline):
    model = InvoiceTax
    fields = ("line", "name", "percent", "taxable", "total")
    readonly_fields = fields
    show_change_link = False
    per_page = 50
    taxable = money("taxable_amount", currency="invoice__currency")
    total = money("amount", "Tax", currency="invoice__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("line", "invoice")

    @numeric
    @admin.display(description="Rate")
    def percent(self, tax: InvoiceTax) -> str:
        return f"{plain(tax.rate)}%"


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    empty_hint = "Invoices come from a billing run, or from Draft invoice on a customer's page."
    list_on_a_phone = ("label", "customer_link", "state", "amount")
    show_full_result_count = False
    list_display = ("label", "customer_link", "period_label", "state", "amount", "due", "due_date", "sent", "pdf_made")
    list_filter = (AttentionFilter, "status", "organisation", "currency", "period_start", "due_date", "pdf_state")
    search_fields = ("number", "organisation__name", "organisation__legal_name")
    list_select_related = ("organisation",)
    fieldsets = (
        (None, {"fields": ("label", "state", "organisation", "period_label", "issue_date", "due_date")}),
        ("To check", {"fields": ("warning_list",), "classes": ("warnings",)}),
        ("Amounts", {"fields": ("amounts",)}),
        ("Document", {"fields": ("pdf_made", "pdf_error", "sent_at", "finalized_at", "voided_at", "void_reason")}),
        ("Parties and supply", {"fields": ("billing_entity", "parties"), "classes": ("collapse",)}),
    )
    inlines = (InvoiceLineInline, InvoiceTaxInline)
    related_lists = (
        ("Payments", "payments.payment", "invoice__id__exact"),
        ("Payment requests", "payments.paymentorder", "invoice__id__exact"),
        ("Billing run items", "invoicing.billingrunitem", "invoice__id__exact"),
        ("Audit log", "organisations.auditentry", "object_pk"),
    )

    customer_link = link("organisation", "Customer")
    state = status("status", TONES, "Status")
    amount = money("total")
    sent = short_time("sent_at", "Sent")
    pdf_made = status("pdf_state", PDF_TONES, "PDF")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        quiet = obj is not None and not obj.warnings
        return [fieldset for fieldset in self.fieldsets if not (quiet and fieldset[0] == "To check")]

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_page(
        label="PDF", permission="invoicing.view_invoice", when=lambda invoice: bool(invoice.number), icon="download"
    )
    def download_pdf(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        filename, content = pdfs.read_pdf(invoice)
        disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return HttpResponse(content, content_type="application/pdf", headers=disposition)

    @object_action(
        label="Finalize",
        permission="invoicing.finalize_invoice",
        when=lambda invoice: invoice.is_draft,
        confirm="The month is closed for usage, the invoice gets its number, and what it says never changes again.",
        facts=lambda _request, invoice: standing(invoice),
        warnings=lambda _request, invoice: [warning["message"] for warning in invoice.warnings],
        icon="task_alt",
    )
    def finalize(self, request: HttpRequest, invoice: Invoice) -> str:
        issued = lifecycle.finalize_invoice(invoice_id=invoice.pk)
        return f"Invoice {issued.number} is issued. Its PDF is being made."

    @object_action(
        label="Recompute",
        permission="invoicing.create_invoice",
        when=lambda invoice: invoice.is_draft,
        confirm="Lines, prices and taxes are worked out again from today's usage and prices.",
        icon="calculate",
    )
    def recompute(self, request: HttpRequest, invoice: Invoice) -> str:
        draft = lifecycle.recompute_draft(invoice_id=invoice.pk)
        return f"The draft is worked out again: {format_money(Money(draft.total, draft.currency))}."

    @object_action(
        label="Send",
        permission="invoicing.send_invoice",
        when=lambda invoice: invoice.status not in (Status.DRAFT, Status.VOID) and invoice.sent_at is None,
        confirm=lambda invoice: f"The invoice goes with its PDF to {invoice.organisation.billing_email}.",
        icon="send",
    )
    def send(self, request: HttpRequest, invoice: Invoice) -> str:
        lifecycle.send_invoice(invoice_id=invoice.pk)
        return "The invoice is on its way."

    @object_action(
        label="Void",
        permission="invoicing.void_invoice",
        when=lambda invoice: invoice.status in (Status.DRAFT, Status.FINALIZED) and not invoice.amount_paid,
        form=VoidForm,
        confirm="Its number stays taken and its month can be billed anew. There is no way back.",
        danger=True,
        icon="block",
    )
    def void(self, request: HttpRequest, invoice: Invoice, *, reason: str) -> str:
        lifecycle.void_invoice(invoice_id=invoice.pk, reason=reason)
        return "The invoice is void."

    # --- how it looks -------------------------------------------------------------------------------------------

    @admin.display(description="Invoice", ordering="number")
    def label(self, invoice: Invoice) -> str:
        return str(invoice)

    @admin.display(description="Period", ordering="period_start")
    def period_label(self, invoice: Invoice) -> str:
        return month_text(invoice.period_start) if invoice.period_start else "One-off"

    @numeric
    @admin.display(description="Due")
    def due(self, invoice: Invoice) -> Any:
        if invoice.is_draft:
            return EMPTY
        text = format_money(Money(invoice.amount_due, invoice.currency))
        late = invoice.is_overdue(operators_today())
        return format_html("{} {}", text, badge("Overdue", "danger")) if late else text

    @admin.display(description="Totals")
    def amounts(self, invoice: Invoice) -> Any:
        def shown(name: str) -> str:
            return format_money(Money(getattr(invoice, name), invoice.currency))

        rows = [("Subtotal", shown("subtotal"))]
        rows += [("Discount", shown("discount_total"))] if invoice.discount_total else []
        for tax in summed_taxes(invoice.taxes.all()):
            rows.append((f"{tax.name} {plain(tax.rate)}%", format_money(Money(tax.amount, invoice.currency))))
        rows += [("Round-off", shown("round_off"))] if invoice.round_off else []
        rows += [("Total", shown("total")), ("Paid", shown("amount_paid"))]
        rows += [("Paid and given back", shown("amount_returned"))] if invoice.amount_returned else []
        rows += [("Due", shown("amount_due"))]
        return facts(rows, numbers=True)

    @admin.display(description="Warnings")
    def warning_list(self, invoice: Invoice) -> Any:
        rows = ((warning.get("message", str(warning)),) for warning in invoice.warnings)
        return format_html('<ul class="warning-list">{}</ul>', format_html_join("", "<li>{}</li>", rows))

    @admin.display(description="As on the document")
    def parties(self, invoice: Invoice) -> Any:
        parts = (("Seller", invoice.seller), ("Customer", invoice.customer), ("Supply", invoice.supply))
        parts = (*parts, ("Exchange", invoice.exchange))
        shown = (
            (name, facts((key.replace("_", " ").capitalize(), _text(value)) for key, value in part.items()))
            for name, part in parts
            if part
        )
        return format_html_join("", "<h3>{}</h3>{}", shown) or "Copied onto the invoice when it is finalized."


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")
