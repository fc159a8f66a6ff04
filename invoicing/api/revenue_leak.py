"""Endpoint of the revenue leak: usage that no price covers."""

from __future__ import annotations

from itertools import chain

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.fields import DecimalText, MoneyText
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.number_formats import money_text, short_text
from invoicing.api.parameters import RevenueLeakParameters
from invoicing.models import UsageWriteOff
from invoicing.selectors.revenue_leak import Asking, Leak, revenue_leak, totals
from organisations.api.base import AdminGenericView, api_key_of
from organisations.models import Organisation
from organisations.operators_clock import operators_today


class LeakSerializer(serializers.Serializer):
    organisation = serializers.UUIDField()
    period = serializers.CharField(help_text="The month in which it was used.")
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    quantity = DecimalText(help_text="What is not written off, in the unit that would be priced.")
    event_count = serializers.IntegerField()
    written_off = DecimalText()
    is_invoiced = serializers.BooleanField(help_text="An issued invoice counts some of it, and charges nothing.")
    currency = serializers.CharField()
    estimate = MoneyText(help_text="By a likely price, before tax; null: nothing is known of one.", allow_null=True)


class LeakTotalSerializer(serializers.Serializer):
    currency = serializers.CharField()
    estimate = MoneyText()


class RevenueLeakSerializer(serializers.Serializer):
    totals = LeakTotalSerializer(many=True)
    leaks = LeakSerializer(many=True, help_text="What is worth most first.")


class RevenueLeak(AdminGenericView):
    """Usage that no price covers, by customer, metric and month, with an estimate where a likely price exists."""

    queryset = UsageWriteOff.objects.none()
    filterset_class = RevenueLeakParameters
    permission_required = "invoicing.view_usagewriteoff"

    @extend_schema(
        filters=True,
        responses={(200, "application/json"): RevenueLeakSerializer, (200, "text/csv"): OpenApiTypes.STR},
        tags=["prices"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = report_parameters(self)
        owner: Organisation | None = self.organisation(asked["organisation"]) if "organisation" in asked else None
        asking = Asking(api_key_of(request), owner, asked.get("period"), asked.get("metric_name", ""))
        leaks = revenue_leak(asking)
        rows = [_row(leak) for leak in leaks]
        if asked.get("format") == "csv":
            columns = list(LeakSerializer().fields)
            cells = ([row[column] for column in columns] for row in rows)
            return csv_response(f"revenue-leak-{operators_today():%Y%m%d}", chain([columns], cells))
        sums = [
            {"currency": each.currency, "estimate": money_text(each.amount, each.currency)} for each in totals(leaks)
        ]
        return Response({"totals": sums, "leaks": rows})


def _row(leak: Leak) -> dict[str, object]:
    amount = leak.estimate.amount if leak.estimate else None
    return {
        "organisation": str(leak.organisation.pk),
        "period": str(leak.month),
        "metric_name": leak.metric.name,
        "unit": leak.metric.unit,
        "quantity": short_text(leak.left),
        "event_count": leak.events_left,
        "written_off": short_text(leak.written_off),
        "is_invoiced": leak.is_invoiced,
        "currency": leak.organisation.currency,
        "estimate": None if amount is None else money_text(amount.amount, amount.currency),
    }
