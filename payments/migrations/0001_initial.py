import billing_platform.lib.clock
import billing_platform.lib.database.operations
import billing_platform.lib.validators
import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
import payments.models.dunning_rules
import payments.models.mandate
import payments.models.mandate_charge
import payments.models.payment_order
import pgtrigger.compiler
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("invoicing", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        billing_platform.lib.database.operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="BankColumns",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "header_sha256",
                            models.CharField(max_length=64, unique=True, verbose_name="fingerprint of the header"),
                        ),
                        ("columns", models.JSONField(help_text="What a column holds → its name.")),
                    ],
                    options={
                        "verbose_name_plural": "bank columns",
                    },
                ),
                migrations.CreateModel(
                    name="PaidInvoice",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("invoicing.invoice",),
                ),
                migrations.CreateModel(
                    name="AutoCollect",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("is_on", models.BooleanField(default=True, verbose_name="auto-collect")),
                        (
                            "organisation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="auto_collect",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "permissions": [("switch_autocollect", "Can switch auto-collect on and off")],
                    },
                ),
                migrations.CreateModel(
                    name="BankStatement",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "account",
                            models.CharField(
                                blank=True, max_length=40, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("bank", models.CharField(blank=True, help_text="As its columns tell.", max_length=40)),
                        (
                            "currency",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        ("line_count", models.PositiveIntegerField(verbose_name="credits in the file")),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bank_statements",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                    },
                ),
                migrations.CreateModel(
                    name="DunningRules",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "max_retries",
                            models.PositiveSmallIntegerField(
                                default=3,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10),
                                ],
                                verbose_name="attempts",
                            ),
                        ),
                        (
                            "base_hours",
                            models.PositiveSmallIntegerField(
                                default=24,
                                help_text="Hours.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1440),
                                ],
                                verbose_name="first pause",
                            ),
                        ),
                        (
                            "factor",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("2"),
                                help_text="Each pause is so many times the one before.",
                                max_digits=4,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("1")),
                                    django.core.validators.MaxValueValidator(Decimal("10")),
                                ],
                            ),
                        ),
                        (
                            "cap_hours",
                            models.PositiveSmallIntegerField(
                                default=168,
                                help_text="Hours.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1440),
                                ],
                                verbose_name="longest pause",
                            ),
                        ),
                        ("retries_on", models.BooleanField(default=True, verbose_name="try failed payments again")),
                        ("reminders_on", models.BooleanField(default=True, verbose_name="send reminders")),
                        (
                            "steps",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.SmallIntegerField(
                                    validators=[
                                        django.core.validators.MinValueValidator(-30),
                                        django.core.validators.MaxValueValidator(365),
                                    ]
                                ),
                                default=payments.models.dunning_rules.usual_steps,
                                help_text="Days after the due date; below zero: before it.",
                                size=12,
                            ),
                        ),
                        (
                            "msme_notice",
                            models.BooleanField(
                                default=True,
                                help_text="In reminders after the due date to customers in India, if the seller has an Udyam number. Off for a medium enterprise or a trader, whom the rule does not protect.",
                                verbose_name="name the rule for small enterprises",
                            ),
                        ),
                        (
                            "late_fee_percent",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("0"),
                                help_text="Of what is due, for each 30 days that have begun. 0: none.",
                                max_digits=5,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("10")),
                                ],
                            ),
                        ),
                        (
                            "late_fee_fixed",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Once for each late invoice in rupees, instead of a percentage. 0: none.",
                                max_digits=19,
                                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                            ),
                        ),
                        (
                            "late_fee_grace_days",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="After the due date.",
                                validators=[django.core.validators.MaxValueValidator(90)],
                                verbose_name="days of grace",
                            ),
                        ),
                        (
                            "late_fee_most",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("0"),
                                help_text="Percent of the late invoice's total, for all of its fees together. 0: no bound.",
                                max_digits=5,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                                verbose_name="late fees at most",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="dunning_rules",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rules for asking again",
                        "verbose_name_plural": "rules for asking again",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("base_hours__gte", 1),
                                    ("base_hours__lte", 1440),
                                    ("cap_hours__gte", 1),
                                    ("cap_hours__lte", 1440),
                                    ("factor__gte", 1),
                                    ("factor__lte", Decimal("10")),
                                    ("max_retries__gte", 1),
                                    ("max_retries__lte", 10),
                                ),
                                name="retry_rules_within_bounds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("late_fee_percent", 0), ("late_fee_fixed", 0), _connector="OR"),
                                name="late_fee_is_percent_or_fixed",
                                violation_error_message="Choose a percentage or a fixed amount, not both.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("late_fee_fixed__gte", 0),
                                    ("late_fee_grace_days__lte", 90),
                                    ("late_fee_most__gte", 0),
                                    ("late_fee_most__lte", 100),
                                    ("late_fee_percent__gte", 0),
                                    ("late_fee_percent__lte", Decimal("10")),
                                ),
                                name="late_fee_within_bounds",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="GatewayAccount",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "key_id",
                            models.CharField(
                                max_length=60,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^rzp_(test|live)_[A-Za-z0-9]{8,40}$",
                                        "A key id is like rzp_live_AbC123dEf456gH.",
                                    )
                                ],
                                verbose_name="key id",
                            ),
                        ),
                        ("key_secret", models.TextField(editable=False)),
                        ("webhook_secret", models.TextField(editable=False)),
                        ("previous_webhook_secret", models.TextField(blank=True, editable=False)),
                        (
                            "previous_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Until then messages signed with the previous webhook secret are accepted.",
                                null=True,
                            ),
                        ),
                        (
                            "retired_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="Nothing new is asked for with it since. What it made before goes on with it.",
                                null=True,
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="gateway_accounts",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "Razorpay account",
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("retired_at__isnull", True)),
                                fields=("billing_entity",),
                                name="one_gateway_account_in_use_per_seller",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("key_id__regex", "^rzp_(test|live)_[A-Za-z0-9]{8,40}$")),
                                name="gateway_key_id_says_test_or_live",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("key_secret__regex", "^gAAAAA"),
                                    ("webhook_secret__regex", "^gAAAAA"),
                                    models.Q(
                                        models.Q(("previous_until__isnull", True), ("previous_webhook_secret", "")),
                                        models.Q(
                                            ("previous_until__isnull", False),
                                            ("previous_webhook_secret__regex", "^gAAAAA"),
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                name="gateway_secrets_are_sealed",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InboundWebhook",
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
                        ("event_id", models.CharField(max_length=100, unique=True)),
                        ("event_type", models.CharField(max_length=60)),
                        (
                            "body",
                            models.TextField(
                                help_text="Exactly as received; the signature was checked over these bytes."
                            ),
                        ),
                        (
                            "body_digest",
                            models.CharField(
                                editable=False, max_length=64, null=True, unique=True, verbose_name="digest of the body"
                            ),
                        ),
                        ("headers", models.JSONField(default=dict)),
                        ("received_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("processing", "Processing"),
                                    ("processed", "Processed"),
                                    ("ignored", "Ignored"),
                                    ("failed", "Failed"),
                                ],
                                default="pending",
                                max_length=10,
                            ),
                        ),
                        ("processed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True, help_text="What came of it, or why it is ignored.", max_length=255
                            ),
                        ),
                        (
                            "gateway_account",
                            models.ForeignKey(
                                blank=True,
                                help_text="Whose secret it was signed with. Empty: the environment's.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhooks",
                                to="payments.gatewayaccount",
                                verbose_name="Razorpay account",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhooks",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook",
                        "ordering": ["-received_at"],
                        "permissions": [("process_inboundwebhook", "Can process a stored webhook again")],
                        "indexes": [
                            models.Index(fields=["-received_at"], name="webhook_by_time"),
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="webhook_due",
                            ),
                            models.Index(
                                condition=models.Q(("status__in", ["processed", "ignored"]), _negated=True),
                                fields=["status"],
                                name="webhook_open",
                            ),
                            models.Index(
                                condition=models.Q(("event_type__startswith", "payment.downtime.")),
                                fields=["received_at"],
                                name="webhook_about_downtime",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JournalBatch",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "program",
                            models.CharField(choices=[("tally", "Tally"), ("zoho", "Zoho Books")], max_length=5),
                        ),
                        ("first_day", models.DateField()),
                        ("last_day", models.DateField()),
                        ("voucher_count", models.PositiveIntegerField(verbose_name="vouchers")),
                        (
                            "debit_total",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="In rupees; the credits are the same.",
                                max_digits=19,
                                verbose_name="debits",
                            ),
                        ),
                        (
                            "parties",
                            models.JSONField(
                                help_text="The customers' particulars that the books have from now on, by customer."
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="journal_batches",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "exported_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "journal export",
                        "ordering": ["-created_at"],
                        "permissions": [("export_journals", "Can export journals to the accounting program")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("voucher_count__gt", 0)), name="journal_batch_has_vouchers"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("first_day__lte", models.F("last_day"))),
                                name="journal_batch_days_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JournalFile",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(help_text="As it is downloaded.", max_length=100)),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "batch",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="file",
                                to="payments.journalbatch",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    models.F("sha256"),
                                    models.Func(
                                        models.Func(
                                            models.F("content"), function="sha256", output_field=models.BinaryField()
                                        ),
                                        models.Value("hex"),
                                        function="encode",
                                    ),
                                ),
                                name="journal_file_is_its_fingerprint",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    models.F("size"), models.Func(models.F("content"), function="length")
                                ),
                                name="journal_file_has_its_size",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JournalItem",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "program",
                            models.CharField(choices=[("tally", "Tally"), ("zoho", "Zoho Books")], max_length=5),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("invoice", "Invoice"),
                                    ("credit_note", "Credit note"),
                                    ("void", "Void invoice"),
                                    ("receipt", "Receipt"),
                                    ("reversal", "Reversed receipt"),
                                    ("refund", "Refund"),
                                    ("failed_refund", "Refund that failed"),
                                    ("dispute", "Dispute that was lost"),
                                    ("dispute_won", "Dispute that was won after all"),
                                    ("payout", "Payout"),
                                    ("failed_payout", "Payout that failed"),
                                ],
                                max_length=13,
                            ),
                        ),
                        ("subject_id", models.UUIDField()),
                        ("number", models.CharField(max_length=120)),
                        ("day", models.DateField()),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="What the customer's ledger is debited with; below zero: credited. In rupees.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="items",
                                to="payments.journalbatch",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="journal_items",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "voucher",
                        "ordering": [models.OrderBy(models.F("day")), "number"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("program", "kind", "subject_id"), name="booked_once_in_a_program"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind__in", ["payout", "failed_payout"]), ("organisation__isnull", True)),
                                    models.Q(
                                        models.Q(("kind__in", ["payout", "failed_payout"]), _negated=True),
                                        ("organisation__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="voucher_is_of_a_customer_or_a_payout",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LateFee",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "number",
                            models.PositiveSmallIntegerField(
                                help_text="1 for the first 30 days that began, 2 for the next ones."
                            ),
                        ),
                        (
                            "due_amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="What was due, and late, when it was charged.",
                                max_digits=19,
                            ),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, help_text="Before tax.", max_digits=19)),
                        (
                            "charge",
                            models.OneToOneField(
                                help_text="What charges it on the next invoice. Empty: a person took the fee away before it was invoiced.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="late_fee",
                                to="invoicing.recurringfee",
                                verbose_name="fee",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="late_fees",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(fields=("invoice", "number"), name="late_fee_charged_once"),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0), ("number__gte", 1)), name="late_fee_above_zero"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LedgerName",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("sales", "Sales"),
                                    ("cgst", "Output CGST"),
                                    ("sgst", "Output SGST"),
                                    ("utgst", "Output UTGST"),
                                    ("igst", "Output IGST"),
                                    ("round_off", "Round-off"),
                                    ("commercial_credit", "Commercial credit notes"),
                                    ("bank", "Bank"),
                                    ("gateway", "Razorpay, before it pays out"),
                                    ("gateway_fee", "Razorpay's fee"),
                                    ("gateway_fee_tax", "GST on Razorpay's fee"),
                                    ("tds", "TDS receivable"),
                                ],
                                max_length=20,
                                verbose_name="for",
                            ),
                        ),
                        (
                            "sac",
                            models.CharField(
                                blank=True,
                                help_text="Of sales only.",
                                max_length=6,
                                validators=[billing_platform.lib.validators.validate_sac],
                                verbose_name="SAC",
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                help_text="Letter by letter as the books have it.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                                verbose_name="ledger",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="ledger_names",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["role", "sac"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("billing_entity", "role", "sac"),
                                name="one_ledger_for_each_purpose",
                                violation_error_message="The seller has a ledger for this already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("sac", ""), ("role", "sales"), _connector="OR"),
                                name="only_sales_have_a_service_code",
                                violation_error_message="Only ledgers of sales are told apart by SAC.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PartyLedger",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                help_text="Letter by letter as the books have it.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                                verbose_name="ledger",
                            ),
                        ),
                        (
                            "organisation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="party_ledger",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="PayerAccount",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("email", models.EmailField(max_length=254)),
                        ("phone", models.CharField(max_length=16)),
                        (
                            "razorpay_customer_id",
                            models.CharField(blank=True, max_length=40, verbose_name="Razorpay customer"),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payer_accounts",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "gateway_account",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the keys of the environment.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payer_accounts",
                                to="payments.gatewayaccount",
                                verbose_name="Razorpay account",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payer_accounts",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "billing_entity", "gateway_account", "email", "phone"),
                                name="payer_account_once_per_contact",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Mandate",
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
                            "method",
                            models.CharField(
                                choices=[
                                    ("upi", "UPI Autopay"),
                                    ("card", "Card"),
                                    ("emandate", "Bank account (e-mandate)"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("initiated", "Waits for the payer"),
                                    ("confirmed", "Confirmed"),
                                    ("rejected", "Rejected"),
                                    ("paused", "Paused"),
                                    ("cancelled", "Cancelled"),
                                    ("expired", "Expired"),
                                    ("failed", "Failed"),
                                ],
                                default="requested",
                                max_length=9,
                            ),
                        ),
                        (
                            "receipt",
                            models.CharField(
                                default=payments.models.mandate.new_mandate_receipt,
                                editable=False,
                                max_length=40,
                                unique=True,
                            ),
                        ),
                        (
                            "max_amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="The most that one debit may take, in rupees.",
                                max_digits=19,
                            ),
                        ),
                        ("frequency", models.CharField(default="as_presented", max_length=20)),
                        ("expires_at", models.DateTimeField(help_text="No debit afterwards.")),
                        (
                            "asked_by",
                            models.CharField(help_text="Who asked for it: a user, or the payer.", max_length=150),
                        ),
                        ("link_expires_at", models.DateTimeField(blank=True, null=True)),
                        ("short_url", models.URLField(blank=True, verbose_name="registration link")),
                        (
                            "razorpay_registration_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay registration"
                            ),
                        ),
                        (
                            "razorpay_order_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay order"
                            ),
                        ),
                        (
                            "razorpay_token_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay token"
                            ),
                        ),
                        (
                            "razorpay_payment_id",
                            models.CharField(blank=True, max_length=40, verbose_name="registration payment"),
                        ),
                        (
                            "shown_as",
                            models.CharField(
                                blank=True, help_text="What people know it by.", max_length=100, verbose_name="account"
                            ),
                        ),
                        (
                            "failure_reason",
                            models.CharField(blank=True, help_text="Why it was rejected or has ended.", max_length=255),
                        ),
                        (
                            "sent_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When Razorpay was first asked for the link: since then it is looked up first.",
                                null=True,
                            ),
                        ),
                        ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "returned_at",
                            models.DateTimeField(
                                blank=True, help_text="When the rupee of the registration was given back.", null=True
                            ),
                        ),
                        ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="mandates",
                                to="payments.payeraccount",
                                verbose_name="payer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [("manage_mandate", "Can ask for a mandate, and cancel one")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="mandate_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ["requested", "initiated"])),
                                fields=("account",),
                                name="one_mandate_waits_for_a_payer",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("max_amount__gt", 0)), name="mandate_allows_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status__in", ["confirmed", "paused"]), _negated=True),
                                    ("razorpay_token_id__isnull", False),
                                    _connector="OR",
                                ),
                                name="confirmed_mandate_is_known_to_the_gateway",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentOrder",
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
                            "kind",
                            models.CharField(
                                choices=[("order", "Order"), ("link", "Payment link"), ("debit", "Debit of a mandate")],
                                max_length=5,
                            ),
                        ),
                        (
                            "receipt",
                            models.CharField(
                                default=payments.models.payment_order.new_receipt,
                                editable=False,
                                max_length=40,
                                unique=True,
                            ),
                        ),
                        (
                            "razorpay_order_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay order"
                            ),
                        ),
                        (
                            "razorpay_link_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay link"
                            ),
                        ),
                        ("short_url", models.URLField(blank=True, verbose_name="link")),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("currency", models.CharField(max_length=3)),
                        ("amount_minor", models.BigIntegerField(help_text="The amount in minor units: paise, cents.")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("created", "Created"),
                                    ("open", "Open"),
                                    ("paid", "Paid"),
                                    ("superseded", "Superseded"),
                                    ("failed", "Failed"),
                                ],
                                default="created",
                                max_length=10,
                            ),
                        ),
                        (
                            "sent_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When Razorpay was first asked to make it. Since then it may exist there, and is looked up by its receipt before Razorpay is asked again.",
                                null=True,
                            ),
                        ),
                        (
                            "expires_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="A link can't be paid any more then. An order has no end.",
                                null=True,
                                verbose_name="ends",
                            ),
                        ),
                        (
                            "first_part",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="A link may be paid in parts. Empty: at once.",
                                max_digits=19,
                                null=True,
                                verbose_name="smallest first part",
                            ),
                        ),
                        (
                            "closed_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When Razorpay confirmed that the link can't be paid any more.",
                                null=True,
                            ),
                        ),
                        (
                            "gateway_account",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the keys of the environment.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payment_orders",
                                to="payments.gatewayaccount",
                                verbose_name="Razorpay account",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payment_orders",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "payment request",
                        "ordering": ["-created_at"],
                        "permissions": [("collect_invoice", "Can ask a customer to pay an invoice")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="payment_order_due",
                            ),
                            models.Index(fields=["-created_at", "-id"], name="payment_order_newest"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ["created", "open"])),
                                fields=("invoice", "kind"),
                                name="one_live_payment_order_per_invoice_and_kind",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0), ("amount_minor__gt", 0)),
                                name="payment_order_asks_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="payment_order_currency_is_iso",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind", "link"),
                                    models.Q(("expires_at__isnull", True), ("first_part__isnull", True)),
                                    _connector="OR",
                                ),
                                name="only_a_link_ends_or_is_paid_in_parts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "debit"), _negated=True), ("currency", "INR"), _connector="OR"
                                ),
                                name="mandate_is_debited_in_rupees",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("first_part__isnull", True),
                                    models.Q(("first_part__gt", 0), ("first_part__lt", models.F("amount"))),
                                    _connector="OR",
                                ),
                                name="first_part_is_a_part",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "open"), _negated=True),
                                    models.Q(("kind__in", ["order", "debit"]), ("razorpay_order_id__isnull", False)),
                                    models.Q(("kind", "link"), ("razorpay_link_id__isnull", False)),
                                    _connector="OR",
                                ),
                                name="open_payment_order_is_known_to_the_gateway",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Payment",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("gateway", "Razorpay"),
                                    ("offline", "Offline"),
                                    ("tds", "TDS withheld by the customer"),
                                ],
                                default="gateway",
                                max_length=7,
                            ),
                        ),
                        (
                            "razorpay_payment_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay payment"
                            ),
                        ),
                        (
                            "razorpay_order_id",
                            models.CharField(blank=True, max_length=40, verbose_name="Razorpay order"),
                        ),
                        ("method", models.CharField(max_length=20)),
                        (
                            "reference",
                            models.CharField(
                                blank=True, help_text="UTR, cheque number or TDS certificate.", max_length=100
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("created", "Created"),
                                    ("failed", "Failed"),
                                    ("authorized", "Authorised"),
                                    ("captured", "Captured"),
                                    ("refunded", "Refunded"),
                                    ("reversed", "Reversed"),
                                ],
                                default="created",
                                max_length=10,
                            ),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "amount_refunded",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Given back, by Razorpay or by bank transfer.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "refunds_reported",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                editable=False,
                                help_text="The highest sum of refunds that Razorpay named, failed ones included.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "amount_lost",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="What disputes that were lost took back.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "fee",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Razorpay's fee, GST on it included.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "tax",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="The GST within the fee.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "payer_fee",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="The fee, where the payer bore it on top of what was asked: no part of what is credited.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "payer_bears_fee",
                            models.BooleanField(
                                default=False, editable=False, help_text="Razorpay says that the payer bears its fee."
                            ),
                        ),
                        ("error_code", models.CharField(blank=True, max_length=60)),
                        ("error_description", models.TextField(blank=True)),
                        ("error_source", models.CharField(blank=True, max_length=60)),
                        ("error_step", models.CharField(blank=True, max_length=60)),
                        ("error_reason", models.CharField(blank=True, max_length=100)),
                        (
                            "attempted_at",
                            models.DateTimeField(help_text="When the payer made it, as Razorpay or the operator says."),
                        ),
                        (
                            "paid_at",
                            models.DateTimeField(blank=True, help_text="Set once the money is captured.", null=True),
                        ),
                        (
                            "received_on",
                            models.DateField(
                                blank=True,
                                help_text="The day that was typed for a transfer, cheque or certificate.",
                                null=True,
                            ),
                        ),
                        ("reversed_at", models.DateTimeField(blank=True, null=True)),
                        ("reversal_reason", models.TextField(blank=True)),
                        (
                            "conflict",
                            models.CharField(
                                blank=True,
                                editable=False,
                                help_text="How Razorpay's reports of it contradict each other.",
                                max_length=255,
                            ),
                        ),
                        (
                            "problem",
                            models.CharField(
                                blank=True, help_text="Why it is not credited, or not in full.", max_length=255
                            ),
                        ),
                        (
                            "not_captured",
                            models.CharField(
                                blank=True,
                                help_text="Why an authorised payment was not captured when we last tried.",
                                max_length=255,
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                blank=True,
                                help_text="Who received money on account; otherwise the invoice says it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                blank=True,
                                help_text="For which it came; without one it is on account.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payments",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payments",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payments",
                                to="payments.paymentorder",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [
                            ("record_offline_payment", "Can record an offline payment"),
                            ("reverse_payment", "Can reverse an offline payment that was recorded by mistake"),
                            (
                                "place_payment",
                                "Can credit a payment to invoices, take it off, and decide about money that went back",
                            ),
                        ],
                        "indexes": [
                            models.Index(fields=["-created_at", "-id"], name="payment_newest"),
                            models.Index(fields=["organisation", "-created_at"], name="payment_by_organisation"),
                            models.Index(
                                condition=models.Q(("paid_at__isnull", False)),
                                fields=["paid_at"],
                                name="payment_by_paid_at",
                            ),
                            models.Index(
                                condition=models.Q(("received_on__isnull", False)),
                                fields=["received_on"],
                                name="payment_by_receipt",
                            ),
                            models.Index(
                                condition=models.Q(("status", "authorized")),
                                fields=["updated_at"],
                                name="payment_to_capture",
                            ),
                            models.Index(fields=["reference"], name="payment_by_reference"),
                            models.Index(fields=["razorpay_order_id"], name="payment_by_razorpay_order"),
                        ],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_is_positive"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("amount_refunded__gte", 0), ("amount_refunded__lte", models.F("amount"))
                                ),
                                name="payment_refunded_between_nothing_and_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount_lost__gte", 0), ("amount_lost__lte", models.F("amount"))),
                                name="payment_lost_between_nothing_and_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="payment_currency_is_iso"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "gateway"),
                                        ("order__isnull", False),
                                        ("razorpay_payment_id__isnull", False),
                                    ),
                                    models.Q(
                                        ("kind__in", ["offline", "tds"]),
                                        ("order__isnull", True),
                                        ("razorpay_payment_id__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="payment_comes_from_gateway_or_operator",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        models.Q(("paid_at__isnull", False), ("status", "captured")),
                                        models.Q(("status", "captured"), _negated=True),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("paid_at__isnull", True),
                                        ("status__in", ["captured", "refunded", "reversed"]),
                                        _connector="OR",
                                    ),
                                ),
                                name="payment_has_paid_at_once_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("not_captured", ""), ("status", "authorized"), _connector="OR"),
                                name="only_an_authorised_payment_is_not_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("payer_fee__gte", 0), ("payer_fee__lt", models.F("amount"))),
                                name="payment_is_more_than_the_payers_fee",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("payer_fee", 0),
                                    models.Q(("fee__isnull", False), ("payer_fee", models.F("fee"))),
                                    _connector="OR",
                                ),
                                name="payer_bears_all_of_the_fee_or_nothing",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("reversed_at__isnull", True), models.Q(("status", "reversed"), _negated=True)
                                    ),
                                    models.Q(
                                        ("kind__in", ["offline", "tds"]),
                                        ("reversed_at__isnull", False),
                                        ("status", "reversed"),
                                    ),
                                    _connector="OR",
                                ),
                                name="only_what_an_operator_recorded_is_reversed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "gateway"), ("received_on__isnull", True)),
                                    ("kind__in", ["offline", "tds"]),
                                    _connector="OR",
                                ),
                                name="gateway_payment_has_a_time_not_a_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("billing_entity__isnull", True), ("invoice__isnull", False)),
                                    models.Q(
                                        ("billing_entity__isnull", False),
                                        ("invoice__isnull", True),
                                        ("kind", "offline"),
                                    ),
                                    _connector="OR",
                                ),
                                name="payment_is_of_an_invoice_or_on_account",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("invoice__isnull", True), models.Q(("status", "reversed"), _negated=True)
                                ),
                                fields=("organisation", "method", "reference"),
                                name="payment_on_account_once_per_reference",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "gateway"), _negated=True),
                                    models.Q(("reference", ""), _negated=True),
                                    models.Q(("status", "reversed"), _negated=True),
                                ),
                                fields=("invoice", "method", "reference"),
                                name="offline_payment_once_per_invoice_and_reference",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Dispute",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "razorpay_dispute_id",
                            models.CharField(max_length=40, unique=True, verbose_name="Razorpay dispute"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "To answer"),
                                    ("under_review", "Under review"),
                                    ("lost", "Lost"),
                                    ("won", "Won"),
                                    ("closed", "Closed"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "phase",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("fraud", "Suspected fraud"),
                                    ("retrieval", "Request for information"),
                                    ("chargeback", "Chargeback"),
                                    ("pre_arbitration", "Pre-arbitration"),
                                    ("arbitration", "Arbitration"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4, help_text="What the payer's bank asks back.", max_digits=19
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        ("reason_code", models.CharField(blank=True, max_length=100)),
                        ("reason", models.TextField(blank=True, help_text="In Razorpay's words.")),
                        (
                            "respond_by",
                            models.DateTimeField(blank=True, help_text="After it Razorpay takes no answer.", null=True),
                        ),
                        ("raised_at", models.DateTimeField()),
                        (
                            "amount_deducted",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="What Razorpay says it took out of its next payout.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "amount_taken",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="How much of the payment that is: what went back before is not.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "deducted_at",
                            models.DateTimeField(blank=True, help_text="When we learnt of the deduction.", null=True),
                        ),
                        (
                            "returned_at",
                            models.DateTimeField(
                                blank=True, help_text="When we learnt that the money came back.", null=True
                            ),
                        ),
                        (
                            "told_at",
                            models.DateTimeField(
                                editable=False, help_text="When Razorpay was asked for what stands here."
                            ),
                        ),
                        (
                            "evidence_note",
                            models.TextField(
                                blank=True,
                                help_text="What speaks against it, and which documents prove it.",
                                max_length=1000,
                            ),
                        ),
                        (
                            "accepted_at",
                            models.DateTimeField(blank=True, help_text="When a person gave in.", null=True),
                        ),
                        (
                            "contested_at",
                            models.DateTimeField(
                                blank=True, help_text="When a person submitted the evidence.", null=True
                            ),
                        ),
                        (
                            "contested_amount",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="The payer gets the rest.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "accepted_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "contested_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="disputes",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-raised_at"],
                        "permissions": [("answer_dispute", "Can contest a dispute with evidence, and accept it")],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_is_positive"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("amount_taken__gte", 0), ("amount_taken__lte", models.F("amount_deducted"))
                                ),
                                name="dispute_takes_at_most_what_was_deducted",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("accepted_at__isnull", True), ("contested_at__isnull", True), _connector="OR"
                                ),
                                name="dispute_has_one_answer",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("contested_amount", 0), ("contested_at__isnull", True)),
                                    models.Q(
                                        ("contested_amount__gt", 0),
                                        ("contested_amount__lte", models.F("amount")),
                                        ("contested_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="dispute_contests_at_most_its_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("deducted_at__isnull", False),
                                    models.Q(("amount_taken", 0), ("returned_at__isnull", True)),
                                    _connector="OR",
                                ),
                                name="dispute_deducted_before_it_returns",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("status", "won"),
                                        models.Q(
                                            ("deducted_at__isnull", True),
                                            ("returned_at__isnull", False),
                                            _connector="OR",
                                        ),
                                    ),
                                    models.Q(models.Q(("status", "won"), _negated=True), ("returned_at__isnull", True)),
                                    _connector="OR",
                                ),
                                name="dispute_returns_if_it_is_won",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DisputeDocument",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "proof",
                            models.CharField(
                                choices=[
                                    ("billing_proof", "Invoice or receipt"),
                                    ("proof_of_service", "Proof that the service was used"),
                                    ("access_activity_log", "Log of access"),
                                    ("customer_communication", "Messages with the customer"),
                                    ("explanation_letter", "Letter of explanation"),
                                    ("refund_confirmation", "Confirmation of a refund"),
                                    ("cancellation_proof", "Proof of cancellation"),
                                    ("term_and_conditions", "Terms and conditions"),
                                    ("others", "Something else"),
                                ],
                                max_length=40,
                                verbose_name="what it is",
                            ),
                        ),
                        ("name", models.CharField(max_length=100, verbose_name="file")),
                        (
                            "content_type",
                            models.CharField(
                                choices=[("application/pdf", "PDF"), ("image/png", "PNG"), ("image/jpeg", "JPEG")],
                                max_length=20,
                                verbose_name="type",
                            ),
                        ),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        (
                            "razorpay_document_id",
                            models.CharField(
                                blank=True,
                                help_text="Once it was sent.",
                                max_length=40,
                                verbose_name="Razorpay document",
                            ),
                        ),
                        (
                            "added_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "dispute",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="documents",
                                to="payments.dispute",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "evidence",
                        "verbose_name_plural": "evidence",
                        "ordering": ["created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    models.F("size"), models.Func(models.F("content"), function="length")
                                ),
                                name="evidence_has_its_size",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("size__gt", 0), ("size__lte", 4194304)),
                                name="evidence_is_not_too_large",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Cheque",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "number",
                            models.CharField(max_length=20, validators=[billing_platform.lib.validators.validate_line]),
                        ),
                        (
                            "bank",
                            models.CharField(
                                help_text="On which it is drawn.",
                                max_length=60,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        ("dated", models.DateField(verbose_name="date on it")),
                        ("received_on", models.DateField()),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("received", "In hand"),
                                    ("deposited", "At the bank"),
                                    ("cleared", "Cleared"),
                                    ("bounced", "Bounced"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="received",
                                max_length=9,
                            ),
                        ),
                        ("deposited_on", models.DateField(blank=True, null=True)),
                        ("cleared_on", models.DateField(blank=True, null=True)),
                        ("bounced_on", models.DateField(blank=True, null=True)),
                        (
                            "reason",
                            models.CharField(blank=True, help_text="Why it bounced or was cancelled.", max_length=500),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cheques",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "charge",
                            models.OneToOneField(
                                blank=True,
                                help_text="What charges it on the next invoice.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="bounced_cheque",
                                to="invoicing.recurringfee",
                                verbose_name="bounce charge",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                blank=True,
                                help_text="For which it came; without one it is on account.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cheques",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cheques",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "payment",
                            models.OneToOneField(
                                blank=True,
                                help_text="Made when it cleared.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cheque",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["received_on", "created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status__in", ["received", "deposited"])),
                                fields=["received_on"],
                                name="cheque_to_clear",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="cheque_is_positive"),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="cheque_currency_is_iso"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ["received", "deposited", "cleared"])),
                                fields=("organisation", "bank", "number"),
                                name="cheque_recorded_once",
                                violation_error_message="This cheque is recorded already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("deposited_on__isnull", True), ("status", "received")),
                                    models.Q(
                                        ("deposited_on__isnull", False),
                                        ("status__in", ["deposited", "cleared", "bounced"]),
                                    ),
                                    ("status", "cancelled"),
                                    _connector="OR",
                                ),
                                name="cheque_was_deposited_before_the_bank_answered",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("cleared_on__isnull", False), ("payment__isnull", False), ("status", "cleared")
                                    ),
                                    models.Q(
                                        models.Q(("status", "cleared"), _negated=True), ("cleared_on__isnull", True)
                                    ),
                                    _connector="OR",
                                ),
                                name="cleared_cheque_is_a_payment",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("bounced_on__isnull", False), ("status", "bounced")),
                                    models.Q(
                                        models.Q(("status", "bounced"), _negated=True),
                                        ("bounced_on__isnull", True),
                                        ("charge__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="bounced_cheque_has_its_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("status__in", ["bounced", "cancelled"]),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status__in", ["bounced", "cancelled"]), _negated=True),
                                        ("reason", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="cheque_that_brings_nothing_says_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("deposited_on__isnull", True),
                                        ("deposited_on__gte", models.F("received_on")),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("deposited_on__isnull", True),
                                        ("deposited_on__gte", models.F("dated")),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("cleared_on__isnull", True),
                                        ("cleared_on__gte", models.F("deposited_on")),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("bounced_on__isnull", True),
                                        ("bounced_on__gte", models.F("deposited_on")),
                                        _connector="OR",
                                    ),
                                ),
                                name="days_of_a_cheque_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentAllocation",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("credit", "Credited"),
                                    ("refund", "Given back"),
                                    ("restored", "Refund failed"),
                                    ("reversal", "Reversed"),
                                    ("credit_note", "Taken back by a credit note"),
                                    ("dispute", "Lost in a dispute"),
                                    ("dispute_won", "Dispute won"),
                                    ("unallocated", "Taken off by an operator"),
                                ],
                                default="credit",
                                max_length=11,
                            ),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        (
                            "answer",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("open", "Waits for a decision"),
                                    ("asked_again", "Asked for again"),
                                    ("left", "Left refunded"),
                                ],
                                help_text="Of a refund: whether the invoice asks for the money again.",
                                max_length=11,
                            ),
                        ),
                        ("reason", models.TextField(blank=True, help_text="Why an operator took it off the invoice.")),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="allocations",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="allocations",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "allocation",
                        "ordering": ["created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("answer", "open")), fields=["invoice"], name="allocation_to_decide"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("amount__gt", 0), ("kind__in", ["credit", "restored", "dispute_won"])),
                                    models.Q(
                                        ("amount__lt", 0),
                                        ("kind__in", ["refund", "reversal", "credit_note", "dispute", "unallocated"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="allocation_sign_fits_its_kind",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "refund"), models.Q(("answer", ""), _negated=True)),
                                    models.Q(models.Q(("kind", "refund"), _negated=True), ("answer", "")),
                                    _connector="OR",
                                ),
                                name="allocation_answer_is_about_a_refund",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "unallocated"), models.Q(("reason", ""), _negated=True)),
                                    models.Q(models.Q(("kind", "unallocated"), _negated=True), ("reason", "")),
                                    _connector="OR",
                                ),
                                name="who_takes_an_allocation_off_says_why",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MandateCharge",
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
                            "cause",
                            models.CharField(
                                choices=[
                                    ("issued", "The invoice was issued"),
                                    ("retry", "Tried again"),
                                    ("operator", "An operator asked for it"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("announced", "Announced"),
                                    ("asked", "At the bank"),
                                    ("captured", "Captured"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                    ("refused", "Not possible"),
                                ],
                                default="announced",
                                max_length=9,
                            ),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        (
                            "notified_at",
                            models.DateTimeField(
                                blank=True, help_text="When the notice left for the payer.", null=True
                            ),
                        ),
                        (
                            "charge_after",
                            models.DateTimeField(
                                blank=True, help_text="The time that the notice names: no debit before.", null=True
                            ),
                        ),
                        (
                            "asked_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When Razorpay was first asked to debit: since then it is looked up first.",
                                null=True,
                            ),
                        ),
                        (
                            "razorpay_payment_id",
                            models.CharField(blank=True, max_length=40, verbose_name="Razorpay payment"),
                        ),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "reason",
                            models.CharField(blank=True, help_text="Why it failed, or was not made.", max_length=255),
                        ),
                        (
                            "failure_code",
                            models.CharField(
                                blank=True, help_text="The bank's reason, in Razorpay's word.", max_length=100
                            ),
                        ),
                        (
                            "public_token",
                            models.CharField(
                                default=payments.models.mandate_charge.new_debit_token,
                                editable=False,
                                help_text="Opens the page to opt out.",
                                max_length=32,
                                unique=True,
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="mandate_charges",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "mandate",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="charges",
                                to="payments.mandate",
                            ),
                        ),
                        (
                            "notice",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.notification",
                            ),
                        ),
                        (
                            "order",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="mandate_charge",
                                to="payments.paymentorder",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "debit",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="mandate_charge_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ["announced", "asked"])),
                                fields=("invoice",),
                                name="one_live_mandate_charge_per_invoice",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0)), name="mandate_charge_asks_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("order__isnull", True), ("status", "refused")),
                                    models.Q(
                                        models.Q(("status", "refused"), _negated=True),
                                        ("charge_after__isnull", False),
                                        ("notice__isnull", False),
                                        ("order__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="mandate_charge_is_announced",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("asked_at__isnull", True),
                                    models.Q(
                                        (
                                            "asked_at__gte",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("notified_at"), "+", models.Value(datetime.timedelta(days=1))
                                            ),
                                        ),
                                        ("notified_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="no_debit_within_a_day_of_its_notice",
                                violation_error_message="A debit needs a notice at least 24 hours before.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "asked"), _negated=True),
                                    ("asked_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="asked_mandate_charge_says_when",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentRetry",
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
                            "max_retries",
                            models.PositiveSmallIntegerField(
                                default=3,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10),
                                ],
                                verbose_name="attempts",
                            ),
                        ),
                        (
                            "base_hours",
                            models.PositiveSmallIntegerField(
                                default=24,
                                help_text="Hours.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1440),
                                ],
                                verbose_name="first pause",
                            ),
                        ),
                        (
                            "factor",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("2"),
                                help_text="Each pause is so many times the one before.",
                                max_digits=4,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("1")),
                                    django.core.validators.MaxValueValidator(Decimal("10")),
                                ],
                            ),
                        ),
                        (
                            "cap_hours",
                            models.PositiveSmallIntegerField(
                                default=168,
                                help_text="Hours.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1440),
                                ],
                                verbose_name="longest pause",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("scheduled", "Scheduled"),
                                    ("attempting", "Attempting"),
                                    ("succeeded", "Succeeded"),
                                    ("exhausted", "Exhausted"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="scheduled",
                                max_length=10,
                            ),
                        ),
                        (
                            "failed_at",
                            models.DateTimeField(help_text="When the payment failed: the pauses are counted from it."),
                        ),
                        (
                            "made",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="How many attempts were made.", verbose_name="made"
                            ),
                        ),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        ("end_reason", models.CharField(blank=True, help_text="Why it ended so.", max_length=200)),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payment_retries",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payment_retries",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                help_text="The payment that failed first.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="retries",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "retry",
                        "verbose_name_plural": "retries",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="payment_retry_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ("scheduled", "attempting"))),
                                fields=("invoice",),
                                name="one_live_retry_plan_per_invoice",
                            ),
                            models.UniqueConstraint(fields=("payment",), name="one_retry_plan_per_payment"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("base_hours__gte", 1),
                                    ("base_hours__lte", 1440),
                                    ("cap_hours__gte", 1),
                                    ("cap_hours__lte", 1440),
                                    ("factor__gte", 1),
                                    ("factor__lte", Decimal("10")),
                                    ("max_retries__gte", 1),
                                    ("max_retries__lte", 10),
                                ),
                                name="retry_plan_within_bounds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("made__lte", models.F("max_retries"))),
                                name="retries_made_within_the_plan",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("ended_at__isnull", True),
                                        ("next_attempt_at__isnull", False),
                                        ("status__in", ("scheduled", "attempting")),
                                    ),
                                    models.Q(
                                        models.Q(("status__in", ("scheduled", "attempting")), _negated=True),
                                        ("ended_at__isnull", False),
                                        ("next_attempt_at__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="retry_plan_waits_or_has_ended",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Payout",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "razorpay_payout_id",
                            models.CharField(max_length=40, unique=True, verbose_name="Razorpay payout"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("created", "On its way"), ("processed", "Transferred"), ("failed", "Failed")],
                                max_length=9,
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(decimal_places=4, help_text="What arrives at the bank.", max_digits=19),
                        ),
                        (
                            "fees",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Of the transfer itself; those of payments stand on its lines.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "tax",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="The GST within these fees.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "utr",
                            models.CharField(
                                blank=True,
                                help_text="With it the bank finds the transfer.",
                                max_length=60,
                                verbose_name="UTR",
                            ),
                        ),
                        ("begun_at", models.DateTimeField(help_text="When Razorpay began it.")),
                        (
                            "gateway_account",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the environment's.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payouts",
                                to="payments.gatewayaccount",
                                verbose_name="Razorpay account",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-begun_at"],
                        "permissions": [("fetch_payouts", "Can fetch payouts from Razorpay")],
                        "indexes": [models.Index(fields=["-begun_at"], name="payout_by_time")],
                    },
                ),
                migrations.CreateModel(
                    name="BankLine",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("account", models.CharField(blank=True, max_length=40)),
                        ("day", models.DateField()),
                        ("narration", models.CharField(blank=True, max_length=1000, verbose_name="text")),
                        ("reference", models.CharField(blank=True, help_text="UTR or cheque number.", max_length=100)),
                        (
                            "payer",
                            models.CharField(blank=True, help_text="Who paid, as the text tells.", max_length=100),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "balance",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Of the account, after it.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        ("row", models.PositiveIntegerField(help_text="In the file.")),
                        (
                            "fingerprint",
                            models.CharField(
                                help_text="Day, amount, reference, balance, and place among equals.", max_length=64
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "Waiting"),
                                    ("booked", "Booked"),
                                    ("known", "Was recorded before"),
                                    ("payout", "Payout of Razorpay's"),
                                ],
                                default="",
                                max_length=6,
                            ),
                        ),
                        (
                            "set_aside_reason",
                            models.CharField(blank=True, max_length=500, verbose_name="set aside because"),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bank_lines",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "statement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="payments.bankstatement",
                            ),
                        ),
                        (
                            "payment",
                            models.OneToOneField(
                                blank=True,
                                help_text="Made of this money.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bank_line",
                                to="payments.payment",
                            ),
                        ),
                        (
                            "payout",
                            models.OneToOneField(
                                blank=True,
                                help_text="Which arrived with it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bank_line",
                                to="payments.payout",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "bank line",
                        "ordering": ["-day", "-created_at", "row"],
                        "permissions": [("book_bankline", "Can import bank statements, and book their lines")],
                        "indexes": [
                            models.Index(fields=["billing_entity", "payer"], name="bank_line_by_payer"),
                            models.Index(fields=["reference"], name="bank_line_by_reference"),
                            models.Index(fields=["-day", "-created_at"], name="bank_line_newest_first"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("billing_entity", "account", "currency", "fingerprint"),
                                name="bank_line_stored_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0)), name="bank_line_is_money_that_came_in"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("outcome", ""), ("payment__isnull", True), ("payout__isnull", True)),
                                    models.Q(
                                        ("outcome__in", ["booked", "known"]),
                                        ("payment__isnull", False),
                                        ("payout__isnull", True),
                                    ),
                                    models.Q(
                                        ("outcome", "payout"), ("payment__isnull", True), ("payout__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="bank_line_outcome_tells_its_payment",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("outcome", ""), ("set_aside_reason", ""), _connector="OR"),
                                name="bank_line_is_booked_or_set_aside",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Refund",
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
                            "refund_number",
                            models.CharField(editable=False, max_length=20, unique=True, verbose_name="number"),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("gateway", "Razorpay"), ("bank", "Bank transfer")],
                                max_length=7,
                                verbose_name="way",
                            ),
                        ),
                        (
                            "asked_here",
                            models.BooleanField(default=True, help_text="No: it was made in Razorpay's dashboard."),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("pending", "Pending"), ("processed", "Processed"), ("failed", "Failed")],
                                max_length=9,
                            ),
                        ),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "reason",
                            models.TextField(blank=True, help_text="Why the money goes back. A credit note prints it."),
                        ),
                        (
                            "razorpay_refund_id",
                            models.CharField(
                                blank=True, max_length=40, null=True, unique=True, verbose_name="Razorpay refund"
                            ),
                        ),
                        (
                            "reference",
                            models.CharField(blank=True, help_text="UTR of the transfer back.", max_length=100),
                        ),
                        (
                            "bank_reference",
                            models.CharField(
                                blank=True,
                                help_text="ARN, RRN or UTR: with it the payer's bank finds the money. It comes days later.",
                                max_length=100,
                                verbose_name="bank's reference",
                            ),
                        ),
                        (
                            "refunded_on",
                            models.DateField(
                                help_text="The day of the transfer, of the request, or of Razorpay's refund."
                            ),
                        ),
                        (
                            "sent_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When Razorpay was first asked for it. Since then it may exist there, and is looked up by its number before Razorpay is asked again.",
                                null=True,
                            ),
                        ),
                        (
                            "ended_at",
                            models.DateTimeField(
                                blank=True, help_text="When it was last processed, or failed.", null=True
                            ),
                        ),
                        ("failure", models.TextField(blank=True, help_text="Why it failed.")),
                        (
                            "request_key",
                            models.CharField(
                                blank=True,
                                editable=False,
                                help_text="Which request asked for it: a repeated request finds it, and makes no second one.",
                                max_length=320,
                            ),
                        ),
                        (
                            "closed_at",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="When a person said that nothing more is to be done.",
                                null=True,
                            ),
                        ),
                        (
                            "afterwards",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("credit_note", "Credit note: the supply, or a part of its price, is taken back"),
                                    ("leave", "No credit note, and the invoice asks for nothing more"),
                                    ("ask_again", "The invoice asks for the money again"),
                                ],
                                help_text="What becomes of the invoice. Empty: the money was credited to none, or nobody has decided yet.",
                                max_length=11,
                            ),
                        ),
                        (
                            "off_invoice",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="By how much that invoice is paid less.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "note_problem",
                            models.TextField(blank=True, help_text="Why its credit note could not be issued."),
                        ),
                        (
                            "credit_note",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="refund",
                                to="invoicing.creditnote",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                blank=True,
                                help_text="The invoice that is paid less by it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="refunds",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="refunds",
                                to="payments.payment",
                            ),
                        ),
                        (
                            "retry_of",
                            models.OneToOneField(
                                blank=True,
                                help_text="It failed before.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="retry",
                                to="payments.refund",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at"],
                        "permissions": [
                            ("refund_payment", "Can refund a payment through Razorpay"),
                            ("refund_excess", "Can refund what a payment brought in and no invoice was credited with"),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="refund_to_follow",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_is_positive"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "gateway"),
                                        ("reference", ""),
                                        models.Q(
                                            ("razorpay_refund_id__isnull", False),
                                            models.Q(("asked_here", True), ("status__in", ["pending", "failed"])),
                                            _connector="OR",
                                        ),
                                    ),
                                    models.Q(
                                        ("asked_here", True),
                                        ("kind", "bank"),
                                        ("razorpay_refund_id__isnull", True),
                                        ("status", "processed"),
                                        models.Q(("reference", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="refund_comes_from_gateway_or_operator",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "bank")),
                                fields=("payment", "reference"),
                                name="bank_refund_once_per_payment_and_reference",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("invoice__isnull", True), ("off_invoice", 0)),
                                    models.Q(
                                        ("invoice__isnull", False),
                                        ("off_invoice__gt", 0),
                                        ("off_invoice__lte", models.F("amount")),
                                    ),
                                    _connector="OR",
                                ),
                                name="refund_takes_at_most_its_amount_off_an_invoice",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("credit_note__isnull", True), ("afterwards", "credit_note"), _connector="OR"
                                ),
                                name="refund_with_a_note_says_so",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "failed"), models.Q(("failure", ""), _negated=True)),
                                    models.Q(models.Q(("status", "failed"), _negated=True), ("failure", "")),
                                    _connector="OR",
                                ),
                                name="refund_that_failed_says_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("closed_at__isnull", True), ("status", "failed"), _connector="OR"),
                                name="refund_closed_by_a_person_failed",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PayoutLine",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("payment", "Payment"),
                                    ("refund", "Refund"),
                                    ("transfer", "Transfer"),
                                    ("adjustment", "Adjustment"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("entity_id", models.CharField(max_length=40, verbose_name="id at Razorpay")),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4, help_text="Of the payment or refund itself.", max_digits=19
                            ),
                        ),
                        ("credit", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("debit", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        (
                            "fee",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Razorpay's fee, GST on it included.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "tax",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="The GST within the fee.",
                                max_digits=19,
                            ),
                        ),
                        ("description", models.CharField(blank=True, max_length=255)),
                        ("happened_at", models.DateTimeField()),
                        (
                            "dispute",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payout_lines",
                                to="payments.dispute",
                            ),
                        ),
                        (
                            "payment",
                            models.ForeignKey(
                                blank=True,
                                help_text="If ours.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payout_lines",
                                to="payments.payment",
                            ),
                        ),
                        (
                            "payout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="payments.payout"
                            ),
                        ),
                        (
                            "refund",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="payout_lines",
                                to="payments.refund",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "payout line",
                        "ordering": ["happened_at", "entity_id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("payout", "kind", "entity_id"), name="payout_line_once_per_payout"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("credit__gte", 0),
                                    ("debit__gte", 0),
                                    ("fee__gte", 0),
                                    ("tax__gte", 0),
                                    ("tax__lte", models.F("fee")),
                                ),
                                name="payout_line_has_no_amount_below_zero",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Reminder",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "step",
                            models.SmallIntegerField(
                                blank=True,
                                help_text="Days after the due date; empty: a person sent it between the steps.",
                                null=True,
                            ),
                        ),
                        ("status", models.CharField(choices=[("sent", "Sent"), ("skipped", "Skipped")], max_length=7)),
                        ("amount", models.DecimalField(decimal_places=4, help_text="What was due.", max_digits=19)),
                        ("sent_by", models.CharField(blank=True, help_text="Empty: the schedule.", max_length=200)),
                        (
                            "email",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.notification",
                                verbose_name="e-mail",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminders",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("step__isnull", False)),
                                fields=("invoice", "step"),
                                name="one_reminder_per_invoice_and_step",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("email__isnull", False), ("status", "sent")),
                                    models.Q(("email__isnull", True), ("status", "skipped"), ("step__isnull", False)),
                                    _connector="OR",
                                ),
                                name="sent_reminder_has_its_email",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("step__isnull", False), models.Q(("sent_by", ""), _negated=True), _connector="OR"
                                ),
                                name="reminder_between_steps_has_a_sender",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReminderPause",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(choices=[("promise", "Promise to pay"), ("pause", "Pause")], max_length=7),
                        ),
                        (
                            "last_day",
                            models.DateField(
                                blank=True,
                                help_text="In the customer's time zone. Empty: until somebody ends it.",
                                null=True,
                            ),
                        ),
                        (
                            "note",
                            models.CharField(
                                max_length=500, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("placed_by", models.CharField(max_length=200)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        ("ended_by", models.CharField(blank=True, max_length=200)),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminder_pauses",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "question",
                            models.ForeignKey(
                                blank=True,
                                help_text="The pause ends when this question is closed.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminder_pauses",
                                to="invoicing.invoicequestion",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "pause of reminders",
                        "verbose_name_plural": "pauses of reminders",
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at__isnull", True)),
                                fields=("invoice",),
                                name="one_open_pause_per_invoice",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind", "pause"),
                                    models.Q(("kind", "promise"), ("last_day__isnull", False)),
                                    _connector="OR",
                                ),
                                name="promise_has_a_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_at__isnull", True), ("ended_by", "")),
                                    models.Q(("ended_at__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="ended_pause_says_by_whom",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RetryTry",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("number", models.PositiveSmallIntegerField()),
                        (
                            "way",
                            models.CharField(
                                blank=True, choices=[("mandate", "Mandate"), ("link", "Payment link")], max_length=7
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("making", "Being made"),
                                    ("asked", "Asked, no answer yet"),
                                    ("paid", "Paid"),
                                    ("failed", "Failed"),
                                ],
                                default="making",
                                max_length=6,
                            ),
                        ),
                        ("asked_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "error",
                            models.TextField(
                                blank=True, help_text="Why it failed, or why there was no charge but a link."
                            ),
                        ),
                        ("asked_by", models.CharField(blank=True, help_text="Empty: the schedule.", max_length=200)),
                        (
                            "order",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="payments.paymentorder",
                                verbose_name="payment request",
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tries",
                                to="payments.paymentretry",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "attempt",
                        "ordering": ["plan", "number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("plan", "number"), name="retry_attempt_made_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("outcome", "making"),
                                    models.Q(("asked_at__isnull", False), models.Q(("way", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="made_attempt_says_when_and_how",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WithheldTax",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "section_code",
                            models.CharField(
                                blank=True, help_text="1027, for instance. Empty where not known.", max_length=8
                            ),
                        ),
                        (
                            "taxable_value",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="The value without GST on which it was withheld. Empty where not known.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "deducted_on",
                            models.DateField(
                                help_text="The day of the payment of which it was withheld.", verbose_name="withheld on"
                            ),
                        ),
                        (
                            "quarter_start",
                            models.DateField(
                                help_text="The first day of the quarter in which it was withheld.",
                                verbose_name="quarter",
                            ),
                        ),
                        (
                            "certificate_state",
                            models.CharField(
                                choices=[
                                    ("expected", "Expected"),
                                    ("received", "Received"),
                                    ("mismatched", "Names another amount"),
                                ],
                                default="expected",
                                max_length=10,
                                verbose_name="certificate",
                            ),
                        ),
                        ("certificate_number", models.CharField(blank=True, max_length=100)),
                        ("certificate_on", models.DateField(blank=True, null=True, verbose_name="certificate's day")),
                        (
                            "certificate_amount",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=19,
                                null=True,
                                verbose_name="certificate's amount",
                            ),
                        ),
                        (
                            "asked_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the customer was last mailed about its certificate.",
                                null=True,
                                verbose_name="last asked for",
                            ),
                        ),
                        (
                            "payment",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="withheld_tax",
                                to="payments.payment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tax withheld",
                        "verbose_name_plural": "taxes withheld",
                        "ordering": ["-deducted_on", "-created_at"],
                        "indexes": [models.Index(fields=["quarter_start"], name="withheld_tax_by_quarter")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quarter_start__day", 1),
                                    ("quarter_start__month__in", [1, 4, 7, 10]),
                                    ("deducted_on__year", models.F("quarter_start__year")),
                                    ("deducted_on__month__gte", models.F("quarter_start__month")),
                                    (
                                        "deducted_on__month__lt",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("quarter_start__month"), "+", models.Value(3)
                                        ),
                                    ),
                                ),
                                name="withheld_tax_is_of_its_quarter",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("taxable_value__isnull", True), ("taxable_value__gt", 0), _connector="OR"
                                ),
                                name="tax_is_withheld_of_some_value",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("certificate_amount__isnull", True),
                                        ("certificate_number", ""),
                                        ("certificate_on__isnull", True),
                                        ("certificate_state", "expected"),
                                    ),
                                    models.Q(
                                        ("certificate_amount__gt", 0),
                                        ("certificate_on__isnull", False),
                                        ("certificate_state__in", ["received", "mismatched"]),
                                        models.Q(("certificate_number", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="certificate_is_named_once_it_came",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CertificateFile",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(help_text="As it was uploaded.", max_length=100)),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "withheld_tax",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="files",
                                to="payments.withheldtax",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    models.F("sha256"),
                                    models.Func(
                                        models.Func(
                                            models.F("content"), function="sha256", output_field=models.BinaryField()
                                        ),
                                        models.Value("hex"),
                                        function="encode",
                                    ),
                                ),
                                name="certificate_file_is_its_fingerprint",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    models.F("size"), models.Func(models.F("content"), function="length")
                                ),
                                name="certificate_file_has_its_size",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SentCertificate",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("quarter_start", models.DateField(help_text="Its first day.", verbose_name="quarter")),
                        (
                            "certificate_number",
                            models.CharField(
                                max_length=100, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("certificate_on", models.DateField(verbose_name="certificate's day")),
                        (
                            "certificate_amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="In rupees.",
                                max_digits=19,
                                verbose_name="certificate's amount",
                            ),
                        ),
                        (
                            "name",
                            models.CharField(help_text="As it was uploaded.", max_length=100, verbose_name="file"),
                        ),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        ("sent_by", models.CharField(max_length=200)),
                        (
                            "status",
                            models.CharField(
                                choices=[("to_check", "To check"), ("accepted", "Accepted"), ("rejected", "Rejected")],
                                default="to_check",
                                max_length=8,
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                blank=True,
                                help_text="Why it was rejected.",
                                max_length=500,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("decided_by", models.CharField(blank=True, max_length=200)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sent_certificates",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "certificate sent in",
                        "verbose_name_plural": "certificates sent in",
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status", "rejected"), _negated=True),
                                fields=("organisation", "sha256"),
                                name="certificate_is_sent_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quarter_start__day", 1), ("quarter_start__month__in", [1, 4, 7, 10])
                                ),
                                name="sent_certificate_is_of_a_quarter",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("certificate_amount__gt", 0), models.Q(("certificate_number", ""), _negated=True)
                                ),
                                name="sent_certificate_names_number_and_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_at__isnull", True),
                                        ("decided_by", ""),
                                        ("reason", ""),
                                        ("status", "to_check"),
                                    ),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("reason", ""),
                                        ("status", "accepted"),
                                        models.Q(("decided_by", ""), _negated=True),
                                    ),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("status", "rejected"),
                                        models.Q(("decided_by", ""), _negated=True),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="sent_certificate_tells_its_decision",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    django.db.models.lookups.Exact(
                                        models.F("sha256"),
                                        models.Func(
                                            models.Func(
                                                models.F("content"),
                                                function="sha256",
                                                output_field=models.BinaryField(),
                                            ),
                                            models.Value("hex"),
                                            function="encode",
                                        ),
                                    ),
                                    django.db.models.lookups.Exact(
                                        models.F("size"), models.Func(models.F("content"), function="length")
                                    ),
                                ),
                                name="sent_certificate_is_its_fingerprint",
                            ),
                        ],
                    },
                ),
            ],
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paidinvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="paid_is_what_is_credited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."amount_paid" IS DISTINCT FROM (NEW."amount_paid"))',
                    constraint="CONSTRAINT",
                    func="\n    IF (SELECT amount_paid FROM invoicing_invoice WHERE id = NEW.id) IS DISTINCT FROM\n       (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = NEW.id)\n    THEN\n        RAISE EXCEPTION 'What is paid of invoice % is the sum of its allocations.', NEW.id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NULL;\n",
                    hash="8158c2a1cb246e7c637ed7c2f5c6a7794879249d",
                    operation='UPDATE OF "amount_paid"',
                    pgid="pgtrigger_paid_is_what_is_credited_79ce5",
                    table="invoicing_invoice",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankstatement",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c0947a2f98587a4c4bfb20f3061aa4459ddb8aa1",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_8da04",
                    table="payments_bankstatement",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankstatement",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="0487058af6502e974824610f1baa2f65419dbc41",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_94acd",
                    table="payments_bankstatement",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="disputedocument",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_sent_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"razorpay_document_id\" = ''))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="94d245a60c654c37deb6ec0e3ec59c04bd8f4df6",
                    operation="DELETE",
                    pgid="pgtrigger_what_was_sent_stays_59ddd",
                    table="payments_disputedocument",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="disputedocument",
            trigger=pgtrigger.compiler.Trigger(
                name="a_file_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."dispute_id" IS DISTINCT FROM (NEW."dispute_id") OR OLD."proof" IS DISTINCT FROM (NEW."proof") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."content_type" IS DISTINCT FROM (NEW."content_type") OR OLD."content" IS DISTINCT FROM (NEW."content") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."added_by_id" IS DISTINCT FROM (NEW."added_by_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e95963bbecafb2ad36f4457506735a43bb17428c",
                    operation="UPDATE",
                    pgid="pgtrigger_a_file_never_changes_d8fc2",
                    table="payments_disputedocument",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="disputedocument",
            trigger=pgtrigger.compiler.Trigger(
                name="sent_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NOT (OLD."razorpay_document_id" = \'\') AND OLD."razorpay_document_id" IS DISTINCT FROM (NEW."razorpay_document_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3143dc81e9682af23ca9f42b97769ebb5122d22f",
                    operation="UPDATE",
                    pgid="pgtrigger_sent_once_edfb1",
                    table="payments_disputedocument",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="disputedocument",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="ac1c30041efc3b9bf6fdc4d2c16e79ae402d912a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_cf015",
                    table="payments_disputedocument",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="gatewayaccount",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="b05d741fee094ffff2d1f79d7571ff6c6af63c7e",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_2fbac",
                    table="payments_gatewayaccount",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="gatewayaccount",
            trigger=pgtrigger.compiler.Trigger(
                name="seller_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."billing_entity_id" IS DISTINCT FROM (NEW."billing_entity_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="a1243a300283b2910ce859657124400a3de1ae22",
                    operation="UPDATE",
                    pgid="pgtrigger_seller_never_changes_678a5",
                    table="payments_gatewayaccount",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="inboundwebhook",
            trigger=pgtrigger.compiler.Trigger(
                name="what_arrived_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."gateway_account_id" IS DISTINCT FROM (NEW."gateway_account_id") OR OLD."event_id" IS DISTINCT FROM (NEW."event_id") OR OLD."event_type" IS DISTINCT FROM (NEW."event_type") OR OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."body_digest" IS DISTINCT FROM (NEW."body_digest") OR OLD."headers" IS DISTINCT FROM (NEW."headers") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="230f523701cb453c729dba726617579715e10cef",
                    operation="UPDATE",
                    pgid="pgtrigger_what_arrived_never_changes_00ee5",
                    table="payments_inboundwebhook",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="inboundwebhook",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="bc351314d416a698381eb7936219837d68775f9a",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_86c00",
                    table="payments_inboundwebhook",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="inboundwebhook",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="92242d7ef9ad9582da64334771b33684e6df77aa",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_217ea",
                    table="payments_inboundwebhook",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6354282d8ea1c70f80a5ad46caaacaf6ce0478a5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_264a0",
                    table="payments_journalbatch",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="738a0feea6539d137554f69f1096dfd62815c402",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_fbbc7",
                    table="payments_journalbatch",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="batch_has_its_file",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                    IF NOT EXISTS (SELECT 1 FROM payments_journalfile WHERE batch_id = NEW.id) THEN\n                        RAISE EXCEPTION 'Journal export % has no file.', NEW.id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="54d6fb2d41ff76325ea0584a40521d24fc3563a4",
                    operation="INSERT",
                    pgid="pgtrigger_batch_has_its_file_c3ff9",
                    table="payments_journalbatch",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalfile",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="53d51ceaaa557f3942a065b88cc35310b57fa2a4",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_2dd31",
                    table="payments_journalfile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalfile",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="fe2667216f8f36649b17839669aa9b6458a9cdd2",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_4c06d",
                    table="payments_journalfile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalitem",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6876c03b0569614736be79e4deba0f3395ac561f",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_b450c",
                    table="payments_journalitem",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="journalitem",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="c392a75fb2a53fa029c1c84b3ebeba2585127440",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_92f19",
                    table="payments_journalitem",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="latefee",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9482adae0ab76903cb26ae0f8b69f3e3ea55a60b",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_810ae",
                    table="payments_latefee",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="latefee",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."due_amount" IS DISTINCT FROM (NEW."due_amount") OR OLD."amount" IS DISTINCT FROM (NEW."amount"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="8825a40e3e615233c1e32745ac01c086fca255e6",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changes_85139",
                    table="payments_latefee",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandate",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="ace0b29f29548c5000d9f6f5663fae35571fb3a7",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_06956",
                    table="payments_mandate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandate",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_agreed_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."method" IS DISTINCT FROM (NEW."method") OR OLD."receipt" IS DISTINCT FROM (NEW."receipt") OR OLD."max_amount" IS DISTINCT FROM (NEW."max_amount") OR OLD."frequency" IS DISTINCT FROM (NEW."frequency") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e15af516e8054ee829a0f56c89e87df5d5d81806",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_agreed_never_changes_2465c",
                    table="payments_mandate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandate",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:initiated,requested:failed,requested:confirmed,requested:rejected,requested:cancelled,requested:expired,failed:requested,initiated:confirmed,initiated:rejected,initiated:cancelled,initiated:paused,initiated:expired,rejected:confirmed,confirmed:paused,confirmed:cancelled,confirmed:expired,paused:confirmed,paused:cancelled,paused:expired}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="85cbbc62807efacf7d389387cc0beee3d6734820",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_bdf6f",
                    table="payments_mandate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="c19fe4089e49050d78bffe1b8db3b509bdbe9589",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_cf57f",
                    table="payments_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_disputed_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."razorpay_dispute_id" IS DISTINCT FROM (NEW."razorpay_dispute_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."raised_at" IS DISTINCT FROM (NEW."raised_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="a3af4ecce10cb16070dbfa4fcbf14cc30f7adec5",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_disputed_never_changes_9653a",
                    table="payments_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:under_review,under_review:open,open:lost,open:won,open:closed,under_review:lost,under_review:won,under_review:closed,lost:won}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="0b59c342a83ce1872b9427d5e25ef6c42b797078",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_748dd",
                    table="payments_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_lacks_what_was_lost",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n        IF (SELECT COALESCE(SUM(amount_taken), 0) FROM payments_dispute\n            WHERE payment_id = NEW.payment_id AND returned_at IS NULL)\n           <> (SELECT amount_lost FROM payments_payment WHERE id = NEW.payment_id)\n        THEN\n            RAISE EXCEPTION 'Payment % does not lack what its disputes took.', NEW.payment_id\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="4a7032b48aae5814434fe23924e18f8d8d7f5dbc",
                    operation='INSERT OR UPDATE OF "amount_taken", "returned_at"',
                    pgid="pgtrigger_payment_lacks_what_was_lost_57539",
                    table="payments_dispute",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="b3adda4797676912f0d30464bfe748cc2e559592",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_bc1a5",
                    table="payments_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="cheque",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="b9f45893a06784fcaac66a495ad24248bc4d2a40",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_c55b2",
                    table="payments_cheque",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="cheque",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="a52ea5d491ed4b61f9f005f8be012ada285a1318",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_35350",
                    table="payments_cheque",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="cheque",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_written_on_it_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."billing_entity_id" IS DISTINCT FROM (NEW."billing_entity_id") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."bank" IS DISTINCT FROM (NEW."bank") OR OLD."dated" IS DISTINCT FROM (NEW."dated") OR OLD."received_on" IS DISTINCT FROM (NEW."received_on") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="5b014bd33e76a422491f020749f0aece2ba41a3e",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_written_on_it_never_changes_5ca28",
                    table="payments_cheque",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="cheque",
            trigger=pgtrigger.compiler.Trigger(
                name="moves_as_cheques_do",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{received:deposited,received:cancelled,deposited:cleared,deposited:bounced,deposited:cancelled,cleared:deposited}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="712251fa0bbe0675be202e5db84ecd62ecd1dfc5",
                    operation="UPDATE",
                    pgid="pgtrigger_moves_as_cheques_do_c019b",
                    table="payments_cheque",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="cheque",
            trigger=pgtrigger.compiler.Trigger(
                name="is_of_its_invoice_and_payment",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.invoice_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM invoicing_invoice\n        WHERE id = NEW.invoice_id AND organisation_id = NEW.organisation_id AND currency = NEW.currency\n            AND billing_entity_id = NEW.billing_entity_id\n    ) THEN\n        RAISE EXCEPTION 'Cheque % is of another customer, seller or currency than its invoice.', NEW.number\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.status = 'cleared' AND NOT EXISTS (\n        SELECT 1 FROM payments_payment\n        WHERE id = NEW.payment_id AND organisation_id = NEW.organisation_id AND currency = NEW.currency\n            AND amount = NEW.amount AND method = 'cheque' AND status <> 'reversed'\n    ) THEN\n        RAISE EXCEPTION 'Cheque % is cleared without the payment that it is.', NEW.number\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="649cc6bc36cd76fa242cc44c8cf87e5c41a66740",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_is_of_its_invoice_and_payment_31d04",
                    table="payments_cheque",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9b4c451a9a0472dc5b181486562a5380b218c245",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_e598e",
                    table="payments_paymentallocation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="only_the_answer_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9618a1872a9d2d147225c37ff18e4ec6453ac0fe",
                    operation="UPDATE",
                    pgid="pgtrigger_only_the_answer_changes_89410",
                    table="payments_paymentallocation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="answered_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."answer", \':\', NEW."answer") = ANY(\'{open:asked_again,open:left,left:asked_again}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."answer" IS DISTINCT FROM NEW."answer") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "answer" from "%" to "%" on table %\', OLD."answer", NEW."answer", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="723cd85659a76e8d8bf645e08f2cd6244fa7dced",
                    operation="UPDATE",
                    pgid="pgtrigger_answered_once_04995",
                    table="payments_paymentallocation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="998be71fe54946457468fb95f5c8dec6b6e26bc6",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_910cc",
                    table="payments_paymentallocation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="within_payment_and_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE paid payments_payment%ROWTYPE; owed invoicing_invoice%ROWTYPE;",
                    func="\n    -- In an old snapshot the sums below would miss rows of others, whatever is locked.\n    IF current_setting('transaction_isolation') = 'repeatable read' THEN\n        RAISE EXCEPTION 'Allocations are written in read committed or serializable transactions only.';\n    END IF;\n    -- The locks come first: two inserts at once would each see a sum without the other. Payment before invoice,\n    -- as in the services.\n    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;\n    SELECT * INTO owed FROM invoicing_invoice WHERE id = NEW.invoice_id FOR UPDATE;\n    IF paid.paid_at IS NULL THEN\n        RAISE EXCEPTION 'Payment % has not been captured.', NEW.payment_id USING ERRCODE = 'check_violation';\n    END IF;\n    IF paid.currency IS DISTINCT FROM owed.currency OR paid.organisation_id IS DISTINCT FROM owed.organisation_id THEN\n        RAISE EXCEPTION 'Payment % can not be credited to invoice %: another currency or customer.',\n            NEW.payment_id, NEW.invoice_id USING ERRCODE = 'check_violation';\n    END IF;\n    IF COALESCE(paid.billing_entity_id, (SELECT billing_entity_id FROM invoicing_invoice WHERE id = paid.invoice_id))\n       IS DISTINCT FROM owed.billing_entity_id THEN\n        RAISE EXCEPTION 'Payment % can not be credited to invoice %: another seller received it.',\n            NEW.payment_id, NEW.invoice_id USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.amount < 0 THEN\n        IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation\n                         WHERE payment_id = NEW.payment_id AND invoice_id = NEW.invoice_id) < 0 THEN\n            RAISE EXCEPTION 'Payment % did not credit that much to invoice %.', NEW.payment_id, NEW.invoice_id\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n    END IF;\n    IF owed.status IN ('draft', 'void') THEN\n        RAISE EXCEPTION 'Invoice % is no document, or void: nothing is credited to it.', NEW.invoice_id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = NEW.payment_id)\n       > paid.amount - paid.payer_fee THEN\n        RAISE EXCEPTION 'Payment % is smaller than its allocations.', NEW.payment_id USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = NEW.invoice_id)\n       > owed.total - owed.amount_credited THEN\n        RAISE EXCEPTION 'Invoice % is smaller than its allocations.', NEW.invoice_id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="9906b4e0f0e01e66fc5e70ddb52907b0c2f41a80",
                    operation="INSERT",
                    pgid="pgtrigger_within_payment_and_invoice_3a6c7",
                    table="payments_paymentallocation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_credited_did_not_go_back",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n        IF (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = NEW.payment_id)\n           > (SELECT CASE WHEN status = 'reversed' OR paid_at IS NULL THEN 0\n                          ELSE GREATEST(amount - payer_fee - amount_refunded - amount_lost, 0) END\n              FROM payments_payment WHERE id = NEW.payment_id)\n        THEN\n            RAISE EXCEPTION 'Payment % is smaller than its allocations: money of it went back.', NEW.payment_id\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="4006269f1615a1e06dcf5671900a07da068742a7",
                    operation="INSERT",
                    pgid="pgtrigger_what_is_credited_did_not_go_back_629c3",
                    table="payments_paymentallocation",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentallocation",
            trigger=pgtrigger.compiler.Trigger(
                name="paid_is_what_is_credited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n    IF (SELECT amount_paid FROM invoicing_invoice WHERE id = NEW.invoice_id) IS DISTINCT FROM\n       (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = NEW.invoice_id)\n    THEN\n        RAISE EXCEPTION 'What is paid of invoice % is the sum of its allocations.', NEW.invoice_id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NULL;\n",
                    hash="3f8bfff72b332702a4a74a15dea05ad73dc3b094",
                    operation="INSERT",
                    pgid="pgtrigger_paid_is_what_is_credited_8d38b",
                    table="payments_paymentallocation",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentorder",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_asked_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."receipt" IS DISTINCT FROM (NEW."receipt") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."amount_minor" IS DISTINCT FROM (NEW."amount_minor") OR OLD."gateway_account_id" IS DISTINCT FROM (NEW."gateway_account_id") OR OLD."first_part" IS DISTINCT FROM (NEW."first_part"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="d937af7606b37a6ced9f4d383ad90ce6bd8c8130",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_asked_never_changes_b34d9",
                    table="payments_paymentorder",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentorder",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="2665eaf37c1089f940de0ca2a4f84786250a621b",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_b7553",
                    table="payments_paymentorder",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentorder",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{created:open,created:paid,created:superseded,created:failed,open:paid,open:superseded,superseded:paid,failed:created,failed:paid}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="602e94d1466b92d04380eb5517a6c54fb05afca2",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_3b5b1",
                    table="payments_paymentorder",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="1232e32e89d68337f257565d606138f459d32e40",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_075ea",
                    table="payments_payment",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="belongs_to_its_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."invoice_id" IS NOT NULL)',
                    func="\n                    IF NEW.organisation_id IS DISTINCT FROM\n                       (SELECT organisation_id FROM invoicing_invoice WHERE id = NEW.invoice_id)\n                    OR NEW.invoice_id IS DISTINCT FROM\n                       COALESCE((SELECT invoice_id FROM payments_paymentorder WHERE id = NEW.order_id), NEW.invoice_id)\n                    THEN\n                        RAISE EXCEPTION 'A payment is of its invoice''s customer, and of a request for that invoice.'\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="e6ee12ce2fdbe512797b8a31b878dc105130f39e",
                    operation="INSERT",
                    pgid="pgtrigger_belongs_to_its_invoice_7769a",
                    table="payments_payment",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_paid_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."billing_entity_id" IS DISTINCT FROM (NEW."billing_entity_id") OR OLD."order_id" IS DISTINCT FROM (NEW."order_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."razorpay_payment_id" IS DISTINCT FROM (NEW."razorpay_payment_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."received_on" IS DISTINCT FROM (NEW."received_on"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="412c2f7930ce084642cba318b3f47d909d053cc5",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_paid_never_changes_724dd",
                    table="payments_payment",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_credited_did_not_go_back",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n        IF (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = NEW.id)\n           > (SELECT CASE WHEN status = 'reversed' OR paid_at IS NULL THEN 0\n                          ELSE GREATEST(amount - payer_fee - amount_refunded - amount_lost, 0) END\n              FROM payments_payment WHERE id = NEW.id)\n        THEN\n            RAISE EXCEPTION 'Payment % is smaller than its allocations: money of it went back.', NEW.id\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="837b02b0d87db16db710b09d719ec23227f3b8bd",
                    operation='UPDATE OF "amount_refunded", "amount_lost", "payer_fee", "status"',
                    pgid="pgtrigger_what_is_credited_did_not_go_back_9a1ee",
                    table="payments_payment",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="no_cleared_cheque_is_reversed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'reversed')",
                    constraint="CONSTRAINT",
                    func="\n                    IF EXISTS (SELECT 1 FROM payments_cheque WHERE payment_id = NEW.id AND status = 'cleared') THEN\n                        RAISE EXCEPTION 'Payment % is a cheque that has cleared.', NEW.id\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="7d61532098c157a63eec7cb988f71d63428960e9",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_no_cleared_cheque_is_reversed_15fc3",
                    table="payments_payment",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{created:failed,created:authorized,created:captured,created:refunded,failed:authorized,failed:captured,failed:refunded,authorized:captured,authorized:refunded,captured:refunded,refunded:captured,captured:reversed,refunded:reversed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="c386104757c9d7e61338bf6d974bca347adaf874",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_139ec",
                    table="payments_payment",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandatecharge",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="89acc0b363482e809c11fa35aee0a107f64fe392",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_7a8cd",
                    table="payments_mandatecharge",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandatecharge",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_announced_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."mandate_id" IS DISTINCT FROM (NEW."mandate_id") OR OLD."order_id" IS DISTINCT FROM (NEW."order_id") OR OLD."cause" IS DISTINCT FROM (NEW."cause") OR OLD."amount" IS DISTINCT FROM (NEW."amount"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="625b42316dfc70e457f7eda392ca2f872d2a1f91",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_announced_never_changes_2c97a",
                    table="payments_mandatecharge",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandatecharge",
            trigger=pgtrigger.compiler.Trigger(
                name="within_the_mandate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE agreed payments_mandate%ROWTYPE;",
                    func="\n    SELECT * INTO agreed FROM payments_mandate WHERE id = NEW.mandate_id;\n    IF NEW.status = 'refused' THEN\n        RETURN NEW;\n    END IF;\n    IF agreed.status <> 'confirmed' THEN\n        RAISE EXCEPTION 'Mandate % is %: nothing can be debited.', NEW.mandate_id, agreed.status\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.amount > agreed.max_amount THEN\n        RAISE EXCEPTION 'Mandate % allows debits of at most %.', NEW.mandate_id, agreed.max_amount\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="71c39d6b188518a13e81fa194fa5b13c22c14c22",
                    operation="INSERT",
                    pgid="pgtrigger_within_the_mandate_2ca17",
                    table="payments_mandatecharge",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="mandatecharge",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{announced:asked,announced:cancelled,announced:failed,announced:captured,asked:captured,asked:failed,asked:cancelled,failed:captured,cancelled:captured}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="31357be05bbb35147c3bb89d19f95ae7a8dc492a",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_25591",
                    table="payments_mandatecharge",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentretry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="caad0ed5dfad81e170b05bd8499636671c8ec265",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_1c98d",
                    table="payments_paymentretry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentretry",
            trigger=pgtrigger.compiler.Trigger(
                name="what_failed_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."failed_at" IS DISTINCT FROM (NEW."failed_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e7cf701fd872da7ec39f4856d4372e24b9c93ce1",
                    operation="UPDATE",
                    pgid="pgtrigger_what_failed_never_changes_372ba",
                    table="payments_paymentretry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentretry",
            trigger=pgtrigger.compiler.Trigger(
                name="status_ends_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{scheduled:attempting,attempting:scheduled,scheduled:succeeded,scheduled:exhausted,scheduled:cancelled,attempting:succeeded,attempting:exhausted,attempting:cancelled,exhausted:scheduled,cancelled:scheduled,exhausted:succeeded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="5cfe8dccbd09ac7f75e537f36396a6a0e0f2a1c8",
                    operation="UPDATE",
                    pgid="pgtrigger_status_ends_once_4c543",
                    table="payments_paymentretry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paymentretry",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="55902db234ae179ff716b0c3f55cdc51058dda63",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_45615",
                    table="payments_paymentretry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payout",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d9b2e269c84f6a1450aa5f65b2af12a7c0243f8d",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_58d3d",
                    table="payments_payout",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payout",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_paid_out_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."gateway_account_id" IS DISTINCT FROM (NEW."gateway_account_id") OR OLD."razorpay_payout_id" IS DISTINCT FROM (NEW."razorpay_payout_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."begun_at" IS DISTINCT FROM (NEW."begun_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9d02ddc6a429db471066a48d76dd450e56099701",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_paid_out_never_changes_81b7a",
                    table="payments_payout",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payout",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{created:processed,created:failed,failed:processed,processed:failed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="80ddf51d9e2c0bde46c112ae62dcd11839bf005d",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_01c3d",
                    table="payments_payout",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payout",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="6090a7970504f2316911a955513a6d854cbf894a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_7b559",
                    table="payments_payout",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="7e621c21febf2aed43d0e0e21ab8023c4fe8589f",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_d056f",
                    table="payments_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="2d77c0e738c7ea853647987ad04121638d743f56",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_b36df",
                    table="payments_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="what_the_bank_said_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."statement_id" IS DISTINCT FROM (NEW."statement_id") OR OLD."billing_entity_id" IS DISTINCT FROM (NEW."billing_entity_id") OR OLD."account" IS DISTINCT FROM (NEW."account") OR OLD."day" IS DISTINCT FROM (NEW."day") OR OLD."narration" IS DISTINCT FROM (NEW."narration") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."payer" IS DISTINCT FROM (NEW."payer") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."balance" IS DISTINCT FROM (NEW."balance") OR OLD."row" IS DISTINCT FROM (NEW."row") OR OLD."fingerprint" IS DISTINCT FROM (NEW."fingerprint"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="b5a71149fa20881c85e906cb99d628d5266480d4",
                    operation="UPDATE",
                    pgid="pgtrigger_what_the_bank_said_never_changes_b0a3f",
                    table="payments_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="pays_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE paid payments_payment%ROWTYPE;",
                    func="\n    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id;\n    IF paid.id IS NOT NULL AND (\n        paid.currency <> NEW.currency OR (NEW.outcome = 'booked' AND paid.amount <> NEW.amount)\n    ) THEN\n        RAISE EXCEPTION 'Payment % is not the money of bank line %.', NEW.payment_id, NEW.id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.payout_id IS NOT NULL AND (\n        NEW.currency <> 'INR' OR NEW.amount <> (SELECT amount FROM payments_payout WHERE id = NEW.payout_id)\n    ) THEN\n        RAISE EXCEPTION 'Payout % is not the money of bank line %.', NEW.payout_id, NEW.id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF TG_OP = 'UPDATE' AND OLD.payout_id IS NOT NULL AND NEW.payout_id IS DISTINCT FROM OLD.payout_id THEN\n        RAISE EXCEPTION 'Bank line % is a payout.', NEW.id USING ERRCODE = 'check_violation';\n    END IF;\n    IF TG_OP = 'UPDATE' AND OLD.payment_id IS NOT NULL AND NEW.payment_id IS DISTINCT FROM OLD.payment_id\n       AND (SELECT status FROM payments_payment WHERE id = OLD.payment_id) <> 'reversed'\n    THEN\n        RAISE EXCEPTION 'Bank line % is booked already.', NEW.id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="7826ec02502f4b1d2c17b6fd4a2850148008f50d",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_pays_once_effc4",
                    table="payments_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="956de1291ad48afbddf247982946f79b6bfc1ce4",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_eb90c",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_asked_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."refund_number" IS DISTINCT FROM (NEW."refund_number") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."asked_here" IS DISTINCT FROM (NEW."asked_here") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."refunded_on" IS DISTINCT FROM (NEW."refunded_on") OR OLD."retry_of_id" IS DISTINCT FROM (NEW."retry_of_id") OR OLD."request_key" IS DISTINCT FROM (NEW."request_key"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="c79a67602fa757c9f8f0db4269b8f1320fa57565",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_asked_never_changes_ca78c",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="known_to_the_gateway_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."razorpay_refund_id" IS NOT NULL AND OLD."razorpay_refund_id" IS DISTINCT FROM (NEW."razorpay_refund_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e788dd7d68143ed168e395374e1a545b4381f6fc",
                    operation="UPDATE",
                    pgid="pgtrigger_known_to_the_gateway_once_d4e3e",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="one_note_for_good",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."credit_note_id" IS NOT NULL AND OLD."credit_note_id" IS DISTINCT FROM (NEW."credit_note_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="7fcf4038d752de01f62c173a2227ead9443e07ac",
                    operation="UPDATE",
                    pgid="pgtrigger_one_note_for_good_c9042",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="within_its_payment",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE paid payments_payment%ROWTYPE;",
                    func="\n    -- A refund that Razorpay reports is a fact, whatever else was asked for meanwhile; it has Razorpay's id from the\n    -- beginning. What is asked for here is limited. The lock comes first: two refunds at once would each see a sum\n    -- without the other.\n    IF NEW.razorpay_refund_id IS NOT NULL THEN\n        RETURN NEW;\n    END IF;\n    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;\n    IF paid.paid_at IS NULL OR paid.status = 'reversed' OR paid.currency IS DISTINCT FROM NEW.currency THEN\n        RAISE EXCEPTION 'Payment % has no money in % to give back.', NEW.payment_id, NEW.currency\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_refund\n                     WHERE payment_id = NEW.payment_id AND status <> 'failed') > paid.amount THEN\n        RAISE EXCEPTION 'Payment % is smaller than its refunds.', NEW.payment_id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="30b473a3abf8203f96c397c76e812023226fbb2f",
                    operation="INSERT",
                    pgid="pgtrigger_within_its_payment_7f919",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{pending:processed,pending:failed,processed:failed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="1875d51391adc817ec68ded7e1d74fa063a2ce25",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_1c561",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="refund",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="43c177adcca61200ad4cde8303a49cc8273a49c8",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_0e63b",
                    table="payments_refund",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payoutline",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="ed3e875a9e654a2b08e5c9672180a37f0b287852",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_44756",
                    table="payments_payoutline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payoutline",
            trigger=pgtrigger.compiler.Trigger(
                name="what_moved_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."payout_id" IS DISTINCT FROM (NEW."payout_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."entity_id" IS DISTINCT FROM (NEW."entity_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."credit" IS DISTINCT FROM (NEW."credit") OR OLD."debit" IS DISTINCT FROM (NEW."debit") OR OLD."fee" IS DISTINCT FROM (NEW."fee") OR OLD."tax" IS DISTINCT FROM (NEW."tax") OR OLD."happened_at" IS DISTINCT FROM (NEW."happened_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="7104ed80c5a3f0c7656a37e8ddc7631f74f347b9",
                    operation="UPDATE",
                    pgid="pgtrigger_what_moved_never_changes_70b4f",
                    table="payments_payoutline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="payoutline",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="d7e893a01531aab82af380dfeaf9eb0890ed1ccc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_5762a",
                    table="payments_payoutline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="reminder",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6db80237e13aab60cdeca8f6ee612ff3036cea8f",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_dbb70",
                    table="payments_reminder",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="reminder",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="5043e4d67bd4065bf2ce00ba11bc8854b9aa886d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_ea024",
                    table="payments_reminder",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="reminderpause",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="fa9a2099efdd9f2128a9b9c4f6dfbd8f4adc19b5",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_b474d",
                    table="payments_reminderpause",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="reminderpause",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="fd1def83d4af18d14f38177f48cb70a63dc153e6",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_84d81",
                    table="payments_reminderpause",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="retrytry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="eba03618793193ecf37381c21ba09d152d6a7f3b",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_7997e",
                    table="payments_retrytry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="retrytry",
            trigger=pgtrigger.compiler.Trigger(
                name="number_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."number" IS DISTINCT FROM (NEW."number"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="5a0c1888747a993f18b72843014e60bece1f3c9c",
                    operation="UPDATE",
                    pgid="pgtrigger_number_never_changes_5e8ee",
                    table="payments_retrytry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="retrytry",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="62a3ff55f6f38c0ce662079f5f82cf756b0b687b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_7e0aa",
                    table="payments_retrytry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="withheldtax",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4899a090ed875834137971c4d22d3125698bd40d",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_7d7b5",
                    table="payments_withheldtax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="withheldtax",
            trigger=pgtrigger.compiler.Trigger(
                name="its_payment_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."deducted_on" IS DISTINCT FROM (NEW."deducted_on") OR OLD."quarter_start" IS DISTINCT FROM (NEW."quarter_start"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e273c470872b543b3b18407b40e30419eb31f505",
                    operation="UPDATE",
                    pgid="pgtrigger_its_payment_never_changes_23945",
                    table="payments_withheldtax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="withheldtax",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="207e35f1f2cfd558681af5f9023a5e8e4e434236",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_867f3",
                    table="payments_withheldtax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="withheldtax",
            trigger=pgtrigger.compiler.Trigger(
                name="is_of_tax_withheld",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE paid payments_payment%ROWTYPE;",
                    func="\n    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id;\n    IF paid.kind <> 'tds' THEN\n        RAISE EXCEPTION 'Payment % is not tax withheld.', NEW.payment_id USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.certificate_state <> 'expected'\n       AND (NEW.certificate_amount = paid.amount) IS DISTINCT FROM (NEW.certificate_state = 'received') THEN\n        RAISE EXCEPTION 'Certificate % names another amount than payment %, or is called so wrongly.',\n            NEW.certificate_number, NEW.payment_id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="dafcaf022e5737be620fa2f4f7a47c8b9266fddb",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_is_of_tax_withheld_7adf0",
                    table="payments_withheldtax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="certificatefile",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="1c5aef56a2b6f62f30a8391007127211b539b505",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_aebf3",
                    table="payments_certificatefile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="certificatefile",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="c3a50d28123512e6d4ac6ba1e75520229b8f0932",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_d6d4a",
                    table="payments_certificatefile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="reminderpause",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_said_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."last_day" IS DISTINCT FROM (NEW."last_day") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."placed_by" IS DISTINCT FROM (NEW."placed_by") OR OLD."question_id" IS DISTINCT FROM (NEW."question_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="56f13be17db7c8e3e06769ce747f53c6970b4227",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_said_never_changes_1dad0",
                    table="payments_reminderpause",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="sentcertificate",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="cccca1eba48289a3715a41737e240976b9944bd4",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_24a9e",
                    table="payments_sentcertificate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="sentcertificate",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_sent_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."quarter_start" IS DISTINCT FROM (NEW."quarter_start") OR OLD."certificate_number" IS DISTINCT FROM (NEW."certificate_number") OR OLD."certificate_on" IS DISTINCT FROM (NEW."certificate_on") OR OLD."certificate_amount" IS DISTINCT FROM (NEW."certificate_amount") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."content" IS DISTINCT FROM (NEW."content") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."sent_by" IS DISTINCT FROM (NEW."sent_by") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="809654ce68e6652153893820e0d1185247dd806c",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_sent_stays_2a89b",
                    table="payments_sentcertificate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="sentcertificate",
            trigger=pgtrigger.compiler.Trigger(
                name="decided_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'to_check'))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="217ccae2dbf921627449f704e1fc9112d16047a7",
                    operation="UPDATE",
                    pgid="pgtrigger_decided_once_6b14f",
                    table="payments_sentcertificate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="sentcertificate",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="38ffe23dcac8cf00e2cf99dce4fac929f78c1e88",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_58aa1",
                    table="payments_sentcertificate",
                    when="BEFORE",
                ),
            ),
        ),
    ]
