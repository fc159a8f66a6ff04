"""The usage explorer's form: organisation, metric, time span and grouping, read from the address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpRequest, QueryDict

from billing_platform.lib import clock
from billing_platform.lib.admin.base import scoped
from billing_platform.lib.admin.inputs import DayInput, FoundField, RowField
from billing_platform.lib.limits import MOST_OFFERED
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.usage.metered import MetricWords
from events.usage.questions import Grain, Question, Span
from events.usage.recent import DAYS
from organisations.models import Organisation, Project
from organisations.operators_clock import operators_today

A_DAY = timedelta(days=1)
A_YEAR = timedelta(days=366)
EARLIEST = date(2000, 1, 1)
DIMENSION = "d."
GRAINS = [(Grain.HOUR, "Hour"), (Grain.DAY, "Day"), (Grain.MONTH, "Month")]

_PRESETS: dict[str, Callable[[date], tuple[date, date]]] = {
    "This month": lambda today: (today.replace(day=1), today),
    "Last month": lambda today: (
        BillingPeriod.of(today).previous().start,
        BillingPeriod.of(today).start - A_DAY,
    ),
    "Last 7 days": lambda today: (today - 6 * A_DAY, today),
    f"Last {DAYS} days": lambda today: (today - (DAYS - 1) * A_DAY, today),
}


class FirstOnes(forms.models.ModelChoiceIterator):  # type: ignore[type-arg]  # generic to mypy only
    """The menu shows the first rows and the chosen one, because there may be thousands. All of them are valid."""

    def __iter__(self) -> Any:
        field: Any = self.field
        if field.empty_label is not None:
            yield "", field.empty_label
        rows = list(self.queryset[:MOST_OFFERED])
        chosen = field.chosen
        yield from (self.choice(row) for row in (*rows, *([chosen] if chosen and chosen not in rows else [])))


class MetricField(RowField):
    iterator = FirstOnes
    chosen: Metric | None = None

    def label_from_instance(self, metric: Metric) -> str:
        return MetricWords.of(metric).title


def _day(refusal: str) -> forms.DateField:
    return forms.DateField(widget=DayInput, error_messages={"invalid": refusal})


def _choice(field: Any, choices: Any, all_of_them: str, refusal: str) -> Any:
    return field(choices, required=False, empty_label=all_of_them, error_messages={"invalid_choice": refusal})


class ExplorerForm(forms.Form):
    """Offers the user's organisations, and the projects and metrics of the chosen one; other values are form errors."""

    fields: dict[str, Any]

    def __init__(self, request: HttpRequest) -> None:
        self.organisations = scoped(Organisation.objects.order_by("name"), request)
        self.asked = request.GET
        self.owner = self._find_owner(request)
        self.asks_for_organisation = self.owner is None and not self.asked.get("organisation")
        self.today = clock.today(self.owner.zone) if self.owner else operators_today()
        super().__init__(data=self._with_defaults())
        self.metric = self._find_metric()
        self._add_fields()

    def _find_owner(self, request: HttpRequest) -> Organisation | None:
        """The organisation that is chosen, or that owns the chosen project or metric, or the user's only one."""
        if named := self.asked.get("organisation"):
            chosen: Organisation | None = self._first(self.organisations, named)
            return chosen
        for model in (Project, Metric):
            found = self._first(
                scoped(model.objects.select_related("organisation"), request),
                self.asked.get(str(model._meta.model_name), ""),
            )
            if found is not None and found.organisation is not None:
                owner: Organisation = found.organisation
                return owner
        few = list(self.organisations[:2])
        return few[0] if len(few) == 1 else None

    @staticmethod
    def _first(rows: Any, pk: str) -> Any:
        try:
            return rows.filter(pk=UUID(pk)).first()
        except ValueError:
            return None

    def _with_defaults(self) -> QueryDict:
        data = self.asked.copy()
        first, last = _PRESETS[f"Last {DAYS} days"](self.today)
        for name, value in (("from", first.isoformat()), ("to", last.isoformat()), ("by", Grain.DAY.value)):
            data[name] = data.get(name) or value
        if self.owner is not None:
            data["organisation"] = str(self.owner.pk)
        return data

    def _metrics(self) -> Any:
        if self.owner is None:
            return Metric.objects.none()
        return Metric.objects.filter(Q(organisation=self.owner) | Q(organisation=None)).order_by("name", "unit")

    def _find_metric(self) -> Metric | None:
        found: Metric | None = self._first(self._metrics(), self.asked.get("metric", ""))
        return found

    def _add_fields(self) -> None:
        projects = Project.objects.filter(organisation=self.owner).select_related("organisation").order_by("name")
        self.fields = {
            "organisation": FoundField(
                Project.organisation,
                self.organisations,
                required=False,
                empty_label="Choose one",
                label="Customer",
                error_messages={"invalid_choice": "This is none of your customers."},
            ),
            "project": _choice(RowField, projects, "All live projects", "This is no project of that customer."),
            "metric": _choice(MetricField, self._metrics(), "All metrics", "This is no metric of that customer."),
            "find": forms.CharField(label="Metric name", required=False, max_length=100),
            "from": _day("This is no date: write it as 2026-11-01."),
            "to": _day("This is no date: write it as 2026-11-30."),
        }
        self.fields["metric"].chosen = self.metric
        if self.metric is not None:
            del self.fields["find"]
            self.fields |= self._fields_of(self.metric)

    @property
    def page(self) -> int:
        """Which hundred of the metrics side by side, from 1."""
        asked = self.asked.get("page", "")
        return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1

    def _fields_of(self, metric: Metric) -> dict[str, forms.Field]:
        keys = [(f"dimension:{key}", key) for key in metric.dimensions]
        refusal = {"invalid_choice": "This metric has no such dimension."}
        fields: dict[str, forms.Field] = {
            "by": forms.ChoiceField(choices=GRAINS, error_messages={"invalid_choice": "Choose hour, day or month."}),
            "split": forms.ChoiceField(
                label="Break down by",
                choices=[("", "Nothing"), ("project", "Project"), *keys],
                required=False,
                error_messages=refusal,
            ),
        }
        for key in metric.dimensions:
            fields[f"{DIMENSION}{key}"] = forms.CharField(label=key, required=False, max_length=255, strip=False)
        return fields

    def suggest(self, values: dict[str, list[str]]) -> None:
        """Offer the values that occur beside each dimension's field."""
        self.suggestions = {f"values-{key}": found for key, found in values.items() if found}
        for key in values:
            self.fields[f"{DIMENSION}{key}"].widget.attrs |= {"list": f"values-{key}", "placeholder": "Any"}

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = answers.get("from"), answers.get("to")
        if first and last and last < first:
            self.add_error("to", "The last day lies before the first.")
        if any(day and not EARLIEST <= day <= self.today + A_YEAR for day in (first, last)):
            self.add_error("from", "There is no usage of that time.")
        return answers

    @property
    def span(self) -> Span:
        return Span(self.cleaned_data["organisation"], self.cleaned_data["from"], self.cleaned_data["to"] + A_DAY)

    @property
    def question(self) -> Question | None:
        """Of one metric; None if none is chosen."""
        if self.metric is None:
            return None
        answers = self.cleaned_data
        dimensions = tuple(
            (key, answers[f"{DIMENSION}{key}"]) for key in self.metric.dimensions if answers[f"{DIMENSION}{key}"]
        )
        return Question(self.span, self.metric, Grain(answers["by"]), answers["project"], dimensions, answers["split"])

    def address(self, **changes: Any) -> str:
        """The explorer's address with some answers changed; an empty one is left out."""
        query = QueryDict(mutable=True)
        # Without a customer there is no telling which days the last 30 are: they are left to the customer's own page.
        known = self.asked if self.asks_for_organisation else self.data
        current = {name: known.get(name, "") for name in self.fields}
        query.update({name: str(value) for name, value in (current | changes).items() if value not in ("", None)})
        return f"?{query.urlencode()}"

    @property
    def presets(self) -> list[dict[str, Any]]:
        """Spans to choose at once, in the organisation's days."""
        found = []
        for label, days in _PRESETS.items():
            first, last = (day.isoformat() for day in days(self.today))
            chosen = (self.data.get("from"), self.data.get("to")) == (first, last)
            found.append({"label": label, "url": self.address(**{"from": first, "to": last}), "chosen": chosen})
        return found
