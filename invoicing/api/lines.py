"""The endpoint that explains a line of an invoice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.fields import DecimalText, MoneyText
from billing_platform.lib.http.parameters import report_parameters
from events.models import UsageEvent
from events.selectors import ledger_pages
from invoicing.api.parameters import LineExplanationParameters
from invoicing.api.serializers import StoredLineSerializer
from invoicing.models import InvoiceLine
from invoicing.services.explaining import explain_line
from organisations.api.base import AdminGenericView


class MeterDaySerializer(serializers.Serializer):
    day = serializers.DateField()
    quantity = DecimalText()
    event_count = serializers.IntegerField()


class MeterSerializer(serializers.Serializer):
    project = serializers.UUIDField(source="project_id")
    project_name = serializers.CharField()
    dimensions = serializers.SerializerMethodField()
    quantity = DecimalText()
    event_count = serializers.IntegerField()
    days = MeterDaySerializer(many=True)

    def get_dimensions(self, meter: Any) -> dict[str, str]:
        return dict(meter.dimensions)


class LineCorrectionSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    event_id = serializers.CharField()
    action = serializers.CharField()
    quantity_before = DecimalText()
    quantity_after = DecimalText(allow_null=True)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class LineEventSerializer(serializers.Serializer):
    event_id = serializers.CharField()
    kind = serializers.CharField()
    project = serializers.UUIDField(source="project_id")
    quantity = DecimalText()
    dimensions = serializers.DictField(child=serializers.CharField())
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    taken = serializers.SerializerMethodField(
        help_text="Whether its value is the one that counts, of a metric that takes the greatest or the latest."
    )

    def get_taken(self, event: UsageEvent) -> bool:
        return event.pk in self.context["decided_by"]


class PriceVersionSerializer(serializers.Serializer):
    """A price that late usage was priced by, with its month."""

    pricing_rule = serializers.UUIDField(source="id")
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    dimensions = serializers.DictField(child=serializers.CharField())
    price = serializers.JSONField(source="body")


class LineEventsSerializer(serializers.Serializer):
    """A page of events, newest first. `older` is the `before` of the next page, null on the last one."""

    count = serializers.IntegerField(help_text="Of the line; a reversal takes one off.")
    results = LineEventSerializer(many=True)
    older = serializers.IntegerField(allow_null=True)


class RecomputedSerializer(serializers.Serializer):
    """The line computed again, just now, from what it was computed from."""

    amount = MoneyText(allow_null=True)
    agrees = serializers.BooleanField()
    sentence = serializers.CharField()
    at = serializers.DateTimeField()


class LineExplanationSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="line.id")
    invoice = serializers.UUIDField(source="line.invoice_id")
    line_item = StoredLineSerializer(source="line")
    price = serializers.JSONField(source="line.price", help_text="As it is stored on the line, with rule and days.")
    versions = PriceVersionSerializer(many=True)
    meters = MeterSerializer(many=True)
    corrections = LineCorrectionSerializer(many=True)
    recomputed = RecomputedSerializer()
    events = LineEventsSerializer()


class ExplainLine(AdminGenericView):
    """A line down to its events, and computed again."""

    queryset = InvoiceLine.objects.none()
    filterset_class = LineExplanationParameters
    permission_required = "invoicing.view_invoiceline"

    @extend_schema(tags=["invoices"], filters=True, responses=LineExplanationSerializer)
    def get(self, request: Request, line_id: UUID) -> Response:
        lines = InvoiceLine.objects.select_related("invoice__organisation", "pricing_rule")
        explained = explain_line(self.find(lines, pk=line_id))
        asked = report_parameters(self)
        page = ledger_pages.page_before(explained.events, size=asked.get("page_size", 50), before=asked.get("before"))
        events = {"count": explained.event_count, "results": page.events, "older": page.older}
        shown = {name: getattr(explained, name) for name in ("line", "versions", "meters", "corrections", "recomputed")}
        context = {"decided_by": explained.decided_by}
        return Response(LineExplanationSerializer({**shown, "events": events}, context=context).data)
