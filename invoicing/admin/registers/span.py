"""Which seller and which days a page for the accountant is about: a form whose values stand in the address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from billing_platform.lib.admin.inputs import DayInput
from billing_platform.lib.periods import financial_year_start
from organisations.models import BillingEntity
from organisations.operators_clock import operators_today


class SpanForm(forms.Form):
    """What the address leaves out is offered: the default seller and the last month."""

    seller = forms.ModelChoiceField(BillingEntity.objects.order_by("-is_default", "name"), empty_label=None)
    first = forms.DateField(label="First day", widget=DayInput)
    last = forms.DateField(label="Last day", widget=DayInput)

    def __init__(self, request: HttpRequest, *, sellers: Any = None, seller: Any = None) -> None:
        first, last = last_month(operators_today())
        offered = BillingEntity.objects.order_by("-is_default", "name") if sellers is None else sellers
        chosen = seller or offered.first()
        given = {"seller": getattr(chosen, "pk", ""), "first": first.isoformat(), "last": last.isoformat()}
        super().__init__({**given, **request.GET.dict()})
        fields: dict[str, Any] = self.fields
        fields["seller"].queryset = offered

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if not self.errors and answers["first"] > answers["last"]:
            self.add_error("last", "The last day is before the first one.")
        return answers

    @property
    def query(self) -> str:
        return urlencode({name: self[name].value() for name in self.fields})

    def presets(self) -> Iterator[dict[str, Any]]:
        """Links to the usual spans."""
        today = operators_today()
        chosen = (self.cleaned_data.get("first"), self.cleaned_data.get("last"))
        year = financial_year_start(today)
        before = financial_year_start(year - timedelta(days=1))
        spans = {
            "This month": (today.replace(day=1), today),
            "Last month": last_month(today),
            "This financial year": (year, today),
            "Last financial year": (before, year - timedelta(days=1)),
        }
        for label, (first, last) in spans.items():
            values = {name: self[name].value() for name in self.fields} | {"first": first, "last": last}
            yield {"label": label, "url": f"?{urlencode(values)}", "chosen": chosen == (first, last)}


def last_month(today: date) -> tuple[date, date]:
    """Its first and last day."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
