"""Ageing: what customers owed at the end of a day, the latest payers or broken promises first; the same as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import Extension, badge, extends, list_page
from billing_platform.lib.admin.display import EMPTY, action_url
from billing_platform.lib.admin.inputs import DayInput
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_money, money_text
from invoicing.models import Invoice
from organisations.models import BillingEntity, Organisation
from organisations.operators_clock import operators_today
from payments.receivables.ageing import Aged, Ageing, Bucket, Order, Promised, add_promises, ageing

ROWS_OF_A_PAGE = 50
CSV_COLUMNS = (
    "customer", "gstin", "currency", "not_due", "days_1_to_30", "days_31_to_60", "days_61_to_90", "over_90_days", "due",
    "given_back", "not_credited", "balance", "oldest_due_date", "promise_broken", "broken_since", "promised",
    "promised_by",
)  # fmt: skip
HEADS = (*(bucket.value for bucket in Bucket), "Due", "Given back", "Not credited", "Balance")


class AgeingForm(forms.Form):
    """What the address leaves out is offered: all sellers, and today."""

    day = forms.DateField(label="At the end of", widget=DayInput)
    seller = forms.ModelChoiceField(
        BillingEntity.objects.order_by("-is_default", "name"), empty_label="All", required=False
    )
    order = forms.ChoiceField(choices=[(Order.LATE, "What is late"), (Order.PROMISES, "Broken promises")])

    def __init__(self, request: HttpRequest) -> None:
        super().__init__({"day": operators_today().isoformat(), "order": Order.LATE.value, **request.GET.dict()})

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > operators_today():
            raise forms.ValidationError("This day is not over: what will be paid by then is not known.")
        return day

    @property
    def query(self) -> str:
        return self.query_with()

    def query_with(self, **others: str) -> str:
        """The address's parameters, some of them others."""
        return urlencode({name: self[name].value() or "" for name in self.fields} | others)


@extends(Invoice)
class AgeingOfInvoices(Extension):
    @list_page(label="Ageing", permission="payments.view_payment", icon="schedule")
    def ageing(self, request: HttpRequest) -> HttpResponseBase:
        form = AgeingForm(request)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": "Ageing",
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            found = ageing(actor=request.user, **form.cleaned_data)
            is_file = request.GET.get("format") == "csv"
            page = Paginator(found.rows, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
            if form.cleaned_data["order"] != Order.PROMISES:  # that order knows them already
                shown = found.rows if is_file else list(page.object_list)
                add_promises(shown, found.day, seller=form.cleaned_data["seller"])
            if is_file:
                return csv_response(f"ageing-{found.day:%Y%m%d}", csv_rows(found))
            context |= {
                "heading": f"Owed at the end of {day_text(found.day)}",
                "query": form.query,
                "promises_first": form.query_with(order=Order.PROMISES),
                "heads": (heads := _heads(found)),
                "rows": [_row(aged, found.day, heads) for aged in page.object_list],
                "totals": [{"currency": aged.currency, "amounts": _shown(aged, heads)} for aged in found.totals],
                "page": page,
            }
        return TemplateResponse(request, "admin/payments/ageing.html", context)


def csv_rows(found: Ageing) -> Iterator[tuple[Any, ...]]:
    yield CSV_COLUMNS
    for aged in found.rows:
        customer: Any = aged.customer
        amounts = (money_text(amount, aged.currency) for amount in _amounts(aged))
        said = (part for each in (aged.broken, aged.promised) for part in _promise_cells(each, aged.currency))
        yield customer.name, customer.gstin, aged.currency, *amounts, aged.oldest or "", *said


def _promise_cells(said: Promised | None, currency: str) -> tuple[Any, Any]:
    return (money_text(said.due, currency), said.day) if said else ("", "")


def _amounts(aged: Aged) -> tuple[Any, ...]:
    return (*aged.buckets.values(), aged.due, aged.returned, aged.not_credited, aged.balance)


def _heads(found: Ageing) -> tuple[str, ...]:
    """Without what says nothing: money given back or not credited, where there is none; the balance, where it is what
    is due."""
    returned, not_credited = (any(getattr(aged, name) for aged in found.rows) for name in ("returned", "not_credited"))
    shown = (returned, not_credited, returned or not_credited)
    return (*HEADS[:-3], *(head for head, is_shown in zip(HEADS[-3:], shown, strict=True) if is_shown))


def _shown(aged: Aged, heads: tuple[str, ...]) -> list[tuple[str, str]]:
    amounts = dict(zip(HEADS, _amounts(aged), strict=True))
    return [(head, format_money(amounts[head], aged.currency) if amounts[head] else EMPTY) for head in heads]


def _row(aged: Aged, day: date, heads: tuple[str, ...]) -> dict[str, Any]:
    customer: Any = aged.customer
    late = (day - aged.oldest).days if aged.oldest else 0
    return {
        "customer": customer.name,
        "url": action_url(Organisation(pk=customer.id), "statement"),
        "oldest": f"{late:,} day{'s' if late != 1 else ''} late" if late else "",
        "amounts": _shown(aged, heads),
        "promise": _promise(aged),
    }


def _promise(aged: Aged) -> Any:
    """What was promised, the broken part first, in words."""
    parts: list[tuple[str, str]] = []
    if aged.broken:
        parts.append((format_html("{}<br>", badge("Broken", "danger")), _promise_text(aged.broken, aged.currency)))
    if aged.promised:
        parts.append(("", _promise_text(aged.promised, aged.currency)))
    return format_html_join(format_html("<br>"), "{}{}", parts) or EMPTY


def _promise_text(said: Promised, currency: str) -> Any:
    amount, day = format_money(said.due, currency), day_text(said.day)
    if said.invoices == 1:
        return format_html("{}<br>by {}", amount, day)
    return format_html("{}<br>{} invoices,<br>first by {}", amount, f"{said.invoices:,}", day)
