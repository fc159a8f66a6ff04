import billing_platform.lib.clock
import billing_platform.lib.database.operations
import django.db.models.deletion
import pgtrigger.compiler
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        billing_platform.lib.database.operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Discrepancy",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "check_name",
                            models.CharField(
                                choices=[
                                    ("hot_log", "Accepted events and the ledger"),
                                    ("aggregates", "The ledger and the aggregates"),
                                    ("invoice_lines", "Usage and invoice lines"),
                                    ("document_sums", "Sums of invoices and credit notes"),
                                    ("document_files", "Documents as issued and as stored"),
                                    ("number_series", "Numbers of documents"),
                                    ("balances", "Payments, invoices and balances"),
                                    ("gateway", "Our payments and Razorpay's"),
                                    ("payouts", "Payouts and payments"),
                                ],
                                max_length=20,
                                verbose_name="check",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("event_missing", "Event missing in the ledger"),
                                    ("event_differs", "Event counted otherwise"),
                                    ("event_unexpected", "Counted, but not accepted"),
                                    ("batch_counts", "Counts of a batch"),
                                    ("batch_damaged", "Damaged batch"),
                                    ("batch_not_settled", "Batches not settled"),
                                    ("day_counts", "Counts of a day"),
                                    ("aggregates_differ", "Aggregates of a metric"),
                                    ("usage_not_charged", "Usage that is on no line"),
                                    ("charged_beyond_usage", "More charged than used"),
                                    ("line_without_usage", "Line without usage"),
                                    ("invoice_sums", "Sums of an invoice"),
                                    ("line_tax", "Tax on a line"),
                                    ("credit_note_sums", "Sums of a credit note"),
                                    ("credited_total", "What credit notes took back"),
                                    ("document_differs", "Document and invoice"),
                                    ("line_differs", "Line and document"),
                                    ("document_missing", "Document missing"),
                                    ("pdf_changed", "Stored PDF changed"),
                                    ("pdf_lost", "Stored PDF lost"),
                                    ("number_missing", "Number missing"),
                                    ("number_beyond", "Number beyond its counter"),
                                    ("number_repeated", "Number given twice"),
                                    ("paid_total", "What is paid of an invoice"),
                                    ("payment_spent_twice", "Payment credited for more than it is"),
                                    ("refunded_total", "What was refunded of a payment"),
                                    ("refunded_beyond", "More went back than came in"),
                                    ("lost_total", "What disputes took of a payment"),
                                    ("customer_balance", "Balance of a customer"),
                                    ("payment_missing_here", "Payment not recorded"),
                                    ("payment_missing_there", "Payment unknown to Razorpay"),
                                    ("payment_amount", "Amount of a payment"),
                                    ("payment_behind", "Status of a payment missed"),
                                    ("payment_ahead", "Payment further here than at Razorpay"),
                                    ("payment_fee", "Razorpay's fee for a payment"),
                                    ("payment_refunded", "What Razorpay gave back of a payment"),
                                    ("refund_missing_here", "Refund not recorded"),
                                    ("refund_missing_there", "Refund unknown to Razorpay"),
                                    ("refund_amount", "Amount of a refund"),
                                    ("refund_behind", "Status of a refund missed"),
                                    ("refund_ahead", "Refund further here than at Razorpay"),
                                    ("request_missing_there", "Payment request unknown to Razorpay"),
                                    ("request_amount", "Amount of a payment request"),
                                    ("payout_missing_here", "Payout not recorded"),
                                    ("payout_missing_there", "Payout unknown to Razorpay"),
                                    ("payout_differs", "Payout differs from Razorpay's"),
                                    ("payout_behind", "Status or UTR of a payout missed"),
                                    ("payout_sum", "Sum of a payout's lines"),
                                    ("payout_line_missing", "Payout line not recorded"),
                                    ("payout_line_unknown", "Payout line unknown to Razorpay"),
                                    ("payout_line_differs", "Payout line differs from Razorpay's"),
                                    ("payout_line_net", "Net of a payout line"),
                                    ("payout_line_amount", "Payout line and what it pays out"),
                                    ("payout_line_apart", "Payout line not joined"),
                                ],
                                max_length=30,
                            ),
                        ),
                        (
                            "subject",
                            models.CharField(
                                help_text="What it is about, as later runs know it again.", max_length=400
                            ),
                        ),
                        ("about", models.CharField(help_text="What it is about, for people.", max_length=300)),
                        ("day", models.DateField(help_text="The day of the window that it belongs to.")),
                        ("expected", models.TextField()),
                        ("found", models.TextField()),
                        (
                            "worth",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Estimate in rupees. Empty: not known.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        ("facts", models.JSONField(blank=True, default=dict, help_text="What a repair needs to know.")),
                        (
                            "gist",
                            models.TextField(
                                blank=True,
                                editable=False,
                                help_text="A written-off one is opened again when a check says something else here.",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("acknowledged", "Acknowledged"),
                                    ("repaired", "Repaired"),
                                    ("written_off", "Written off"),
                                    ("gone", "Gone by itself"),
                                ],
                                default="open",
                                max_length=12,
                            ),
                        ),
                        ("first_seen_at", models.DateTimeField()),
                        ("last_seen_at", models.DateTimeField(help_text="When the reading began that found it last.")),
                        ("times_opened", models.PositiveIntegerField(default=1)),
                        (
                            "gone_at",
                            models.DateTimeField(
                                blank=True, help_text="When the reading began that did not find it any more.", null=True
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("reason", models.CharField(blank=True, max_length=500)),
                        (
                            "assigned_to",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "discrepancies",
                        "ordering": ["-first_seen_at"],
                        "permissions": [
                            ("resolve_discrepancy", "Can acknowledge, assign, repair or write off a discrepancy")
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["open", "acknowledged"])),
                                fields=["check_name", "day"],
                                name="discrepancy_standing",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("check_name", "kind", "subject"), name="discrepancy_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "written_off"), _negated=True),
                                    models.Q(models.Q(("reason", ""), _negated=True), ("decided_by__isnull", False)),
                                    _connector="OR",
                                ),
                                name="discrepancy_is_written_off_by_somebody_with_a_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["acknowledged", "repaired", "written_off"]), _negated=True),
                                    ("decided_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="discrepancy_that_was_decided_has_its_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "gone"), _negated=True),
                                    ("gone_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="discrepancy_that_is_gone_has_its_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Run",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("first_day", models.DateField(help_text="UTC.")),
                        ("last_day", models.DateField(help_text="UTC; included.")),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("schedule", "Every day"),
                                    ("person", "Asked for"),
                                    ("command", "From the command line"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "finished_at",
                            models.DateTimeField(blank=True, help_text="Empty until each check has ended.", null=True),
                        ),
                        (
                            "asked_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: all customers.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "reconciliation run",
                        "verbose_name_plural": "reconciliation runs",
                        "ordering": ["-created_at"],
                        "permissions": [("start_run", "Can start a reconciliation run")],
                        "indexes": [models.Index(fields=["-created_at"], name="run_by_time")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("last_day__gte", models.F("first_day"))),
                                name="run_days_in_order",
                                violation_error_message="The last day is before the first one.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("cause", "schedule")),
                                fields=("first_day", "last_day"),
                                name="one_scheduled_run_of_a_window",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DailyStatement",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("number", models.PositiveIntegerField(help_text="1 is the first statement.", unique=True)),
                        ("day", models.DateField(help_text="UTC.", unique=True)),
                        ("content", models.TextField(help_text="What is hashed and signed.")),
                        (
                            "hash",
                            models.CharField(
                                help_text="Of the content, in hex.", max_length=64, unique=True, verbose_name="SHA-256"
                            ),
                        ),
                        (
                            "signature",
                            models.CharField(help_text="Ed25519 over the content, in base64.", max_length=88),
                        ),
                        (
                            "key_id",
                            models.CharField(
                                help_text="The first 16 hex digits of the public key's SHA-256.",
                                max_length=16,
                                verbose_name="key",
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "daily statement",
                        "ordering": ["-number"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("number__gte", 1)), name="statements_are_numbered_from_1"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("signature", ""), _negated=True), name="statement_is_signed"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CheckRun",
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
                            "check_name",
                            models.CharField(
                                choices=[
                                    ("hot_log", "Accepted events and the ledger"),
                                    ("aggregates", "The ledger and the aggregates"),
                                    ("invoice_lines", "Usage and invoice lines"),
                                    ("document_sums", "Sums of invoices and credit notes"),
                                    ("document_files", "Documents as issued and as stored"),
                                    ("number_series", "Numbers of documents"),
                                    ("balances", "Payments, invoices and balances"),
                                    ("gateway", "Our payments and Razorpay's"),
                                    ("payouts", "Payouts and payments"),
                                ],
                                max_length=20,
                                verbose_name="check",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("at_work", "At work"),
                                    ("failed", "Failed"),
                                    ("done", "Done"),
                                ],
                                default="waiting",
                                max_length=7,
                            ),
                        ),
                        (
                            "reads_from",
                            models.DateTimeField(
                                blank=True, help_text="When the reading began that the outcome tells of.", null=True
                            ),
                        ),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "pieces_done",
                            models.PositiveIntegerField(
                                default=0,
                                help_text="How many days of the window are done; of a check that looks at everything, 1 is all.",
                            ),
                        ),
                        (
                            "compared",
                            models.PositiveBigIntegerField(default=0, help_text="How many things were looked at."),
                        ),
                        ("found", models.PositiveBigIntegerField(default=0, help_text="How many of them don't agree.")),
                        (
                            "is_cut_short",
                            models.BooleanField(
                                default=False,
                                help_text="Not all could be read, or more was found than is stored: nothing was closed as gone.",
                                verbose_name="cut short",
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="checks",
                                to="reconciliation.run",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "check of a run",
                        "verbose_name_plural": "checks of runs",
                        "ordering": ["run", "created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="check_due",
                            ),
                            models.Index(fields=["check_name", "-ended_at"], name="check_by_time"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "check_name"), name="check_once_in_a_run"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "done"), _negated=True),
                                    models.Q(("ended_at__isnull", False), ("reads_from__isnull", False)),
                                    _connector="OR",
                                ),
                                name="check_that_is_done_has_read",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProofBlock",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "tree",
                            models.CharField(
                                choices=[("ledger", "Ledger entries"), ("documents", "Documents")], max_length=9
                            ),
                        ),
                        (
                            "number",
                            models.PositiveIntegerField(help_text="0 is the customer's first block of the day."),
                        ),
                        ("first_key", models.CharField(help_text="Of its first leaf.", max_length=120)),
                        ("leaves", models.PositiveIntegerField()),
                        ("root", models.BinaryField(max_length=32)),
                        ("prints", models.BinaryField(help_text="The first 8 bytes of each leaf's hash.")),
                        (
                            "names",
                            models.JSONField(
                                blank=True, help_text="Key and label of each leaf of a document.", null=True
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "statement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="blocks",
                                to="reconciliation.dailystatement",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["statement", "tree", "organisation", "number"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("statement", "tree", "organisation", "number"), name="proof_block_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("leaves__gte", 1), ("leaves__lte", 1024)),
                                name="proof_block_has_its_size",
                            ),
                        ],
                    },
                ),
            ],
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dailystatement",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="fc1c029829ec2929e5ef7cfdd485056adfb0924d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_14ca1",
                    table="reconciliation_dailystatement",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dailystatement",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="34594caeebfc13a38e7eb121a3112207b662364d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_b8f4c",
                    table="reconciliation_dailystatement",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="dailystatement",
            trigger=pgtrigger.compiler.Trigger(
                name="goes_on",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE before reconciliation_dailystatement%ROWTYPE; said jsonb;",
                    func="\n    SELECT * INTO before FROM reconciliation_dailystatement ORDER BY number DESC LIMIT 1;\n    IF NEW.number <> COALESCE(before.number, 0) + 1 OR NEW.day <> COALESCE(before.day + 1, NEW.day) THEN\n        RAISE EXCEPTION 'Statement % of % does not follow upon the last one.', NEW.number, NEW.day\n            USING ERRCODE = 'check_violation';\n    END IF;\n    said := NEW.content::jsonb;\n    IF NEW.hash <> encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex')\n    OR said ->> 'previous' IS DISTINCT FROM COALESCE(before.hash, '0000000000000000000000000000000000000000000000000000000000000000')\n    OR (said ->> 'number', said ->> 'day', said ->> 'key')\n       IS DISTINCT FROM (NEW.number::text, to_char(NEW.day, 'YYYY-MM-DD'), NEW.key_id::text) THEN\n        RAISE EXCEPTION 'Statement % does not say what stands beside it, or not what comes before it.', NEW.number\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="decdae87f9883c74b253c1c25c32fd561da48366",
                    operation="INSERT",
                    pgid="pgtrigger_goes_on_8b6eb",
                    table="reconciliation_dailystatement",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discrepancy",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="02fbcc8d3d705d32d7052d2e4a12183f320c1467",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_0e666",
                    table="reconciliation_discrepancy",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discrepancy",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="ac8e15430d82d15c22c1e7233a358e2f1cf65a50",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_c2043",
                    table="reconciliation_discrepancy",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discrepancy",
            trigger=pgtrigger.compiler.Trigger(
                name="what_it_is_about_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."check_name" IS DISTINCT FROM (NEW."check_name") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."first_seen_at" IS DISTINCT FROM (NEW."first_seen_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e335df53cd88f818a0cdb41572e02d7f030892f3",
                    operation="UPDATE",
                    pgid="pgtrigger_what_it_is_about_never_changes_9ea63",
                    table="reconciliation_discrepancy",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="proofblock",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="82a4b8cf9b22496b82e2008fb2d492026c4a93d9",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_44e19",
                    table="reconciliation_proofblock",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="proofblock",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="a703db7f8c8182a8be51d353da3c225ec2472f80",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_e562c",
                    table="reconciliation_proofblock",
                    when="BEFORE",
                ),
            ),
        ),
    ]
