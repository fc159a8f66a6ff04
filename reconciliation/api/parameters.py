"""Query parameters of reconciliation."""

from __future__ import annotations

from django_filters import ChoiceFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import DayFilter, IdFilter, ListFileParameters, MonthFilter, TextFilter
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName, Discrepancy, Run


class RunParameters(FilterSet):
    cause = ChoiceFilter(choices=Run.Cause.choices)
    organisation = IdFilter("organisation_id")


class DiscrepancyParameters(ListFileParameters):
    state = ChoiceFilter(choices=Discrepancy.State.choices)
    check = ChoiceFilter("check_name", choices=CheckName.choices)
    kind = ChoiceFilter(choices=FindingKind.choices)
    organisation = IdFilter("organisation_id")
    day = DayFilter()
    assigned_to = TextFilter(field_name="assigned_to__username")


class ProofParameters(FilterSet):
    received_month = MonthFilter(label="Where an id was counted in several months of receipt: which one.")


class AnyProofParameters(ProofParameters):
    project = IdFilter("project_id", label="Where several projects have sent the id: which one.")


class CompletenessParameters(FilterSet):
    organisation = IdFilter("id", label="Of one customer; of all if left out.")
    period = MonthFilter(label="2026-10; last month if left out.")
    format = ChoiceFilter(choices=[("csv", "csv")], label="A file; a list if left out.")
