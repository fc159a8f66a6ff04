"""The parts of an invoice's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.display import action_url, anchor, badge, facts, when
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_money, short_text
from invoicing.admin.mends import Warned, warning_text
from invoicing.documents import DocumentParty, ExchangeNote
from invoicing.draft_warnings import DraftWarning
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from organisations.models import Notification


def warning_box(invoice: Invoice) -> SafeString:
    """What was found when the draft was last computed; what is mended since goes when it is computed again."""
    page = Warned.draft_page(invoice)
    rows = (
        (
            badge("Blocks", "danger") if warning.blocks else badge("Warns", "warning"),
            warning_text(warning, page) if invoice.is_draft else warning.message,
        )
        for warning in map(DraftWarning.from_json, invoice.warnings)
    )
    shown = format_html_join("", "<li>{} {}</li>", rows)
    if invoice.is_draft:
        again = '<li>What is mended goes when the draft is computed again. <a class="mend" href="{}">Recompute</a></li>'
        shown += format_html(again, action_url(invoice, "recompute"))
    return format_html('<ul class="warning-list warning-box">{}</ul>', shown)


def about(admin: Any, invoice: Invoice) -> list[tuple[str, Any]]:
    """Customer, seller, period and dates of an invoice; empty rows are left out."""
    customer = invoice.organisation
    address = invoice_document(invoice).customer.email if invoice.number else customer.billing_email
    rows: list[tuple[str, Any]] = [
        ("Invoice", format_html("{} {}", str(invoice), admin.state(invoice))),
        ("Customer", format_html("{} · {}", anchor(admin, customer), address)),
        ("Seller", anchor(admin, invoice.billing_entity)),
        ("Period", invoice.period_label),
    ]
    if invoice.issue_date and invoice.due_date:
        rows.append(("Issued", f"{day_text(invoice.issue_date)}, due {day_text(invoice.due_date)}"))
    if invoice.pdf_state == Invoice.PdfState.FAILED:
        rows.append(("PDF failed", invoice.delivery.last_failure))
    return rows


Moment = tuple[datetime, str, str]
"""When something happened, what, and a note."""


def timeline(invoice: Invoice, others: Iterable[Moment]) -> list[tuple[str, Any]]:
    """What happened to it, oldest first, with what other apps know; who did it is in its history."""
    moments: list[Moment] = [(invoice.created_at, "Drafted", ""), *others]
    if invoice.finalized_at:
        moments.append((invoice.finalized_at, "Finalized", invoice.number))
    moments += [
        (email.sent_at, "Sent" if email.kind == "invoice_issued" else "Cancellation sent", ", ".join(email.recipients))
        for email in emails_about(invoice)
        if email.sent_at
    ]
    if invoice.voided_at:
        moments.append((invoice.voided_at, "Voided", invoice.void_reason))
    moments.sort(key=lambda moment: moment[0])
    return [(name, format_html("{} {}", when(moment), note)) for moment, name, note in moments]


def emails_about(invoice: Invoice) -> list[Notification]:
    """Every e-mail about the invoice, oldest first."""
    about_it = Q(dedupe_key__startswith=f"invoice_issued:{invoice.pk}")
    about_it |= Q(dedupe_key__startswith=f"invoice_cancelled:{invoice.pk}")
    return list(Notification.objects.filter(about_it, organisation=invoice.organisation_id).order_by("created_at"))


def parties(invoice: Invoice) -> Any:
    """Seller, customer, supply and exchange rate as the document prints them; empty values are left out."""
    if not invoice.number:
        return "Copied onto the invoice when it is finalized."
    document = invoice_document(invoice)
    bank, exchange = document.bank, document.exchange
    seller = [
        *_party(document.seller),
        ("Bank", bank.bank_name),
        ("Account number", bank.account_number),
        ("IFSC", bank.ifsc),
        ("SWIFT", bank.swift),
        ("UPI", bank.upi_id),
    ]
    supply = [
        ("Kind of supply", document.supply_kind),
        ("Place of supply", document.place_of_supply),
        ("LUT", document.lut_number),
        ("Endorsement", document.endorsement),
        ("Reverse charge", document.reverse_charge),
    ]
    parts = [("Seller", seller), ("Customer", _party(document.customer)), ("Supply", supply)]
    if exchange is not None:
        parts.append(("Values in rupees", _exchange(exchange)))
    shown = ((title, facts((word, text) for word, text in rows if text)) for title, rows in parts)
    return format_html_join("", "<h3>{}</h3>{}", shown)


def _party(party: DocumentParty) -> list[tuple[str, str]]:
    return [
        ("Legal name", party.name),
        ("Address", ", ".join(party.address_lines)),
        ("State", party.state),
        ("Country", party.country),
        ("GSTIN", party.gstin),
        ("Tax id", party.tax_id),
        ("E-mail", party.email),
        ("Phone", party.phone),
    ]


def _exchange(exchange: ExchangeNote) -> list[tuple[str, str]]:
    return [
        ("Rate", f"1 {exchange.base} = {short_text(exchange.rate)} {exchange.target}"),
        ("Rate of", day_text(exchange.as_of)),
        ("Source", exchange.source),
        ("Taxable value", format_money(exchange.taxable_amount, exchange.target)),
        ("Tax", format_money(exchange.tax_total, exchange.target)),
        ("Total", format_money(exchange.total, exchange.target)),
    ]
