"""Which return a page is about: a GSTIN, a month, and how often the GSTIN files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse

from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.periods import BillingPeriod, PeriodError
from invoicing.admin.runs.months import ended_months, recent_months
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.selectors.final_documents import gstins
from invoicing.services.returns.reading import figures_of

FREQUENCIES = {
    Frequency.MONTHLY: "Monthly",
    Frequency.QUARTERLY: "Quarterly",
    Frequency.IFF: "IFF: a month of a quarter, businesses only",
}


@dataclass
class ChosenReturn:
    gstin: str
    month: BillingPeriod
    frequency: Frequency

    @property
    def period(self) -> ReturnPeriod:
        return ReturnPeriod.of(self.month, self.frequency)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Of the documents of now, asked once for each request."""
        return figures_of(gstin=self.gstin, period=self.period)

    @property
    def query(self) -> str:
        return urlencode({"gstin": self.gstin, "month": str(self.month), "frequency": self.frequency.value})

    @property
    def url(self) -> str:
        return f"{reverse('admin:invoicing_filing_list_action', args=['gstr1'])}?{self.query}"


def chosen_return(request: HttpRequest) -> ChosenReturn | None:
    """As the address or the form says; the month that ended last of the first GSTIN otherwise. None without sellers."""
    given, offered = request.POST or request.GET, gstins()
    if not offered:
        return None
    gstin = given.get("gstin", "")
    month = _month(given.get("month", ""))
    frequency = given.get("frequency", "")
    chosen = Frequency(frequency) if frequency in list(Frequency) else Frequency.MONTHLY
    try:
        ReturnPeriod.of(month, chosen)
    except PeriodError:  # an IFF of a quarter's last month
        chosen = Frequency.QUARTERLY
    return ChosenReturn(gstin if gstin in offered else offered[0], month, chosen)


def once(request: Any) -> ChosenReturn | None:
    """The same for all questions of one request."""
    if not hasattr(request, "chosen_return"):
        request.chosen_return = chosen_return(request)
    found: ChosenReturn | None = request.chosen_return
    return found


def _month(text: str) -> BillingPeriod:
    try:
        return BillingPeriod.parse(text)
    except PeriodError:
        return BillingPeriod.parse(ended_months()[0][0])


class ReturnForm(ActionForm):
    """Choosing another return reloads the page, because its facts are about the chosen one."""

    gstin = forms.ChoiceField(label="GSTIN", widget=forms.Select(attrs={"data-asks-again": ""}))
    month = forms.ChoiceField(widget=forms.Select(attrs={"data-asks-again": ""}))
    frequency = forms.ChoiceField(
        label="Filed", choices=list(FREQUENCIES.items()), widget=forms.Select(attrs={"data-asks-again": ""})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["gstin"].choices = [(each, each) for each in gstins()]
        self.fields["month"].choices = recent_months()

    def clean_month(self) -> BillingPeriod:
        return BillingPeriod.parse(self.cleaned_data["month"])

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        try:
            if not self.errors:
                ReturnPeriod.of(answers["month"], Frequency(answers["frequency"]))
        except PeriodError as error:
            self.add_error("frequency", str(error))
        return answers
