"""Maximum, latest and unique; corrections; replays. The distinct values and the index by hour by SQL."""

from __future__ import annotations

import billing_platform.lib.clock
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.db import migrations, models

from billing_platform.lib.sql import sql_file


USAGE_DISTINCT = migrations.CreateModel(
    name="UsageDistinct",
    fields=[
        (
            "pk",
            models.CompositePrimaryKey(
                "organisation_id",
                "project_id",
                "metric_id",
                "dimensions",
                "usage_month",
                "value",
                "hour",
                blank=True,
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("dimensions", models.JSONField(default=dict)),
        ("usage_month", models.DateField(help_text="Billing period it is counted in.")),
        (
            "value",
            models.CharField(db_collation="C", help_text="A long one is cut and told apart by a hash.", max_length=200),
        ),
        ("hour", models.DateTimeField(help_text="Start of the hour in the organisation's time zone.")),
        (
            "organisation",
            models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.organisation",
            ),
        ),
        (
            "project",
            models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.project",
            ),
        ),
        (
            "metric",
            models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="events.metric"
            ),
        ),
        ("event_count", models.BigIntegerField()),
    ],
    options={
        "abstract": False,
    },
)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageCorrection",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("event_id", models.CharField(db_collation="C", help_text="As the sender called it.", max_length=255)),
                ("received_month", models.DateField(help_text="UTC month of the event's receipt.")),
                ("action", models.CharField(choices=[("void", "Void"), ("correct", "Correct")], max_length=7)),
                ("quantity_before", models.DecimalField(decimal_places=8, max_digits=28)),
                ("quantity_after", models.DecimalField(blank=True, decimal_places=8, max_digits=28, null=True)),
                ("hour", models.DateTimeField(help_text="The hour in which the event happened.")),
                ("counted_in", models.DateField(help_text="Billing period that the reversal is counted in.")),
                ("is_late", models.BooleanField(default=False, help_text="The event's own period was closed already.")),
                (
                    "cancelled_event_id",
                    models.CharField(db_collation="C", help_text="The ledger entry cancelled.", max_length=255),
                ),
                ("cancelled_received_month", models.DateField()),
                ("reason", models.TextField()),
                (
                    "metric",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="events.metric"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_corrections",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_corrections",
                        to="organisations.project",
                    ),
                ),
                ("created_by", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.SeparateDatabaseAndState([sql_file(__file__, "distinct")], [USAGE_DISTINCT]),
        sql_file(__file__, "ledger_by_hour"),
        migrations.AddField(
            model_name="deadletter",
            name="replay_batch_id",
            field=models.UUIDField(blank=True, help_text="The batch that took it back for counting.", null=True),
        ),
        migrations.AddField(
            model_name="eventbatch",
            name="is_replay",
            field=models.BooleanField(
                default=False,
                db_default=False,
                help_text="Not a request but dead letters on their way back; received when they were first.",
            ),
        ),
        migrations.AddField(
            model_name="metric",
            name="unique_property",
            field=models.CharField(
                blank=True,
                help_text="For `unique` only: the metadata key whose different values are counted, such as user_id.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="usageaggregate",
            name="latest",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DecimalField(decimal_places=8, max_digits=28),
                help_text="Of `latest` metrics: when it happened, when it was received (Unix seconds), its place in the batch, its value. The greatest of such lists wins.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="usageaggregate",
            name="maximum",
            field=models.DecimalField(decimal_places=8, help_text="Of `max` metrics.", max_digits=28, null=True),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="reason",
            field=models.CharField(
                choices=[
                    ("METRIC_UNKNOWN", "Unknown metric"),
                    ("VALUE_MISSING", "Nothing to tell apart"),
                    ("BATCH_DISCARDED", "Batch discarded"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="metric",
            name="aggregation",
            field=models.CharField(
                choices=[
                    ("sum", "Sum of the values"),
                    ("count", "Number of events"),
                    ("max", "Greatest value"),
                    ("latest", "Latest value"),
                    ("unique", "Number of different values of a metadata key"),
                ],
                default="sum",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="usageevent",
            name="kind",
            field=models.CharField(
                choices=[("usage", "Usage"), ("reversal", "Reversal"), ("replacement", "Replacement")],
                default="usage",
                max_length=11,
            ),
        ),
        migrations.AddConstraint(
            model_name="metric",
            constraint=models.CheckConstraint(
                condition=models.Q(("aggregation", "unique"), ("unique_property", ""), _connector="XOR"),
                name="metric_names_a_property_if_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="eventbatch",
            index=models.Index(fields=["received_at"], condition=models.Q(conflicts__gt=0), name="event_batch_conflicts"),
        ),
        migrations.AddIndex(
            model_name="usagecorrection",
            index=models.Index(fields=["organisation", "event_id"], name="usage_correction_event"),
        ),
        migrations.AddIndex(
            model_name="usagecorrection",
            index=models.Index(fields=["organisation", "counted_in", "metric"], name="usage_correction_month"),
        ),
        migrations.AddConstraint(
            model_name="usagecorrection",
            constraint=models.UniqueConstraint(
                fields=("organisation", "project", "cancelled_event_id", "cancelled_received_month"),
                name="ledger_entry_cancelled_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="usagecorrection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "void"), ("quantity_after__isnull", True)),
                    models.Q(("action", "correct"), ("quantity_after__isnull", False)),
                    _connector="OR",
                ),
                name="usage_correction_says_the_new_quantity",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="usagecorrection",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f98d1d4f9f665edea21d2cbaa87783e1f55a5548",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_00aa6",
                    table="events_usagecorrection",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="usagecorrection",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'rows of % are kept: TRUNCATE is refused', TG_TABLE_NAME;",
                    hash="509e5aef0aa5b2f5ff27f172ca45258325bba7bc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_ea006",
                    table="events_usagecorrection",
                    when="BEFORE",
                ),
            ),
        ),
    ]
