"""Tax withheld added up by customer, quarter and code, as a page and as a file: for the seller's income-tax return."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import list_page
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_money, format_sums
from organisations.models import BillingEntity
from organisations.operators_clock import operators_today
from payments.models import WithheldTax
from payments.receivables.withheld_taxes import WithheldSum, register_rows, withheld_sums

ROWS_OF_A_PAGE = 100
LOOKED_BACK = 6
"""Financial years that the page offers."""


def _years() -> list[tuple[str, str]]:
    """Each by the year in which it begins."""
    today = operators_today()
    first = today.year if today.month >= 4 else today.year - 1
    return [(str(year), f"{year}-{(year + 1) % 100:02d}") for year in range(first, first - LOOKED_BACK, -1)]


class SumsForm(forms.Form):
    """What the address leaves out is offered: this financial year, and all sellers."""

    year = forms.ChoiceField(label="Financial year", choices=_years)
    seller = forms.ModelChoiceField(
        BillingEntity.objects.order_by("-is_default", "name"), empty_label="All", required=False
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__({"year": _years()[0][0], **request.GET.dict()})

    @property
    def query(self) -> str:
        return urlencode({name: self[name].value() or "" for name in self.fields})


class WithheldSums:
    """Gives the list of tax withheld the page of its sums."""

    admin_site: Any
    opts: Any

    @list_page(label="Sums by quarter", permission="payments.view_withheldtax", icon="functions")
    def sums(self, request: HttpRequest) -> HttpResponseBase:
        form = SumsForm(request)
        page: Any = self
        page.style_form(form)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Sums of tax withheld",
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            year = int(form.cleaned_data["year"])
            taxes = _of_year(request, year, form.cleaned_data["seller"])
            if request.GET.get("format") == "csv":
                return csv_response(f"tax-withheld-{year}", register_rows(taxes))
            found = withheld_sums(taxes)
            rows = Paginator(found, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
            context |= {
                "heading": f"Withheld in {dict(_years())[str(year)]}",
                "query": form.query,
                "rows": [_row(each) for each in rows.object_list],
                "total": {
                    "withheld": format_sums([(each.currency, each.withheld) for each in found]),
                    "certified": format_sums([(each.currency, each.certified) for each in found if each.certified]),
                    "to_come": format_sums([(each.currency, each.to_come) for each in found if each.to_come]),
                },
                "page": rows,
            }
        return TemplateResponse(request, "admin/payments/withheld_sums.html", context)


def _of_year(request: HttpRequest, year: int, seller: BillingEntity | None) -> Any:
    rows = WithheldTax.objects.for_organisations(request.user).filter(
        quarter_start__gte=f"{year}-04-01", quarter_start__lt=f"{year + 1}-04-01"
    )
    return rows.filter(payment__invoice__billing_entity=seller) if seller else rows


def _row(each: WithheldSum) -> dict[str, Any]:
    chosen = {
        "state": "all",
        "quarter": each.quarter_start.isoformat(),
        "payment__organisation__id__exact": each.customer_id,
        "section_code": each.code,
    }
    url = reverse("admin:payments_withheldtax_changelist")
    return {
        "customer": each.customer,
        "url": f"{url}?{urlencode(chosen)}",
        "quarter": each.quarter,
        "code": each.code or "Not known",
        "count": each.count,
        "withheld": format_money(each.withheld, each.currency),
        "certified": format_money(each.certified, each.currency) if each.certified else EMPTY,
        "to_come": format_money(each.to_come, each.currency) if each.to_come else EMPTY,
        "due": day_text(each.due_day) if each.to_come else "",
    }
