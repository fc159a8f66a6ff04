"""The seller: the legal entity whose name, GSTIN and numbers stand on invoices."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.document_numbers import (
    MAX_WIDTH,
    NUMBER_LENGTH,
    PREFIX_LENGTH,
    SEPARATORS,
    YEARS,
    NumberStyle,
)
from billing_platform.lib.validators import (
    validate_cin,
    validate_colour,
    validate_ifsc,
    validate_line,
    validate_pan,
    validate_prefix,
    validate_printed_line,
    validate_sac,
    validate_swift,
    validate_time_zone,
    validate_udyam,
    validate_upi_id,
)
from organisations.logos import LogoField
from organisations.models.address import PartyFields
from organisations.models.collecting_rules import COLLECTING_WITHIN_BOUNDS, SellersCollectingRules
from organisations.models.e_invoicing import NEEDS_A_GSTIN, SellersEInvoicing
from organisations.models.for_tests import SELLER_TRIGGERS, TEST_SELLER_SAYS_SO
from organisations.models.issuing_rules import WITHIN_BOUNDS, SellersIssuingRules


def _fits_rule_46(prefix: str, name: str, numbers: str) -> models.CheckConstraint:
    """Prefix, year, two separators and the running number have at most 16 characters."""
    length = Length(prefix) + Length("number_year") + F("number_width") + 2
    return models.CheckConstraint(
        condition=LessThanOrEqual(length, NUMBER_LENGTH),
        name=name,
        violation_error_message=f"{numbers} would be longer than {NUMBER_LENGTH} characters (rule 46): shorten the "
        "prefix or the year, or take fewer digits.",
    )


class BillingEntity(BaseModel, PartyFields, SellersIssuingRules, SellersCollectingRules, SellersEInvoicing):
    name = models.CharField(
        max_length=100, unique=True, validators=[validate_line], help_text="The name that operators see."
    )
    email = models.EmailField(help_text="Contact address on documents, and reply address of e-mails.")
    phone = models.CharField(max_length=30, blank=True, validators=[validate_printed_line])
    time_zone = models.CharField(
        max_length=50,
        default="Asia/Kolkata",
        validators=[validate_time_zone],
        help_text="Time zone of document dates and of the financial year.",
    )
    invoice_prefix = models.CharField(max_length=PREFIX_LENGTH, default="INV", validators=[validate_prefix])
    credit_note_prefix = models.CharField(max_length=PREFIX_LENGTH, default="CN", validators=[validate_prefix])
    number_separator = models.CharField(
        "separator", max_length=1, choices=SEPARATORS, default="/", help_text="Before and after the year."
    )
    number_year = models.CharField(
        "financial year", max_length=7, choices=YEARS, default="yy-nn", help_text="How the year stands in numbers."
    )
    number_width = models.PositiveSmallIntegerField(
        "digits",
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WIDTH)],
        help_text="Of the running number: a shorter one gets zeros before it.",
    )
    default_sac = models.CharField("default SAC", max_length=6, default="998315", validators=[validate_sac])
    pan = models.CharField(
        "PAN",
        max_length=10,
        blank=True,
        validators=[validate_pan],
        help_text="Printed on documents. Leave it empty where there is a GSTIN: it holds the PAN.",
    )
    cin = models.CharField(
        "CIN or LLPIN",
        max_length=21,
        blank=True,
        validators=[validate_cin],
        help_text="Companies and limited liability partnerships have to print it.",
    )
    udyam = models.CharField(
        "Udyam number",
        max_length=19,
        blank=True,
        validators=[validate_udyam],
        help_text="Of a micro, small or medium enterprise: customers see that 45 days hold for them.",
    )
    bank_name = models.CharField(max_length=100, blank=True, validators=[validate_printed_line])
    bank_address = models.CharField(
        max_length=300, blank=True, validators=[validate_printed_line], help_text="Printed for customers abroad."
    )
    bank_account_number = models.CharField(
        max_length=40,
        blank=True,
        validators=[validate_printed_line],
        help_text="The account number, or the IBAN where accounts have one.",
    )
    bank_ifsc = models.CharField("IFSC", max_length=11, blank=True, validators=[validate_ifsc])
    bank_swift = models.CharField(
        "SWIFT code (BIC)",
        max_length=11,
        blank=True,
        validators=[validate_swift],
        help_text="Printed for customers abroad.",
    )
    correspondent_bank = models.CharField(
        max_length=300,
        blank=True,
        validators=[validate_printed_line],
        help_text="Name, SWIFT code and account of the bank that receives foreign currency first. "
        "Printed for customers abroad.",
    )
    upi_id = models.CharField("UPI id", max_length=100, blank=True, validators=[validate_upi_id])
    logo = LogoField(blank=True, help_text="PNG or JPEG. Without a logo, invoices show the name.")
    brand_colour = models.CharField(max_length=7, default="#1f4e79", validators=[validate_colour])
    round_total = models.BooleanField(
        "round to whole rupees",
        default=False,
        help_text="Totals of invoices in rupees. The round-off stands below the taxes, outside the taxable value.",
    )
    credit_note_on_refund = models.BooleanField(
        "credit note with a refund",
        default=True,
        help_text="A refund takes back a part of the invoice, too, unless the operator says otherwise. Without: the"
        " invoice stands, and its tax stays owed.",
    )
    is_default = models.BooleanField(
        "default", default=False, help_text="Seller of the customers for whom no other seller is chosen."
    )
    is_test = models.BooleanField(
        "test seller",
        default=False,
        help_text="For ever: its customers are test customers, whose time a test clock shows. Its legal name begins "
        "with TEST, and no total or return counts it.",
    )

    constraint_fields = {
        "one_default_entity": "is_default",
        "one_invoice_series_per_gstin": "invoice_prefix",
        "invoices_and_credit_notes_have_series_of_their_own": "credit_note_prefix",
        "invoice_numbers_fit_rule_46": "invoice_prefix",
        "credit_note_numbers_fit_rule_46": "credit_note_prefix",
        "running_number_has_digits": "number_width",
        "e_invoices_need_a_gstin": "e_invoices_from",
        "test_seller_says_so": "is_test",
    }

    class Meta:
        verbose_name = "seller"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="one_default_entity",
                violation_error_message="Another seller is the default: remove the mark there first.",
            ),
            models.UniqueConstraint(
                fields=["gstin", "invoice_prefix"],
                condition=~Q(gstin=""),
                name="one_invoice_series_per_gstin",
                violation_error_message="Another seller numbers its invoices under this GSTIN and prefix.",
            ),
            models.CheckConstraint(
                condition=~Q(invoice_prefix=F("credit_note_prefix")),
                name="invoices_and_credit_notes_have_series_of_their_own",
                violation_error_message="Invoices have this prefix: choose another one for credit notes.",
            ),
            _fits_rule_46("invoice_prefix", "invoice_numbers_fit_rule_46", "Invoice numbers"),
            _fits_rule_46("credit_note_prefix", "credit_note_numbers_fit_rule_46", "Credit note numbers"),
            models.CheckConstraint(
                condition=Q(number_width__gte=1, number_width__lte=MAX_WIDTH),
                name="running_number_has_digits",
                violation_error_message=f"Write a number from 1 to {MAX_WIDTH}.",
            ),
            NEEDS_A_GSTIN,
            TEST_SELLER_SAYS_SO,
            models.CheckConstraint(condition=WITHIN_BOUNDS, name="seller_issuing_rules_within_bounds"),
            models.CheckConstraint(condition=COLLECTING_WITHIN_BOUNDS, name="seller_collecting_rules_within_bounds"),
        ]
        triggers = SELLER_TRIGGERS

    def __str__(self) -> str:
        return self.name

    @property
    def number_style(self) -> NumberStyle:
        return NumberStyle(self.number_separator, self.number_year, self.number_width)

    def clean(self) -> None:
        super().clean()
        self._check_prefixes()
        self._check_customers()
        if self.pan and self.gstin and self.pan != self.gstin[2:12]:
            raise ValidationError({"pan": f"The GSTIN holds another PAN, {self.gstin[2:12]}: leave this field empty."})

    def _check_prefixes(self) -> None:
        """Within one GSTIN, the invoices of one seller and the credit notes of another may not have the same prefix."""
        if not self.gstin:
            return
        others = BillingEntity.objects.filter(gstin=self.gstin).exclude(pk=self.pk)
        if others.exclude(is_test=self.is_test).exists():
            which = "A seller that is no test seller" if self.is_test else "A test seller"
            raise ValidationError({"gstin": f"{which} has this GSTIN: its numbers and returns stand apart."})
        for field, other in (("invoice_prefix", "credit_note_prefix"), ("credit_note_prefix", "invoice_prefix")):
            if others.filter(**{other: getattr(self, field)}).exists():
                kind = "credit notes" if other == "credit_note_prefix" else "invoices"
                raise ValidationError({field: f"Another seller numbers its {kind} under this GSTIN and prefix."})

    def _check_customers(self) -> None:
        """Refuse a GSTIN that one of the seller's customers has, also if the seller's GSTIN changes later."""
        oneself = self.organisations.filter(gstin=self.gstin).first() if self.gstin and not self._state.adding else None
        if oneself is not None:
            raise ValidationError({"gstin": f"The customer {oneself} has this GSTIN: nobody supplies to oneself."})
