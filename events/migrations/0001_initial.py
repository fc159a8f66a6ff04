import billing_platform.lib.clock
import billing_platform.lib.database.operations
import billing_platform.lib.database.sql
import billing_platform.lib.validators
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import events.models.alert_rule
import events.models.metric
import events.models.usage_aggregate
import pgtrigger.compiler
import uuid
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        billing_platform.lib.database.operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="DeadLetter",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("event_id", models.CharField(max_length=255)),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("METRIC_UNKNOWN", "Unknown metric"),
                                    ("VALUE_MISSING", "Nothing to tell apart"),
                                    ("OPERATION_UNKNOWN", "Neither added nor removed"),
                                    ("METRIC_LIMIT", "Too many metrics"),
                                    ("EVENT_UNSTORABLE", "Can't be stored"),
                                    ("BATCH_DISCARDED", "Batch discarded"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("message", models.TextField()),
                        ("accepted_event", models.JSONField(help_text="As its sender wrote it, its numbers exact.")),
                        ("batch_id", models.UUIDField(help_text="The batch that brought it first.")),
                        (
                            "status",
                            models.CharField(
                                choices=[("open", "Open"), ("replayed", "Replayed"), ("discarded", "Discarded")],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        ("times_sent", models.PositiveIntegerField(default=1)),
                        ("first_seen_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("last_seen_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("resolved_at", models.DateTimeField(blank=True, null=True)),
                        ("resolved_by", models.CharField(blank=True, max_length=200)),
                        ("resolution", models.TextField(blank=True)),
                        (
                            "replay_batch_id",
                            models.UUIDField(
                                blank=True, help_text="The batch that took it back for counting.", null=True
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="dead_letters",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="dead_letters",
                                to="organisations.project",
                            ),
                        ),
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
                                condition=models.Q(("status", "open")),
                                fields=("organisation", "project", "event_id"),
                                name="one_open_dead_letter",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("resolved_at__isnull", True), ("status", "open")),
                                    models.Q(
                                        models.Q(("status", "open"), _negated=True), ("resolved_at__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="dead_letter_resolution_has_a_time",
                            ),
                        ],
                    },
                ),
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
                        (
                            "findings",
                            models.JSONField(blank=True, default=list, help_text="The first of the discrepancies."),
                        ),
                        (
                            "retained_because",
                            models.TextField(blank=True, help_text="Why it was not dropped after its retention."),
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
                        (
                            "written_off",
                            models.PositiveBigIntegerField(
                                default=0,
                                help_text="Discrepancies that the day was dropped with, each written off with a reason.",
                            ),
                        ),
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
                                    models.Q(("retained_because", ""), ("verified_at__isnull", False)),
                                    models.Q(
                                        ("discrepancies__gt", 0),
                                        ("retained_because", ""),
                                        ("written_off", models.F("discrepancies")),
                                    ),
                                    _connector="OR",
                                ),
                                name="hot_log_day_is_dropped_verified_or_written_off",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HotLogTally",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("day", models.DateField(help_text="UTC day of receipt.")),
                        ("dropped_at", models.DateTimeField()),
                        ("batches", models.PositiveBigIntegerField()),
                        ("events", models.PositiveBigIntegerField()),
                        ("replayed", models.PositiveBigIntegerField()),
                        ("counted", models.PositiveBigIntegerField()),
                        ("duplicates", models.PositiveBigIntegerField()),
                        ("dead_lettered", models.PositiveBigIntegerField()),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tally of a dropped day",
                        "verbose_name_plural": "tallies of dropped days",
                        "ordering": ["-day"],
                        "indexes": [models.Index(fields=["day"], name="hot_log_tally_by_day")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "day", "dropped_at"), name="hot_log_tally_once_a_drop"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "counted",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("events"), "+", models.F("replayed")
                                                ),
                                                "-",
                                                models.F("duplicates"),
                                            ),
                                            "-",
                                            models.F("dead_lettered"),
                                        ),
                                    )
                                ),
                                name="hot_log_tally_conserves_events",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Metric",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(max_length=100)),
                        ("unit", models.CharField(max_length=50)),
                        (
                            "display_name",
                            models.CharField(
                                blank=True,
                                help_text="What customers read, such as API calls. Empty: the name and the unit.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="name on invoices",
                            ),
                        ),
                        (
                            "unit_name",
                            models.CharField(
                                blank=True,
                                help_text="The word for one of them, such as call. Empty: the unit as it is.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="one unit",
                            ),
                        ),
                        (
                            "unit_name_plural",
                            models.CharField(
                                blank=True,
                                help_text="The word for several, such as calls. Empty: the same as for one, as in 5 GB.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="several units",
                            ),
                        ),
                        (
                            "aggregation",
                            models.CharField(
                                choices=[
                                    ("sum", "Sum of the values"),
                                    ("count", "Number of events"),
                                    ("max", "Greatest value"),
                                    ("latest", "Latest value"),
                                    ("unique", "Number of different values of a metadata key"),
                                    ("weighted_sum", "Level over time, in unit-hours"),
                                ],
                                default="sum",
                                max_length=12,
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
                        (
                            "unique_property",
                            models.CharField(
                                blank=True,
                                help_text="For `unique` only: the metadata key whose different values are counted, such as user_id.",
                                max_length=40,
                            ),
                        ),
                        (
                            "multiplier",
                            models.DecimalField(
                                decimal_places=10,
                                default=Decimal("1"),
                                help_text="The quantity of a month is multiplied by this before it is priced.",
                                max_digits=30,
                                validators=[django.core.validators.MinValueValidator(Decimal("1E-10"))],
                            ),
                        ),
                        (
                            "divisor",
                            models.DecimalField(
                                decimal_places=10,
                                default=Decimal("1"),
                                help_text="And divided by this: 1073741824 makes GiB of bytes.",
                                max_digits=30,
                                validators=[django.core.validators.MinValueValidator(Decimal("1E-10"))],
                            ),
                        ),
                        (
                            "rounding",
                            models.CharField(
                                choices=[
                                    ("none", "Not rounded"),
                                    ("up", "Up"),
                                    ("down", "Down"),
                                    ("nearest", "To the nearest"),
                                ],
                                default="none",
                                help_text="Of the quantity that is priced. Up is away from zero, down towards it.",
                                max_length=7,
                            ),
                        ),
                        (
                            "rounding_places",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="If it is rounded: 0 for whole units.",
                                validators=[django.core.validators.MaxValueValidator(8)],
                                verbose_name="decimals left",
                            ),
                        ),
                        (
                            "billed_unit",
                            models.CharField(
                                blank=True,
                                help_text="What the conversion makes, such as GiB. Empty: the unit of the usage.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="one unit that is priced",
                            ),
                        ),
                        (
                            "billed_unit_plural",
                            models.CharField(
                                blank=True,
                                help_text="Empty: the same as for one.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="several units that are priced",
                            ),
                        ),
                        ("description", models.TextField(blank=True)),
                        (
                            "registered_automatically",
                            models.BooleanField(
                                default=False, editable=False, help_text="An event named it before an operator did."
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: known to every customer. A customer's own metric of that name and unit wins.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="metrics",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name", "unit"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "name", "unit"),
                                name="metric_once_per_organisation",
                                nulls_distinct=False,
                                violation_error_message="There is a metric of that name and unit already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("aggregation", "unique"), ("unique_property", ""), _connector="XOR"
                                ),
                                name="metric_names_a_property_if_unique",
                                violation_error_message="Name the metadata key to count if, and only if, the aggregation is `unique`.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("aggregation", "weighted_sum"),
                                    ("dimensions__contains", ["operation"]),
                                    _negated=True,
                                ),
                                name="metric_level_has_no_operation_dimension",
                                violation_error_message="The key `operation` says whether an event adds to the level or takes off it: as a dimension it would make two levels.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("divisor__gt", 0), ("multiplier__gt", 0)),
                                name="metric_factors_above_zero",
                                violation_error_message="Multiplier and divisor must be above zero.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("multiplier", models.F("divisor")),
                                    models.Q(("billed_unit", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="metric_names_the_unit_it_makes",
                                violation_error_message="Name the unit that the conversion makes: it stands beside the quantity on invoices.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("rounding_places__lte", 8)),
                                name="metric_rounds_to_stored_places",
                                violation_error_message="A quantity has at most 8 decimals.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AlertRule",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                help_text="Stands in the e-mails.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("usage_threshold", "Usage reaches a threshold"),
                                    ("usage_spike", "Usage jumps or falls, in percent"),
                                    ("unusual_pattern", "Usage is unusual for the hour of the week"),
                                    ("cost_threshold", "Cost reaches a threshold"),
                                ],
                                default="usage_threshold",
                                max_length=15,
                            ),
                        ),
                        (
                            "span",
                            models.CharField(
                                choices=[
                                    ("hour", "Usage of an hour"),
                                    ("day", "Usage of a day"),
                                    ("month", "Usage of a month"),
                                    ("previous_hour", "An hour against the hour before"),
                                    ("previous_day", "A day against the day before"),
                                    ("previous_week", "Seven days against the seven before"),
                                    ("same_weekday", "A day against the same weekday before"),
                                    ("hour_of_week", "An hour against the same hour of earlier weeks"),
                                    ("month_to_date", "Cost of the month so far"),
                                    ("projected", "Cost of the month as it will probably be"),
                                ],
                                default="month",
                                max_length=13,
                                verbose_name="looks at",
                            ),
                        ),
                        (
                            "operator",
                            models.CharField(
                                choices=[
                                    ("gt", "above"),
                                    ("gte", "at or above"),
                                    ("lt", "below"),
                                    ("lte", "at or below"),
                                    ("eq", "exactly"),
                                ],
                                default="gte",
                                max_length=3,
                                verbose_name="fires when it is",
                            ),
                        ),
                        (
                            "thresholds",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.DecimalField(decimal_places=8, max_digits=28),
                                help_text="Quantities, percents, deviations from what is usual, or amounts before tax.",
                                size=None,
                                validators=[events.models.alert_rule.validate_thresholds],
                            ),
                        ),
                        (
                            "step",
                            models.DecimalField(
                                blank=True,
                                decimal_places=8,
                                help_text="Behind the last threshold: 50, then at every 100, are 50, 150, 250 … Empty: no more.",
                                max_digits=28,
                                null=True,
                                verbose_name="then at every",
                            ),
                        ),
                        (
                            "least_usage",
                            models.DecimalField(
                                blank=True,
                                decimal_places=8,
                                help_text="Of jumps: usage below it counts as this much. With 100, from 0 to 500 is 400% more, from 3 to 50 no jump. Empty: one from nothing is not told.",
                                max_digits=28,
                                null=True,
                                verbose_name="counts from",
                            ),
                        ),
                        (
                            "recipients",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="E-mail addresses. None: the customer's billing e-mail.",
                                validators=[events.models.alert_rule.validate_recipients],
                            ),
                        ),
                        (
                            "cool_down_minutes",
                            models.PositiveIntegerField(
                                default=0,
                                help_text="For so long after one e-mail the next alerts of this rule are only noted.",
                                validators=[django.core.validators.MaxValueValidator(44640)],
                                verbose_name="cool-down in minutes",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("muted_until", models.DateTimeField(blank=True, null=True)),
                        (
                            "mute_reason",
                            models.CharField(
                                blank=True, max_length=500, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("judged_since", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        (
                            "retired_at",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="Since then it is there for its history alone.",
                                null=True,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="alert_rules",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: all live projects together.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.project",
                            ),
                        ),
                        (
                            "metric",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty for a cost.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="events.metric",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "alert rule",
                        "ordering": ["organisation__name", "name"],
                        "permissions": [("mute_alertrule", "Can mute an alert rule, and send its test")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("retired_at__isnull", True)),
                                fields=("organisation", "name"),
                                name="alert_rule_name_once_per_organisation",
                                violation_error_code="duplicate",
                                violation_error_message="The customer has an alert rule of that name.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "usage_threshold"), ("span__in", ("hour", "day", "month"))),
                                    models.Q(
                                        ("kind", "usage_spike"),
                                        (
                                            "span__in",
                                            ("previous_hour", "previous_day", "previous_week", "same_weekday"),
                                        ),
                                    ),
                                    models.Q(("kind", "unusual_pattern"), ("span__in", ("hour_of_week",))),
                                    models.Q(("kind", "cost_threshold"), ("span__in", ("month_to_date", "projected"))),
                                    _connector="OR",
                                ),
                                name="alert_rule_span_is_of_its_kind",
                                violation_error_message="This kind of rule can't look at that: choose another.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "cost_threshold"), ("metric__isnull", True), ("project__isnull", True)
                                    ),
                                    models.Q(
                                        models.Q(("kind", "cost_threshold"), _negated=True), ("metric__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="alert_rule_has_metric_unless_cost",
                                violation_error_message="Usage is that of a metric. A cost is that of the whole customer: it has neither metric nor project.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind__in", ["usage_threshold", "usage_spike"]),
                                    models.Q(("kind", "cost_threshold"), ("operator__in", ["gt", "gte"])),
                                    models.Q(("kind", "unusual_pattern"), ("operator", "gte"), ("step__isnull", True)),
                                    _connector="OR",
                                ),
                                name="alert_rule_operator_suits_its_kind",
                                violation_error_message="A cost is watched from below: above, or at or above. What is unusual is at or above a number of deviations, without a step.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("step__isnull", True),
                                    models.Q(("step__gt", 0), models.Q(("operator", "eq"), _negated=True)),
                                    _connector="OR",
                                ),
                                name="alert_rule_step_above_zero",
                                violation_error_message="A step is above zero, and nothing is exactly at every step.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("least_usage__isnull", True),
                                    models.Q(("kind", "usage_spike"), ("least_usage__gt", 0)),
                                    _connector="OR",
                                ),
                                name="alert_rule_least_usage_is_of_a_jump",
                                violation_error_message="Only a jump counts from a quantity, which is above zero: leave it empty.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("retired_at__isnull", True), ("is_active", False), _connector="OR"),
                                name="retired_alert_rule_is_switched_off",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("muted_until__isnull", True),
                                    models.Q(("mute_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="alert_rule_mute_has_a_reason",
                                violation_error_message="Say why it is muted.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("thresholds__len__gte", 1), ("thresholds__len__lte", 20)),
                                name="alert_rule_has_thresholds",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageCorrection",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "event_id",
                            models.CharField(db_collation="C", help_text="As the sender called it.", max_length=255),
                        ),
                        ("received_month", models.DateField(help_text="UTC month of the event's receipt.")),
                        ("action", models.CharField(choices=[("void", "Void"), ("correct", "Correct")], max_length=7)),
                        ("quantity_before", models.DecimalField(decimal_places=8, max_digits=28)),
                        ("quantity_after", models.DecimalField(blank=True, decimal_places=8, max_digits=28, null=True)),
                        ("hour", models.DateTimeField(help_text="The hour in which the event happened.")),
                        ("counted_in", models.DateField(help_text="Billing period that the reversal is counted in.")),
                        (
                            "is_late",
                            models.BooleanField(
                                default=False,
                                help_text="The event's own period was closed already.",
                                verbose_name="late",
                            ),
                        ),
                        (
                            "cancelled_event_id",
                            models.CharField(db_collation="C", help_text="The ledger entry cancelled.", max_length=255),
                        ),
                        ("cancelled_received_month", models.DateField()),
                        ("reason", models.TextField()),
                        ("created_by", models.CharField(max_length=200)),
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
                                verbose_name="customer",
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
                    ],
                    options={
                        "verbose_name": "correction",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["organisation", "event_id"], name="usage_correction_event"),
                            models.Index(
                                fields=["organisation", "counted_in", "metric"], name="usage_correction_month"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "project", "cancelled_event_id", "cancelled_received_month"),
                                name="ledger_entry_cancelled_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("action", "void"), ("quantity_after__isnull", True)),
                                    models.Q(("action", "correct"), ("quantity_after__isnull", False)),
                                    _connector="OR",
                                ),
                                name="usage_correction_says_the_new_quantity",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageImport",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0, help_text="How often it was tried.")),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                blank=True,
                                default=billing_platform.lib.clock.now,
                                help_text="When it is due. Empty: nothing waits.",
                                null=True,
                                verbose_name="next try",
                            ),
                        ),
                        ("last_failure", models.TextField(blank=True, help_text="Why the last try failed.")),
                        (
                            "claimed_until",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="A worker has it to itself until then. Empty: nobody.",
                                null=True,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("at_work", "At work"),
                                    ("done", "Imported"),
                                    ("failed", "Stopped"),
                                ],
                                default="waiting",
                                max_length=7,
                            ),
                        ),
                        ("file_name", models.CharField(max_length=200)),
                        (
                            "file_format",
                            models.CharField(
                                choices=[("csv", "CSV"), ("ndjson", "NDJSON")], max_length=6, verbose_name="format"
                            ),
                        ),
                        ("header", models.TextField(blank=True, help_text="The first line of a CSV file.")),
                        ("size", models.PositiveBigIntegerField(help_text="Bytes, as it was sent.")),
                        (
                            "sha256",
                            models.CharField(
                                help_text="Of the file as it was sent.", max_length=64, verbose_name="SHA-256"
                            ),
                        ),
                        (
                            "run",
                            models.PositiveSmallIntegerField(
                                default=1, help_text="How often this file was imported for this project."
                            ),
                        ),
                        (
                            "row_count",
                            models.PositiveIntegerField(
                                help_text="Empty lines and the header are none.", verbose_name="rows"
                            ),
                        ),
                        (
                            "bad",
                            models.PositiveIntegerField(
                                default=0, help_text="Rows that were refused, each with its reason."
                            ),
                        ),
                        ("counted", models.PositiveIntegerField(blank=True, null=True)),
                        ("duplicates", models.PositiveIntegerField(blank=True, null=True)),
                        (
                            "dead_lettered",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="dead letters"),
                        ),
                        ("imported_by", models.CharField(max_length=200)),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="usage_imports",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="usage_imports",
                                to="organisations.project",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "usage import",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="usage_import_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("project", "sha256", "run"),
                                name="usage_import_run_once",
                                violation_error_message="This file is being imported for this project just now.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "done"), _negated=True),
                                    models.Q(
                                        ("finished_at__isnull", False),
                                        (
                                            "row_count",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("bad"), "+", models.F("counted")
                                                    ),
                                                    "+",
                                                    models.F("duplicates"),
                                                ),
                                                "+",
                                                models.F("dead_lettered"),
                                            ),
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="usage_import_conserves_rows",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageImportPart",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("number", models.PositiveIntegerField()),
                        (
                            "first_line",
                            models.PositiveIntegerField(help_text="Where its lines begin in the file, from 1."),
                        ),
                        ("row_count", models.PositiveIntegerField()),
                        (
                            "packed_lines",
                            models.BinaryField(help_text="Empty: the file is not stored any more.", null=True),
                        ),
                        (
                            "accepted",
                            models.PositiveIntegerField(
                                help_text="Empty: its rows are still to be accepted.", null=True
                            ),
                        ),
                        ("bad", models.PositiveIntegerField(null=True)),
                        ("packed_problems", models.BinaryField(null=True)),
                        ("batch_id", models.UUIDField(help_text="The accepted batch that holds its rows.", null=True)),
                        ("received_at", models.DateTimeField(null=True)),
                        ("counted", models.PositiveIntegerField(null=True)),
                        ("duplicates", models.PositiveIntegerField(null=True)),
                        ("dead_lettered", models.PositiveIntegerField(null=True)),
                        (
                            "usage_import",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="parts",
                                to="events.usageimport",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["usage_import", "number"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("packed_lines__isnull", False)),
                                fields=["created_at"],
                                name="usage_import_part_stored",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("usage_import", "number"), name="usage_import_part_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("accepted__isnull", True), ("bad__isnull", True), ("batch_id__isnull", True)
                                    ),
                                    models.Q(
                                        ("batch_id__isnull", False),
                                        ("received_at__isnull", False),
                                        (
                                            "row_count",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("accepted"), "+", models.F("bad")
                                            ),
                                        ),
                                    ),
                                    models.Q(
                                        ("accepted", 0), ("batch_id__isnull", True), ("row_count", models.F("bad"))
                                    ),
                                    _connector="OR",
                                ),
                                name="usage_import_part_conserves_rows",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("counted__isnull", True),
                                    (
                                        "accepted",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("counted"), "+", models.F("duplicates")
                                            ),
                                            "+",
                                            models.F("dead_lettered"),
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="usage_import_part_conserves_events",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageLevel",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("dimensions", models.JSONField(default=dict)),
                        (
                            "used_in",
                            models.DateField(
                                help_text="First day of the month it was used in, in the customer's time zone."
                            ),
                        ),
                        ("counted_in", models.DateField(help_text="Billing period it is counted in.")),
                        ("change", models.DecimalField(decimal_places=8, max_digits=38)),
                        (
                            "metric",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="events.metric",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.project",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "metric", "project", "dimensions", "used_in", "counted_in"),
                                name="usage_level_key",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsagePeriod",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("month", models.DateField()),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_by", models.CharField(blank=True, max_length=200)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="usage_periods",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "usage month",
                        "ordering": ["-month"],
                        "permissions": [("close_usageperiod", "Can close a month for usage")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "month"), name="usage_period_once_per_month"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("month__day", 1)), name="usage_period_starts_on_the_first"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AlertRuleState",
                    fields=[
                        (
                            "rule",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="state",
                                serialize=False,
                                to="events.alertrule",
                            ),
                        ),
                        ("due_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("judged_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "period_start",
                            models.DateTimeField(
                                blank=True, help_text="Of the newest period that was judged.", null=True
                            ),
                        ),
                        ("period_end", models.DateTimeField(blank=True, null=True)),
                        ("value", models.DecimalField(blank=True, decimal_places=8, max_digits=38, null=True)),
                    ],
                    options={
                        "verbose_name": "state of an alert rule",
                        "verbose_name_plural": "states of alert rules",
                        "indexes": [models.Index(fields=["due_at"], name="alert_rule_due")],
                    },
                ),
                migrations.CreateModel(
                    name="Alert",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("threshold", models.DecimalField(decimal_places=8, max_digits=38)),
                        ("period_start", models.DateTimeField()),
                        ("period_end", models.DateTimeField(help_text="The first moment after it.")),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=8, help_text="What was compared with the threshold.", max_digits=38
                            ),
                        ),
                        (
                            "quantity",
                            models.DecimalField(
                                blank=True, decimal_places=8, help_text="Usage of the period.", max_digits=38, null=True
                            ),
                        ),
                        (
                            "usual",
                            models.DecimalField(
                                blank=True,
                                decimal_places=8,
                                help_text="Usage that it was compared with.",
                                max_digits=38,
                                null=True,
                                verbose_name="compared with",
                            ),
                        ),
                        ("sentence", models.TextField(verbose_name="what happened")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("firing", "Firing"),
                                    ("acknowledged", "Acknowledged"),
                                    ("recovered", "Recovered"),
                                    ("over", "Period over"),
                                ],
                                default="firing",
                                max_length=12,
                            ),
                        ),
                        (
                            "notice",
                            models.CharField(
                                choices=[
                                    ("sent", "Sent"),
                                    ("muted", "Not sent: muted"),
                                    ("cooling_down", "Not sent: cooling down"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("fired_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                        ("acknowledged_by", models.CharField(blank=True, max_length=200)),
                        (
                            "ended_at",
                            models.DateTimeField(
                                blank=True, help_text="When it recovered, or its period was over.", null=True
                            ),
                        ),
                        (
                            "value_at_end",
                            models.DecimalField(
                                blank=True,
                                decimal_places=8,
                                help_text="What it recovered to.",
                                max_digits=38,
                                null=True,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="alerts",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "rule",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="alerts",
                                to="events.alertrule",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "alert",
                        "ordering": ["-fired_at", "-threshold"],
                        "permissions": [("acknowledge_alert", "Can acknowledge an alert")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("ended_at__isnull", True)),
                                fields=["rule", "period_start"],
                                name="alert_open",
                            ),
                            models.Index(fields=["organisation", "-fired_at"], name="alert_history"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("rule", "threshold", "period_start"), name="alert_once_per_period"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_at__isnull", True), ("state__in", ["firing", "acknowledged"])),
                                    models.Q(("ended_at__isnull", False), ("state__in", ["recovered", "over"])),
                                    _connector="OR",
                                ),
                                name="alert_that_ended_says_when",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("acknowledged_at__isnull", True), ("acknowledged_by", "")),
                                    models.Q(
                                        ("acknowledged_at__isnull", False),
                                        models.Q(("acknowledged_by", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="acknowledged_alert_says_by_whom",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                billing_platform.lib.database.sql.SqlFile(
                    app="events",
                    name="hot_log",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="EventBatch",
                    fields=[
                        ("attempts", models.PositiveSmallIntegerField(default=0, help_text="How often it was tried.")),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                blank=True,
                                default=billing_platform.lib.clock.now,
                                help_text="When it is due. Empty: nothing waits.",
                                null=True,
                                verbose_name="next try",
                            ),
                        ),
                        ("last_failure", models.TextField(blank=True, help_text="Why the last try failed.")),
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("received_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("event_count", models.PositiveIntegerField()),
                        ("packed_events", models.BinaryField()),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("settled", "Settled"),
                                    ("quarantined", "Quarantined"),
                                ],
                                default="pending",
                                max_length=11,
                            ),
                        ),
                        ("counted", models.PositiveIntegerField(default=0)),
                        ("duplicates", models.PositiveIntegerField(default=0)),
                        ("dead_lettered", models.PositiveIntegerField(default=0)),
                        (
                            "conflicts",
                            models.PositiveIntegerField(
                                default=0, help_text="Duplicates whose body differs from what was counted."
                            ),
                        ),
                        ("conflict_ids", models.JSONField(default=list, help_text="The first of them.")),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "is_replay",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Not a request but dead letters on their way back; received when they were first.",
                                verbose_name="replay",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
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
                    ],
                    options={
                        "verbose_name": "accepted batch",
                        "verbose_name_plural": "accepted batches",
                        "ordering": ["-received_at"],
                        "permissions": [("retry_eventbatch", "Can retry or discard a quarantined batch")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "pending")),
                                fields=["received_at", "id"],
                                name="event_batch_pending",
                            ),
                            models.Index(
                                condition=models.Q(("status", "settled"), _negated=True),
                                fields=["organisation", "received_at"],
                                name="event_batch_unsettled",
                            ),
                            models.Index(
                                condition=models.Q(("conflicts__gt", 0)),
                                fields=["received_at"],
                                name="event_batch_conflicts",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "settled"), _negated=True),
                                    models.Q(
                                        (
                                            "event_count",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("counted"), "+", models.F("duplicates")
                                                ),
                                                "+",
                                                models.F("dead_lettered"),
                                            ),
                                        ),
                                        ("settled_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="event_batch_conserves_events",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                billing_platform.lib.database.sql.SqlFile(
                    app="events",
                    name="ledger",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="UsageEvent",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("event_id", models.CharField(db_collation="C", max_length=255)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("usage", "Usage"), ("reversal", "Reversal"), ("replacement", "Replacement")],
                                default="usage",
                                max_length=11,
                            ),
                        ),
                        ("quantity", models.DecimalField(decimal_places=8, max_digits=28)),
                        ("occurred_at", models.DateTimeField()),
                        ("received_at", models.DateTimeField()),
                        ("received_month", models.DateField(help_text="UTC month of receipt: the partition.")),
                        (
                            "hour",
                            models.DateTimeField(
                                help_text="Start of the hour it happened in, in the customer's time zone."
                            ),
                        ),
                        ("counted_in", models.DateField(help_text="Billing period it was counted in.")),
                        ("counted_on", models.DateField(help_text="UTC day on which it was written here.")),
                        (
                            "is_late",
                            models.BooleanField(
                                default=False, help_text="Its own month was closed already.", verbose_name="late"
                            ),
                        ),
                        ("dimensions", models.JSONField(default=dict)),
                        ("metadata", models.JSONField(null=True)),
                        ("batch_id", models.UUIDField()),
                        ("position", models.PositiveIntegerField(help_text="Place in its batch, from 0.")),
                        (
                            "metric",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="events.metric",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
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
                    ],
                    options={
                        "verbose_name": "event",
                        "ordering": ["-id"],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                billing_platform.lib.database.sql.SqlFile(
                    app="events",
                    name="aggregates",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="UsageAggregate",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("dimensions", models.JSONField(default=dict)),
                        ("hour", models.DateTimeField(help_text="Start of the hour in the customer's time zone.")),
                        (
                            "counted_in",
                            models.DateField(
                                help_text="Billing period it is counted in; for late usage not the hour's own."
                            ),
                        ),
                        ("total", models.DecimalField(decimal_places=8, max_digits=38)),
                        ("event_count", models.BigIntegerField()),
                        (
                            "maximum",
                            models.DecimalField(
                                decimal_places=8, help_text="Of `max` metrics.", max_digits=28, null=True
                            ),
                        ),
                        (
                            "latest",
                            events.models.usage_aggregate.LatestField(
                                decimal_places=8,
                                help_text="Of `latest` metrics: the value of the newest event.",
                                max_digits=28,
                                null=True,
                            ),
                        ),
                        (
                            "weighted",
                            models.DecimalField(
                                decimal_places=8,
                                help_text="Of `weighted_sum` metrics: each change times the microseconds from it to the end of the hour.",
                                max_digits=48,
                                null=True,
                            ),
                        ),
                        (
                            "metric",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="events.metric",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
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
                    ],
                    options={
                        "verbose_name": "hour of usage",
                        "verbose_name_plural": "usage explorer",
                        "ordering": ["-hour"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "project", "metric", "dimensions", "hour", "counted_in"),
                                name="usage_aggregate_key",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                billing_platform.lib.database.sql.SqlFile(
                    app="events",
                    name="distinct",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="UsageDistinct",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "organisation_id",
                                "project_id",
                                "metric_id",
                                "dimensions",
                                "counted_in",
                                "value",
                                "hour",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("dimensions", models.JSONField(default=dict)),
                        ("counted_in", models.DateField(help_text="Billing period it is counted in.")),
                        (
                            "value",
                            models.CharField(
                                db_collation="C",
                                help_text="A long one is cut and told apart by a hash.",
                                max_length=200,
                            ),
                        ),
                        ("hour", models.DateTimeField(help_text="Start of the hour in the customer's time zone.")),
                        ("event_count", models.BigIntegerField()),
                        (
                            "metric",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="events.metric",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
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
                    ],
                    options={
                        "abstract": False,
                    },
                ),
            ],
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="alert",
            trigger=pgtrigger.compiler.Trigger(
                name="alert_is_history",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="c235187dd3cd162d65fd22c6c139e098daa9f857",
                    operation="DELETE",
                    pgid="pgtrigger_alert_is_history_71d4c",
                    table="events_alert",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="alert",
            trigger=pgtrigger.compiler.Trigger(
                name="alert_stays_what_it_saw",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF (NEW.organisation_id, NEW.rule_id, NEW.threshold, NEW.period_start, NEW.period_end, NEW.value,\n                        NEW.quantity, NEW.usual, NEW.sentence, NEW.notice, NEW.fired_at)\n                       IS DISTINCT FROM\n                       (OLD.organisation_id, OLD.rule_id, OLD.threshold, OLD.period_start, OLD.period_end, OLD.value,\n                        OLD.quantity, OLD.usual, OLD.sentence, OLD.notice, OLD.fired_at) THEN\n                        RAISE EXCEPTION 'What an alert saw never changes.';\n                    END IF;\n                    IF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN\n                        RAISE EXCEPTION 'An alert that ended does not begin again.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="f93865102d750a266a47f93060bc555941a58fa5",
                    operation="UPDATE",
                    pgid="pgtrigger_alert_stays_what_it_saw_cf3cc",
                    table="events_alert",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="alert",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="dfea2d3e6cc06298ac4a8d2286244d863760ada3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_eb53c",
                    table="events_alert",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="hotlogtally",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8a1b05cb9495595a5f8ae2582d2431bc15e9809e",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_66182",
                    table="events_hotlogtally",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="hotlogtally",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="cec8ba192ef7627d478b7c38ef8a810625eb026c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_1a2e6",
                    table="events_hotlogtally",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="alertrule",
            trigger=pgtrigger.compiler.Trigger(
                name="alert_rule_watches_its_customer",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF EXISTS (SELECT FROM organisations_project\n                               WHERE id = NEW.project_id AND organisation_id <> NEW.organisation_id)\n                       OR EXISTS (SELECT FROM events_metric\n                                  WHERE id = NEW.metric_id AND organisation_id <> NEW.organisation_id) THEN\n                        RAISE EXCEPTION 'An alert rule watches a project and a metric of its own customer.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="bf6fff0d25708a8e5b8b98ad7b448a72a0a9308f",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_alert_rule_watches_its_customer_da545",
                    table="events_alertrule",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
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
        billing_platform.lib.database.operations.AddTrigger(
            model_name="usagecorrection",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="b55b52764b9195aa723d04e557f63535aea13b68",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_ea006",
                    table="events_usagecorrection",
                    when="BEFORE",
                ),
            ),
        ),
    ]
