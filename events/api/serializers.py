"""Shapes of metrics and usage, as the contract spells them."""

from __future__ import annotations

from rest_framework import serializers

from billing_platform.lib.http.fields import DecimalText, MonthField
from events.models import DeadLetter, Metric, UsageCorrection, UsageImport
from organisations.api.serializers import OrganisationReference
from organisations.models import Project

REASON_LENGTH = 1000


class MetricSerializer(serializers.ModelSerializer):
    organisation = OrganisationReference(required=False)
    multiplier = DecimalText(required=False)
    divisor = DecimalText(required=False)

    class Meta:
        model = Metric
        fields = [
            "id",
            "organisation",
            "name",
            "unit",
            "display_name",
            "unit_name",
            "unit_name_plural",
            "aggregation",
            "unique_property",
            "dimensions",
            "multiplier",
            "divisor",
            "rounding",
            "rounding_places",
            "billed_unit",
            "billed_unit_plural",
            "description",
            "registered_automatically",
            "created_at",
        ]
        read_only_fields = ["id", "registered_automatically", "created_at"]
        validators: list[object] = []  # whether it exists already, and what then, is the service's decision


class MetricUsageSerializer(serializers.Serializer):
    project_id = serializers.UUIDField()
    project_name = serializers.CharField()
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    aggregation = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=38, decimal_places=8)
    event_count = serializers.IntegerField()


class UsageSerializer(serializers.Serializer):
    period = serializers.CharField(allow_null=True, help_text="Empty for days of one's own choice.")
    period_start = serializers.DateField()
    period_end = serializers.DateField()
    mode = serializers.ChoiceField(
        choices=Project.Mode.choices, help_text="Whether it is live usage, or a test project's, which is never billed."
    )
    usage = MetricUsageSerializer(many=True)


class EventCorrectionSerializer(serializers.Serializer):
    action = serializers.ChoiceField(choices=UsageCorrection.Action.choices)
    quantity = serializers.DecimalField(max_digits=28, decimal_places=8, allow_null=True)
    at = serializers.DateTimeField()


class EventStatusSerializer(serializers.Serializer):
    event_id = serializers.CharField()
    status = serializers.ChoiceField(choices=["pending", "counted", "dead_lettered"])
    received_at = serializers.DateTimeField()
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    quantity = serializers.CharField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    period = serializers.CharField(allow_null=True)
    is_late = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    correction = EventCorrectionSerializer(allow_null=True)


class EventSerializer(serializers.Serializer):
    """For the API's documents: the hot path reads events with msgspec."""

    event_id = serializers.CharField(max_length=255)
    metric_name = serializers.CharField(max_length=100)
    metric_value = serializers.DecimalField(max_digits=28, decimal_places=8, min_value=0)
    unit = serializers.CharField(max_length=50)
    timestamp = serializers.DateTimeField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True)


class EventAcceptedSerializer(serializers.Serializer):
    status = serializers.CharField()
    event_id = serializers.CharField()


class EventBatchSerializer(serializers.Serializer):
    events = EventSerializer(many=True)


class RejectionSerializer(serializers.Serializer):
    index = serializers.IntegerField()
    event_id = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class BatchAcceptedSerializer(serializers.Serializer):
    status = serializers.CharField()
    batch_id = serializers.UUIDField()
    accepted = serializers.IntegerField()
    rejected = RejectionSerializer(many=True)


class NewUsageCorrectionSerializer(serializers.Serializer):
    project = serializers.UUIDField()
    event_id = serializers.CharField(max_length=255, trim_whitespace=False)
    action = serializers.ChoiceField(choices=UsageCorrection.Action.choices)
    metric_value = serializers.DecimalField(
        max_digits=28,
        decimal_places=8,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="What the event counts instead; of `correct` only.",
    )
    reason = serializers.CharField(max_length=REASON_LENGTH)
    received_month = MonthField(
        required=False,
        allow_null=True,
        help_text="UTC month of receipt, such as 2026-10: only needed for an id that was counted more than once.",
    )


class UsageCorrectionSerializer(serializers.ModelSerializer):
    metric_name = serializers.CharField(source="metric.name")
    unit = serializers.CharField(source="metric.unit")
    received_month = MonthField()
    counted_in = MonthField()

    class Meta:
        model = UsageCorrection
        fields = [
            "id",
            "organisation",
            "project",
            "event_id",
            "received_month",
            "action",
            "metric_name",
            "unit",
            "quantity_before",
            "quantity_after",
            "counted_in",
            "is_late",
            "reason",
            "created_by",
            "created_at",
        ]


class DeadLetterSerializer(serializers.ModelSerializer):
    payload = serializers.JSONField(source="accepted_event", read_only=True)
    attempts = serializers.IntegerField(source="times_sent", read_only=True)

    class Meta:
        model = DeadLetter
        fields = [
            "id",
            "organisation",
            "project",
            "event_id",
            "reason",
            "message",
            "payload",
            "batch_id",
            "status",
            "attempts",
            "first_seen_at",
            "last_seen_at",
            "resolved_at",
            "resolved_by",
            "resolution",
            "replay_batch_id",
        ]
        read_only_fields = fields


class ListedDeadLetterSerializer(DeadLetterSerializer):
    """The same with the payload as `DeadLetterList` reads it."""

    payload = serializers.JSONField(source="listed_payload", read_only=True)


class ReplayDeadLetterSerializer(serializers.Serializer):
    event = serializers.DictField(required=False, help_text="Counted instead; `event_id` may be left out.")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=REASON_LENGTH)


class DiscardDeadLetterSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class UsageImportSerializer(serializers.ModelSerializer):
    class Meta:
        model = UsageImport
        fields = [
            "id",
            "organisation",
            "project",
            "status",
            "file_name",
            "file_format",
            "size",
            "sha256",
            "run",
            "row_count",
            "bad",
            "counted",
            "duplicates",
            "dead_lettered",
            "last_failure",
            "imported_by",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class NewUsageImportSerializer(serializers.Serializer):
    project = serializers.UUIDField()
    file = serializers.FileField(help_text="CSV or NDJSON, each plain or gzip; at most 10 MB.")
    again = serializers.BooleanField(default=False, help_text="Import a file that was imported before.")
