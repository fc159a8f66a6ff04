"""Endpoint of completeness statements: a month of each customer, or of one; as a list or as a file."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request

from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.periods import BillingPeriod
from organisations.api.base import AdminGenericView, api_key_of
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from reconciliation.api.parameters import CompletenessParameters
from reconciliation.selectors.completeness import Name, Section, Standing, Statement, Topic, statements
from reconciliation.selectors.completeness_ranking import Ranked
from reconciliation.selectors.completeness_rows import csv_rows, number_text


class PartSerializer(serializers.Serializer):
    name = serializers.ChoiceField(choices=[each.name.lower() for each in Name])
    value = serializers.CharField()


class SectionOfStatementSerializer(serializers.Serializer):
    section = serializers.ChoiceField(choices=[each.name.lower() for each in Topic])
    currency = serializers.CharField(allow_null=True, help_text="null: numbers of events.")
    whole = serializers.CharField()
    parts = PartSerializer(many=True)
    difference = serializers.CharField(help_text="What the parts lack; 0 where they add up.")


class CompletenessStatementSerializer(serializers.Serializer):
    organisation = serializers.UUIDField()
    name = serializers.CharField()
    period = serializers.CharField()
    standing = serializers.ChoiceField(choices=[each.name.lower() for each in Standing])
    charged_otherwise = serializers.IntegerField(help_text="Metrics that the last check of lines found so.")
    discrepancies = serializers.IntegerField(help_text="Those that stand on days of the month, of any check.")
    sections = SectionOfStatementSerializer(many=True)


class CompletenessList(ListModelMixin, AdminGenericView):
    """Where everything of a month went, by customer: what does not add up first. Of very many customers the order is
    remembered for up to an hour; the statements are of now."""

    queryset = Organisation.objects.all()
    serializer_class = CompletenessStatementSerializer
    filterset_class = CompletenessParameters
    permission_required = "reconciliation.view_discrepancy"

    @extend_schema(tags=["reconciliation"])
    def get(self, request: Request) -> HttpResponseBase:
        asked = report_parameters(self)
        customers: Any = self.get_queryset().select_related("billing_entity")
        customers = customers.filter(pk=asked["organisation"]) if "organisation" in asked else customers.real()
        month = asked.get("period") or BillingPeriod.of(operators_today()).previous()
        if "format" in asked:
            return csv_response(f"completeness-{month}", csv_rows(statements(month, list(customers))))
        if "organisation" in asked:
            page: Any = self.paginate_queryset(statements(month, list(customers)))
        else:
            ranked = Ranked(api_key_of(request), month, customers)
            places: Any = self.paginate_queryset(list(ranked.ranking.places))
            page = ranked.statements(places)
        return self.get_paginated_response([_answer(one) for one in page])


def _answer(one: Statement) -> dict[str, Any]:
    customer: Any = one.organisation
    return {
        "organisation": str(customer.pk),
        "name": customer.name,
        "period": str(one.month),
        "standing": one.standing.name.lower(),
        "charged_otherwise": one.charged_otherwise,
        "discrepancies": one.discrepancies,
        "sections": [_section(section) for section in one.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "section": section.topic.name.lower(),
        "currency": section.currency or None,
        "whole": number_text(section, section.whole),
        "parts": [
            {"name": part.name.name.lower(), "value": number_text(section, part.value)} for part in section.parts
        ],
        "difference": number_text(section, section.difference),
    }
