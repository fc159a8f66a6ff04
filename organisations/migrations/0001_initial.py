import billing_platform.lib.clock
import billing_platform.lib.database.operations
import billing_platform.lib.validators
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
import organisations.logos
import organisations.models.issuing_rules
import organisations.models.webhook_endpoint
import pgtrigger.compiler
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auditlog", "0017_add_actor_email"),
        ("auth", "__first__"),
    ]

    operations = [
        billing_platform.lib.database.operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit log",
                        "proxy": True,
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("auditlog.logentry",),
                ),
                migrations.CreateModel(
                    name="BillingEntity",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "legal_name",
                            models.CharField(
                                max_length=200, validators=[billing_platform.lib.validators.validate_printed_line]
                            ),
                        ),
                        (
                            "address_line1",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="address line 1",
                            ),
                        ),
                        (
                            "address_line2",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="address line 2",
                            ),
                        ),
                        (
                            "city",
                            models.CharField(
                                blank=True,
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "postal_code",
                            models.CharField(
                                blank=True,
                                max_length=20,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "state_code",
                            models.CharField(
                                blank=True,
                                help_text="GST code of the State, such as 29 for Karnataka. Indian parties only.",
                                max_length=2,
                                validators=[billing_platform.lib.validators.validate_state],
                                verbose_name="State",
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
                        ("gstin", models.CharField(blank=True, max_length=15, verbose_name="GSTIN")),
                        (
                            "tax_id",
                            models.CharField(
                                blank=True,
                                help_text="VAT number or a similar number, outside India.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="tax id",
                            ),
                        ),
                        (
                            "tax_id_kind",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("eu_vat", "VAT id (European Union)"),
                                    ("gb_vat", "VAT number (GB)"),
                                    ("ch_vat", "VAT number (CH, LI)"),
                                    ("no_mva", "MVA number (NO)"),
                                    ("au_abn", "ABN (AU)"),
                                    ("nz_ird", "GST number (NZ)"),
                                    ("sg_gst", "GST registration number (SG)"),
                                    ("sg_uen", "UEN (SG)"),
                                    ("ae_trn", "TRN (AE)"),
                                    ("jp_cn", "Corporate number (JP)"),
                                    ("ca_bn", "Business number (CA)"),
                                    ("us_ein", "EIN (US)"),
                                    ("other", "Another number, which is not checked"),
                                ],
                                help_text="Empty: the usual one of the country. The form of the number is checked by it.",
                                max_length=10,
                                verbose_name="kind of tax id",
                            ),
                        ),
                        (
                            "link_days",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="A payment link at Razorpay ends after so many days. Who asks again gets a new one.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(180),
                                ],
                                verbose_name="days of a payment link",
                            ),
                        ),
                        (
                            "first_part_percent",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="A payment link may be paid in parts, of which the first is at least this much of the amount. Empty: payment links are paid at once.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(99),
                                ],
                                verbose_name="smallest first part (%)",
                            ),
                        ),
                        (
                            "pay_page_days",
                            models.PositiveSmallIntegerField(
                                default=180,
                                help_text="The link in an invoice's e-mail opens its pay page until so many days after the due date. Then the page offers to mail a new link.",
                                validators=[
                                    django.core.validators.MinValueValidator(30),
                                    django.core.validators.MaxValueValidator(3650),
                                ],
                                verbose_name="days of a pay page's link",
                            ),
                        ),
                        (
                            "e_invoices_from",
                            models.DateField(
                                blank=True,
                                help_text="Documents of this day and later need an IRN, unless their customer is unregistered in India. Empty: none does.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="e-invoices from",
                            ),
                        ),
                        (
                            "e_invoices_within_30_days",
                            models.BooleanField(
                                default=False,
                                help_text="The portal takes documents for 30 days only: a turnover of ₹10 crore or more.",
                                verbose_name="30-day limit",
                            ),
                        ),
                        (
                            "e_invoices_hold_mail",
                            models.BooleanField(
                                default=True,
                                help_text="A document without its IRN is no valid invoice (Rule 48 (5)): it is sent once it has one.",
                                verbose_name="hold e-mails for the IRN",
                            ),
                        ),
                        (
                            "e_invoices_by_client",
                            models.BooleanField(
                                default=False,
                                help_text="Each document is registered through the provider that the installation is set up for. Otherwise the IRN is uploaded or typed in.",
                                verbose_name="fetch IRNs",
                            ),
                        ),
                        (
                            "draft_days",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="A month's draft is issued that many days after the run made it, at the same time of day.",
                                validators=[django.core.validators.MaxValueValidator(25)],
                                verbose_name="days of grace",
                            ),
                        ),
                        (
                            "approve_above",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="A currency and an amount in each line, such as INR 500000. A total above it, with tax, needs approval.",
                                validators=[organisations.models.issuing_rules.validate_amounts],
                                verbose_name="approval above",
                            ),
                        ),
                        (
                            "approve_change_percent",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="Of the total against the mean of the customer's last three month invoices. Empty: never.",
                                max_digits=8,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("50000")),
                                ],
                                verbose_name="approval of a change above (%)",
                            ),
                        ),
                        (
                            "approve_first",
                            models.BooleanField(default=False, verbose_name="approval of a first invoice"),
                        ),
                        (
                            "approve_edited",
                            models.BooleanField(
                                default=False,
                                help_text="One-off invoices, and months with lines typed by hand.",
                                verbose_name="approval of typed lines",
                            ),
                        ),
                        (
                            "four_eyes",
                            models.BooleanField(
                                default=False,
                                help_text="Who drafted an invoice by hand, or typed on it, can't approve it.",
                                verbose_name="four eyes",
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                help_text="The name that operators see.",
                                max_length=100,
                                unique=True,
                                validators=[billing_platform.lib.validators.validate_line],
                            ),
                        ),
                        (
                            "email",
                            models.EmailField(
                                help_text="Contact address on documents, and reply address of e-mails.", max_length=254
                            ),
                        ),
                        (
                            "phone",
                            models.CharField(
                                blank=True,
                                max_length=30,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                default="Asia/Kolkata",
                                help_text="Time zone of document dates and of the financial year.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_time_zone],
                            ),
                        ),
                        (
                            "invoice_prefix",
                            models.CharField(
                                default="INV",
                                max_length=11,
                                validators=[billing_platform.lib.validators.validate_prefix],
                            ),
                        ),
                        (
                            "credit_note_prefix",
                            models.CharField(
                                default="CN",
                                max_length=11,
                                validators=[billing_platform.lib.validators.validate_prefix],
                            ),
                        ),
                        (
                            "number_separator",
                            models.CharField(
                                choices=[("/", "Slash: INV/26-27/000123"), ("-", "Hyphen: INV-26-27-000123")],
                                default="/",
                                help_text="Before and after the year.",
                                max_length=1,
                                verbose_name="separator",
                            ),
                        ),
                        (
                            "number_year",
                            models.CharField(
                                choices=[
                                    ("yy-nn", "26-27"),
                                    ("yynn", "2627"),
                                    ("yyyy-nn", "2026-27"),
                                    ("yy", "26: the year it begins in"),
                                ],
                                default="yy-nn",
                                help_text="How the year stands in numbers.",
                                max_length=7,
                                verbose_name="financial year",
                            ),
                        ),
                        (
                            "number_width",
                            models.PositiveSmallIntegerField(
                                default=6,
                                help_text="Of the running number: a shorter one gets zeros before it.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(9),
                                ],
                                verbose_name="digits",
                            ),
                        ),
                        (
                            "default_sac",
                            models.CharField(
                                default="998315",
                                max_length=6,
                                validators=[billing_platform.lib.validators.validate_sac],
                                verbose_name="default SAC",
                            ),
                        ),
                        (
                            "pan",
                            models.CharField(
                                blank=True,
                                help_text="Printed on documents. Leave it empty where there is a GSTIN: it holds the PAN.",
                                max_length=10,
                                validators=[billing_platform.lib.validators.validate_pan],
                                verbose_name="PAN",
                            ),
                        ),
                        (
                            "cin",
                            models.CharField(
                                blank=True,
                                help_text="Companies and limited liability partnerships have to print it.",
                                max_length=21,
                                validators=[billing_platform.lib.validators.validate_cin],
                                verbose_name="CIN or LLPIN",
                            ),
                        ),
                        (
                            "udyam",
                            models.CharField(
                                blank=True,
                                help_text="Of a micro, small or medium enterprise: customers see that 45 days hold for them.",
                                max_length=19,
                                validators=[billing_platform.lib.validators.validate_udyam],
                                verbose_name="Udyam number",
                            ),
                        ),
                        (
                            "bank_name",
                            models.CharField(
                                blank=True,
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "bank_address",
                            models.CharField(
                                blank=True,
                                help_text="Printed for customers abroad.",
                                max_length=300,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "bank_account_number",
                            models.CharField(
                                blank=True,
                                help_text="The account number, or the IBAN where accounts have one.",
                                max_length=40,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "bank_ifsc",
                            models.CharField(
                                blank=True,
                                max_length=11,
                                validators=[billing_platform.lib.validators.validate_ifsc],
                                verbose_name="IFSC",
                            ),
                        ),
                        (
                            "bank_swift",
                            models.CharField(
                                blank=True,
                                help_text="Printed for customers abroad.",
                                max_length=11,
                                validators=[billing_platform.lib.validators.validate_swift],
                                verbose_name="SWIFT code (BIC)",
                            ),
                        ),
                        (
                            "correspondent_bank",
                            models.CharField(
                                blank=True,
                                help_text="Name, SWIFT code and account of the bank that receives foreign currency first. Printed for customers abroad.",
                                max_length=300,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "upi_id",
                            models.CharField(
                                blank=True,
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_upi_id],
                                verbose_name="UPI id",
                            ),
                        ),
                        (
                            "logo",
                            organisations.logos.LogoField(
                                blank=True,
                                help_text="PNG or JPEG. Without a logo, invoices show the name.",
                                upload_to="",
                            ),
                        ),
                        (
                            "brand_colour",
                            models.CharField(
                                default="#1f4e79",
                                max_length=7,
                                validators=[billing_platform.lib.validators.validate_colour],
                            ),
                        ),
                        (
                            "round_total",
                            models.BooleanField(
                                default=False,
                                help_text="Totals of invoices in rupees. The round-off stands below the taxes, outside the taxable value.",
                                verbose_name="round to whole rupees",
                            ),
                        ),
                        (
                            "credit_note_on_refund",
                            models.BooleanField(
                                default=True,
                                help_text="A refund takes back a part of the invoice, too, unless the operator says otherwise. Without: the invoice stands, and its tax stays owed.",
                                verbose_name="credit note with a refund",
                            ),
                        ),
                        (
                            "is_default",
                            models.BooleanField(
                                default=False,
                                help_text="Seller of the customers for whom no other seller is chosen.",
                                verbose_name="default",
                            ),
                        ),
                        (
                            "is_test",
                            models.BooleanField(
                                default=False,
                                help_text="For ever: its customers are test customers, whose time a test clock shows. Its legal name begins with TEST, and no total or return counts it.",
                                verbose_name="test seller",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "seller",
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("is_default",),
                                name="one_default_entity",
                                violation_error_message="Another seller is the default: remove the mark there first.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("gstin", ""), _negated=True),
                                fields=("gstin", "invoice_prefix"),
                                name="one_invoice_series_per_gstin",
                                violation_error_message="Another seller numbers its invoices under this GSTIN and prefix.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("invoice_prefix", models.F("credit_note_prefix")), _negated=True),
                                name="invoices_and_credit_notes_have_series_of_their_own",
                                violation_error_message="Invoices have this prefix: choose another one for credit notes.",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.LessThanOrEqual(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.functions.text.Length("invoice_prefix"),
                                                "+",
                                                django.db.models.functions.text.Length("number_year"),
                                            ),
                                            "+",
                                            models.F("number_width"),
                                        ),
                                        "+",
                                        models.Value(2),
                                    ),
                                    16,
                                ),
                                name="invoice_numbers_fit_rule_46",
                                violation_error_message="Invoice numbers would be longer than 16 characters (rule 46): shorten the prefix or the year, or take fewer digits.",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.LessThanOrEqual(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.functions.text.Length("credit_note_prefix"),
                                                "+",
                                                django.db.models.functions.text.Length("number_year"),
                                            ),
                                            "+",
                                            models.F("number_width"),
                                        ),
                                        "+",
                                        models.Value(2),
                                    ),
                                    16,
                                ),
                                name="credit_note_numbers_fit_rule_46",
                                violation_error_message="Credit note numbers would be longer than 16 characters (rule 46): shorten the prefix or the year, or take fewer digits.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("number_width__gte", 1), ("number_width__lte", 9)),
                                name="running_number_has_digits",
                                violation_error_message="Write a number from 1 to 9.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("e_invoices_from__isnull", True),
                                    models.Q(("gstin", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="e_invoices_need_a_gstin",
                                violation_error_message="E-invoices are made under a GSTIN: enter it first.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("draft_days__isnull", True), ("draft_days__lte", 25), _connector="OR"),
                                    models.Q(
                                        ("approve_change_percent__isnull", True),
                                        ("approve_change_percent__gte", 0),
                                        _connector="OR",
                                    ),
                                ),
                                name="seller_issuing_rules_within_bounds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("link_days__gte", 1),
                                    ("link_days__lte", 180),
                                    ("pay_page_days__gte", 30),
                                    ("pay_page_days__lte", 3650),
                                    models.Q(
                                        ("first_part_percent__isnull", True),
                                        models.Q(("first_part_percent__gte", 1), ("first_part_percent__lte", 99)),
                                        _connector="OR",
                                    ),
                                ),
                                name="seller_collecting_rules_within_bounds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("is_test", False),
                                    models.Q(
                                        ("e_invoices_from__isnull", True),
                                        ("is_default", False),
                                        ("legal_name__startswith", "TEST "),
                                    ),
                                    _connector="OR",
                                ),
                                name="test_seller_says_so",
                                violation_error_message="The legal name of a test seller begins with TEST, as it stands on its documents; it is not the default seller, and makes no e-invoices.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DigestChoice",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("is_on", models.BooleanField(default=True, verbose_name="send me the daily digest")),
                        (
                            "when_nothing_waits",
                            models.BooleanField(default=False, verbose_name="also on days on which nothing waits"),
                        ),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="digest_choice",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Organisation",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "legal_name",
                            models.CharField(
                                max_length=200, validators=[billing_platform.lib.validators.validate_printed_line]
                            ),
                        ),
                        (
                            "address_line1",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="address line 1",
                            ),
                        ),
                        (
                            "address_line2",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="address line 2",
                            ),
                        ),
                        (
                            "city",
                            models.CharField(
                                blank=True,
                                max_length=100,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "postal_code",
                            models.CharField(
                                blank=True,
                                max_length=20,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                            ),
                        ),
                        (
                            "state_code",
                            models.CharField(
                                blank=True,
                                help_text="GST code of the State, such as 29 for Karnataka. Indian parties only.",
                                max_length=2,
                                validators=[billing_platform.lib.validators.validate_state],
                                verbose_name="State",
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
                        ("gstin", models.CharField(blank=True, max_length=15, verbose_name="GSTIN")),
                        (
                            "tax_id",
                            models.CharField(
                                blank=True,
                                help_text="VAT number or a similar number, outside India.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="tax id",
                            ),
                        ),
                        (
                            "tax_id_kind",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("eu_vat", "VAT id (European Union)"),
                                    ("gb_vat", "VAT number (GB)"),
                                    ("ch_vat", "VAT number (CH, LI)"),
                                    ("no_mva", "MVA number (NO)"),
                                    ("au_abn", "ABN (AU)"),
                                    ("nz_ird", "GST number (NZ)"),
                                    ("sg_gst", "GST registration number (SG)"),
                                    ("sg_uen", "UEN (SG)"),
                                    ("ae_trn", "TRN (AE)"),
                                    ("jp_cn", "Corporate number (JP)"),
                                    ("ca_bn", "Business number (CA)"),
                                    ("us_ein", "EIN (US)"),
                                    ("other", "Another number, which is not checked"),
                                ],
                                help_text="Empty: the usual one of the country. The form of the number is checked by it.",
                                max_length=10,
                                verbose_name="kind of tax id",
                            ),
                        ),
                        (
                            "draft_days",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="From the run's draft of a month to its invoice. Empty: as the seller has it.",
                                null=True,
                                validators=[django.core.validators.MaxValueValidator(25)],
                                verbose_name="days of grace",
                            ),
                        ),
                        (
                            "approve_above",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="In the customer's currency, with tax. Empty: as the seller has it.",
                                max_digits=19,
                                null=True,
                                validators=[billing_platform.lib.validators.validate_positive],
                                verbose_name="approval above",
                            ),
                        ),
                        (
                            "approve_change_percent",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="Against the mean of the last three month invoices. Empty: as the seller has it.",
                                max_digits=8,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("50000")),
                                ],
                                verbose_name="approval of a change above (%)",
                            ),
                        ),
                        (
                            "approve_first",
                            models.BooleanField(
                                blank=True,
                                help_text="Empty: as the seller has it.",
                                null=True,
                                verbose_name="approval of a first invoice",
                            ),
                        ),
                        (
                            "approve_edited",
                            models.BooleanField(
                                blank=True,
                                help_text="Empty: as the seller has it.",
                                null=True,
                                verbose_name="approval of typed lines",
                            ),
                        ),
                        (
                            "gstin_checked_on",
                            models.DateField(
                                blank=True,
                                help_text="When it was last looked up on the GST portal. Another GSTIN is not checked.",
                                null=True,
                                validators=[billing_platform.lib.validators.validate_business_date],
                                verbose_name="GSTIN checked on",
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                max_length=200, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        (
                            "slug",
                            models.SlugField(
                                max_length=60, unique=True, validators=[billing_platform.lib.validators.validate_slug]
                            ),
                        ),
                        ("billing_email", models.EmailField(max_length=254)),
                        (
                            "language",
                            models.CharField(
                                choices=[("en", "English"), ("hi", "Hindi")],
                                default="en",
                                help_text="Language of the e-mails to the customer. Documents are in that of their template.",
                                max_length=2,
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                default="INR",
                                max_length=3,
                                validators=[billing_platform.lib.validators.validate_currency],
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                default="Asia/Kolkata",
                                help_text="Time zone of the months and hours of usage.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_time_zone],
                            ),
                        ),
                        ("is_sez", models.BooleanField(default=False, verbose_name="SEZ unit or developer")),
                        (
                            "payment_terms_days",
                            models.PositiveSmallIntegerField(
                                default=15, validators=[django.core.validators.MaxValueValidator(365)]
                            ),
                        ),
                        (
                            "purchase_order",
                            models.CharField(
                                blank=True,
                                help_text="Printed on each of the customer's invoices, unless the invoice has another one.",
                                max_length=50,
                                validators=[billing_platform.lib.validators.validate_printed_line],
                                verbose_name="purchase order number",
                            ),
                        ),
                        (
                            "strict_metrics",
                            models.BooleanField(
                                default=False,
                                help_text="Events of an unknown metric become dead letters instead of a new, unpriced metric.",
                            ),
                        ),
                        (
                            "uses_credit",
                            models.BooleanField(
                                default=True,
                                help_text="Money on account, and what was paid above the amount due, pays the next issued invoice.",
                                verbose_name="uses credit by itself",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        (
                            "billing_entity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="organisations",
                                to="organisations.billingentity",
                                verbose_name="seller",
                            ),
                        ),
                        (
                            "is_test",
                            models.BooleanField(
                                default=False,
                                editable=False,
                                help_text="A customer of a test seller: its time is what its test clock shows, and no total counts it.",
                                verbose_name="test customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer",
                        "ordering": ["name"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="organisation_currency_is_iso",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("language__in", ["en", "hi"])),
                                name="organisation_language_is_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("payment_terms_days__lte", 365)),
                                name="organisation_terms_within_a_year",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("draft_days__isnull", True), ("draft_days__lte", 25), _connector="OR"),
                                    models.Q(
                                        ("approve_change_percent__isnull", True),
                                        ("approve_change_percent__gte", 0),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("approve_above__isnull", True), ("approve_above__gt", 0), _connector="OR"
                                    ),
                                ),
                                name="organisation_issuing_rules_within_bounds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("gstin_checked_on__isnull", True),
                                    models.Q(("gstin", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="only_a_gstin_is_checked",
                                violation_error_message="The customer has no GSTIN that could be checked.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Notification",
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
                        ("kind", models.CharField(help_text="What it tells, such as invoice_issued.", max_length=50)),
                        ("dedupe_key", models.CharField(max_length=200, unique=True)),
                        ("recipients", models.JSONField(help_text="E-mail addresses.")),
                        ("sender", models.CharField(blank=True, max_length=254)),
                        ("subject", models.CharField(max_length=255)),
                        ("text", models.TextField()),
                        ("html", models.TextField(blank=True)),
                        (
                            "attachments",
                            models.JSONField(
                                default=list, help_text="[{storage_name, filename, content_type, sha256}]"
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("sending", "Sending"),
                                    ("sent", "Sent"),
                                    ("failed", "Failed"),
                                    ("not_sent", "Not sent"),
                                ],
                                default="pending",
                                max_length=10,
                            ),
                        ),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "delivered_at",
                            models.DateTimeField(
                                blank=True, help_text="When a recipient's server first took it.", null=True
                            ),
                        ),
                        (
                            "opened_at",
                            models.DateTimeField(blank=True, help_text="When somebody first opened it.", null=True),
                        ),
                        (
                            "bounced_at",
                            models.DateTimeField(blank=True, help_text="When it first came back.", null=True),
                        ),
                        (
                            "complained_at",
                            models.DateTimeField(
                                blank=True, help_text="When somebody first called it spam.", null=True
                            ),
                        ),
                        (
                            "not_sent_because",
                            models.TextField(blank=True, help_text="Of an e-mail that is not sent at all."),
                        ),
                        (
                            "is_suppressed",
                            models.BooleanField(
                                default=False,
                                help_text="It is not sent as its addresses bounced.",
                                verbose_name="suppressed",
                            ),
                        ),
                        (
                            "seen_to_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When somebody saw to it that it did not arrive: sent again, or put aside.",
                                null=True,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notifications",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "e-mail",
                        "ordering": ["-created_at"],
                        "permissions": [("resend_notification", "Can send a failed e-mail again")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="notification_due",
                            ),
                            models.Index(fields=["-created_at", "-id"], name="notification_newest"),
                            models.Index(
                                condition=models.Q(
                                    ("seen_to_at__isnull", True),
                                    models.Q(
                                        ("bounced_at__isnull", False),
                                        ("complained_at__isnull", False),
                                        ("is_suppressed", True),
                                        _connector="OR",
                                    ),
                                ),
                                fields=["-created_at"],
                                name="notification_did_not_arrive",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("next_attempt_at__isnull", True),
                                        ("status", "not_sent"),
                                        models.Q(("not_sent_because", ""), _negated=True),
                                    ),
                                    models.Q(models.Q(("status", "not_sent"), _negated=True), ("not_sent_because", "")),
                                    _connector="OR",
                                ),
                                name="notification_not_sent_says_why",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotificationEvent",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("sent", "Handed over"),
                                    ("refused", "Refused"),
                                    ("deferred", "Deferred"),
                                    ("delivered", "Delivered"),
                                    ("opened", "Opened"),
                                    ("clicked", "Link opened"),
                                    ("bounced", "Bounced"),
                                    ("complained", "Complained of"),
                                    ("unsubscribed", "Unsubscribed"),
                                ],
                                max_length=12,
                                verbose_name="what",
                            ),
                        ),
                        ("recipient", models.CharField(blank=True, max_length=254)),
                        ("happened_at", models.DateTimeField()),
                        (
                            "provider",
                            models.CharField(help_text="Who told: a provider, or the mail server.", max_length=30),
                        ),
                        ("event_id", models.CharField(blank=True, help_text="The provider's.", max_length=200)),
                        (
                            "message_id",
                            models.CharField(
                                blank=True, help_text="The provider's name of the message.", max_length=255
                            ),
                        ),
                        ("detail", models.TextField(blank=True)),
                        (
                            "notification",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="events",
                                to="organisations.notification",
                                verbose_name="e-mail",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "event of an e-mail",
                        "verbose_name_plural": "events of e-mails",
                        "ordering": ["happened_at", "created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("message_id", ""), _negated=True),
                                fields=["message_id"],
                                name="notification_event_message",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("event_id", ""), _negated=True),
                                fields=("provider", "event_id"),
                                name="notification_event_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "sent")),
                                fields=("notification", "recipient"),
                                name="notification_sent_once_to_each",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "role",
                            models.CharField(
                                choices=[("viewer", "Viewer"), ("operator", "Operator"), ("admin", "Admin")],
                                max_length=10,
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: every customer.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["user__username", "organisation__name"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "organisation"),
                                name="one_role_per_user_and_organisation",
                                nulls_distinct=False,
                                violation_error_message="This user has a role for this organisation already: change that role.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerNote",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "text",
                            models.TextField(
                                max_length=2000, validators=[billing_platform.lib.validators.validate_paragraphs]
                            ),
                        ),
                        ("written_by", models.CharField(max_length=200)),
                        (
                            "follow_up_on",
                            models.DateField(blank=True, help_text="Empty: nothing to come back to.", null=True),
                        ),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        ("done_by", models.CharField(blank=True, max_length=200)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notes",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "note",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["organisation", "-created_at"], name="note_by_customer"),
                            models.Index(
                                condition=models.Q(("done_at__isnull", True)),
                                fields=["follow_up_on"],
                                name="note_to_follow_up",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("done_at__isnull", True), ("follow_up_on__isnull", False), _connector="OR"
                                ),
                                name="only_a_follow_up_is_done",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Contact",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "purpose",
                            models.CharField(
                                choices=[("billing", "Billing"), ("finance", "Finance"), ("technical", "Technical")],
                                help_text="Billing: invoices, and what asks for money. Finance: receipts, refunds, certificates. Technical: alerts and webhooks.",
                                max_length=9,
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                blank=True, max_length=200, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                        ("is_active", models.BooleanField(default=True, verbose_name="gets e-mails")),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="contacts",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["purpose", "email"],
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("organisation"),
                                models.F("purpose"),
                                django.db.models.functions.text.Lower("email"),
                                name="contact_once_per_purpose",
                                violation_error_message="This address is a contact for this purpose already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BillingHold",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("draft_only", "Draft only"),
                                    ("no_email", "No e-mail"),
                                    ("no_collection", "No collection"),
                                    ("no_reminders", "No reminders"),
                                ],
                                max_length=13,
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                max_length=500, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("starts_at", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        (
                            "ends_at",
                            models.DateTimeField(blank=True, help_text="Empty: until somebody lifts it.", null=True),
                        ),
                        ("placed_by", models.CharField(max_length=200)),
                        (
                            "lifted_by",
                            models.CharField(
                                blank=True, help_text="Empty: it stands, or ended by itself.", max_length=200
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="billing_holds",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "hold",
                        "ordering": ["-starts_at"],
                        "indexes": [
                            models.Index(fields=["kind", "organisation", "ends_at"], name="billing_hold_standing")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at__isnull", True), ("ends_at__gte", models.F("starts_at")), _connector="OR"
                                ),
                                name="billing_hold_ends_after_it_starts",
                                violation_error_message="The hold would be over before it begins: choose a later end.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Project",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(
                                max_length=200, validators=[billing_platform.lib.validators.validate_printed_line]
                            ),
                        ),
                        (
                            "mode",
                            models.CharField(
                                choices=[("live", "Live"), ("test", "Test")],
                                default="live",
                                help_text="A test project's usage is counted and shown, but never billed. Fixed once the project has a key.",
                                max_length=4,
                            ),
                        ),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True, help_text="An inactive project's keys are refused.", verbose_name="active"
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="projects",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["organisation__name", "name"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "name"),
                                name="project_name_once_per_organisation",
                                violation_error_code="duplicate",
                                violation_error_message="The customer has a project of that name.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApiKey",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("project", "Project (reports usage)"), ("admin", "Admin (back office)")],
                                max_length=10,
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                max_length=100, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        (
                            "mode",
                            models.CharField(
                                choices=[("live", "Live"), ("test", "Test")], default="live", max_length=4
                            ),
                        ),
                        (
                            "scope",
                            models.CharField(
                                blank=True,
                                choices=[("read", "Read"), ("write", "Write"), ("admin", "Admin")],
                                help_text="Admin keys: read < write < admin.",
                                max_length=5,
                            ),
                        ),
                        ("prefix", models.CharField(editable=False, max_length=8, unique=True)),
                        ("key_hash", models.CharField(editable=False, max_length=64)),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                help_text="The user whose customers and permissions an admin key has.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="api_keys",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "replaced_by",
                            models.OneToOneField(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaces",
                                to="organisations.apikey",
                            ),
                        ),
                        (
                            "project",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="api_keys",
                                to="organisations.project",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "API key",
                        "ordering": ["-created_at"],
                        "permissions": [("issue_apikey", "Can issue, rotate and revoke API keys")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "project"),
                                        ("owner__isnull", True),
                                        ("project__isnull", False),
                                        ("scope", ""),
                                    ),
                                    models.Q(
                                        ("kind", "admin"),
                                        ("owner__isnull", False),
                                        ("project__isnull", True),
                                        models.Q(("scope", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="api_key_belongs_to_project_or_owner",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("expires_at__isnull", True),
                                    ("expires_at__gt", models.F("created_at")),
                                    _connector="OR",
                                ),
                                name="api_key_expires_later",
                                violation_error_message="Must be later than now.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyRecord",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("key", models.CharField(max_length=255)),
                        ("fingerprint", models.CharField(help_text="SHA-256 of method, path and body.", max_length=64)),
                        (
                            "status_code",
                            models.PositiveSmallIntegerField(
                                help_text="Empty while the first request still runs.", null=True
                            ),
                        ),
                        ("body", models.JSONField(null=True)),
                        (
                            "owners",
                            models.JSONField(
                                default=list,
                                help_text="Ids of the organisations that the request was about; null for a shared object.",
                            ),
                        ),
                        ("expires_at", models.DateTimeField(db_index=True)),
                        (
                            "api_key",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="organisations.apikey",
                                verbose_name="API key",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("api_key", "key"), name="idempotency_key_once_per_api_key")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "name",
                            models.CharField(max_length=60, validators=[billing_platform.lib.validators.validate_line]),
                        ),
                        (
                            "list_of",
                            models.CharField(help_text="Whose list it is, such as invoicing.invoice.", max_length=100),
                        ),
                        (
                            "query",
                            models.CharField(blank=True, help_text="As in the address of the list.", max_length=2000),
                        ),
                        ("is_shared", models.BooleanField(default=False, verbose_name="shared")),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "pinned_by",
                            models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("owner", "list_of", "name"),
                                name="view_named_once_per_owner_and_list",
                                violation_error_message="You have a view of that name here already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SeenAttention",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("kind", models.CharField(max_length=40)),
                        ("fingerprint", models.CharField(max_length=60)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "kind"), name="attention_seen_once_per_user_and_kind"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SuppressedAddress",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("address", models.CharField(help_text="In small letters.", max_length=254)),
                        (
                            "reason",
                            models.CharField(
                                choices=[("bounced", "Bounced"), ("complained", "Complained")], max_length=10
                            ),
                        ),
                        ("since", models.DateTimeField(default=billing_platform.lib.clock.now)),
                        ("detail", models.TextField(blank=True, verbose_name="what was said")),
                        ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="allowed again")),
                        ("lifted_by", models.CharField(blank=True, max_length=200, verbose_name="allowed by")),
                        ("lifted_because", models.CharField(blank=True, max_length=500, verbose_name="because")),
                        (
                            "notification",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.notification",
                                verbose_name="e-mail",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "suppressed address",
                        "verbose_name_plural": "suppressed addresses",
                        "ordering": ["-since"],
                        "permissions": [("lift_suppressedaddress", "Can allow a suppressed address again")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("lifted_at__isnull", True)),
                                fields=("address",),
                                name="address_is_suppressed_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("lifted_at__isnull", True), ("lifted_because", ""), ("lifted_by", "")),
                                    models.Q(
                                        ("lifted_at__isnull", False), models.Q(("lifted_because", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="address_is_allowed_again_for_a_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SwitchedOffEmail",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("kind", models.CharField(max_length=50)),
                        (
                            "address",
                            models.CharField(
                                blank=True, help_text="In small letters. Empty: the whole customer.", max_length=254
                            ),
                        ),
                        ("switched_off_by", models.CharField(max_length=200)),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="switched_off_emails",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "switched-off e-mail",
                        "ordering": ["organisation", "kind", "address"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "kind", "address"), name="email_is_switched_off_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookEndpoint",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "url",
                            models.CharField(
                                help_text="Begins with https:// and names a public host.",
                                max_length=500,
                                validators=[organisations.models.webhook_endpoint.validate_receiver],
                                verbose_name="URL",
                            ),
                        ),
                        (
                            "description",
                            models.CharField(
                                blank=True, max_length=200, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        (
                            "event_types",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="Which events it hears of, such as invoice.paid. None chosen: all of them.",
                            ),
                        ),
                        (
                            "payload",
                            models.CharField(
                                choices=[("full", "The whole object"), ("thin", "Its id only")],
                                default="full",
                                help_text="What a message holds of its object.",
                                max_length=4,
                            ),
                        ),
                        (
                            "version",
                            models.CharField(
                                choices=[("2026-11", "2026-11")],
                                default="2026-11",
                                help_text="In which shape payloads are written.",
                                max_length=7,
                            ),
                        ),
                        ("secret", models.TextField(editable=False)),
                        ("previous_secret", models.TextField(blank=True, editable=False)),
                        (
                            "previous_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Until then messages are signed with the previous secret as well.",
                                null=True,
                            ),
                        ),
                        ("older_secret", models.TextField(blank=True, editable=False)),
                        (
                            "older_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Until then messages are signed with the secret before that as well.",
                                null=True,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("active", "Active"), ("disabled", "Disabled")], default="active", max_length=8
                            ),
                        ),
                        ("disabled_reason", models.CharField(blank=True, max_length=500)),
                        (
                            "disabled_by",
                            models.CharField(
                                blank=True, help_text="Empty: the platform, as it took nothing.", max_length=200
                            ),
                        ),
                        ("disabled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "failing_since",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the first try failed since the last one that succeeded.",
                                null=True,
                            ),
                        ),
                        (
                            "quiet_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Its receiver asked (Retry-After) for no messages before.",
                                null=True,
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the seller's own endpoint, which hears of every customer.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhook_endpoints",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook endpoint",
                        "ordering": ["-created_at"],
                        "permissions": [("replay_webhookendpoint", "Can test an endpoint and replay its deliveries")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "url"),
                                name="webhook_endpoint_once_per_url",
                                nulls_distinct=False,
                                violation_error_message="There is an endpoint with this URL already: change that one.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("secret__regex", "^gAAAAA"),
                                    models.Q(
                                        models.Q(("previous_secret", ""), ("previous_until__isnull", True)),
                                        models.Q(
                                            ("previous_secret__regex", "^gAAAAA"), ("previous_until__isnull", False)
                                        ),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        models.Q(("older_secret", ""), ("older_until__isnull", True)),
                                        models.Q(("older_secret__regex", "^gAAAAA"), ("older_until__isnull", False)),
                                        _connector="OR",
                                    ),
                                ),
                                name="webhook_endpoint_secrets_are_sealed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("disabled_at__isnull", True),
                                        ("disabled_by", ""),
                                        ("disabled_reason", ""),
                                        ("status", "active"),
                                    ),
                                    models.Q(
                                        ("disabled_at__isnull", False),
                                        ("status", "disabled"),
                                        models.Q(("disabled_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="disabled_webhook_endpoint_says_since_when_and_why",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookMessage",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        (
                            "audience",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                default=list,
                                help_text="Other customers whose endpoints hear of it: those for whom a price for all may hold.",
                                size=None,
                            ),
                        ),
                        ("type", models.CharField(max_length=60)),
                        ("object_id", models.UUIDField(verbose_name="object")),
                        ("dedupe_key", models.CharField(max_length=200, unique=True)),
                        ("version", models.CharField(default="2026-11", max_length=7)),
                        (
                            "payload",
                            models.JSONField(
                                help_text="The object as it stood when it happened, in the shape of the API. Empty: it could not be made yet.",
                                null=True,
                            ),
                        ),
                        (
                            "facts",
                            models.JSONField(
                                help_text="The rows as they stood, from which a missing payload is made.", null=True
                            ),
                        ),
                        ("failure", models.TextField(blank=True, help_text="Why the payload could not be made.")),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: about no customer in particular. The seller's own endpoints hear of it, and the audience's.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhook_messages",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook message",
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["created_at"], name="webhook_message_by_time")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("facts__isnull", True), ("failure", ""), ("payload__isnull", False)),
                                    models.Q(("payload__isnull", True), models.Q(("failure", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="webhook_message_has_payload_or_says_why_not",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookDelivery",
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
                            "object_id",
                            models.UUIDField(
                                help_text="The message's: in whose order it is delivered.", verbose_name="object"
                            ),
                        ),
                        (
                            "payload",
                            models.CharField(
                                choices=[("full", "The whole object"), ("thin", "Its id only")],
                                help_text="What it holds of its object.",
                                max_length=4,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("sending", "Sending"),
                                    ("delivered", "Delivered"),
                                    ("failed", "Failed"),
                                ],
                                default="pending",
                                max_length=9,
                            ),
                        ),
                        ("delivered_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "endpoint",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="organisations.webhookendpoint",
                            ),
                        ),
                        (
                            "message",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="organisations.webhookmessage",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook delivery",
                        "verbose_name_plural": "webhook deliveries",
                        "ordering": ["-created_at", "-message_id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["endpoint", "next_attempt_at"],
                                name="webhook_delivery_due",
                            ),
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["endpoint", "object_id", "message"],
                                name="webhook_delivery_in_order",
                            ),
                            models.Index(fields=["endpoint", "-created_at"], name="webhook_delivery_by_time"),
                            models.Index(
                                condition=models.Q(("status", "failed")),
                                fields=["endpoint"],
                                name="webhook_delivery_failed",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("endpoint", "message"), name="webhook_message_once_per_endpoint"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("delivered_at__isnull", False),
                                        ("next_attempt_at__isnull", True),
                                        ("status", "delivered"),
                                    ),
                                    models.Q(("next_attempt_at__isnull", True), ("status", "failed")),
                                    models.Q(
                                        ("next_attempt_at__isnull", False), ("status__in", ["pending", "sending"])
                                    ),
                                    _connector="OR",
                                ),
                                name="webhook_delivery_waits_or_has_ended",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookAttempt",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("sent_at", models.DateTimeField()),
                        (
                            "milliseconds",
                            models.PositiveIntegerField(
                                help_text="From the look-up of the host to the end of the answer."
                            ),
                        ),
                        ("headers", models.JSONField(default=dict, help_text="Of the request, without its signature.")),
                        (
                            "answer_status",
                            models.PositiveSmallIntegerField(
                                help_text="Empty: there was none.", null=True, verbose_name="answer"
                            ),
                        ),
                        (
                            "answer",
                            models.TextField(
                                blank=True, help_text="Its first 4 KB.", verbose_name="body of the answer"
                            ),
                        ),
                        ("failure", models.TextField(blank=True, help_text="Empty: the receiver took it.")),
                        (
                            "delivery",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tries",
                                to="organisations.webhookdelivery",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "try",
                        "verbose_name_plural": "tries",
                        "ordering": ["-sent_at"],
                    },
                ),
                migrations.CreateModel(
                    name="TestClock",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0, help_text="How often it was tried.")),
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
                        ("started_at", models.DateTimeField(help_text="When its time began.")),
                        ("now", models.DateTimeField(help_text="What the customer takes for now.")),
                        ("moved_from", models.DateTimeField(help_text="Where it stood before it was last moved.")),
                        (
                            "advance_to",
                            models.DateTimeField(
                                blank=True, help_text="Where it was last moved to. Empty: never.", null=True
                            ),
                        ),
                        ("moved_by", models.CharField(blank=True, max_length=200)),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                blank=True, help_text="Empty: it stands.", null=True, verbose_name="next try"
                            ),
                        ),
                        (
                            "organisation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="test_clock",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "test clock",
                        "ordering": ["-created_at"],
                        "permissions": [("advance_testclock", "Can advance a test clock")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="test_clock_due",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("moved_from__lte", models.F("now")),
                                    ("started_at__lte", models.F("moved_from")),
                                    models.Q(
                                        ("advance_to__isnull", True),
                                        ("advance_to__gte", models.F("now")),
                                        _connector="OR",
                                    ),
                                ),
                                name="test_clock_moves_between_its_marks",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PortalLink",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("operator", "Made by an operator"),
                                    ("customer", "The customer asked for it"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("made_by", models.CharField(max_length=200)),
                        ("expires_at", models.DateTimeField(verbose_name="ends")),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_by", models.CharField(blank=True, max_length=200)),
                        ("last_used_at", models.DateTimeField(blank=True, null=True, verbose_name="last used")),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="portal_links",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [("manage_portallink", "Can make and revoke links to the customer portal")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("revoked_at__isnull", True), ("revoked_by", "")),
                                    models.Q(
                                        ("revoked_at__isnull", False), models.Q(("revoked_by", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="portal_link_is_revoked_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("expires_at__gt", models.F("created_at"))),
                                name="portal_link_ends_later",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("token_hash__regex", "^[0-9a-f]{64}$")),
                                name="portal_link_has_a_hash",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BulkJob",
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
                            "verb",
                            models.CharField(
                                help_text="As its app registered it, such as invoices.issue.", max_length=60
                            ),
                        ),
                        (
                            "token",
                            models.UUIDField(
                                editable=False,
                                help_text="Of the page that was confirmed: one job of each.",
                                unique=True,
                            ),
                        ),
                        (
                            "options",
                            models.JSONField(default=dict, help_text="What the form asked for, such as a reason."),
                        ),
                        ("query", models.TextField(blank=True, help_text="The list's filters, as in its address.")),
                        ("stopped_by", models.CharField(blank=True, max_length=200)),
                        (
                            "finished_at",
                            models.DateTimeField(blank=True, help_text="When no row waited any more.", null=True),
                        ),
                        (
                            "maker",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="confirmed by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "bulk job",
                        "ordering": ["-created_at"],
                        "permissions": [
                            ("steer_bulkjob", "Can stop a bulk job of another, and try again what failed in it")
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="bulk_job_due",
                            ),
                            models.Index(fields=["-created_at", "-id"], name="bulk_job_newest"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("finished_at__isnull", True),
                                    models.Q(("claimed_until__isnull", True), ("next_attempt_at__isnull", True)),
                                    _connector="OR",
                                ),
                                name="finished_bulk_job_waits_for_nothing",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BulkItem",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("position", models.PositiveIntegerField(help_text="In this order they are done.")),
                        ("object_id", models.UUIDField(verbose_name="object")),
                        (
                            "name",
                            models.CharField(
                                help_text="What the row was called when the job was confirmed.", max_length=200
                            ),
                        ),
                        ("amount", models.DecimalField(blank=True, decimal_places=4, max_digits=19, null=True)),
                        ("currency", models.CharField(blank=True, max_length=3)),
                        (
                            "seen",
                            models.CharField(
                                blank=True,
                                editable=False,
                                help_text="What it was then, for verbs that do only what was seen.",
                                max_length=64,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("done", "Done"),
                                    ("skipped", "Skipped"),
                                    ("failed", "Failed"),
                                ],
                                default="waiting",
                                max_length=7,
                            ),
                        ),
                        ("reason", models.TextField(blank=True, help_text="Why it was skipped, or failed.")),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
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
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="organisations.bulkjob",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "row of a bulk job",
                        "verbose_name_plural": "rows of bulk jobs",
                        "ordering": ["position"],
                        "indexes": [
                            models.Index(fields=["job", "state", "position"], name="bulk_item_by_state"),
                            models.Index(fields=["job", "position"], name="bulk_item_in_order"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "object_id"), name="row_once_per_bulk_job"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("reason", ""), ("state__in", ["waiting", "done"])),
                                    models.Q(
                                        ("state__in", ["skipped", "failed"]), models.Q(("reason", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="left_bulk_item_says_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("finished_at__isnull", True), ("state", "waiting")),
                                    models.Q(
                                        models.Q(("state", "waiting"), _negated=True), ("finished_at__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="bulk_item_waits_or_has_ended",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DetailsRequest",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField(default=billing_platform.lib.clock.now, editable=False)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "subject",
                            models.CharField(
                                choices=[("party", "Name, address and GSTIN"), ("email", "Billing e-mail")],
                                max_length=5,
                                verbose_name="about",
                            ),
                        ),
                        ("proposed", models.JSONField(help_text="New values by field.")),
                        ("before", models.JSONField(help_text="What stood there when the customer asked.")),
                        (
                            "note",
                            models.CharField(
                                blank=True, max_length=500, validators=[billing_platform.lib.validators.validate_line]
                            ),
                        ),
                        ("asked_by", models.CharField(max_length=200)),
                        (
                            "status",
                            models.CharField(
                                choices=[("open", "To decide"), ("approved", "Approved"), ("rejected", "Rejected")],
                                default="open",
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
                                related_name="details_requests",
                                to="organisations.organisation",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "change of details",
                        "verbose_name_plural": "changes of details",
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status", "open")),
                                fields=("organisation", "subject"),
                                name="one_open_details_request",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_at__isnull", True),
                                        ("decided_by", ""),
                                        ("reason", ""),
                                        ("status", "open"),
                                    ),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("reason", ""),
                                        ("status", "approved"),
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
                                name="details_request_tells_its_decision",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("proposed", {}), _negated=True),
                                name="details_request_proposes_something",
                            ),
                        ],
                    },
                ),
            ],
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0155ebd9620451be030a5cf8d5ca834a0f619524",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_57b4b",
                    table="auditlog_logentry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="0c2bb8ef5de2eabf00cc5779469d0df3d1ffcc60",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_f109e",
                    table="auditlog_logentry",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="notificationevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="5d7481831fa43cc6de347395d03a19c91d3cec5d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_27240",
                    table="organisations_notificationevent",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="notificationevent",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="f1e9b1b661b7033bbb10452424707732498c39e6",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_637cb",
                    table="organisations_notificationevent",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="another_gstin_is_not_checked",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."gstin" IS DISTINCT FROM (NEW."gstin"))',
                    func="\n            IF NEW.gstin_checked_on IS NOT DISTINCT FROM OLD.gstin_checked_on THEN\n                NEW.gstin_checked_on := NULL;\n            END IF;\n            RETURN NEW;\n        ",
                    hash="4293da3602395894e69c380241a51a76ae79ac5e",
                    operation='UPDATE OF "gstin"',
                    pgid="pgtrigger_another_gstin_is_not_checked_9ac4a",
                    table="organisations_organisation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="customernote",
            trigger=pgtrigger.compiler.Trigger(
                name="a_note_stays_as_written",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."written_by" IS DISTINCT FROM (NEW."written_by") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6469b2004f3f4a904593e57dbdbf8cd793b1fd35",
                    operation="UPDATE",
                    pgid="pgtrigger_a_note_stays_as_written_95cf1",
                    table="organisations_customernote",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="project_mode_is_that_of_its_keys",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF EXISTS (SELECT FROM organisations_apikey WHERE project_id = NEW.id AND mode <> NEW.mode) THEN\n                        RAISE EXCEPTION 'Project % has keys of the other mode.', NEW.id;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="52a163340ea3e0c39c27d9a6b5558358cb28849f",
                    operation='UPDATE OF "mode"',
                    pgid="pgtrigger_project_mode_is_that_of_its_keys_81898",
                    table="organisations_project",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="apikey",
            trigger=pgtrigger.compiler.Trigger(
                name="api_key_mode_is_that_of_its_project",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF EXISTS (SELECT FROM organisations_project WHERE id = NEW.project_id AND mode <> NEW.mode) THEN\n                        RAISE EXCEPTION 'Project % is of the other mode.', NEW.project_id;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="417fdc9f81502d7880f4b99d94b3045787b64fa2",
                    operation='INSERT OR UPDATE OF "mode", "project_id"',
                    pgid="pgtrigger_api_key_mode_is_that_of_its_project_1a8cc",
                    table="organisations_apikey",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="webhookattempt",
            trigger=pgtrigger.compiler.Trigger(
                name="what_came_back_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="a6d2759f4b392664a414120466b4bb1bb9874236",
                    operation="UPDATE",
                    pgid="pgtrigger_what_came_back_never_changes_ad543",
                    table="organisations_webhookattempt",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="webhookmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_told_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF OLD.payload IS NOT NULL\n                       OR (NEW.uid, NEW.organisation_id, NEW.audience, NEW.type, NEW.object_id, NEW.dedupe_key,\n                           NEW.version, NEW.created_at)\n                       IS DISTINCT FROM\n                       (OLD.uid, OLD.organisation_id, OLD.audience, OLD.type, OLD.object_id, OLD.dedupe_key,\n                        OLD.version, OLD.created_at) THEN\n                        RAISE EXCEPTION 'What was told never changes.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="2200d063acd249b8fda7cc5d1086e08ac0e6fd38",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_told_never_changes_67542",
                    table="organisations_webhookmessage",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="webhookmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="e843d040150d6f6ec8ec51e9e9b6555affaa1e8e",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_b8a0a",
                    table="organisations_webhookmessage",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="webhookdelivery",
            trigger=pgtrigger.compiler.Trigger(
                name="what_goes_where_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."endpoint_id" IS DISTINCT FROM (NEW."endpoint_id") OR OLD."message_id" IS DISTINCT FROM (NEW."message_id") OR OLD."object_id" IS DISTINCT FROM (NEW."object_id") OR OLD."payload" IS DISTINCT FROM (NEW."payload"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="37b2d2559b6be3b2e75b4281495a68cac4616ada",
                    operation="UPDATE",
                    pgid="pgtrigger_what_goes_where_never_changes_c00e9",
                    table="organisations_webhookdelivery",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="billingentity",
            trigger=pgtrigger.compiler.Trigger(
                name="a_test_seller_stays_one",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."is_test" IS DISTINCT FROM (NEW."is_test"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="80ed84808875e6456b6114077344f2f860e83bcc",
                    operation="UPDATE",
                    pgid="pgtrigger_a_test_seller_stays_one_1e689",
                    table="organisations_billingentity",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="billingentity",
            trigger=pgtrigger.compiler.Trigger(
                name="test_sellers_have_gstins_of_their_own",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.gstin <> '' AND EXISTS (\n                SELECT FROM organisations_billingentity\n                WHERE gstin = NEW.gstin AND is_test <> NEW.is_test AND id <> NEW.id\n            ) THEN\n                RAISE EXCEPTION 'A GSTIN is of real sellers or of test sellers.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="e2c3c230010dc484701e8b6d4903fe00797be4a9",
                    operation='INSERT OR UPDATE OF "gstin"',
                    pgid="pgtrigger_test_sellers_have_gstins_of_their_own_29393",
                    table="organisations_billingentity",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="a_test_customer_stays_one",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."is_test" IS DISTINCT FROM (NEW."is_test"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="26158d8a09853ba9c3c28b2cf4382f3f23585c1f",
                    operation="UPDATE",
                    pgid="pgtrigger_a_test_customer_stays_one_86c7c",
                    table="organisations_organisation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="test_customers_are_of_test_sellers",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NOT EXISTS (\n                SELECT FROM organisations_billingentity WHERE id = NEW.billing_entity_id AND is_test = NEW.is_test\n            ) THEN\n                RAISE EXCEPTION 'Test customers are of test sellers, and others are not.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="3649717d829e398ab876756d592bee3a4c1b7eb5",
                    operation='INSERT OR UPDATE OF "billing_entity_id"',
                    pgid="pgtrigger_test_customers_are_of_test_sellers_eef2f",
                    table="organisations_organisation",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="testclock",
            trigger=pgtrigger.compiler.Trigger(
                name="a_test_clock_only_goes_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF NEW.now < OLD.now OR NEW.organisation_id <> OLD.organisation_id\n                       OR NEW.started_at <> OLD.started_at THEN\n                        RAISE EXCEPTION 'A test clock only goes forward.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="404002b00b56efe48c4cc58075059844dd7431a1",
                    operation="UPDATE",
                    pgid="pgtrigger_a_test_clock_only_goes_forward_ea8a4",
                    table="organisations_testclock",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="testclock",
            trigger=pgtrigger.compiler.Trigger(
                name="a_test_clock_is_a_test_customers",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF NOT EXISTS (\n                        SELECT FROM organisations_organisation WHERE id = NEW.organisation_id AND is_test\n                    ) THEN\n                        RAISE EXCEPTION 'Only a test customer has a test clock.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="03591175e45bbbea525d96102f9aee0823af1102",
                    operation="INSERT",
                    pgid="pgtrigger_a_test_clock_is_a_test_customers_804bf",
                    table="organisations_testclock",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="portallink",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="acd01fd0dccef04cfbbcb1c475a482f0efe7a459",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_b151c",
                    table="organisations_portallink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="portallink",
            trigger=pgtrigger.compiler.Trigger(
                name="what_it_opens_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."token_hash" IS DISTINCT FROM (NEW."token_hash") OR OLD."cause" IS DISTINCT FROM (NEW."cause") OR OLD."made_by" IS DISTINCT FROM (NEW."made_by") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9be07559b3559207eb4e3a61770dcd1d9cd1274f",
                    operation="UPDATE",
                    pgid="pgtrigger_what_it_opens_never_changes_bb7af",
                    table="organisations_portallink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="portallink",
            trigger=pgtrigger.compiler.Trigger(
                name="revoked_for_good",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."revoked_at" IS NULL AND OLD."revoked_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="a074600566db85acc8238e7b84ba940ad8e36395",
                    operation="UPDATE",
                    pgid="pgtrigger_revoked_for_good_c98dd",
                    table="organisations_portallink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="portallink",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="fcb455d5ed8375b3f3557e5cf89bc73d82b9023c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_a6575",
                    table="organisations_portallink",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="detailsrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="2e07f3b36df88c83fe82c34e04e3b34756691f4c",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_9e441",
                    table="organisations_detailsrequest",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="detailsrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_proposed_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."proposed" IS DISTINCT FROM (NEW."proposed") OR OLD."before" IS DISTINCT FROM (NEW."before") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."asked_by" IS DISTINCT FROM (NEW."asked_by") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="1df1e266f9086f1c06283c2ef4351a471f96129e",
                    operation="UPDATE",
                    pgid="pgtrigger_what_was_proposed_stays_39f63",
                    table="organisations_detailsrequest",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="detailsrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="decided_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'open'))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="cace558d84f04fefb616fe2f6673623c92d5f1c6",
                    operation="UPDATE",
                    pgid="pgtrigger_decided_once_f161b",
                    table="organisations_detailsrequest",
                    when="BEFORE",
                ),
            ),
        ),
        billing_platform.lib.database.operations.AddTrigger(
            model_name="detailsrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
                    hash="24d5d082e77e9fad3a46f4279abf4ee3b83602d0",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_331c2",
                    table="organisations_detailsrequest",
                    when="BEFORE",
                ),
            ),
        ),
    ]
