"""Query parameters of organisations, projects and keys."""

from __future__ import annotations

from django_filters import ChoiceFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import TextFilter, TruthFilter
from organisations.models import Project


class OrganisationParameters(FilterSet):
    name = TextFilter()
    slug = TextFilter()
    is_active = TruthFilter()


class ProjectParameters(FilterSet):
    name = TextFilter()
    mode = ChoiceFilter(choices=Project.Mode.choices)
    is_active = TruthFilter()
