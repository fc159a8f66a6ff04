"""What became of each day of the hot log, and the index that finds a day in the ledger."""

from __future__ import annotations

import billing_platform.lib.clock
import django.db.models.expressions
import uuid
from django.db import migrations, models

from billing_platform.lib.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_aggregations_and_corrections"),
    ]

    operations = [
        migrations.CreateModel(
            name="HotLogDay",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("day", models.DateField(unique=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("checked_by", models.CharField(blank=True, max_length=200)),
                (
                    "verified_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty unless the last check found it right.", null=True
                    ),
                ),
                ("batches", models.PositiveBigIntegerField(default=0)),
                ("events", models.PositiveBigIntegerField(default=0)),
                ("counted", models.PositiveBigIntegerField(default=0)),
                ("duplicates", models.PositiveBigIntegerField(default=0)),
                ("dead_lettered", models.PositiveBigIntegerField(default=0)),
                ("discrepancies", models.PositiveBigIntegerField(default=0)),
                ("findings", models.JSONField(blank=True, default=list, help_text="The first of the discrepancies.")),
                (
                    "kept_because",
                    models.TextField(blank=True, help_text="Why it was not dropped when its time had come."),
                ),
                (
                    "dropped_at",
                    models.DateTimeField(blank=True, help_text="Empty while there is a partition.", null=True),
                ),
                ("dropped_batches", models.PositiveBigIntegerField(default=0)),
                (
                    "dropped_counted",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Entries of the ledger whose batch was dropped."
                    ),
                ),
                ("dropped_bytes", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "day accepted",
                "verbose_name_plural": "days accepted",
                "ordering": ["-day"],
                "permissions": [("verify_hotlogday", "Can verify a day of the hot log")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_at__isnull", True),
                            models.Q(
                                ("discrepancies", 0),
                                (
                                    "events",
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("counted"), "+", models.F("duplicates")
                                        ),
                                        "+",
                                        models.F("dead_lettered"),
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="verified_hot_log_day_conserves_events",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dropped_at__isnull", True),
                            models.Q(("kept_because", ""), ("verified_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="only_a_verified_hot_log_day_is_dropped",
                    ),
                ],
            },
        ),
        sql_file(__file__, "ledger_by_receipt"),
    ]
