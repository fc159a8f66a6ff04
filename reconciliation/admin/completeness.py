"""The completeness statement: which customers' months add up, and for one of them where everything went."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import Extension, badge, extends, list_page
from billing_platform.lib.admin.charts.waterfall import waterfall
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.admin.display import when
from billing_platform.lib.admin.inputs import FoundField
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_events, format_money, format_number, format_sums
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch
from invoicing.models import CreditNote, Invoice, UsageWriteOff
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from payments.models import Payment
from reconciliation.admin.waterfall import events_steps, money_steps
from reconciliation.models import CheckName, Discrepancy
from reconciliation.selectors.completeness import (
    OPEN,
    Name,
    Section,
    Standing,
    Statement,
    Topic,
    statements,
)
from reconciliation.selectors.completeness_ranking import Ranked
from reconciliation.selectors.completeness_rows import csv_rows

ROWS_OF_A_PAGE = 25  # each is put together from eight sections
MONTHS_OFFERED = 25
TONES = {Standing.DIFFERS: "danger", Standing.WAITS: "info", Standing.COMPLETE: "success"}
CHECKS_OF = {
    Topic.RECEIVED: CheckName.HOT_LOG,
    Topic.COUNTED: CheckName.HOT_LOG,
    Topic.USAGE: CheckName.AGGREGATES,
    Topic.BILLED: CheckName.INVOICE_LINES,
    Topic.CHARGED: CheckName.DOCUMENT_SUMS,
    Topic.INVOICED: CheckName.DOCUMENT_SUMS,
    Topic.OWED: CheckName.BALANCES,
    Topic.PAID: CheckName.BALANCES,
}
"""Which check names each thing that a section's difference is made of."""
LISTS = {
    Name.DEAD_LETTERS: DeadLetter,
    Name.NOT_SETTLED: EventBatch,
    Name.ON_LINES: Invoice,
    Name.CREDIT_NOTES: CreditNote,
    Name.OUTSTANDING: Invoice,
    Name.PAID: Payment,
    Name.LINES: Invoice,
}
WHAT = {
    Topic.RECEIVED: "What requests of the month brought, and what became of it. Days are in UTC.",
    Topic.COUNTED: "What was counted stands in the ledger. In which month, its customer's time zone says, and whether "
    "its month was closed.",
    Topic.USAGE: "The hourly sums count what the ledger has in the month, corrections included.",
    Topic.BILLED: "Every event of the month is on a line, has no price, is written off, or waits for its invoice.",
    Topic.CHARGED: "The lines of the month's invoice, and of one-off invoices that were issued in it.",
    Topic.INVOICED: "The same with discounts and tax.",
    Topic.OWED: "What was taken back, paid, given back, and what is still asked for.",
    Topic.PAID: "What of the payments is credited to these invoices, and where the money is.",
}


class CompletenessForm(forms.Form):
    """What the address leaves out is offered: last month, and all customers."""

    month = forms.TypedChoiceField(coerce=BillingPeriod.parse, empty_value=None)
    organisation = FoundField(
        Discrepancy.organisation, Organisation.objects.none(), label="Customer", empty_label="All", required=False
    )

    def __init__(self, request: HttpRequest) -> None:
        this = BillingPeriod.of(operators_today())
        super().__init__({"month": str(this.previous()), **request.GET.dict()})
        months = [this]
        while len(months) < MONTHS_OFFERED:
            months.append(months[-1].previous())
        month: Any = self.fields["month"]
        month.choices = [(str(each), month_text(each.start)) for each in months]
        customer: Any = self.fields["organisation"]
        customer.queryset = Organisation.objects.for_organisations(request.user).order_by("name")

    @property
    def query(self) -> str:
        return urlencode({name: self[name].value() or "" for name in self.fields})


@extends(Discrepancy)
class Completeness(Extension):
    @list_page(label="Completeness", permission="reconciliation.view_discrepancy", icon="balance")
    def completeness(self, request: HttpRequest) -> HttpResponseBase:
        form = CompletenessForm(request)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": "Completeness",
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            month, chosen = form.cleaned_data["month"], form.cleaned_data["organisation"]
            choice: Any = form.fields["organisation"]
            customers = choice.queryset.real()
            if request.GET.get("format") == "csv":
                found = statements(month, [chosen] if chosen else list(customers))
                return csv_response(f"completeness-{month}", csv_rows(found))
            context |= {"query": form.query, "month": month_text(month.start)}
            context |= _one(statements(month, [chosen])) if chosen else _list(request, month, customers)
        return TemplateResponse(request, "admin/reconciliation/completeness.html", context)


