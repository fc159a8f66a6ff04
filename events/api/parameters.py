"""Query parameters of metrics, usage, corrections, dead letters and alerts."""

from __future__ import annotations

from typing import Any

from django import forms
from django_filters import ChoiceFilter, IsoDateTimeFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import (
    DayFilter,
    IdFilter,
    ListFileParameters,
    MonthFilter,
    TextFilter,
    TruthFilter,
)
from events.models import Alert, AlertRule, DeadLetter, UsageImport


class MetricParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    name = TextFilter()
    unit = TextFilter()


class UsageCorrectionParameters(ListFileParameters):
    organisation = IdFilter("organisation_id")
    project = IdFilter("project_id")
    event_id = TextFilter()


class UsageImportParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    project = IdFilter("project_id")
    status = ChoiceFilter(choices=UsageImport.Status.choices)
    sha256 = TextFilter()


class DeadLetterParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    project = IdFilter("project_id")
    reason = ChoiceFilter(choices=DeadLetter.Reason.choices)
    status = ChoiceFilter(choices=DeadLetter.Status.choices)
    event_id = TextFilter()
    since = IsoDateTimeFilter("last_seen_at", "gte", label="Last seen at this moment or later.")
    until = IsoDateTimeFilter("last_seen_at", "lt", label="Last seen before this moment.")


class AlertRuleParameters(FilterSet):
    kind = ChoiceFilter(choices=AlertRule.Kind.choices)
    project = IdFilter("project_id")
    is_active = TruthFilter()
    is_retired = TruthFilter("retired_at", "isnull", exclude=True)

    def filter_queryset(self, queryset: Any) -> Any:
        """Retired rules only where they are asked for."""
        asked = self.form.cleaned_data.get("is_retired") is not None
        return super().filter_queryset(queryset if asked else queryset.filter(retired_at__isnull=True))


class AlertParameters(FilterSet):
    rule = IdFilter("rule_id")
    state = ChoiceFilter(choices=Alert.State.choices)
    since = IsoDateTimeFilter("fired_at", "gte", label="Fired at this moment or later.")
    until = IsoDateTimeFilter("fired_at", "lt", label="Fired before this moment.")


class _UsageForm(forms.Form):
    """Either a month, or the days from `start` up to the day before `end`."""

    def clean(self) -> dict[str, Any]:
        values, given = self.cleaned_data, {name for name in ("period", "start", "end") if name in self.data}
        if "period" in given and len(given) > 1:
            self.add_error("period", "Give a period, or start and end.")
        elif len(given) == 1 and "period" not in given:
            missing = ({"start", "end"} - given).pop()
            self.add_error(missing, "Give both days, start and end.")
        elif values.get("start") and values.get("end") and values["end"] <= values["start"]:
            self.add_error("end", "This is the first day that no longer counts: it comes after the start.")
        return values


class UsageParameters(FilterSet):
    period = MonthFilter(label="The billing month, such as 2026-11; the current one if left out.")
    start = DayFilter(label="The first day, on the organisation's clock, instead of a period.")
    end = DayFilter(label="The first day that no longer counts.")
    project_id = IdFilter("project_id")
    metric_name = TextFilter()
    format = ChoiceFilter(choices=[("json", "JSON"), ("csv", "CSV")])

    class Meta:
        form = _UsageForm
