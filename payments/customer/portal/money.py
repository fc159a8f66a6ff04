"""The portal's payments with their receipts, and the statement of account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_sums
from billing_platform.lib.periods import financial_year_start
from invoicing.models import Invoice
from organisations.models import BillingEntity
from payments.customer.portal.access import Portal, portal_page
from payments.customer.portal.rows import payment_row
from payments.models import Payment
from payments.receivables.statement import Account, statement
from payments.selectors import credit_of
from payments.services import receipts
from payments.services.statements import file_name, in_words, standing_of, statement_pdf, statement_rows

A_PAGE = 25
LONGEST = 3660  # days of a statement


class SpanForm(forms.Form):
    seller = forms.ModelChoiceField(BillingEntity.objects.none(), empty_label=None)
    first = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        first, last = answers.get("first"), answers.get("last")
        if first and last and not 0 <= (last - first).days <= LONGEST:
            self.add_error("last", "The last day is not before the first one, and at most ten years after it.")
        return answers


@portal_page()
def payments(request: HttpRequest, portal: Portal) -> HttpResponse:
    rows = Payment.objects.for_organisations(portal.actor).received().select_related("invoice", "organisation")
    page = Paginator(rows.order_by("-attempted_at", "-pk"), A_PAGE).get_page(request.GET.get("page"))
    credit = [(each.currency, each.unallocated) for each in credit_of(portal.organisation.pk)]
    context = {
        "rows": [payment_row(portal, each) for each in page],
        "page": page,
        "on_account": format_sums(credit),
    }
    return portal.page(request, "portal/payments.html", context, at="portal_payments")


@portal_page()
def receipt(_request: HttpRequest, portal: Portal, payment_id: UUID) -> HttpResponse:
    rows = Payment.objects.for_organisations(portal.actor).received()
    rows = rows.select_related("invoice", "organisation", "billing_entity")
    payment = rows.filter(pk=payment_id).first()
    if payment is None:
        raise Http404
    return file_response(*receipts.receipt_pdf(payment), PDF, shown=True)


@portal_page()
def account(request: HttpRequest, portal: Portal) -> HttpResponseBase:
    """The statement of account: this financial year unless told otherwise."""
    today = clock.today(portal.organisation.time_zone)
    given = {"seller": str(portal.seller.pk), "first": financial_year_start(today).isoformat(), "last": str(today)}
    form = SpanForm({**given, **{name: value for name, value in request.GET.items() if name in given}}, label_suffix="")
    fields: dict[str, Any] = form.fields
    fields["seller"].queryset = _sellers(portal)
    context: dict[str, Any] = {"form": form, "spans": _spans(today, form)}
    if not form.is_valid():
        return portal.page(request, "portal/statement.html", context, at="portal_statement", status=400)
    made = statement(organisation=portal.organisation, **form.cleaned_data)
    match request.GET.get("format"):
        case "csv":
            return csv_response(file_name(made), statement_rows(made))
        case "pdf":
            return file_response(*statement_pdf(made), PDF)
    context |= {
        "query": urlencode({name: form[name].value() for name in form.fields}),
        "accounts": [_shown(each) for each in made.accounts],
        "first": day_text(made.first),
        "last": day_text(made.last),
        "has_sellers": len(fields["seller"].queryset) > 1,
    }
    return portal.page(request, "portal/statement.html", context, at="portal_statement")


def _sellers(portal: Portal) -> Any:
    invoices = Invoice.objects.for_organisations(portal.actor).exclude(number="")
    invoiced = Exists(invoices.filter(billing_entity=OuterRef("pk")))
    return BillingEntity.objects.filter(Q(pk=portal.seller.pk) | invoiced).order_by("name")


def _spans(today: date, form: SpanForm) -> list[tuple[str, str]]:
    year = financial_year_start(today)
    before = year - timedelta(days=1)
    spans = {
        "This month": (today.replace(day=1), today),
        "This financial year": (year, today),
        "Last financial year": (financial_year_start(before), before),
    }
    seller = form["seller"].value()
    return [
        (label, f"?{urlencode({'seller': seller, 'first': first, 'last': last})}")
        for label, (first, last) in spans.items()
    ]


def _shown(of: Account) -> dict[str, Any]:
    def money(amount: Any) -> str:
        return format_money(amount, of.currency)

    return {
        "currency": of.currency,
        "opening": money(of.opening),
        "closing": money(abs(of.closing)),
        "owed": "You owe" if of.closing > ZERO else "In your favour" if of.closing else "Nothing is owed",
        "standing": standing_of(of),
        "rows": [
            {
                "day": day_text(entry.movement.day),
                "what": in_words(entry.movement),
                "amount": money(entry.movement.amount),
                "balance": money(entry.balance),
            }
            for entry in of.entries
        ],
    }