def _list(request: HttpRequest, month: BillingPeriod, customers: Any) -> dict[str, Any]:
    ranked = Ranked(request.user, month, customers, waits=False, anew="anew" in request.GET)
    places = ranked.ranking.places
    page = Paginator(places, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
    counts = [(standing, sum(each == standing for _pk, each in places)) for standing in Standing]
    return {
        "page": page,
        "rows": [_row(month, each) for each in ranked.statements(page.object_list)],
        "counts": [badge(f"{standing.value}: {count:,}", TONES[standing]) for standing, count in counts if count],
        "as_of": when(ranked.ranking.as_of),
        "is_compared": ranked.is_compared,
    }


def _row(month: BillingPeriod, one: Statement) -> dict[str, Any]:
    customer: Any = one.organisation
    where = {"organisation": str(customer.pk), "month": str(month)}
    not_billed = sum((value for name in (Name.UNPRICED, Name.NOT_BILLED_YET) for value, _ in one.parts(name)), ZERO)
    return {
        "customer": customer.name,
        "url": f"{page_address(Discrepancy, 'completeness')}?{urlencode(where)}",
        "standing": badge(one.standing.value, TONES[one.standing]),
        "cells": [
            ("Received", _events_of(one, Topic.RECEIVED)),
            ("Usage", _events_of(one, Topic.USAGE)),
            ("Not billed", format_number(not_billed)),
            ("Invoices", _money_of(one, Topic.INVOICED)),
            ("Outstanding", format_sums((currency, value) for value, currency in one.parts(Name.OUTSTANDING)) or "–"),
        ],
        "differences": [f"{each.topic.value}: {_shown(each, each.difference)}" for each in one.differences],
        "discrepancies": one.discrepancies,
    }


def _events_of(one: Statement, topic: Topic) -> str:
    return format_number(sum((each.whole for each in one.sections if each.topic == topic), ZERO))


def _money_of(one: Statement, topic: Topic) -> str:
    return format_sums((each.currency, each.whole) for each in one.sections if each.topic == topic) or "–"


def _one(found: list[Statement]) -> dict[str, Any]:
    """The statement, or nothing where the customer has nothing in the month."""
    if not found:
        return {"is_empty": True}
    (one,) = found
    return {
        "statement": one,
        "standing": badge(one.standing.value, TONES[one.standing]),
        "pictures": list(_pictures(one)),
        "sections": [_section(one, section) for section in one.sections],
        "discrepancies_url": list_address(
            Discrepancy, organisation__id__exact=str(one.organisation.pk), attention="standing"
        ),
    }


def _pictures(one: Statement) -> Iterator[dict[str, Any]]:
    events = {section.topic: section for section in one.sections if not section.currency}
    if events:
        shown = waterfall(events_steps(events), format_number)
        yield {"title": "Events", "picture": shown}
    for currency in dict.fromkeys(section.currency for section in one.sections if section.currency):
        money = {section.topic: section for section in one.sections if section.currency == currency}
        shown = waterfall(money_steps(money), partial(_money, currency=currency))
        yield {"title": f"Money in {currency}", "picture": shown}


def _money(amount: Decimal, *, currency: str) -> str:
    return format_money(amount, currency)


def _shown(section: Section, value: Decimal) -> str:
    return format_money(value, section.currency) if section.currency else format_number(value)


def _section(one: Statement, section: Section) -> dict[str, Any]:
    whole = _shown(section, section.whole) if section.currency else format_events(int(section.whole))
    return {
        "title": section.topic.value,
        "what": WHAT[section.topic],
        "whole": whole,
        "parts": [
            {
                "name": part.name.value,
                "value": _shown(section, part.value),
                "url": _list_of(one, part.name) if part.value else "",
                "is_open": part.name in OPEN and bool(part.value),
            }
            for part in section.parts
        ],
        "difference": _shown(section, section.difference) if section.difference else "",
        "url": list_address(
            Discrepancy,
            check_name__exact=CHECKS_OF[section.topic].value,
            organisation__id__exact=str(one.organisation.pk),
        ),
    }


def _list_of(one: Statement, name: Name) -> str:
    if name in (Name.UNPRICED, Name.WRITTEN_OFF):
        where = {"organisation": str(one.organisation.pk), "month": str(one.month)}
        return f"{page_address(UsageWriteOff, 'leak')}?{urlencode(where)}"
    model: Any = LISTS.get(name)
    return list_address(model, organisation__id__exact=str(one.organisation.pk)) if model else ""
