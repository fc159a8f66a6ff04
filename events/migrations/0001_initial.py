"""Metrics, periods and dead letters by Django; the partitioned tables and the aggregates by SQL."""

from __future__ import annotations

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import billing_platform.lib.clock
import events.models.metric
from billing_platform.lib.sql import sql_file


def _to(model: str, related_name: str = "+", **options: object) -> models.ForeignKey:
    return models.ForeignKey(
        to=model, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, **options
    )


def _base_fields() -> list[tuple[str, models.Field]]:
    return [
        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
        ("updated_at", models.DateTimeField(auto_now=True)),
    ]


METRIC = migrations.CreateModel(
    name="Metric",
    fields=[
        *_base_fields(),
        ("name", models.CharField(max_length=100)),
        ("unit", models.CharField(max_length=50)),
        (
            "aggregation",
            models.CharField(
                choices=[("sum", "Sum of the values"), ("count", "Number of events")], default="sum", max_length=10
            ),
        ),
        (
            "dimensions",
            models.JSONField(
                blank=True,
                default=list,
                help_text="Metadata keys that usage is broken down by, from now on.",
                validators=[events.models.metric.validate_dimensions],
            ),
        ),
        ("description", models.TextField(blank=True)),
        (
            "registered_automatically",
            models.BooleanField(default=False, editable=False, help_text="An event named it before an operator did."),
        ),
        (
            "organisation",
            _to(
                "organisations.organisation",
                "metrics",
                blank=True,
                null=True,
                help_text="Empty: known to every organisation. An organisation's own metric of that name and unit wins.",
            ),
        ),
    ],
    options={
        "ordering": ["name", "unit"],
        "constraints": [
            models.UniqueConstraint(
                fields=["organisation", "name", "unit"], name="metric_once_per_organisation", nulls_distinct=False
            )
        ],
    },
)

