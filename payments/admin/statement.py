"""The statement of account on a customer's page: to look at, to send as a PDF, to work with as a CSV."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import Extension, extends, object_page
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.admin.registers.span import SpanForm
from invoicing.models import Invoice
from organisations.models import BillingEntity, Organisation
from payments.receivables.movements import MovementKind
from payments.receivables.statement import Account, Entry, Statement, statement
from payments.services.statements import file_name, in_words, standing_of, statement_pdf, statement_rows

_PAGES = {
    MovementKind.INVOICE: "invoicing_invoice",
    MovementKind.VOID: "invoicing_invoice",
    MovementKind.CREDIT_NOTE: "invoicing_creditnote",
    MovementKind.PAYMENT: "payments_payment",
    MovementKind.TDS: "payments_payment",
    MovementKind.REVERSAL: "payments_payment",
    MovementKind.DISPUTE: "payments_dispute",
    MovementKind.DISPUTE_WON: "payments_dispute",
}


@extends(Organisation)
class StatementOfOrganisation(Extension):
    @object_page(label="Statement of account", permission="payments.view_payment", icon="account_balance_wallet")
    def statement(self, request: HttpRequest, organisation: Organisation) -> HttpResponseBase:
        form = SpanForm(request, sellers=sellers_of(organisation), seller=organisation.billing_entity)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"Statement of account: {organisation}",
            "object": organisation,
            "form": form,
        }
        if form.is_valid():
            made = statement(organisation=organisation, **form.cleaned_data)
            file = _file(request, made)
            if file is not None:
                return file
            context |= {
                "query": form.query,
                "first": day_text(made.first),
                "last": day_text(made.last),
                "accounts": [_shown(account) for account in made.accounts],
                "presets": list(form.presets()),
            }
        return TemplateResponse(request, "admin/payments/statement.html", context)


def sellers_of(organisation: Organisation) -> Any:
    """Those that have invoiced the customer, and the one that would."""
    invoiced = Exists(Invoice.objects.filter(billing_entity=OuterRef("pk"), organisation=organisation))
    return BillingEntity.objects.filter(Q(pk=organisation.billing_entity_id) | invoiced).order_by("-is_default", "name")


def _file(request: HttpRequest, made: Statement) -> HttpResponseBase | None:
    match request.GET.get("format"):
        case "csv":
            return csv_response(file_name(made), statement_rows(made))
        case "pdf":
            return file_response(*statement_pdf(made), PDF)
    return None


def _shown(account: Account) -> dict[str, Any]:
    def money(amount: Any) -> str:
        return format_money(amount, account.currency)

    owes = "due to the seller" if account.closing > ZERO else "due to the customer" if account.closing else ""
    return {
        "currency": account.currency,
        "opening": money(account.opening),
        "closing": money(account.closing),
        "owed_by": owes,
        "debits": money(account.debits),
        "credits": money(account.credits),
        "standing": standing_of(account),
        "rows": [_row(entry, money) for entry in account.entries],
    }


def _row(entry: Entry, money: Any) -> dict[str, Any]:
    moved = entry.movement
    page = _PAGES.get(moved.kind)
    return {
        "date": day_text(moved.day),
        "what": in_words(moved),
        "url": reverse(f"admin:{page}_change", args=[moved.subject_id]) if page else "",
        "debit": money(moved.amount) if moved.amount > ZERO else "",
        "credit": money(-moved.amount) if moved.amount < ZERO else "",
        "balance": money(entry.balance),
    }
