import billing_platform.lib.clock
import billing_platform.lib.database.operations
import billing_platform.lib.validators
import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.lookups
import invoicing.models.columns
import invoicing.models.invoice
import invoicing.models.invoice_template
import invoicing.models.letter_of_undertaking
import invoicing.models.pay_page_link
import organisations.logos
import pgtrigger.compiler
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        billing_platform.lib.database.operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="ExchangeRate",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "base",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        (
                            "target",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        (
                            "rate",
                            models.DecimalField(
                                decimal_places=10,
                                max_digits=24,
                                validators=[billing_platform.lib.validators.validate_positive],
                            ),
                        ),
                        (
                            "as_of",
                            models.DateField(
                                help_text="The day for which the source published the rate.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="date",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                help_text="Such as RBI reference rate (FBIL).",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-as_of", "base", "target"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("base", "target", "as_of"),
                                name="one_exchange_rate_per_day",
                                violation_error_message="There is a rate for these currencies and this day already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("rate__gt", 0)),
                                name="exchange_rate_is_positive",
                                violation_error_message="Write a number above 0.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("base", models.F("target")), _negated=True),
                                name="exchange_rate_between_two_currencies",
                                violation_error_message="Choose another currency than the base currency.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Filing",
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
                        ("gstin", models.CharField(max_length=15, verbose_name="GSTIN")),
                        ("period_start", models.DateField(help_text="First day of the return's documents.")),
                        ("period_end", models.DateField(help_text="The first day after.")),
                        (
                            "frequency",
                            models.CharField(
                                choices=[("monthly", "Monthly"), ("quarterly", "Quarterly"), ("iff", "Iff")],
                                max_length=9,
                            ),
                        ),
                        (
                            "version",
                            models.PositiveSmallIntegerField(
                                default=1, help_text="1 is the first export of the return."
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("draft", "Being made"), ("exported", "Exported"), ("filed", "Filed")],
                                default="draft",
                                max_length=8,
                            ),
                        ),
                        (
                            "read_at",
                            models.DateTimeField(
                                blank=True, help_text="The documents are those of this moment.", null=True
                            ),
                        ),
                        (
                            "documents",
                            models.PositiveIntegerField(
                                default=0, help_text="Invoices and credit notes in it, void ones too."
                            ),
                        ),
                        ("summary", models.JSONField(blank=True, default=dict)),
                        (
                            "invoices",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(), blank=True, default=list, size=None
                            ),
                        ),
                        (
                            "void_invoices",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(), blank=True, default=list, size=None
                            ),
                        ),
                        (
                            "credit_notes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(), blank=True, default=list, size=None
                            ),
                        ),
                        (
                            "arn",
                            models.CharField(
                                blank=True,
                                help_text="The portal's receipt for the filed return.",
                                max_length=15,
                                verbose_name="ARN",
                            ),
                        ),
                        (
                            "filed_on",
                            models.DateField(
                                blank=True,
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "filed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_by",
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
                        "verbose_name": "GST return",
                        "verbose_name_plural": "GST returns",
                        "ordering": ["-period_start", "gstin", "-version"],
                        "permissions": [
                            ("export_filing", "Can export a GST return"),
                            ("file_filing", "Can note that it was filed"),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="filing_to_make",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("gstin", "period_start", "frequency", "version"), name="filing_version_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("status", "draft")),
                                fields=("gstin", "period_start", "frequency"),
                                name="one_filing_made_at_a_time",
                                violation_error_message="This return is being made already.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("arn", ""), _negated=True),
                                fields=("arn",),
                                name="arn_once",
                                violation_error_message="Another return has this ARN.",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("status", "filed"), models.Q(("frequency", "iff"), _negated=True)),
                                expressions=[
                                    ("gstin", "="),
                                    (
                                        models.Func(
                                            "period_start",
                                            "period_end",
                                            function="DATERANGE",
                                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="filed_returns_never_overlap",
                                violation_error_message="A return of this GSTIN over these days is filed already.",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("status", "filed"), ("frequency", "iff")),
                                expressions=[
                                    ("gstin", "="),
                                    (
                                        models.Func(
                                            "period_start",
                                            "period_end",
                                            function="DATERANGE",
                                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="filed_iffs_never_overlap",
                                violation_error_message="A return of this GSTIN over these days is filed already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("filed_on__isnull", False),
                                        ("status", "filed"),
                                        models.Q(("arn", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status", "filed"), _negated=True),
                                        ("arn", ""),
                                        ("filed_on__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="filed_return_has_its_receipt",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("arn", ""), ("arn__regex", "^[A-Z]{2}[0-9]{6}[0-9A-Z]{7}$"), _connector="OR"
                                ),
                                name="filing_arn_is_a_receipt",
                                violation_error_message="An ARN has 15 characters, such as AA2910261234567.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("status", "draft"), ("read_at__isnull", False), _connector="OR"),
                                name="exported_return_was_read",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("period_end__gt", models.F("period_start"))),
                                name="filing_period_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FilingFile",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "format",
                            models.CharField(
                                choices=[("json", "JSON for the portal"), ("csv", "CSV"), ("xlsx", "Workbook")],
                                max_length=4,
                            ),
                        ),
                        ("name", models.CharField(help_text="As it is downloaded.", max_length=100)),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "filing",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="files", to="invoicing.filing"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["filing", "format"],
                        "constraints": [models.UniqueConstraint(fields=("filing", "format"), name="filing_file_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Invoice",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("finalized", "Finalized"),
                                    ("partially_paid", "Partially paid"),
                                    ("paid", "Paid"),
                                    ("void", "Void"),
                                    ("partially_refunded", "Partially refunded"),
                                    ("refunded", "Refunded"),
                                    ("credited", "Credited"),
                                ],
                                default="draft",
                                max_length=20,
                            ),
                        ),
                        (
                            "number",
                            models.CharField(blank=True, help_text="Given when it is finalized.", max_length=16),
                        ),
                        (
                            "series",
                            models.CharField(
                                blank=True,
                                help_text="What stands before the running number, such as INV/26-27/.",
                                max_length=15,
                            ),
                        ),
                        ("financial_year", models.CharField(blank=True, max_length=5)),
                        ("sequence_number", models.PositiveIntegerField(blank=True, null=True)),
                        (
                            "period_start",
                            models.DateField(blank=True, help_text="Empty on a one-off invoice.", null=True),
                        ),
                        (
                            "period_end",
                            models.DateField(blank=True, help_text="The first day after the period.", null=True),
                        ),
                        ("issue_date", models.DateField(blank=True, help_text="In the seller's time zone.", null=True)),
                        ("due_date", models.DateField(blank=True, null=True)),
                        ("currency", models.CharField(max_length=3)),
                        ("subtotal", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("discount_total", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("tax_total", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("round_off", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("total", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        (
                            "amount_paid",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="What of the payments is credited to it now.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "amount_returned",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Was paid, was given back, and is not asked for again: no part of what is due.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "amount_refunded",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="What was given back in all, also what a credit note took back with it.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "amount_credited",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="What credit notes took back of it.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "is_released",
                            models.BooleanField(
                                default=False,
                                help_text="A credit note over all of it released its month to be billed anew.",
                                verbose_name="month released",
                            ),
                        ),
                        (
                            "seller_gstin",
                            models.CharField(
                                blank=True,
                                help_text="As on the document.",
                                max_length=15,
                                verbose_name="seller's GSTIN",
                            ),
                        ),
                        (
                            "supply_kind",
                            models.CharField(
                                blank=True,
                                help_text="As GSTR-1 names it, such as B2B or EXPWOP; NO_GST where none is charged.",
                                max_length=6,
                            ),
                        ),
                        (
                            "place_of_supply",
                            models.CharField(blank=True, help_text="State code; 96 is abroad.", max_length=2),
                        ),
                        (
                            "taxable_in_rupees",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Values for returns. Empty without GST.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "igst_in_rupees",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=19, null=True, verbose_name="IGST in rupees"
                            ),
                        ),
                        (
                            "cgst_in_rupees",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=19, null=True, verbose_name="CGST in rupees"
                            ),
                        ),
                        (
                            "sgst_in_rupees",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Or UTGST.",
                                max_digits=19,
                                null=True,
                                verbose_name="SGST in rupees",
                            ),
                        ),
                        (
                            "warnings",
                            models.JSONField(
                                default=list, help_text="What the draft could not bill, such as usage without a price."
                            ),
                        ),
                        (
                            "approval_needed",
                            models.JSONField(
                                default=list,
                                help_text="Why a person has to approve the draft: [{code, message}]. Empty: nobody has to.",
                            ),
                        ),
                        (
                            "edited_by",
                            models.JSONField(
                                default=list, help_text="Who drafted it by hand or typed on it: user names."
                            ),
                        ),
                        (
                            "purchase_order",
                            models.CharField(
                                blank=True,
                                help_text="The customer's number for what it ordered. Empty: the one on the customer's page.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="purchase order number",
                            ),
                        ),
                        (
                            "notes",
                            models.TextField(
                                blank=True,
                                help_text="Printed below the totals.",
                                max_length=2000,
                                validators=[billing_platform.lib.validators.validate_printed_paragraphs],
                            ),
                        ),
                        (
                            "public_token",
                            models.CharField(
                                default=invoicing.models.invoice.new_public_token,
                                editable=False,
                                help_text="Opens the pay page.",
                                max_length=32,
                                unique=True,
                            ),
                        ),
                        ("finalized_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "sent_at",
                            models.DateTimeField(
                                blank=True, help_text="When an e-mail was last handed to the outbox.", null=True
                            ),
                        ),
                        ("voided_at", models.DateTimeField(blank=True, null=True)),
                        ("void_reason", models.TextField(blank=True)),
                        ("pdf", models.FileField(blank=True, max_length=200, upload_to="", verbose_name="PDF")),
                        (
                            "pdf_sha256",
                            models.CharField(
                                blank=True,
                                help_text="Of the file as it was stored. Whoever has a copy can compare.",
                                max_length=64,
                                verbose_name="SHA-256 of the PDF",
                            ),
                        ),
                        (
                            "pdf_state",
                            models.CharField(
                                choices=[
                                    ("none", "None yet"),
                                    ("pending", "Being made"),
                                    ("ready", "Ready"),
                                    ("failed", "Failed"),
                                ],
                                default="none",
                                max_length=10,
                                verbose_name="PDF state",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoices",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoices",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [
                            ("create_invoice", "Can draft and recompute an invoice"),
                            ("approve_invoice", "Can approve an invoice"),
                            ("finalize_invoice", "Can finalize an invoice"),
                            ("send_invoice", "Can send an invoice"),
                            ("void_invoice", "Can void an invoice"),
                        ],
                        "indexes": [
                            models.Index(fields=["-created_at", "-id"], name="invoice_newest"),
                            models.Index(fields=["organisation", "-period_start"], name="invoice_by_organisation"),
                            models.Index(fields=["period_start", "currency"], name="invoice_by_period"),
                            models.Index(
                                condition=models.Q(("status", "draft")), fields=["created_at"], name="invoice_drafts"
                            ),
                            models.Index(
                                condition=models.Q(("pdf_state", "failed")), fields=["id"], name="invoice_pdf_failed"
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("status__in", ("finalized", "partially_paid", "partially_refunded", "refunded"))
                                ),
                                fields=["due_date"],
                                name="invoice_collectable",
                            ),
                            models.Index(
                                condition=models.Q(("number", ""), _negated=True),
                                fields=["finalized_at"],
                                name="invoice_by_issue",
                            ),
                            models.Index(
                                condition=models.Q(("number", ""), _negated=True),
                                fields=["seller_gstin", "issue_date", "id"],
                                name="invoice_of_gstin",
                            ),
                            models.Index(fields=["number"], name="invoice_by_number"),
                            models.Index(fields=["sequence_number"], name="invoice_by_sequence_number"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    models.Q(("status", "void"), _negated=True),
                                    ("is_released", False),
                                    ("period_start__isnull", False),
                                ),
                                fields=("organisation", "period_start"),
                                name="one_live_invoice_per_organisation_and_period",
                                violation_error_message="The customer has an invoice for this month already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("pdf", ""), ("pdf_sha256__regex", "^[0-9a-f]{64}$"), _connector="OR"
                                ),
                                name="invoice_pdf_has_its_hash",
                            ),
                            models.UniqueConstraint(
                                django.db.models.functions.comparison.Coalesce(
                                    django.db.models.functions.comparison.NullIf(
                                        models.F("seller_gstin"), models.Value("")
                                    ),
                                    django.db.models.functions.comparison.Cast("billing_entity_id", models.TextField()),
                                    output_field=models.TextField(),
                                ),
                                models.F("number"),
                                condition=models.Q(("number", ""), _negated=True),
                                name="invoice_number_once_per_registration",
                            ),
                            models.UniqueConstraint(
                                django.db.models.functions.comparison.Coalesce(
                                    django.db.models.functions.comparison.NullIf(
                                        models.F("seller_gstin"), models.Value("")
                                    ),
                                    django.db.models.functions.comparison.Cast("billing_entity_id", models.TextField()),
                                    output_field=models.TextField(),
                                ),
                                models.F("series"),
                                models.F("financial_year"),
                                models.F("sequence_number"),
                                condition=models.Q(("sequence_number__isnull", False)),
                                name="invoice_sequence_number_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("number", ""), ("number__regex", "^[A-Z1-9][A-Z0-9/-]{0,15}$"), _connector="OR"
                                ),
                                name="invoice_number_fits_rule_46",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("number", ""), ("status", "draft")),
                                    models.Q(("number", ""), ("status", "void")),
                                    models.Q(
                                        models.Q(("number", ""), _negated=True),
                                        models.Q(("status", "draft"), _negated=True),
                                        ("due_date__isnull", False),
                                        ("finalized_at__isnull", False),
                                        ("issue_date__isnull", False),
                                        ("sequence_number__isnull", False),
                                        models.Q(("supply_kind", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_has_number_once_issued",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("number", ""),
                                    ("supply_kind", "NO_GST"),
                                    models.Q(
                                        ("igst_in_rupees__isnull", False),
                                        ("taxable_in_rupees__isnull", False),
                                        ("cgst_in_rupees__isnull", False),
                                        ("sgst_in_rupees__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="gst_invoice_has_values_in_rupees",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("subtotal"), "-", models.F("discount_total")
                                                ),
                                                "+",
                                                models.F("tax_total"),
                                            ),
                                            "+",
                                            models.F("round_off"),
                                        ),
                                    )
                                ),
                                name="invoice_adds_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("amount_credited", 0),
                                        ("amount_paid", 0),
                                        ("amount_refunded", 0),
                                        ("amount_returned", 0),
                                        ("number", ""),
                                    ),
                                    models.Q(
                                        ("amount_credited__gte", 0),
                                        ("amount_paid__gte", 0),
                                        ("amount_returned__gte", 0),
                                        (
                                            "amount_paid__lte",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("total"), "-", models.F("amount_credited")
                                                ),
                                                "-",
                                                models.F("amount_returned"),
                                            ),
                                        ),
                                        ("amount_refunded__gte", models.F("amount_returned")),
                                        (
                                            "amount_refunded__lte",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("total"), "-", models.F("amount_paid")
                                            ),
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_paid_between_nothing_and_total",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("amount_credited", 0),
                                        ("amount_paid", 0),
                                        ("amount_refunded", 0),
                                        ("status__in", ["draft", "void"]),
                                    ),
                                    models.Q(
                                        ("amount_paid", 0),
                                        ("amount_refunded", 0),
                                        ("status", "finalized"),
                                        models.Q(
                                            ("amount_credited", 0),
                                            ("amount_credited__lt", models.F("total")),
                                            _connector="OR",
                                        ),
                                    ),
                                    models.Q(
                                        ("amount_paid__gt", 0),
                                        (
                                            "amount_paid__lt",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("total"), "-", models.F("amount_credited")
                                            ),
                                        ),
                                        ("amount_refunded", 0),
                                        ("status", "partially_paid"),
                                    ),
                                    models.Q(
                                        (
                                            "amount_paid",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("total"), "-", models.F("amount_credited")
                                            ),
                                        ),
                                        ("amount_refunded", 0),
                                        ("status", "paid"),
                                        models.Q(("amount_paid__gt", 0), ("amount_credited", 0), _connector="OR"),
                                    ),
                                    models.Q(
                                        ("amount_refunded__gt", 0),
                                        ("status", "partially_refunded"),
                                        models.Q(
                                            ("amount_paid__gt", 0),
                                            (
                                                "amount_returned__lt",
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("total"), "-", models.F("amount_credited")
                                                ),
                                            ),
                                            _connector="OR",
                                        ),
                                    ),
                                    models.Q(
                                        ("amount_paid", 0),
                                        ("amount_refunded__gt", 0),
                                        (
                                            "amount_returned",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("total"), "-", models.F("amount_credited")
                                            ),
                                        ),
                                        ("status", "refunded"),
                                    ),
                                    models.Q(
                                        ("amount_credited", models.F("total")),
                                        ("amount_paid", 0),
                                        ("amount_refunded", 0),
                                        ("status", "credited"),
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_status_tells_what_is_paid",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("is_released", False),
                                    models.Q(
                                        ("amount_credited", models.F("total")),
                                        ("amount_credited__gt", 0),
                                        ("period_start__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="released_invoice_is_credited_in_full",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("period_end__isnull", True), ("period_start__isnull", True)),
                                    models.Q(
                                        ("period_end__gt", models.F("period_start")), ("period_start__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_period_in_order",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="invoice_currency_is_iso"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditNote",
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
                                choices=[
                                    ("gst", "Credit note"),
                                    ("tax", "Credit note (tax outside GST)"),
                                    ("commercial", "Commercial credit note"),
                                ],
                                help_text="A commercial note gives no tax back, and is in no GST return.",
                                max_length=10,
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("deficiency", "Deficiency in the service"),
                                    ("price_too_high", "Price or tax charged too high"),
                                    ("quantity_too_high", "More charged than used"),
                                    ("later_discount", "Discount after the supply"),
                                    ("cancelled", "Supply or order cancelled"),
                                    ("correction", "Correction of the invoice"),
                                    ("other", "Another reason"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("reason_text", models.TextField(blank=True, verbose_name="reason in words")),
                        ("number", models.CharField(max_length=16)),
                        ("series", models.CharField(max_length=15)),
                        ("financial_year", models.CharField(max_length=5)),
                        ("sequence_number", models.PositiveIntegerField()),
                        ("issue_date", models.DateField(help_text="In the seller's time zone.")),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "subtotal",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="The taxable value credited: after discounts, before tax.",
                                max_digits=19,
                            ),
                        ),
                        ("tax_total", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("round_off", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=19)),
                        ("total", models.DecimalField(decimal_places=4, max_digits=19)),
                        (
                            "seller_gstin",
                            models.CharField(
                                blank=True, help_text="As on the invoice.", max_length=15, verbose_name="seller's GSTIN"
                            ),
                        ),
                        ("supply_kind", models.CharField(help_text="As on the invoice.", max_length=6)),
                        ("place_of_supply", models.CharField(blank=True, help_text="As on the invoice.", max_length=2)),
                        (
                            "taxable_in_rupees",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Values for returns. Empty if in no return.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "igst_in_rupees",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=19, null=True, verbose_name="IGST in rupees"
                            ),
                        ),
                        (
                            "cgst_in_rupees",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=19, null=True, verbose_name="CGST in rupees"
                            ),
                        ),
                        (
                            "sgst_in_rupees",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Or UTGST.",
                                max_digits=19,
                                null=True,
                                verbose_name="SGST in rupees",
                            ),
                        ),
                        (
                            "bill_again",
                            models.BooleanField(default=False, help_text="The invoice's month may be billed anew."),
                        ),
                        (
                            "usage_counted_in",
                            models.DateField(
                                blank=True,
                                help_text="First day of the month that counted the corrections of usage which the note gives back. Empty: it gives back something else.",
                                null=True,
                            ),
                        ),
                        ("document", models.JSONField(help_text="Everything that the PDF prints.")),
                        (
                            "send_to",
                            models.JSONField(
                                blank=True, default=list, help_text="Addresses whose e-mail waits for the PDF."
                            ),
                        ),
                        (
                            "sent_at",
                            models.DateTimeField(
                                blank=True, help_text="When an e-mail was last handed to the outbox.", null=True
                            ),
                        ),
                        ("pdf", models.FileField(blank=True, max_length=200, upload_to="", verbose_name="PDF")),
                        (
                            "pdf_sha256",
                            models.CharField(
                                blank=True,
                                help_text="Of the file as it was stored. Whoever has a copy can compare.",
                                max_length=64,
                                verbose_name="SHA-256 of the PDF",
                            ),
                        ),
                        (
                            "pdf_state",
                            models.CharField(
                                choices=[("pending", "Being made"), ("ready", "Ready"), ("failed", "Failed")],
                                default="pending",
                                max_length=10,
                                verbose_name="PDF state",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [("issue_creditnote", "Can issue a credit note")],
                        "indexes": [
                            models.Index(fields=["organisation", "-issue_date"], name="credit_note_by_organisation"),
                            models.Index(fields=["created_at"], name="credit_note_by_issue"),
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="credit_note_to_deliver",
                            ),
                            models.Index(fields=["seller_gstin", "issue_date", "id"], name="credit_note_of_gstin"),
                            models.Index(fields=["number"], name="credit_note_by_number"),
                            models.Index(fields=["sequence_number"], name="credit_note_by_sequence_number"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.comparison.Coalesce(
                                    django.db.models.functions.comparison.NullIf(
                                        models.F("seller_gstin"), models.Value("")
                                    ),
                                    django.db.models.functions.comparison.Cast("billing_entity_id", models.TextField()),
                                    output_field=models.TextField(),
                                ),
                                models.F("number"),
                                name="credit_note_number_once_per_registration",
                            ),
                            models.UniqueConstraint(
                                django.db.models.functions.comparison.Coalesce(
                                    django.db.models.functions.comparison.NullIf(
                                        models.F("seller_gstin"), models.Value("")
                                    ),
                                    django.db.models.functions.comparison.Cast("billing_entity_id", models.TextField()),
                                    output_field=models.TextField(),
                                ),
                                models.F("series"),
                                models.F("financial_year"),
                                models.F("sequence_number"),
                                name="credit_note_sequence_number_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("number__regex", "^[A-Z1-9][A-Z0-9/-]{0,15}$")),
                                name="credit_note_number_fits_rule_53",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("subtotal"), "+", models.F("tax_total")
                                            ),
                                            "+",
                                            models.F("round_off"),
                                        ),
                                    )
                                ),
                                name="credit_note_has_right_total",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("total__gt", 0)), name="credit_note_gives_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("pdf", ""), ("pdf_sha256__regex", "^[0-9a-f]{64}$"), _connector="OR"
                                ),
                                name="credit_note_pdf_has_its_hash",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "commercial"), ("tax_total", 0), ("taxable_in_rupees__isnull", True)
                                    ),
                                    models.Q(
                                        ("kind", "tax"), ("supply_kind", "NO_GST"), ("taxable_in_rupees__isnull", True)
                                    ),
                                    models.Q(
                                        ("igst_in_rupees__isnull", False),
                                        ("kind", "gst"),
                                        ("taxable_in_rupees__isnull", False),
                                        ("cgst_in_rupees__isnull", False),
                                        ("sgst_in_rupees__isnull", False),
                                        models.Q(("supply_kind", "NO_GST"), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="credit_note_kind_tells_what_returns_hold",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("reason", "other"), _negated=True),
                                    models.Q(("reason_text", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="credit_note_other_reason_in_words",
                                violation_error_message="Say in words what the reason is.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("usage_counted_in__isnull", True), ("usage_counted_in__day", 1), _connector="OR"
                                ),
                                name="credit_note_counts_whole_months",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DocumentSnapshot",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("content", models.JSONField()),
                        (
                            "invoice",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="document",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="EInvoice",
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
                        ("seller_gstin", models.CharField(max_length=15, verbose_name="seller's GSTIN")),
                        ("number", models.CharField(max_length=16, verbose_name="document")),
                        ("issue_date", models.DateField()),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Needs IRN"),
                                    ("generated", "Has IRN"),
                                    ("cancelled", "IRN cancelled"),
                                    ("not_needed", "Not needed"),
                                ],
                                default="pending",
                                max_length=10,
                            ),
                        ),
                        (
                            "is_unclear",
                            models.BooleanField(
                                default=False,
                                help_text="The portal was asked, and its answer never came: there may be an IRN.",
                                verbose_name="unclear",
                            ),
                        ),
                        ("irn", models.CharField(blank=True, max_length=64, verbose_name="IRN")),
                        (
                            "ack_number",
                            models.CharField(blank=True, max_length=20, verbose_name="acknowledgement number"),
                        ),
                        ("ack_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                        ("signed_qr", models.TextField(blank=True, verbose_name="signed QR code")),
                        ("signed_invoice", models.TextField(blank=True)),
                        (
                            "signature_checked",
                            models.BooleanField(
                                default=False,
                                help_text="The portal's key signed it. It is checked where the installation knows that key.",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                blank=True,
                                choices=[("client", "Fetched"), ("file", "Uploaded"), ("typed", "Typed in")],
                                help_text="How the IRN came.",
                                max_length=6,
                            ),
                        ),
                        ("recorded_at", models.DateTimeField(blank=True, null=True)),
                        ("recorded_by", models.CharField(blank=True, help_text="Empty: a job.", max_length=200)),
                        ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "cancel_reason",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("1", "Duplicate"),
                                    ("2", "Data entry mistake"),
                                    ("3", "Order cancelled"),
                                    ("4", "Other"),
                                ],
                                max_length=1,
                            ),
                        ),
                        ("cancel_remark", models.CharField(blank=True, max_length=100)),
                        ("cancelled_by", models.CharField(blank=True, max_length=200)),
                        ("not_needed_reason", models.CharField(blank=True, max_length=500, verbose_name="why not")),
                        (
                            "not_needed_by",
                            models.CharField(
                                blank=True, help_text="Empty: the seller's settings say so.", max_length=200
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="e_invoices",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "credit_note",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="e_invoice",
                                to="invoicing.creditnote",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="e_invoices",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "invoice",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="e_invoice",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "e-invoice",
                        "ordering": ["-issue_date", "-number"],
                        "permissions": [
                            ("record_einvoice", "Can record an IRN, or that none is needed"),
                            ("cancel_einvoice", "Can cancel an IRN"),
                        ],
                        "indexes": [
                            models.Index(fields=["number"], name="e_invoice_by_number"),
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="e_invoice_to_register",
                            ),
                            models.Index(
                                condition=models.Q(("status", "pending")),
                                fields=["issue_date"],
                                name="e_invoice_waiting",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("credit_note__isnull", True), ("invoice__isnull", False)),
                                    models.Q(("credit_note__isnull", False), ("invoice__isnull", True)),
                                    _connector="OR",
                                ),
                                name="e_invoice_is_of_one_document",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("irn", ""), _negated=True),
                                fields=("irn",),
                                name="irn_of_one_document",
                                violation_error_message="Another document has this IRN.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("ack_at__isnull", True),
                                        ("ack_number", ""),
                                        ("irn", ""),
                                        ("recorded_at__isnull", True),
                                        ("signed_qr", ""),
                                        ("status__in", ["pending", "not_needed"]),
                                    ),
                                    models.Q(
                                        ("irn__regex", "^[0-9a-f]{64}$"),
                                        ("source__in", ["client", "file", "typed"]),
                                        ("status__in", ["generated", "cancelled"]),
                                        ("ack_at__isnull", False),
                                        ("ack_number__regex", "^[0-9]{1,20}$"),
                                        ("recorded_at__isnull", False),
                                        models.Q(("signed_qr", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="e_invoice_status_tells_what_it_has",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("cancelled_at__isnull", False),
                                        ("status", "cancelled"),
                                        models.Q(("cancel_reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status", "cancelled"), _negated=True),
                                        ("cancel_reason", ""),
                                        ("cancelled_at__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="cancelled_irn_says_when_and_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("cancelled_at__isnull", True),
                                    models.Q(
                                        ("cancelled_at__gte", models.F("ack_at")),
                                        (
                                            "cancelled_at__lte",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("ack_at"), "+", models.Value(datetime.timedelta(days=1))
                                            ),
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="irn_cancelled_within_a_day",
                                violation_error_message="An IRN is cancelled within 24 hours of its acknowledgement.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "not_needed"), _negated=True),
                                    models.Q(("not_needed_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="e_invoice_not_needed_says_why",
                                violation_error_message="Say why no IRN is needed.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceApproval",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "period_start",
                            models.DateField(blank=True, help_text="Empty: a one-off invoice.", null=True),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "total",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="Of the draft when it was approved, tax included.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "fingerprint",
                            models.CharField(
                                help_text="Of the lines, taxes and total that were approved.", max_length=64
                            ),
                        ),
                        (
                            "reasons",
                            models.JSONField(default=list, help_text="Why approval was needed: [{code, message}]."),
                        ),
                        ("approved_by", models.CharField(max_length=200)),
                        (
                            "invoice",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="approvals",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoice_approvals",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "approval",
                        "ordering": ["-created_at"],
                    },
                ),
                migrations.CreateModel(
                    name="LetterOfUndertaking",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "number",
                            models.CharField(
                                help_text="As documents print it.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="ARN",
                            ),
                        ),
                        (
                            "valid_from",
                            models.DateField(
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="first day",
                            ),
                        ),
                        (
                            "valid_to",
                            models.DateField(
                                help_text="31 March, unless the letter ends before.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="last day",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="letters",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "letter of undertaking",
                        "verbose_name_plural": "letters of undertaking",
                        "ordering": ["billing_entity__name", "-valid_from"],
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    ("billing_entity", "="),
                                    (
                                        models.Func(
                                            "valid_from",
                                            "valid_to",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                                inclusive_lower=True, inclusive_upper=True
                                            ),
                                            function="DATERANGE",
                                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="letters_never_overlap",
                                violation_error_message="Another letter of this seller holds on some of these days.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("valid_to__gte", models.F("valid_from"))),
                                name="letter_ends_after_it_begins",
                                violation_error_message="The undertaking's last day is before its first one.",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.Exact(
                                    invoicing.models.letter_of_undertaking._FinancialYear("valid_from"),
                                    invoicing.models.letter_of_undertaking._FinancialYear("valid_to"),
                                ),
                                name="letter_of_one_financial_year",
                                violation_error_message="A letter holds for one financial year, until 31 March at the latest.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MinimumCharge",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="Of a whole month, before discounts and tax. 0 for one customer: the global minimum is not for it.",
                                max_digits=19,
                                validators=[django.core.validators.MinValueValidator(0)],
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        (
                            "sac",
                            models.CharField(
                                blank=True,
                                help_text="Empty: the seller's usual one.",
                                max_length=6,
                                validators=[billing_platform.lib.validators.validate_sac],
                                verbose_name="SAC",
                            ),
                        ),
                        (
                            "effective_from",
                            models.DateField(
                                help_text="First day, in the customer's time zone.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "effective_to",
                            models.DateField(
                                blank=True,
                                help_text="The first day on which the minimum does not hold any more. Empty: no end.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: every customer that has no minimum of its own.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="minimum_charges",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["currency", "organisation__name", "-effective_from"],
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (
                                        django.db.models.functions.comparison.Coalesce(
                                            "organisation",
                                            models.Value("00000000-0000-0000-0000-000000000000", models.UUIDField()),
                                        ),
                                        "=",
                                    ),
                                    ("currency", "="),
                                    (
                                        invoicing.models.columns.Validity(
                                            "effective_from",
                                            "effective_to",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                                inclusive_lower=True, inclusive_upper=False
                                            ),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="minimum_charges_never_overlap",
                                violation_error_message="Another minimum holds on some of these days: end that one first.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gt", models.F("effective_from")),
                                    _connector="OR",
                                ),
                                name="minimum_charge_ends_after_it_starts",
                                violation_error_message="Must be after the first day. Empty: no end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gte", 0)),
                                name="minimum_charge_not_negative",
                                violation_error_message="Must not be negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="minimum_charge_currency_is_iso",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NumberSequence",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "registration",
                            models.CharField(
                                help_text="The GSTIN of the documents; the seller's id if it has no GSTIN.",
                                max_length=36,
                            ),
                        ),
                        (
                            "series",
                            models.CharField(
                                help_text="What stands before the running number, such as INV/26-27/.", max_length=15
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("invoice", "Invoices"), ("credit_note", "Credit notes")],
                                max_length=11,
                                verbose_name="numbers",
                            ),
                        ),
                        ("financial_year", models.CharField(help_text="Such as 26-27: April to March.", max_length=5)),
                        ("next_number", models.PositiveIntegerField(default=1)),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                help_text="The seller that began the series.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="number_sequences",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "number series",
                        "verbose_name_plural": "number series",
                        "ordering": ["registration", "-financial_year", "series"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("registration", "series"), name="one_sequence_per_registration_and_series"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("series__regex", "^[A-Z1-9][A-Z0-9/-]*[/-]$")),
                                name="series_ends_with_a_separator",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PayPageLink",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "token",
                            models.CharField(
                                default=invoicing.models.pay_page_link.new_token,
                                editable=False,
                                max_length=32,
                                unique=True,
                            ),
                        ),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("document", "Stands on the document"),
                                    ("operator", "Made by an operator"),
                                    ("email", "For an e-mail of ours"),
                                    ("customer", "The customer asked for it"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("expires_at", models.DateTimeField(verbose_name="ends")),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("revoke_reason", models.CharField(blank=True, max_length=500)),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pay_page_links",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("revoked_at__isnull", False), ("revoke_reason", ""), _connector="OR"
                                ),
                                name="only_a_revoked_link_has_a_reason",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PriceSimulation",
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
                            "drafts",
                            models.JSONField(help_text="The draft prices, as rules of the price book without days."),
                        ),
                        ("first_month", models.DateField(help_text="First day of the oldest month.")),
                        (
                            "months",
                            models.PositiveSmallIntegerField(help_text="How many months follow each other: 1 to 12."),
                        ),
                        (
                            "chosen",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                blank=True,
                                help_text="Ids of the customers. Empty: all whom a draft may reach.",
                                null=True,
                                size=None,
                            ),
                        ),
                        ("customers", models.PositiveIntegerField(default=0, verbose_name="customers to work out")),
                        ("customers_done", models.PositiveIntegerField(default=0)),
                        ("done_up_to", models.UUIDField(blank=True, editable=False, null=True)),
                        (
                            "finished_at",
                            models.DateTimeField(
                                blank=True, help_text="Empty until every customer is worked out.", null=True
                            ),
                        ),
                        (
                            "scheduled_from",
                            models.DateField(
                                blank=True,
                                help_text="The day from which the prices hold. Empty: they are drafts.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="scheduled",
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "scheduled_by",
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
                        "verbose_name": "price simulation",
                        "verbose_name_plural": "price simulations",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="price_simulation_to_do",
                            ),
                            models.Index(fields=["-created_at"], name="simulation_by_time"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("months__gte", 1), ("months__lte", 12)),
                                name="simulation_of_1_to_12_months",
                                violation_error_message="Choose 1 to 12 months.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("first_month__day", 1)), name="simulation_of_whole_months"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("customers_done__lte", models.F("customers"))),
                                name="simulation_done_of_customers",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("scheduled_from__isnull", True), ("finished_at__isnull", False), _connector="OR"
                                ),
                                name="only_a_finished_simulation_is_scheduled",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PricingRule",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "metric_name",
                            models.CharField(
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                                verbose_name="metric",
                            ),
                        ),
                        (
                            "unit",
                            models.CharField(max_length=50, validators=[billing_platform.lib.validators.validate_line]),
                        ),
                        (
                            "currency",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        (
                            "model",
                            models.CharField(
                                choices=[
                                    ("per_unit", "Per unit"),
                                    ("graduated", "Graduated tiers"),
                                    ("graduated_percentage", "Graduated percentage"),
                                    ("volume", "Volume tiers"),
                                    ("package", "Package"),
                                    ("percentage", "Percentage"),
                                    ("flat", "Flat"),
                                ],
                                default="per_unit",
                                max_length=24,
                            ),
                        ),
                        (
                            "parameters",
                            models.JSONField(
                                default=dict,
                                help_text='What the model needs, such as {"unit_price": "0.0123"}; decimals as text.',
                            ),
                        ),
                        (
                            "dimensions",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text='Usage with these dimensions only, such as {"region": "in"}. Empty: any.',
                            ),
                        ),
                        (
                            "pool",
                            models.CharField(
                                choices=[("organisation", "The customer's total"), ("project", "Each project alone")],
                                default="organisation",
                                help_text="The usage that tiers, free units and a flat amount apply to.",
                                max_length=12,
                            ),
                        ),
                        ("free_units", models.DecimalField(decimal_places=8, default=0, max_digits=28)),
                        (
                            "minimum",
                            models.DecimalField(
                                blank=True,
                                decimal_places=10,
                                help_text="The least amount of a line, if anything was used.",
                                max_digits=24,
                                null=True,
                            ),
                        ),
                        (
                            "maximum",
                            models.DecimalField(
                                blank=True,
                                decimal_places=10,
                                help_text="The greatest amount of a line.",
                                max_digits=24,
                                null=True,
                            ),
                        ),
                        (
                            "charge_at_zero",
                            models.BooleanField(
                                default=False,
                                help_text="The first tier's flat fee, a flat amount and the minimum are due also without usage. A customer who used nothing at all pays them by a price of its own only.",
                            ),
                        ),
                        (
                            "may_be_exchanged",
                            models.BooleanField(
                                default=False,
                                help_text="Also for customers who are billed in another currency and have no price in theirs: exchanged at the rate of the month's last day.",
                            ),
                        ),
                        (
                            "effective_from",
                            models.DateField(
                                help_text="First day, in the customer's time zone.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "effective_to",
                            models.DateField(
                                blank=True,
                                help_text="The first day on which the price does not apply any more. Empty: no end.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: every customer that has no price of its own for the metric.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pricing_rules",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "price",
                        "ordering": ["metric_name", "unit", "currency", "organisation", "-effective_from"],
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (
                                        django.db.models.functions.comparison.Coalesce(
                                            "organisation",
                                            models.Value("00000000-0000-0000-0000-000000000000", models.UUIDField()),
                                        ),
                                        "=",
                                    ),
                                    ("metric_name", "="),
                                    ("unit", "="),
                                    ("currency", "="),
                                    (django.db.models.functions.comparison.Cast("dimensions", models.TextField()), "="),
                                    (
                                        invoicing.models.columns.Validity(
                                            "effective_from",
                                            "effective_to",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                                inclusive_lower=True, inclusive_upper=False
                                            ),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="pricing_rules_never_overlap",
                                violation_error_message="Another rule for this metric and dimensions applies on some of these days.",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (
                                        django.db.models.functions.comparison.Coalesce(
                                            "organisation",
                                            models.Value("00000000-0000-0000-0000-000000000000", models.UUIDField()),
                                        ),
                                        "=",
                                    ),
                                    ("metric_name", "="),
                                    ("unit", "="),
                                    (django.db.models.functions.comparison.Cast("dimensions", models.TextField()), "="),
                                    (
                                        django.db.models.functions.comparison.Cast(
                                            django.db.models.functions.comparison.NullIf(
                                                models.F("may_be_exchanged"), models.Value(False)
                                            ),
                                            models.IntegerField(),
                                        ),
                                        "=",
                                    ),
                                    (
                                        invoicing.models.columns.Validity(
                                            "effective_from",
                                            "effective_to",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                                inclusive_lower=True, inclusive_upper=False
                                            ),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="pricing_rules_exchanged_never_overlap",
                                violation_error_message="A price in another currency may be exchanged on some of these days already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("may_be_exchanged", False),
                                    models.Q(("model__in", ("percentage", "graduated_percentage")), _negated=True),
                                    _connector="OR",
                                ),
                                name="pricing_rule_percentage_is_not_exchanged",
                                violation_error_message="A percentage is of an amount in its own currency, and can't be exchanged: add a price in each.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gt", models.F("effective_from")),
                                    _connector="OR",
                                ),
                                name="pricing_rule_ends_after_it_starts",
                                violation_error_message="Must be after the first day. Empty: no end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="pricing_rule_currency_is_iso",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("free_units__gte", 0)),
                                name="pricing_rule_free_units_not_negative",
                                violation_error_message="Must not be negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("minimum__isnull", True),
                                    ("maximum__isnull", True),
                                    ("minimum__lte", models.F("maximum")),
                                    _connector="OR",
                                ),
                                name="pricing_rule_minimum_below_maximum",
                                violation_error_message="The maximum must not be less than the minimum.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LatePrice",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("month", models.DateField(help_text="First day of the month in which it was used.")),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="late_prices",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "pricing_rule",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="late_prices",
                                to="invoicing.pricingrule",
                                verbose_name="price",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "month", "pricing_rule"), name="late_price_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("month__day", 1)), name="late_price_of_a_whole_month"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RateFeed",
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
                            "name",
                            models.CharField(
                                choices=[("fbil", "FBIL (RBI reference rates)"), ("ecb", "European Central Bank")],
                                editable=False,
                                max_length=10,
                                unique=True,
                            ),
                        ),
                        (
                            "is_enabled",
                            models.BooleanField(
                                help_text="Whether its rates are fetched every day.", verbose_name="switched on"
                            ),
                        ),
                        (
                            "last_fetched_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last fetched"),
                        ),
                        (
                            "newest_day",
                            models.DateField(
                                blank=True,
                                editable=False,
                                help_text="The last day of which it published rates.",
                                null=True,
                                verbose_name="newest rate",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "permissions": [("sync_ratefeed", "Can fetch exchange rates now")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="rate_feed_due",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecurringFee",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "description",
                            models.CharField(
                                help_text="As it is printed on invoices.",
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="Of a whole month, before tax.",
                                max_digits=19,
                                validators=[billing_platform.lib.validators.validate_positive],
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        (
                            "sac",
                            models.CharField(
                                blank=True,
                                help_text="Empty: the seller's usual one.",
                                max_length=6,
                                validators=[billing_platform.lib.validators.validate_sac],
                                verbose_name="SAC",
                            ),
                        ),
                        (
                            "effective_from",
                            models.DateField(
                                help_text="First day, in the customer's time zone.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "effective_to",
                            models.DateField(
                                blank=True,
                                help_text="The first day on which the fee is not due any more. Empty: no end.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recurring_fees",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                blank=True,
                                help_text="The invoice names it. Empty: the customer as a whole.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recurring_fees",
                                to="organisations.project",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["organisation__name", "-effective_from", "description"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gt", models.F("effective_from")),
                                    _connector="OR",
                                ),
                                name="recurring_fee_ends_after_it_starts",
                                violation_error_message="Must be after the first day. Empty: no end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                                name="recurring_fee_above_zero",
                                violation_error_message="Write an amount above 0.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="recurring_fee_currency_is_iso",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Discount",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                help_text="As it is printed on invoices.",
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("percent", "Percent"), ("amount", "Amount")], default="percent", max_length=10
                            ),
                        ),
                        (
                            "percent",
                            models.DecimalField(
                                blank=True,
                                decimal_places=3,
                                help_text="Of what is charged before tax. Only for a percentage.",
                                max_digits=6,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Before tax, off each invoice. Only for an amount.",
                                max_digits=19,
                                null=True,
                                validators=[billing_platform.lib.validators.validate_positive],
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                blank=True,
                                help_text="Of the amount. Empty for a percentage.",
                                max_length=3,
                                validators=[billing_platform.lib.validators.validate_currency],
                            ),
                        ),
                        (
                            "metric_name",
                            models.CharField(
                                blank=True,
                                help_text="Comes off the usage of this metric only. Empty: off everything.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                                verbose_name="metric",
                            ),
                        ),
                        (
                            "unit",
                            models.CharField(
                                blank=True, max_length=50, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        (
                            "times",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="On how many invoices. 1: once. Empty: on each one while it is valid.",
                                null=True,
                                validators=[django.core.validators.MinValueValidator(1)],
                            ),
                        ),
                        (
                            "carries_remainder",
                            models.BooleanField(
                                default=False,
                                help_text="Only for an amount that is given once: what one invoice can't use is left for the next ones.",
                                verbose_name="carries its remainder",
                            ),
                        ),
                        (
                            "effective_from",
                            models.DateField(
                                help_text="Invoices of the month of this day, and of later months, are discounted.",
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "effective_to",
                            models.DateField(
                                blank=True,
                                help_text="The first day on which it is not valid any more. Empty: no end.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="discounts",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "recurring_fee",
                            models.ForeignKey(
                                blank=True,
                                help_text="Comes off this fee only. Empty: off everything.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="discounts",
                                to="invoicing.recurringfee",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["organisation__name", "-effective_from", "name"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gt", models.F("effective_from")),
                                    _connector="OR",
                                ),
                                name="discount_ends_after_it_starts",
                                violation_error_message="Must be after the first day. Empty: no end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("amount__isnull", True),
                                        ("currency", ""),
                                        ("kind", "percent"),
                                        ("percent__isnull", False),
                                    ),
                                    models.Q(
                                        ("amount__isnull", False),
                                        ("kind", "amount"),
                                        ("percent__isnull", True),
                                        ("currency__regex", "^[A-Z]{3}$"),
                                    ),
                                    _connector="OR",
                                ),
                                name="discount_is_percent_or_amount",
                                violation_error_message="Give either a percentage, or an amount with its currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("percent__isnull", True),
                                    models.Q(("percent__gt", 0), ("percent__lte", 100)),
                                    _connector="OR",
                                ),
                                name="discount_percent_within_hundred",
                                violation_error_message="Write a percentage above 0, up to 100.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                                name="discount_amount_above_zero",
                                violation_error_message="Write an amount above 0.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("recurring_fee__isnull", True),
                                    models.Q(("metric_name", ""), ("unit", "")),
                                    _connector="OR",
                                ),
                                name="discount_for_one_thing",
                                violation_error_message="A discount is for one metric, or for one recurring fee, or for everything.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("metric_name", ""), ("unit", "")),
                                    models.Q(
                                        models.Q(("metric_name", ""), _negated=True),
                                        models.Q(("unit", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="discount_metric_has_its_unit",
                                violation_error_message="A metric is known by its name and its unit: give both, or none.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("carries_remainder", False),
                                    models.Q(("kind", "amount"), ("times", 1)),
                                    _connector="OR",
                                ),
                                name="discount_remainder_of_one_amount",
                                violation_error_message="Only an amount that is given once (1 time) can carry its remainder.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("times__isnull", True), ("times__gte", 1), _connector="OR"),
                                name="discount_at_least_once",
                                violation_error_message="At least 1. Empty: on each invoice.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DiscountRedemption",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("amount", models.DecimalField(decimal_places=4, help_text="Before tax.", max_digits=19)),
                        (
                            "discount",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="redemptions",
                                to="invoicing.discount",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="redemptions",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["invoice", "discount"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("invoice", "discount"), name="one_redemption_per_invoice_and_discount"
                            ),
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="redemption_above_zero"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceLine",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("position", models.PositiveIntegerField(help_text="1 is the first line.")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("usage", "Usage"),
                                    ("late_usage", "Late usage of an earlier month"),
                                    ("minimum", "Minimum charge"),
                                    ("recurring", "Recurring fee"),
                                    ("one_off", "One-off"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("description", models.TextField()),
                        ("metric_name", models.CharField(blank=True, max_length=100)),
                        ("unit", models.CharField(blank=True, max_length=50)),
                        (
                            "unit_label",
                            models.CharField(
                                blank=True,
                                help_text="The unit as people read it beside the quantity: call or calls.",
                                max_length=50,
                            ),
                        ),
                        ("dimensions", models.JSONField(blank=True, default=dict)),
                        ("quantity", models.DecimalField(decimal_places=8, max_digits=28)),
                        (
                            "unit_price",
                            models.DecimalField(
                                blank=True,
                                decimal_places=10,
                                help_text="Empty where tiers or packages make the amount.",
                                max_digits=24,
                                null=True,
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4, help_text="Rounded; before discount and tax.", max_digits=19
                            ),
                        ),
                        (
                            "discount",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("0"),
                                help_text="Comes off the amount before tax.",
                                max_digits=19,
                            ),
                        ),
                        ("sac", models.CharField(blank=True, max_length=6, verbose_name="SAC")),
                        (
                            "service_start",
                            models.DateField(blank=True, help_text="First day that the line bills.", null=True),
                        ),
                        ("service_end", models.DateField(blank=True, help_text="The first day after.", null=True)),
                        (
                            "used_in",
                            models.DateField(
                                blank=True, help_text="First day of the month the usage happened in.", null=True
                            ),
                        ),
                        (
                            "price",
                            models.JSONField(
                                blank=True, default=dict, help_text="The price, fee or minimum as it was."
                            ),
                        ),
                        (
                            "explanation",
                            models.JSONField(blank=True, default=list, help_text="The working, step by step."),
                        ),
                        (
                            "discounts",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="What each discount takes off; together it is the line's discount.",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: several.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.project",
                            ),
                        ),
                        (
                            "minimum_charge",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="invoice_lines",
                                to="invoicing.minimumcharge",
                            ),
                        ),
                        (
                            "pricing_rule",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoice_lines",
                                to="invoicing.pricingrule",
                                verbose_name="price",
                            ),
                        ),
                        (
                            "recurring_fee",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="invoice_lines",
                                to="invoicing.recurringfee",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["invoice", "position"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("recurring_fee__isnull", False)),
                                fields=["recurring_fee"],
                                name="line_of_fee",
                            ),
                            models.Index(
                                condition=models.Q(("minimum_charge__isnull", False)),
                                fields=["minimum_charge"],
                                name="line_of_minimum",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("invoice", "position"), name="invoice_line_position_once"),
                            models.CheckConstraint(
                                condition=models.Q(("position__gte", 1)), name="invoice_line_position_from_one"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("discount", 0),
                                    models.Q(("discount__gt", 0), ("discount__lte", models.F("amount"))),
                                    _connector="OR",
                                ),
                                name="invoice_line_discount_within_amount",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditNoteLine",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "quantity",
                            models.DecimalField(
                                blank=True,
                                decimal_places=8,
                                help_text="Empty: credited by amount.",
                                max_digits=28,
                                null=True,
                            ),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="Of the taxable value; has the sign of the invoice's line.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "usage_amount",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Of a correction of usage: what is given back of the line's amount before its discount.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        (
                            "credit_note",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="invoicing.creditnote",
                            ),
                        ),
                        (
                            "invoice_line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_note_lines",
                                to="invoicing.invoiceline",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["credit_note", "invoice_line__position"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("credit_note", "invoice_line"), name="credit_note_names_a_line_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditNoteTax",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(help_text="CGST, SGST, UTGST or IGST.", max_length=20)),
                        (
                            "rate",
                            models.DecimalField(
                                decimal_places=3, help_text="In percent; that of the invoice.", max_digits=6
                            ),
                        ),
                        ("taxable_amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        (
                            "credit_note",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="taxes",
                                to="invoicing.creditnote",
                            ),
                        ),
                        (
                            "line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="taxes",
                                to="invoicing.creditnoteline",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "credit note taxes",
                        "ordering": ["credit_note", "line__invoice_line__position", "name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("line", "name"), name="one_credited_tax_per_line_and_head")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceTax",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(help_text="CGST, SGST, UTGST or IGST.", max_length=20)),
                        ("rate", models.DecimalField(decimal_places=3, help_text="In percent.", max_digits=6)),
                        ("taxable_amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="taxes",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="taxes",
                                to="invoicing.invoiceline",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "invoice taxes",
                        "ordering": ["invoice", "line__position", "name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("line", "name"), name="one_tax_per_line_and_head")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SafetyBounds",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "times",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="A month's total may be so many times the mean of the last three, and the mean so many times the total. Empty: the default.",
                                max_digits=6,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("1")),
                                    django.core.validators.MaxValueValidator(Decimal("1000")),
                                ],
                                verbose_name="times the usual",
                            ),
                        ),
                        (
                            "lines",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="How many lines a month's invoice may have. Empty: the default.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                            ),
                        ),
                        (
                            "most",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="In the customer's currency, with tax. Empty: the default.",
                                max_digits=19,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("10000000000000")),
                                ],
                                verbose_name="largest total",
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                help_text="Why this customer is different.",
                                max_length=500,
                                validators=[billing_platform.lib.validators.validate_paragraphs],
                            ),
                        ),
                        (
                            "organisation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="safety_bounds",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "safety bounds",
                        "verbose_name_plural": "safety bounds",
                        "ordering": ["organisation__name"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("times__isnull", True),
                                    models.Q(("times__gte", 1), ("times__lte", 1000)),
                                    _connector="OR",
                                ),
                                name="safety_bounds_times_from_one",
                                violation_error_message="Choose a number from 1 to 1,000.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True),
                                name="safety_bounds_say_why",
                                violation_error_message="Say why this customer is different.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedCustomer",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "currency",
                            models.CharField(
                                max_length=3, validators=[billing_platform.lib.validators.validate_currency]
                            ),
                        ),
                        ("months", models.PositiveSmallIntegerField(help_text="Closed months of the span.")),
                        (
                            "before",
                            models.DecimalField(
                                decimal_places=4,
                                default=0,
                                help_text="By the prices in force, discounts taken off, before tax.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "after",
                            models.DecimalField(
                                decimal_places=4,
                                default=0,
                                help_text="By the draft prices, discounts taken off, before tax.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "delta",
                            models.DecimalField(
                                decimal_places=4,
                                default=0,
                                help_text="How much more it would have paid; negative: less.",
                                max_digits=19,
                            ),
                        ),
                        (
                            "usage_before",
                            models.DecimalField(
                                decimal_places=4,
                                default=0,
                                help_text="Usage alone, before minimum charges and discounts.",
                                max_digits=19,
                            ),
                        ),
                        ("usage_after", models.DecimalField(decimal_places=4, default=0, max_digits=19)),
                        (
                            "left_out_before",
                            models.PositiveIntegerField(default=0, help_text="Metrics in months that no price covers."),
                        ),
                        ("left_out_after", models.PositiveIntegerField(default=0)),
                        (
                            "failure",
                            models.CharField(blank=True, help_text="Why it could not be worked out.", max_length=500),
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
                            "simulation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rows",
                                to="invoicing.pricesimulation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "simulated customer",
                        "ordering": ["-delta", "pk"],
                        "indexes": [
                            models.Index(fields=["simulation", "currency", "-delta"], name="simulated_losers_first")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("simulation", "organisation"), name="simulated_customer_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "delta",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("after"), "-", models.F("before")
                                        ),
                                    )
                                ),
                                name="simulated_delta_adds_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="simulated_currency_is_iso"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TaxRate",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                help_text="Such as GST 18%, or Germany 19%.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        (
                            "country",
                            models.CharField(
                                default="IN",
                                max_length=2,
                                validators=[billing_platform.lib.validators.validate_country],
                            ),
                        ),
                        (
                            "tax_name",
                            models.CharField(
                                blank=True,
                                help_text="What documents call the tax, outside India: VAT, GST, Sales tax.",
                                max_length=20,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "rate",
                            models.DecimalField(
                                decimal_places=3,
                                help_text="In percent: 18 is charged as CGST 9 + SGST 9, or IGST 18.",
                                max_digits=6,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                            ),
                        ),
                        (
                            "sac",
                            models.CharField(
                                blank=True,
                                help_text="Empty: every service that has no rate of its own.",
                                max_length=6,
                                validators=[billing_platform.lib.validators.validate_sac],
                                verbose_name="SAC",
                            ),
                        ),
                        (
                            "effective_from",
                            models.DateField(validators=[billing_platform.lib.validators.validate_business_date]),
                        ),
                        (
                            "effective_to",
                            models.DateField(
                                blank=True,
                                help_text="The first day on which the rate does not apply any more. Empty: no end.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["country", "sac", "-effective_from"],
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    ("country", "="),
                                    ("sac", "="),
                                    (
                                        invoicing.models.columns.Validity(
                                            "effective_from",
                                            "effective_to",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                                inclusive_lower=True, inclusive_upper=False
                                            ),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="tax_rates_never_overlap",
                                violation_error_message="Another rate of this country and service code applies on some of these days.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gt", models.F("effective_from")),
                                    _connector="OR",
                                ),
                                name="tax_rate_ends_after_it_starts",
                                violation_error_message="Must be after the first day. Empty: no end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("rate__gte", 0), ("rate__lte", 100)),
                                name="tax_rate_is_a_percentage",
                                violation_error_message="Write a percentage from 0 to 100.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("country", "IN"), ("tax_name", "")),
                                    models.Q(
                                        models.Q(("country", "IN"), _negated=True),
                                        models.Q(("tax_name", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="tax_rate_has_a_name_abroad",
                                violation_error_message="Name the tax of another country, such as VAT. In India leave it empty: the heads are CGST, SGST, UTGST and IGST.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("tax_name__in", ["CGST", "SGST", "UTGST", "IGST"]), _negated=True),
                                name="tax_rate_abroad_is_no_gst_head",
                                violation_error_message="This is a head of India's GST: name the other country's tax.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageWriteOff",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("month", models.DateField(help_text="First day of the month in which it was used.")),
                        ("metric_name", models.CharField(max_length=100)),
                        ("unit", models.CharField(max_length=50)),
                        (
                            "quantity",
                            models.DecimalField(
                                decimal_places=8, help_text="In the unit that would be priced.", max_digits=28
                            ),
                        ),
                        ("event_count", models.BigIntegerField()),
                        (
                            "estimate",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="By a likely price, before tax, as it was shown.",
                                max_digits=19,
                                null=True,
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        ("reason", models.CharField(max_length=500)),
                        ("taken_back_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="usage_write_offs",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "taken_back_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "written_off_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "write-off of usage",
                        "verbose_name_plural": "usage written off",
                        "ordering": ["-created_at"],
                        "permissions": [
                            ("decide_usagewriteoff", "Can write off usage without a price, and take that back")
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("taken_back_at__isnull", True)),
                                fields=["metric_name", "unit", "month"],
                                name="usage_written_off",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("month__day", 1)), name="usage_write_off_of_a_whole_month"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="usage_write_off_has_a_reason"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("taken_back_at__isnull", True), ("taken_back_by__isnull", True)),
                                    models.Q(("taken_back_at__isnull", False), ("taken_back_by__isnull", False)),
                                    _connector="OR",
                                ),
                                name="usage_write_off_is_taken_back_by_somebody",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BillingRun",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("period_start", models.DateField(help_text="First day of the month.", unique=True)),
                        (
                            "requested_by",
                            models.CharField(help_text="Who or what last gave it something to do.", max_length=200),
                        ),
                    ],
                    options={
                        "ordering": ["-period_start"],
                        "permissions": [("start_billingrun", "Can start a billing run")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("period_start__day", 1)), name="billing_run_is_of_a_whole_month"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BillingRunItem",
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
                                    ("pending", "Pending"),
                                    ("claimed", "At work"),
                                    ("drafted", "Drafted, not issued yet"),
                                    ("approval", "Needs approval"),
                                    ("done", "Done"),
                                    ("skipped", "Nothing to bill"),
                                    ("failed", "Failed"),
                                    ("parked", "Parked for review"),
                                    ("voided", "To be billed anew"),
                                    ("left_unbilled", "Left unbilled"),
                                ],
                                default="pending",
                                max_length=13,
                            ),
                        ),
                        ("reason", models.TextField(blank=True, help_text="Why it is not done.")),
                        (
                            "reasons",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="The same in parts, each a code and a sentence, while it waits for a person.",
                            ),
                        ),
                        (
                            "drafted_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the run first drafted it: the days of grace count from then.",
                                null=True,
                            ),
                        ),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="billing_run_items",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="items",
                                to="invoicing.billingrun",
                            ),
                        ),
                        (
                            "invoice",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="billing_run_items",
                                to="invoicing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "billing item",
                        "ordering": ["run", "organisation__name"],
                        "permissions": [
                            ("retry_billingrunitem", "Can retry an organisation of a billing run"),
                            ("leave_unbilled_billingrunitem", "Can leave an organisation's month unbilled"),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status__in", ["pending", "claimed"])),
                                fields=["run"],
                                name="billing_run_item_open",
                            ),
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="billing_run_item_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("run", "organisation"), name="one_item_per_run_and_organisation"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewItem",
                    fields=[],
                    options={
                        "verbose_name": "month to review",
                        "verbose_name_plural": "months to review",
                        "proxy": True,
                        "default_permissions": ("view",),
                        "base_manager_name": "objects",
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("invoicing.billingrunitem",),
                ),
                migrations.CreateModel(
                    name="InvoiceDelivery",
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
                            "invoice",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="delivery",
                                serialize=False,
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "send_to",
                            models.JSONField(
                                blank=True, default=list, help_text="Addresses whose e-mail waits for the PDF."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "delivery",
                        "verbose_name_plural": "deliveries",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="invoice_to_deliver",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("next_attempt_at__isnull", True), models.Q(("last_failure", ""), _negated=True)
                                ),
                                fields=["invoice"],
                                name="invoice_delivery_given_up",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceQuestion",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[("open", "To answer"), ("answered", "Answered"), ("closed", "Closed")],
                                default="open",
                                max_length=8,
                            ),
                        ),
                        (
                            "waits_since",
                            models.DateTimeField(
                                blank=True,
                                help_text="Since when the customer waits for an answer. Empty: it does not.",
                                null=True,
                            ),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_by", models.CharField(blank=True, max_length=200)),
                        (
                            "invoice",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="questions",
                                to="invoicing.invoice",
                            ),
                        ),
                        (
                            "line",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: about the whole invoice.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="questions",
                                to="invoicing.invoiceline",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "question",
                        "ordering": ["-created_at"],
                        "permissions": [("answer_invoicequestion", "Can answer and close a question")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "open")),
                                fields=["waits_since"],
                                name="question_to_answer",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("invoice"),
                                models.F("line"),
                                condition=models.Q(("status", "closed"), _negated=True),
                                name="one_question_at_a_time",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("closed_at__isnull", True),
                                        ("closed_by", ""),
                                        ("status", "open"),
                                        ("waits_since__isnull", False),
                                    ),
                                    models.Q(
                                        ("closed_at__isnull", True),
                                        ("closed_by", ""),
                                        ("status", "answered"),
                                        ("waits_since__isnull", True),
                                    ),
                                    models.Q(
                                        ("closed_at__isnull", False),
                                        ("status", "closed"),
                                        ("waits_since__isnull", True),
                                        models.Q(("closed_by", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="question_status_tells_who_waits",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QuestionMessage",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "side",
                            models.CharField(
                                choices=[("customer", "Customer"), ("seller", "Seller")],
                                max_length=8,
                                verbose_name="from",
                            ),
                        ),
                        (
                            "text",
                            models.TextField(
                                max_length=2000, validators=[billing_platform.lib.validators.validate_paragraphs]
                            ),
                        ),
                        ("written_by", models.CharField(max_length=200)),
                        (
                            "question",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="invoicing.invoicequestion",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "message of a question",
                        "verbose_name_plural": "messages of questions",
                        "ordering": ["created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("text", ""), _negated=True), models.Q(("written_by", ""), _negated=True)
                                ),
                                name="message_says_something",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceTemplate",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                help_text="The name that operators see.",
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        (
                            "is_default",
                            models.BooleanField(
                                default=False,
                                editable=False,
                                help_text="Documents of its customer, of its seller or of every seller are issued with it.",
                                verbose_name="in use",
                            ),
                        ),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                blank=True,
                                help_text="Only for this seller's documents. Empty: for every seller.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoice_templates",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Only for this customer's documents. Empty: for all customers of the seller.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoice_templates",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "permissions": [("release_invoicetemplate", "Release an invoice template, and put it in use")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("organisation__isnull", True), ("billing_entity__isnull", True), _connector="OR"
                                ),
                                name="template_for_customer_or_seller",
                                violation_error_message="A template is for a customer or for a seller: leave one of them empty.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("organisation", "billing_entity"),
                                name="one_template_in_use",
                                nulls_distinct=False,
                                violation_error_message="Another template is in use there.",
                            ),
                            models.UniqueConstraint(
                                fields=("name", "organisation"),
                                name="template_names_are_unique",
                                nulls_distinct=False,
                                violation_error_message="Another template has this name.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceTemplateVersion",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("number", models.PositiveIntegerField(editable=False)),
                        ("released_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "colour",
                            models.CharField(
                                blank=True,
                                help_text="Such as #1f4e79. Empty: the seller's.",
                                max_length=7,
                                validators=[billing_platform.lib.validators.validate_colour],
                            ),
                        ),
                        (
                            "logo",
                            organisations.logos.LogoField(
                                blank=True, help_text="PNG or JPEG. Empty: the seller's.", upload_to=""
                            ),
                        ),
                        (
                            "font",
                            models.CharField(
                                choices=[
                                    ("sans", "Noto Sans"),
                                    ("system", "The reader's own sans-serif"),
                                    ("serif", "Serif"),
                                ],
                                default="sans",
                                help_text="Of the page and the e-mail. PDFs have Noto Sans.",
                                max_length=10,
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                choices=[("en", "English"), ("en+hi", "English and Hindi labels")],
                                default="en",
                                max_length=5,
                                verbose_name="labels",
                            ),
                        ),
                        (
                            "footer",
                            models.CharField(
                                blank=True,
                                help_text="At the foot of each page. Empty: name, GSTIN and addresses of the seller.",
                                max_length=300,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "notes",
                            models.TextField(
                                blank=True,
                                help_text="Printed on each invoice, below its own notes.",
                                validators=[
                                    billing_platform.lib.validators.validate_printed_paragraphs,
                                    django.core.validators.MaxLengthValidator(2000),
                                ],
                            ),
                        ),
                        ("shows_quantities", models.BooleanField(default=True, verbose_name="quantity and unit price")),
                        (
                            "shows_working",
                            models.BooleanField(
                                default=True,
                                help_text="Tiers, and shares of projects.",
                                verbose_name="working of each line",
                            ),
                        ),
                        ("shows_bank", models.BooleanField(default=True, verbose_name="bank details")),
                        (
                            "html",
                            models.TextField(
                                blank=True,
                                help_text="Of the page and the e-mail. Empty: the built-in.",
                                validators=[
                                    django.core.validators.MaxLengthValidator(64000),
                                    invoicing.models.invoice_template.validate_source,
                                ],
                                verbose_name="HTML",
                            ),
                        ),
                        (
                            "css",
                            models.TextField(
                                blank=True,
                                help_text="Empty: the built-in.",
                                validators=[
                                    django.core.validators.MaxLengthValidator(32000),
                                    invoicing.models.invoice_template.validate_source,
                                ],
                                verbose_name="CSS",
                            ),
                        ),
                        (
                            "template",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="invoicing.invoicetemplate",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "version of an invoice template",
                        "verbose_name_plural": "versions of invoice templates",
                        "ordering": ["template__name", "-number"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("template", "number"), name="template_versions_are_numbered"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("released_at__isnull", True)),
                                fields=("template",),
                                name="one_draft_of_a_template",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.AddField(
            model_name="invoicetemplate",
            name="released",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="invoicing.invoicetemplateversion",
                verbose_name="released version",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_default", False), ("released__isnull", False), _connector="OR"),
                name="template_in_use_is_released",
                violation_error_message="Release the template before it is used.",
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnotetax",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f3c4fb527aef1f25424763faefa976234aa39f70",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_ce71b",
                    table="invoicing_creditnotetax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnotetax",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="77bde815339a5afa8a4e4aec92743da36abc06db",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_38d3e",
                    table="invoicing_creditnotetax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnotetax",
            trigger=pgtrigger.compiler.Trigger(
                name="fits_its_tax",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE credited_line uuid; whole numeric; credited numeric;",
                    func="\n    SELECT invoice_line_id INTO credited_line FROM invoicing_creditnoteline WHERE id = NEW.line_id;\n    SELECT amount INTO whole FROM invoicing_invoicetax\n        WHERE line_id = credited_line AND name = NEW.name AND rate = NEW.rate;\n    SELECT COALESCE(SUM(tax.amount), 0) + NEW.amount INTO credited\n        FROM invoicing_creditnotetax tax JOIN invoicing_creditnoteline line ON line.id = tax.line_id\n        WHERE line.invoice_line_id = credited_line AND tax.name = NEW.name;\n    IF whole IS NULL OR NEW.amount * whole < 0 OR ABS(credited) > ABS(whole) THEN\n        RAISE EXCEPTION 'Line % of the invoice has not that much % to credit.', credited_line, NEW.name\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="61e61b16d3aa3bcbf7814176757bde0f70b4ac82",
                    operation="INSERT",
                    pgid="pgtrigger_fits_its_tax_e1ee6",
                    table="invoicing_creditnotetax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnotetax",
            trigger=pgtrigger.compiler.Trigger(
                name="note_adds_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    declare="DECLARE note invoicing_creditnote%ROWTYPE;",
                    func="\n            SELECT * INTO note FROM invoicing_creditnote WHERE id = NEW.credit_note_id;\n            IF note.subtotal IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnoteline WHERE credit_note_id = note.id)\n            OR note.tax_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnotetax WHERE credit_note_id = note.id)\n            THEN\n                RAISE EXCEPTION 'Credit note % does not add up from its lines and taxes.', note.number\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="3147e169e3ef42c80937f758809361abec19747a",
                    operation="INSERT",
                    pgid="pgtrigger_note_adds_up_0195b",
                    table="invoicing_creditnotetax",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:exported,exported:filed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="f25ca9c11345fae725f2141151b31bd22f3f01ee",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_dd0b0",
                    table="invoicing_filing",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="begins_as_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'A return is a draft before it is exported.';",
                    hash="03146706784897ee4f598024112afb885276b8f0",
                    operation="INSERT",
                    pgid="pgtrigger_begins_as_a_draft_a0643",
                    table="invoicing_filing",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="exported_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="\n                    IF OLD.status = 'filed' OR\n                       to_jsonb(OLD) - ARRAY['status', 'arn', 'filed_on', 'filed_by_id', 'updated_at'] IS DISTINCT FROM to_jsonb(NEW) - ARRAY['status', 'arn', 'filed_on', 'filed_by_id', 'updated_at'] THEN\n                        RAISE EXCEPTION 'GST return % is exported: what it says never changes.', OLD.id;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="12811de12ccfed46c5b160d096c6ee50a4b752fe",
                    operation="UPDATE",
                    pgid="pgtrigger_exported_is_frozen_eab20",
                    table="invoicing_filing",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="exported_has_its_files",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'exported' AND OLD.\"status\" = 'draft')",
                    func="\n                    IF (SELECT count(*) FROM invoicing_filingfile WHERE filing_id = NEW.id) <> 3 THEN\n                        RAISE EXCEPTION 'GST return % is exported without its files.', NEW.id\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="0d1275f0a029078d264413bcff9a69de447cc2e1",
                    operation="UPDATE",
                    pgid="pgtrigger_exported_has_its_files_74a4a",
                    table="invoicing_filing",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="exported_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d26c34bb84dcc3f1c40d7ecb1d2c8d4cb9eb181d",
                    operation="DELETE",
                    pgid="pgtrigger_exported_never_deleted_d7a6b",
                    table="invoicing_filing",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filing",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="7809cdf129220d5d3f12e43042663348371cb500",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_9bc2f",
                    table="invoicing_filing",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filingfile",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="dd853a0b8d6358006ee5f29fcc2db042834212f6",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_6e375",
                    table="invoicing_filingfile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filingfile",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="88861aec81a2b7e49b4b325585331337ca1d50c1",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_44199",
                    table="invoicing_filingfile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="filingfile",
            trigger=pgtrigger.compiler.Trigger(
                name="is_its_fingerprint",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF NEW.sha256 <> encode(sha256(NEW.content), 'hex') OR NEW.size <> length(NEW.content) THEN\n                        RAISE EXCEPTION 'The file % is not what its fingerprint says.', NEW.name\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    PERFORM 1 FROM invoicing_filing WHERE id = NEW.filing_id AND status = 'draft' FOR UPDATE;\n                    IF NOT FOUND THEN\n                        RAISE EXCEPTION 'GST return % is exported: no file is added.', NEW.filing_id\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="b1b9cde0843f036f5a74e77f0d3d35dc255baf26",
                    operation="INSERT",
                    pgid="pgtrigger_is_its_fingerprint_e2bbf",
                    table="invoicing_filingfile",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:finalized,draft:void,finalized:void,paid:void,finalized:partially_paid,finalized:paid,finalized:partially_refunded,finalized:refunded,partially_paid:finalized,partially_paid:paid,partially_paid:partially_refunded,partially_paid:refunded,paid:finalized,paid:partially_paid,paid:partially_refunded,paid:refunded,partially_refunded:finalized,partially_refunded:partially_paid,partially_refunded:paid,partially_refunded:refunded,refunded:finalized,refunded:partially_paid,refunded:paid,refunded:partially_refunded,finalized:credited,partially_paid:credited,partially_refunded:credited,refunded:credited,paid:credited,credited:refunded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="760194a3584d6e520849f62a84b82e682554f50c",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_73f5c",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="begins_as_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'An invoice begins as a draft: finalizing gives it its number.';",
                    hash="df17adac7ecdffc4245a4a5527873377b3a22472",
                    operation="INSERT",
                    pgid="pgtrigger_begins_as_a_draft_6d92a",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="\n            IF to_jsonb(OLD) - ARRAY['status', 'amount_paid', 'amount_refunded', 'amount_returned', 'amount_credited', 'is_released', 'sent_at', 'pdf', 'pdf_sha256', 'pdf_state', 'voided_at', 'void_reason', 'updated_at'] IS DISTINCT FROM to_jsonb(NEW) - ARRAY['status', 'amount_paid', 'amount_refunded', 'amount_returned', 'amount_credited', 'is_released', 'sent_at', 'pdf', 'pdf_sha256', 'pdf_state', 'voided_at', 'void_reason', 'updated_at'] THEN\n                RAISE EXCEPTION 'Invoice % is issued: what it says never changes.', OLD.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="adfe6dd9d6be9e9a1cb58a60a361f5eb74f6fd88",
                    operation="UPDATE",
                    pgid="pgtrigger_issued_is_frozen_9eefc",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="6b22d486026ae52e5953da7de3c0ca22e228b80a",
                    operation="DELETE",
                    pgid="pgtrigger_issued_never_deleted_ea070",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="ee0e31aaaf535a120925fbd372c116bb84b6657a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_70c77",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_adds_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'finalized' AND OLD.\"status\" = 'draft')",
                    func="\n            IF NEW.subtotal IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_invoiceline WHERE invoice_id = NEW.id)\n            OR NEW.discount_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(discount), 0) FROM invoicing_invoiceline WHERE invoice_id = NEW.id)\n            OR NEW.tax_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_invoicetax WHERE invoice_id = NEW.id)\n            THEN\n                RAISE EXCEPTION 'Invoice % does not add up from its lines and taxes.', NEW.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="9587089a96d925e59ee6633267d71603154730f9",
                    operation="UPDATE",
                    pgid="pgtrigger_issued_adds_up_fe003",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="redeems_within_bounds",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'finalized' AND OLD.\"status\" = 'draft')",
                    declare="DECLARE bad uuid;",
                    func="\n            IF NEW.discount_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_discountredemption WHERE invoice_id = NEW.id)\n            THEN\n                RAISE EXCEPTION 'Invoice % does not say which discounts it uses.', NEW.id;\n            END IF;\n            IF NEW.discount_total = 0 THEN RETURN NEW; END IF;\n            PERFORM FROM invoicing_discount\n             WHERE id IN (SELECT discount_id FROM invoicing_discountredemption WHERE invoice_id = NEW.id)\n             ORDER BY id FOR UPDATE;\n            SELECT discount.id INTO bad\n              FROM invoicing_discount discount\n              JOIN invoicing_discountredemption own ON own.discount_id = discount.id AND own.invoice_id = NEW.id\n             CROSS JOIN LATERAL (\n                   SELECT COUNT(*) AS times, COALESCE(SUM(redemption.amount), 0) AS amount\n                     FROM invoicing_discountredemption redemption\n                     JOIN invoicing_invoice invoice ON invoice.id = redemption.invoice_id\n                    WHERE redemption.discount_id = discount.id AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released\n                   ) AS used\n             WHERE discount.organisation_id <> NEW.organisation_id\n                OR CASE WHEN discount.carries_remainder THEN used.amount + own.amount > discount.amount\n                        ELSE used.times >= discount.times OR own.amount > discount.amount END\n             LIMIT 1;\n            IF bad IS NOT NULL THEN\n                RAISE EXCEPTION 'Discount % is used up, or not for this customer.', bad;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="3b6c6fb783618680aea27a7a9f8f3e6e80c7aa58",
                    operation="UPDATE",
                    pgid="pgtrigger_redeems_within_bounds_f77c8",
                    table="invoicing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="number_is_of_a_series",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'finalized' AND OLD.\"status\" = 'draft')",
                    func="\n            IF NEW.number !~ ('^' || NEW.series || '0*' || NEW.sequence_number || '$') OR NOT EXISTS (\n                SELECT FROM invoicing_numbersequence counter\n                WHERE counter.registration = COALESCE(NULLIF(NEW.seller_gstin, ''), NEW.billing_entity_id::text)\n                    AND counter.series = NEW.series AND counter.kind = 'invoice'\n                    AND counter.next_number > NEW.sequence_number\n            ) THEN\n                RAISE EXCEPTION '% is no number that was taken from the series %.', NEW.number, NEW.series\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="0d66117a528cda196c79eb3182be6bedf0376370",
                    operation="UPDATE",
                    pgid="pgtrigger_number_is_of_a_series_2a1b6",
                    table="invoicing_invoice",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="credited_by_notes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."amount_credited" IS DISTINCT FROM (NEW."amount_credited"))',
                    constraint="CONSTRAINT",
                    func="\n            IF (SELECT amount_credited FROM invoicing_invoice WHERE id = NEW.id) IS DISTINCT FROM\n               (SELECT COALESCE(SUM(total), 0) FROM invoicing_creditnote WHERE invoice_id = NEW.id)\n            THEN\n                RAISE EXCEPTION 'Invoice % is credited by its credit notes, and by nothing else.', NEW.number\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="fc4608297b52310daa218bf3eced3f88ca68a6b4",
                    operation="UPDATE",
                    pgid="pgtrigger_credited_by_notes_fedd4",
                    table="invoicing_invoice",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_has_its_document",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"status\" = 'finalized' AND OLD.\"status\" = 'draft')",
                    func="\n            IF NOT EXISTS (SELECT FROM invoicing_documentsnapshot WHERE invoice_id = NEW.id) THEN\n                RAISE EXCEPTION 'Invoice % is issued without its document.', NEW.id\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="78e8c0b28d9db7c23a53afcabe09c7fb66226e7d",
                    operation="UPDATE",
                    pgid="pgtrigger_issued_has_its_document_3c446",
                    table="invoicing_invoice",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="status_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{pending:generated,pending:not_needed,not_needed:pending,generated:cancelled}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="22c514f4375cb582e0239a2c00c82510daf89951",
                    operation="UPDATE",
                    pgid="pgtrigger_status_moves_forward_1e356",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="is_of_its_document",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF NEW.invoice_id IS NOT NULL AND NOT EXISTS (\n            SELECT FROM invoicing_invoice WHERE id = NEW.invoice_id AND number <> ''\n            AND (organisation_id, billing_entity_id, seller_gstin, number, issue_date) IS NOT DISTINCT FROM (NEW.organisation_id, NEW.billing_entity_id, NEW.seller_gstin, NEW.number, NEW.issue_date)\n        ) THEN\n            RAISE EXCEPTION 'The e-invoice % is not that of its document.', NEW.number\n                USING ERRCODE = 'check_violation';\n        END IF;\n    \n        IF NEW.credit_note_id IS NOT NULL AND NOT EXISTS (\n            SELECT FROM invoicing_creditnote WHERE id = NEW.credit_note_id AND number <> ''\n            AND (organisation_id, billing_entity_id, seller_gstin, number, issue_date) IS NOT DISTINCT FROM (NEW.organisation_id, NEW.billing_entity_id, NEW.seller_gstin, NEW.number, NEW.issue_date)\n        ) THEN\n            RAISE EXCEPTION 'The e-invoice % is not that of its document.', NEW.number\n                USING ERRCODE = 'check_violation';\n        END IF;\n    RETURN NEW;",
                    hash="b2021d3a80217b4334276b3f11ce441a760936c4",
                    operation="INSERT",
                    pgid="pgtrigger_is_of_its_document_95b09",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_with_its_document",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF (NEW.invoice_id, NEW.credit_note_id, NEW.organisation_id, NEW.billing_entity_id, NEW.seller_gstin, NEW.number, NEW.issue_date) IS DISTINCT FROM (OLD.invoice_id, OLD.credit_note_id, OLD.organisation_id, OLD.billing_entity_id, OLD.seller_gstin, OLD.number, OLD.issue_date) THEN\n                        RAISE EXCEPTION 'An e-invoice stays with its document.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="3a6d8e43bc841d3331b95a74f08f504eecf881bd",
                    operation="UPDATE",
                    pgid="pgtrigger_stays_with_its_document_b98b4",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="recorded_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.\"status\" IN ('generated', 'cancelled'))",
                    func="\n                    IF to_jsonb(OLD) - ARRAY['status', 'cancelled_at', 'cancel_reason', 'cancel_remark', 'cancelled_by', 'attempts', 'next_attempt_at', 'claimed_until', 'last_failure', 'is_unclear', 'updated_at'] IS DISTINCT FROM\n                       to_jsonb(NEW) - ARRAY['status', 'cancelled_at', 'cancel_reason', 'cancel_remark', 'cancelled_by', 'attempts', 'next_attempt_at', 'claimed_until', 'last_failure', 'is_unclear', 'updated_at'] THEN\n                        RAISE EXCEPTION 'The IRN of % is recorded: it never changes.', OLD.number;\n                    END IF;\n                    IF OLD.status = 'cancelled' AND (NEW.cancelled_at, NEW.cancel_reason, NEW.cancel_remark)\n                       IS DISTINCT FROM (OLD.cancelled_at, OLD.cancel_reason, OLD.cancel_remark) THEN\n                        RAISE EXCEPTION 'The IRN of % is cancelled: that never changes.', OLD.number;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="0ece31b2300d76fbf03275a63d683fe5376267a3",
                    operation="UPDATE",
                    pgid="pgtrigger_recorded_is_frozen_c0f19",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="6253237ed9c61e60d90f013e65010fbed8df6714",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_00aaa",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="einvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="a4169d5e4cce80198fd81b56fb7b52ee56d60c05",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_2f36f",
                    table="invoicing_einvoice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="documentsnapshot",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="15153a5a1cbad8953eca10741358d80e55a670b9",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_92fdc",
                    table="invoicing_documentsnapshot",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="documentsnapshot",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="728e26880353c58bdb96c380ba93f622d681464f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_91121",
                    table="invoicing_documentsnapshot",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discountredemption",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE owner uuid; owners uuid[]; stage text;",
                    func="\n            owners := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id]\n                                 WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]\n                                 ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END;\n            FOREACH owner IN ARRAY owners LOOP\n                SELECT status INTO stage FROM invoicing_invoice WHERE id = owner FOR SHARE;\n                IF stage IS NOT NULL AND stage <> 'draft' THEN\n                    RAISE EXCEPTION 'Invoice % is issued: its lines and taxes never change.', owner;\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="2c443415a46153d8504b112840d6e99c7e9bb0a4",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_invoice_9b214",
                    table="invoicing_discountredemption",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discountredemption",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="fadc9f22a69dcb21636db71ed606cb5dc986768b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_69a0b",
                    table="invoicing_discountredemption",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="fits_its_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE owed invoicing_invoice%ROWTYPE;",
                    func="\n    -- The lock comes first: two notes at once would each see a sum without the other.\n    SELECT * INTO owed FROM invoicing_invoice WHERE id = NEW.invoice_id FOR UPDATE;\n    IF owed.status IN ('draft', 'void') THEN\n        RAISE EXCEPTION 'Invoice % is not issued: there is nothing to credit.', NEW.invoice_id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF (owed.organisation_id, owed.billing_entity_id, owed.currency, owed.seller_gstin)\n       IS DISTINCT FROM (NEW.organisation_id, NEW.billing_entity_id, NEW.currency, NEW.seller_gstin) THEN\n        RAISE EXCEPTION 'A credit note has the customer, the seller and the currency of its invoice.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.issue_date < owed.issue_date THEN\n        RAISE EXCEPTION 'A credit note is not older than its invoice.' USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="b22c1b1ba04895f637183dab37ff38fd5a53b187",
                    operation="INSERT",
                    pgid="pgtrigger_fits_its_invoice_95108",
                    table="invoicing_creditnote",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF to_jsonb(OLD) - ARRAY['pdf', 'pdf_sha256', 'pdf_state', 'sent_at', 'send_to', 'attempts', 'next_attempt_at', 'claimed_until', 'last_failure', 'updated_at'] IS DISTINCT FROM to_jsonb(NEW) - ARRAY['pdf', 'pdf_sha256', 'pdf_state', 'sent_at', 'send_to', 'attempts', 'next_attempt_at', 'claimed_until', 'last_failure', 'updated_at'] THEN\n                        RAISE EXCEPTION 'Credit note % is issued: what it says never changes.', OLD.number;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="d3e9e394b5c1539c6f6820093f499f3171ea3050",
                    operation="UPDATE",
                    pgid="pgtrigger_issued_is_frozen_9221c",
                    table="invoicing_creditnote",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="05da82eb8b673c11f6761cbb7f77de2aab93c481",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_869e1",
                    table="invoicing_creditnote",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="4edafb87a748f520892261410adba241d34e219d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_978c4",
                    table="invoicing_creditnote",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="note_adds_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    declare="DECLARE note invoicing_creditnote%ROWTYPE;",
                    func="\n            SELECT * INTO note FROM invoicing_creditnote WHERE id = NEW.id;\n            IF note.subtotal IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnoteline WHERE credit_note_id = note.id)\n            OR note.tax_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnotetax WHERE credit_note_id = note.id)\n            THEN\n                RAISE EXCEPTION 'Credit note % does not add up from its lines and taxes.', note.number\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="07c3bf8340401488871c60f7769e206523727a9c",
                    operation="INSERT",
                    pgid="pgtrigger_note_adds_up_39b18",
                    table="invoicing_creditnote",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="number_is_of_a_series",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.number !~ ('^' || NEW.series || '0*' || NEW.sequence_number || '$') OR NOT EXISTS (\n                SELECT FROM invoicing_numbersequence counter\n                WHERE counter.registration = COALESCE(NULLIF(NEW.seller_gstin, ''), NEW.billing_entity_id::text)\n                    AND counter.series = NEW.series AND counter.kind = 'credit_note'\n                    AND counter.next_number > NEW.sequence_number\n            ) THEN\n                RAISE EXCEPTION '% is no number that was taken from the series %.', NEW.number, NEW.series\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="6d4740d85b660a42cc3911d7c932b6dcf77a712d",
                    operation="INSERT",
                    pgid="pgtrigger_number_is_of_a_series_f9690",
                    table="invoicing_creditnote",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="invoice_knows_its_notes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                    IF (SELECT amount_credited FROM invoicing_invoice WHERE id = NEW.invoice_id) IS DISTINCT FROM\n                       (SELECT SUM(total) FROM invoicing_creditnote WHERE invoice_id = NEW.invoice_id)\n                    THEN\n                        RAISE EXCEPTION 'Invoice % does not know of credit note %.', NEW.invoice_id, NEW.number\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="e88a328f3dba8349af51ff2e00970624217a1934",
                    operation="INSERT",
                    pgid="pgtrigger_invoice_knows_its_notes_5ed6c",
                    table="invoicing_creditnote",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoiceapproval",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="9af1ab873eaa5c7e36a73f1c8805aca54957e2a8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_e6db5",
                    table="invoicing_invoiceapproval",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoiceapproval",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="39cb35da3f1e0a20801d9a05275a371971ba1da7",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_b6888",
                    table="invoicing_invoiceapproval",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnoteline",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="33679c1bd0081589dffa0dc0ecadcfa6bbfe0382",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_93084",
                    table="invoicing_creditnoteline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnoteline",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="2955591a9099f8b91d8a88891cb8101dfb43ba19",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_e8f04",
                    table="invoicing_creditnoteline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnoteline",
            trigger=pgtrigger.compiler.Trigger(
                name="fits_its_line",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE owner uuid; cancels boolean; whole numeric; credited numeric;",
                    func="\n    SELECT invoice_id, bill_again INTO owner, cancels FROM invoicing_creditnote WHERE id = NEW.credit_note_id;\n    PERFORM 1 FROM invoicing_invoice WHERE id = owner FOR UPDATE;\n    SELECT amount - discount INTO whole FROM invoicing_invoiceline\n        WHERE id = NEW.invoice_line_id AND invoice_id = owner;\n    SELECT COALESCE(SUM(amount), 0) + NEW.amount INTO credited\n        FROM invoicing_creditnoteline WHERE invoice_line_id = NEW.invoice_line_id;\n    -- Only of a line that a note cancels, and of which commercial notes took everything before, is there only tax left.\n    IF whole IS NULL OR ABS(credited) > ABS(whole)\n    OR (SIGN(NEW.amount) <> SIGN(whole) AND NOT (cancels AND NEW.amount = 0 AND credited = whole)) THEN\n        RAISE EXCEPTION 'Line % of the invoice has not that much to credit.', NEW.invoice_line_id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="8f6b3b4876a0177d62699f356f540df203c7f33c",
                    operation="INSERT",
                    pgid="pgtrigger_fits_its_line_7a6ac",
                    table="invoicing_creditnoteline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="creditnoteline",
            trigger=pgtrigger.compiler.Trigger(
                name="note_adds_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    declare="DECLARE note invoicing_creditnote%ROWTYPE;",
                    func="\n            SELECT * INTO note FROM invoicing_creditnote WHERE id = NEW.credit_note_id;\n            IF note.subtotal IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnoteline WHERE credit_note_id = note.id)\n            OR note.tax_total IS DISTINCT FROM\n               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_creditnotetax WHERE credit_note_id = note.id)\n            THEN\n                RAISE EXCEPTION 'Credit note % does not add up from its lines and taxes.', note.number\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="65b0320d6e79c9a49a0dbeb4594b4366a3066629",
                    operation="INSERT",
                    pgid="pgtrigger_note_adds_up_a60a7",
                    table="invoicing_creditnoteline",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicetax",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE owner uuid; owners uuid[]; stage text;",
                    func="\n            owners := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id]\n                                 WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]\n                                 ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END;\n            FOREACH owner IN ARRAY owners LOOP\n                SELECT status INTO stage FROM invoicing_invoice WHERE id = owner FOR SHARE;\n                IF stage IS NOT NULL AND stage <> 'draft' THEN\n                    RAISE EXCEPTION 'Invoice % is issued: its lines and taxes never change.', owner;\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="1997cbae2f666ac36c6f7e7ca36f331aa848f87e",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_invoice_bdc2d",
                    table="invoicing_invoicetax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicetax",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="b8c706ad923f86040c7d028670a387161ca54adc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_fc9c7",
                    table="invoicing_invoicetax",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicetemplateversion",
            trigger=pgtrigger.compiler.Trigger(
                name="released_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."released_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e06be90d510388ce87851b64c370d5952b37d41d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_released_never_changes_1073a",
                    table="invoicing_invoicetemplateversion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicetemplateversion",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="34434b7ad8f70fec8b006ab61b5e2690a71702bd",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_64c08",
                    table="invoicing_invoicetemplateversion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicetemplate",
            trigger=pgtrigger.compiler.Trigger(
                name="uses_its_own_released_version",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."released_id" IS NOT NULL)',
                    func="\n                    IF NOT EXISTS (SELECT FROM invoicing_invoicetemplateversion\n                                   WHERE id = NEW.released_id AND template_id = NEW.id AND released_at IS NOT NULL)\n                    THEN\n                        RAISE EXCEPTION 'A template uses a released version of its own.'\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="5190d072a5d0f19c01a9a71c8dfd35ae9f72a183",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_uses_its_own_released_version_5623f",
                    table="invoicing_invoicetemplate",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="minimumcharge",
            trigger=pgtrigger.compiler.Trigger(
                name="billed_minimum_only_ends",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF to_jsonb(OLD) - 'effective_to' - 'updated_at' IS DISTINCT FROM\n               to_jsonb(NEW) - 'effective_to' - 'updated_at'\n               AND EXISTS (\n        SELECT FROM invoicing_invoiceline line\n        JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id\n        WHERE line.minimum_charge_id = OLD.id AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released\n    )\n            THEN\n                RAISE EXCEPTION 'Minimum charge % is on an issued invoice: end it and add another.', OLD.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="f35a6038fb932636859ea8dd11847a9a00492532",
                    operation="UPDATE",
                    pgid="pgtrigger_billed_minimum_only_ends_d5d0d",
                    table="invoicing_minimumcharge",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="numbersequence",
            trigger=pgtrigger.compiler.Trigger(
                name="counts_up_by_blocks",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF (NEW.registration, NEW.series, NEW.kind, NEW.financial_year)\n                       IS DISTINCT FROM (OLD.registration, OLD.series, OLD.kind, OLD.financial_year)\n                       OR NEW.next_number NOT BETWEEN OLD.next_number AND OLD.next_number + 500\n                    THEN\n                        RAISE EXCEPTION 'A number sequence counts up by documents: a gap or a repeat is never allowed.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="660373c2d14e4964232c0530164cfca4a1eaefdf",
                    operation="UPDATE",
                    pgid="pgtrigger_counts_up_by_blocks_32b33",
                    table="invoicing_numbersequence",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="numbersequence",
            trigger=pgtrigger.compiler.Trigger(
                name="every_number_is_on_a_document",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."next_number" > (OLD."next_number"))',
                    constraint="CONSTRAINT",
                    func="\n    IF (\n        SELECT count(*) FROM invoicing_invoice document\n        WHERE COALESCE(NULLIF(document.seller_gstin, ''), document.billing_entity_id::text) = NEW.registration\n            AND document.series = NEW.series AND document.financial_year = NEW.financial_year\n            AND document.sequence_number >= OLD.next_number AND document.sequence_number < NEW.next_number\n    ) + (\n        SELECT count(*) FROM invoicing_creditnote document\n        WHERE COALESCE(NULLIF(document.seller_gstin, ''), document.billing_entity_id::text) = NEW.registration\n            AND document.series = NEW.series AND document.financial_year = NEW.financial_year\n            AND document.sequence_number >= OLD.next_number AND document.sequence_number < NEW.next_number\n    ) <> NEW.next_number - OLD.next_number\n    THEN\n        RAISE EXCEPTION 'The series % would have a gap from number % on.', NEW.series, OLD.next_number\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NULL;\n",
                    hash="7fa971deb4aee35b17a324622f776f955a96c69b",
                    operation="UPDATE",
                    pgid="pgtrigger_every_number_is_on_a_document_6d43a",
                    table="invoicing_numbersequence",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="numbersequence",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="0f68fcab8a85ab091d73d1c6ef878a2457fef90f",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_7c476",
                    table="invoicing_numbersequence",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="numbersequence",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="042ef213bc86bb3c3056eb4c3609212f1a2b8a4b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_ad86e",
                    table="invoicing_numbersequence",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paypagelink",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="040f586b367971388dbb8f9fc97e9cb4bae47a56",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_fb515",
                    table="invoicing_paypagelink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paypagelink",
            trigger=pgtrigger.compiler.Trigger(
                name="what_it_opens_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."token" IS DISTINCT FROM (NEW."token") OR OLD."cause" IS DISTINCT FROM (NEW."cause") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9ff8b2ea05be453e45b66d4ae2f38b517c9becc8",
                    operation="UPDATE",
                    pgid="pgtrigger_what_it_opens_never_changes_d8358",
                    table="invoicing_paypagelink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paypagelink",
            trigger=pgtrigger.compiler.Trigger(
                name="revoked_for_good",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."revoked_at" IS NULL AND OLD."revoked_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="14bf1c1b5445bacf20d17c62d0989386a1e65a03",
                    operation="UPDATE",
                    pgid="pgtrigger_revoked_for_good_2f629",
                    table="invoicing_paypagelink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="paypagelink",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="9a29e5c9327a75069154fa22a042fabf39d7be99",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_e35e8",
                    table="invoicing_paypagelink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="pricingrule",
            trigger=pgtrigger.compiler.Trigger(
                name="billed_rule_only_ends",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF to_jsonb(OLD) - 'effective_to' - 'updated_at' IS DISTINCT FROM\n               to_jsonb(NEW) - 'effective_to' - 'updated_at'\n               AND EXISTS (\n        SELECT FROM invoicing_invoiceline line\n        JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id\n        WHERE line.pricing_rule_id = OLD.id AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released\n    )\n            THEN\n                RAISE EXCEPTION 'Pricing rule % is on an issued invoice: end it and add another.', OLD.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="3f9687b1188a5e99b2dde0cab34f2e16de001055",
                    operation="UPDATE",
                    pgid="pgtrigger_billed_rule_only_ends_34d8f",
                    table="invoicing_pricingrule",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="lateprice",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="82f969644bce0c40f0c0943665765dd2ab6b9b9d",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changed_bea3a",
                    table="invoicing_lateprice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="lateprice",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="d9416fbdea726c3fc708ad845699bfd0421632a9",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_f60cc",
                    table="invoicing_lateprice",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="recurringfee",
            trigger=pgtrigger.compiler.Trigger(
                name="billed_fee_only_ends",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF to_jsonb(OLD) - 'effective_to' - 'updated_at' IS DISTINCT FROM\n               to_jsonb(NEW) - 'effective_to' - 'updated_at'\n               AND EXISTS (\n        SELECT FROM invoicing_invoiceline line\n        JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id\n        WHERE line.recurring_fee_id = OLD.id AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released\n    )\n            THEN\n                RAISE EXCEPTION 'Recurring fee % is on an issued invoice: end it and add another.', OLD.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="f81314482a5e31885ade85ac6e55ed654fcfbb2e",
                    operation="UPDATE",
                    pgid="pgtrigger_billed_fee_only_ends_7ff98",
                    table="invoicing_recurringfee",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoiceline",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE owner uuid; owners uuid[]; stage text;",
                    func="\n            owners := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id]\n                                 WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]\n                                 ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END;\n            FOREACH owner IN ARRAY owners LOOP\n                SELECT status INTO stage FROM invoicing_invoice WHERE id = owner FOR SHARE;\n                IF stage IS NOT NULL AND stage <> 'draft' THEN\n                    RAISE EXCEPTION 'Invoice % is issued: its lines and taxes never change.', owner;\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="69f0aab9725a98dccc5a4253588b24282b75e0f9",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_invoice_aeb62",
                    table="invoicing_invoiceline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoiceline",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="e5c0932b80c8855064d6c97a9eb6eda9dc891b3a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_690f0",
                    table="invoicing_invoiceline",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="discount",
            trigger=pgtrigger.compiler.Trigger(
                name="used_discount_only_ends",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF to_jsonb(OLD) - 'effective_to' - 'updated_at' IS DISTINCT FROM\n               to_jsonb(NEW) - 'effective_to' - 'updated_at'\n               AND EXISTS (\n                    SELECT FROM invoicing_discountredemption redemption\n                    JOIN invoicing_invoice invoice ON invoice.id = redemption.invoice_id\n                    WHERE redemption.discount_id = OLD.id AND invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released\n                )\n            THEN\n                RAISE EXCEPTION 'Discount % is on an issued invoice: end it and add another.', OLD.id;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="479fb2fc4cd58919e7add16bf64cd2031c0a0b33",
                    operation="UPDATE",
                    pgid="pgtrigger_used_discount_only_ends_2681d",
                    table="invoicing_discount",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="usagewriteoff",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="36df48c1d62f16db94712a88ce2258984455e139",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_95c75",
                    table="invoicing_usagewriteoff",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="usagewriteoff",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="c166903efbd0f384f8b41331f874eb98cc3c6b4c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_5efd3",
                    table="invoicing_usagewriteoff",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="usagewriteoff",
            trigger=pgtrigger.compiler.Trigger(
                name="is_only_taken_back",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF OLD.taken_back_at IS NOT NULL OR\n                       to_jsonb(OLD) - ARRAY['taken_back_at', 'taken_back_by_id', 'updated_at'] IS DISTINCT FROM\n                       to_jsonb(NEW) - ARRAY['taken_back_at', 'taken_back_by_id', 'updated_at']\n                    THEN\n                        RAISE EXCEPTION 'What was written off never changes: take it back, once.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="4246a87245a581c49f2c853d95379f6fd3fc4ed6",
                    operation="UPDATE",
                    pgid="pgtrigger_is_only_taken_back_89312",
                    table="invoicing_usagewriteoff",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicequestion",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="fa601297f489537cc3ad05d6a8dbf0e0c6c08c51",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_01d3f",
                    table="invoicing_invoicequestion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicequestion",
            trigger=pgtrigger.compiler.Trigger(
                name="its_subject_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."line_id" IS DISTINCT FROM (NEW."line_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e422641d59258ebc9450a7caf345f47df02268c1",
                    operation="UPDATE",
                    pgid="pgtrigger_its_subject_never_changes_699da",
                    table="invoicing_invoicequestion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicequestion",
            trigger=pgtrigger.compiler.Trigger(
                name="closed_for_good",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.\"status\" = 'closed')",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3aeb0acfda200c33e803ec8a4842b0ac64eb0a6b",
                    operation="UPDATE",
                    pgid="pgtrigger_closed_for_good_01334",
                    table="invoicing_invoicequestion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicequestion",
            trigger=pgtrigger.compiler.Trigger(
                name="is_of_its_invoice",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.line_id IS NOT NULL\n       AND NOT EXISTS (SELECT FROM invoicing_invoiceline WHERE id = NEW.line_id AND invoice_id = NEW.invoice_id) THEN\n        RAISE EXCEPTION 'Line % is of another invoice.', NEW.line_id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="ed8c834718cd1e0305b0225adc4d6c585c6057b8",
                    operation="INSERT",
                    pgid="pgtrigger_is_of_its_invoice_e1565",
                    table="invoicing_invoicequestion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="invoicequestion",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="4f16b470ea2876f7599553f7696b3fa66949fc86",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_a695a",
                    table="invoicing_invoicequestion",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="questionmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="77f29c4cddde89737a38b068430d5476d3fefa8b",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_1d6b3",
                    table="invoicing_questionmessage",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="questionmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="f73e68f30fa47988fbeb3179197b5f64cc3efb2f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_668f7",
                    table="invoicing_questionmessage",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="questionmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="its_question_is_open",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE stage text;",
                    func="\n    SELECT status INTO stage FROM invoicing_invoicequestion WHERE id = NEW.question_id FOR SHARE;\n    IF stage = 'closed' THEN\n        RAISE EXCEPTION 'Question % is closed.', NEW.question_id USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="a8af2492c96172739369ffbd0bcedbf638f4a81c",
                    operation="INSERT",
                    pgid="pgtrigger_its_question_is_open_0e906",
                    table="invoicing_questionmessage",
                    when="BEFORE",
                ),
            ),
        ),
    ]