USAGE_PERIOD = migrations.CreateModel(
    name="UsagePeriod",
    fields=[
        *_base_fields(),
        ("month", models.DateField(help_text="Its first day.")),
        ("closed_at", models.DateTimeField(blank=True, null=True)),
        ("closed_by", models.CharField(blank=True, max_length=200)),
        ("organisation", _to("organisations.organisation", "usage_periods")),
    ],
    options={
        "ordering": ["-month"],
        "permissions": [("close_usageperiod", "Can close a month for usage")],
        "constraints": [
            models.UniqueConstraint(fields=["organisation", "month"], name="usage_period_once_per_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="usage_period_starts_on_the_first"),
        ],
    },
)

DEAD_LETTER = migrations.CreateModel(
    name="DeadLetter",
    fields=[
        *_base_fields(),
        ("event_id", models.CharField(max_length=255)),
        (
            "reason",
            models.CharField(
                choices=[("METRIC_UNKNOWN", "Unknown metric"), ("BATCH_DISCARDED", "Batch discarded")], max_length=20
            ),
        ),
        ("message", models.TextField()),
        ("payload", models.JSONField(help_text="The event as it was accepted.")),
        ("batch_id", models.UUIDField(help_text="The batch that brought it first.")),
        (
            "status",
            models.CharField(
                choices=[("open", "Open"), ("replayed", "Replayed"), ("discarded", "Discarded")],
                default="open",
                max_length=10,
            ),
        ),
        ("attempts", models.PositiveIntegerField(default=1, help_text="How often it was sent.")),
        ("first_seen_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
        ("last_seen_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
        ("resolved_at", models.DateTimeField(blank=True, null=True)),
        ("resolved_by", models.CharField(blank=True, max_length=200)),
        ("resolution", models.TextField(blank=True)),
        ("organisation", _to("organisations.organisation", "dead_letters")),
        ("project", _to("organisations.project", "dead_letters")),
    ],
    options={
        "ordering": ["-last_seen_at"],
        "permissions": [
            ("replay_deadletter", "Can replay a dead letter"),
            ("discard_deadletter", "Can discard a dead letter"),
        ],
        "indexes": [models.Index(fields=["organisation", "event_id"], name="dead_letter_event")],
        "constraints": [
            models.UniqueConstraint(
                condition=Q(status="open"), fields=["organisation", "project", "event_id"], name="one_open_dead_letter"
            ),
            models.CheckConstraint(
                condition=Q(status="open", resolved_at__isnull=True)
                | (~Q(status="open") & Q(resolved_at__isnull=False)),
                name="dead_letter_resolution_has_a_time",
            ),
        ],
    },
)

EVENT_BATCH = migrations.CreateModel(
    name="EventBatch",
    fields=[
        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
        ("received_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
        ("event_count", models.PositiveIntegerField()),
        ("payload", models.BinaryField()),
        (
            "status",
            models.CharField(
                choices=[("pending", "Pending"), ("settled", "Settled"), ("quarantined", "Quarantined")],
                default="pending",
                max_length=11,
            ),
        ),
        ("counted", models.PositiveIntegerField(default=0)),
        ("duplicates", models.PositiveIntegerField(default=0)),
        ("dead_lettered", models.PositiveIntegerField(default=0)),
        (
            "conflicts",
            models.PositiveIntegerField(default=0, help_text="Duplicates whose body differs from what was counted."),
        ),
        ("conflict_ids", models.JSONField(default=list, help_text="The first of them.")),
        ("attempts", models.PositiveSmallIntegerField(default=0)),
        ("last_error", models.TextField(blank=True)),
        ("retry_at", models.DateTimeField(blank=True, null=True)),
        ("settled_at", models.DateTimeField(blank=True, null=True)),
        ("organisation", _to("organisations.organisation", db_constraint=False)),
        ("project", _to("organisations.project", db_constraint=False)),
    ],
    options={
        "verbose_name_plural": "event batches",
        "ordering": ["-received_at"],
        "permissions": [("retry_eventbatch", "Can retry or discard a quarantined batch")],
        "indexes": [
            models.Index(condition=Q(status="pending"), fields=["received_at", "id"], name="event_batch_pending"),
            models.Index(
                condition=~Q(status="settled"), fields=["organisation", "received_at"], name="event_batch_unsettled"
            ),
        ],
        "constraints": [
            models.CheckConstraint(
                condition=~Q(status="settled")
                | Q(event_count=F("counted") + F("duplicates") + F("dead_lettered"), settled_at__isnull=False),
                name="event_batch_conserves_events",
            )
        ],
    },
)

USAGE_EVENT = migrations.CreateModel(
    name="UsageEvent",
    fields=[
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        ("event_id", models.CharField(db_collation="C", max_length=255)),
        (
            "kind",
            models.CharField(choices=[("usage", "Usage"), ("reversal", "Reversal")], default="usage", max_length=10),
        ),
        ("quantity", models.DecimalField(decimal_places=8, max_digits=28)),
        ("occurred_at", models.DateTimeField()),
        ("received_at", models.DateTimeField()),
        ("received_month", models.DateField(help_text="UTC month of receipt: the partition.")),
        ("hour", models.DateTimeField(help_text="Start of the hour it happened in, in the organisation's time zone.")),
        ("usage_month", models.DateField(help_text="Billing period it was counted in.")),
        ("is_late", models.BooleanField(default=False, help_text="Its own month was closed already.")),
        ("dimensions", models.JSONField(default=dict)),
        ("metadata", models.JSONField(null=True)),
        ("batch_id", models.UUIDField()),
        ("position", models.PositiveIntegerField(help_text="Place in its batch, from 0.")),
        ("metric", _to("events.metric", db_constraint=False)),
        ("organisation", _to("organisations.organisation", db_constraint=False)),
        ("project", _to("organisations.project", db_constraint=False)),
    ],
    options={"ordering": ["-id"]},
)

USAGE_AGGREGATE = migrations.CreateModel(
    name="UsageAggregate",
    fields=[
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        ("dimensions", models.JSONField(default=dict)),
        ("hour", models.DateTimeField(help_text="Start of the hour in the organisation's time zone.")),
        (
            "usage_month",
            models.DateField(help_text="Billing period it is counted in; for late usage not the hour's own."),
        ),
        ("total", models.DecimalField(decimal_places=8, max_digits=38)),
        ("event_count", models.BigIntegerField()),
        ("metric", _to("events.metric", db_constraint=False)),
        ("organisation", _to("organisations.organisation", db_constraint=False)),
        ("project", _to("organisations.project", db_constraint=False)),
    ],
    options={
        "ordering": ["-hour"],
        "constraints": [
            models.UniqueConstraint(
                fields=["organisation", "project", "metric", "dimensions", "hour", "usage_month"],
                name="usage_aggregate_key",
            )
        ],
    },
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [("organisations", "0001_initial")]

    operations = [
        METRIC,
        USAGE_PERIOD,
        DEAD_LETTER,
        migrations.SeparateDatabaseAndState([sql_file(__file__, "hot_log")], [EVENT_BATCH]),
        migrations.SeparateDatabaseAndState([sql_file(__file__, "ledger")], [USAGE_EVENT]),
        migrations.SeparateDatabaseAndState([sql_file(__file__, "aggregates")], [USAGE_AGGREGATE]),
    ]
