"""What analytics are asked for: a customer, days, a project, a metric, and what costs are broken down by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from billing_platform.lib.admin.base import scoped
from billing_platform.lib.admin.inputs import FoundField
from billing_platform.lib.limits import MOST_OFFERED
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from organisations.models import Organisation, Project

SPANS = {"30": "Last 30 days", "90": "Last 90 days", "month": "This month", "last_month": "Last month"}
MONTHS = 12
MOST_METRICS = 20
A_DAY = timedelta(days=1)
PAGE = "analytics"
_BY = {"metric": "Metric", "project": "Project"}


def analytics_address(**asked: Any) -> str:
    """The page, of all customers or of what is asked: `organisation`, `project`, `metric_name`, `span`, `by`."""
    url = reverse("admin:events_usageaggregate_list_action", args=[PAGE])
    query = urlencode({name: str(value) for name, value in asked.items() if value not in (None, "")})
    return f"{url}?{query}" if query else url


class AnalyticsForm(forms.Form):
    """What the address leaves out is not narrowed down. Projects, metrics and costs by dimension are a customer's."""

    organisation = FoundField(
        Project.organisation,
        Organisation.objects.none(),
        required=False,
        label="Customer",
        empty_label="All customers",
    )
    span = forms.ChoiceField(choices=list(SPANS.items()), label="Days")

    def __init__(self, request: HttpRequest) -> None:
        super().__init__({"span": "30", "by": "metric", **request.GET.dict()})
        fields: dict[str, Any] = self.fields
        self.customers = scoped(Organisation.objects.order_by("name"), request)
        fields["organisation"].queryset = self.customers
        self.owner = self._owner()
        if self.owner is not None:
            self._add_fields(self.owner)

    def _owner(self) -> Organisation | None:
        """Who is chosen, or the user's only customer."""
        try:
            found: Organisation | None = self.fields["organisation"].clean(self.data.get("organisation"))
        except forms.ValidationError:
            return None
        few = [found] if found else list(self.customers[:2])
        return few[0] if len(few) == 1 else None

    def _add_fields(self, owner: Organisation) -> None:
        projects = Project.objects.filter(organisation=owner).select_related("organisation").order_by("name")
        known = Metric.objects.filter(Q(organisation=owner) | Q(organisation=None)).order_by("name")
        used = known.values_list("name", flat=True).distinct()[:MOST_OFFERED]
        dimensions = known.exclude(dimensions=[]).values_list("dimensions", flat=True)[:MOST_OFFERED]
        keys = sorted({key for row in dimensions for key in row})
        self.costs_by = [*_BY.items(), *((f"dimension:{key}", key) for key in keys)]
        self.fields |= {
            "project": forms.ModelChoiceField(projects, required=False, empty_label="All live projects"),
            "metric_name": forms.ChoiceField(
                choices=[("", "All metrics"), *((name, name) for name in used)], required=False, label="Metric"
            ),
            "by": forms.ChoiceField(choices=self.costs_by, label="Costs by"),
        }

    def address(self, **changes: Any) -> str:
        asked = {name: self[name].value() or "" for name in self.fields}
        return analytics_address(**asked | changes)

    def days(self, today: date) -> tuple[date, date]:
        """The days `[first, after)` that are chosen."""
        match self.cleaned_data["span"]:
            case "month":
                return today.replace(day=1), today + A_DAY
            case "last_month":
                month = BillingPeriod.of(today).previous()
                return month.start, month.end
            case days:
                return today - (int(days) - 1) * A_DAY, today + A_DAY
