"""Discounts of a customer, and what each invoice used of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import FEE_NAME_LENGTH, MAX_PERCENT, METRIC_NAME_LENGTH, UNIT_LENGTH
from billing_platform.lib.number_formats import format_money, format_percent
from billing_platform.lib.validators import (
    validate_currency,
    validate_line,
    validate_positive,
    validate_printed_line,
)
from invoicing.computing.discounts import Discount as Fact
from invoicing.models.columns import (
    DayField,
    MoneyField,
    above_zero,
    check_amount,
    check_customers_currency,
    check_validity,
    ends_after_it_starts,
)
from invoicing.models.dated import DatedQuerySet
from invoicing.models.invoice import Invoice
from invoicing.models.invoice_line import frozen_with_invoice
from invoicing.models.only_ends import ISSUED_AND_LIVE, only_ends
from invoicing.models.recurring_fee import RecurringFee
from organisations.models import Organisation
from organisations.scoping import TenantModel


class Discount(BaseModel, TenantModel):
    """A percentage or an amount that comes off a customer's monthly invoices before tax. What an issued invoice used
    can't be changed any more: such a discount can only be ended."""

    half_open_ends = ("effective_to",)

    class Kind(models.TextChoices):
        PERCENT = "percent", "Percent"
        AMOUNT = "amount", "Amount"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="discounts"
    )
    name = models.CharField(
        max_length=FEE_NAME_LENGTH, validators=[validate_printed_line], help_text="As it is printed on invoices."
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERCENT)
    percent = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_PERCENT)],
        help_text="Of what is charged before tax. Only for a percentage.",
    )
    amount = MoneyField(
        null=True,
        blank=True,
        validators=[validate_positive],
        help_text="Before tax, off each invoice. Only for an amount.",
    )
    currency = models.CharField(
        max_length=3, blank=True, validators=[validate_currency], help_text="Of the amount. Empty for a percentage."
    )
    metric_name = models.CharField(
        "metric",
        max_length=METRIC_NAME_LENGTH,
        blank=True,
        validators=[validate_line],
        help_text="Comes off the usage of this metric only. Empty: off everything.",
    )
    unit = models.CharField(max_length=UNIT_LENGTH, blank=True, validators=[validate_line])
    recurring_fee = models.ForeignKey(
        RecurringFee,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="discounts",
        help_text="Comes off this fee only. Empty: off everything.",
    )
    times = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="On how many invoices. 1: once. Empty: on each one while it is valid.",
    )
    carries_remainder = models.BooleanField(
        "carries its remainder",
        default=False,
        help_text="Only for an amount that is given once: what one invoice can't use is left for the next ones.",
    )
    effective_from = DayField(
        help_text="Invoices of the month of this day, and of later months, are discounted.",
    )
    effective_to = DayField(
        null=True, blank=True, help_text="The first day on which it is not valid any more. Empty: no end."
    )

    objects = DatedQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {
        "discount_ends_after_it_starts": "effective_to",
        "discount_is_percent_or_amount": "kind",
        "discount_percent_within_hundred": "percent",
        "discount_amount_above_zero": "amount",
        "discount_for_one_thing": "recurring_fee",
        "discount_metric_has_its_unit": "unit",
        "discount_remainder_of_one_amount": "carries_remainder",
        "discount_at_least_once": "times",
    }

    class Meta:
        ordering = ["organisation__name", "-effective_from", "name"]
        constraints = [
            ends_after_it_starts("discount_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(kind="percent", percent__isnull=False, amount__isnull=True, currency="")
                | (Q(kind="amount", percent__isnull=True, amount__isnull=False) & Q(currency__regex=r"^[A-Z]{3}$")),
                name="discount_is_percent_or_amount",
                violation_error_message="Give either a percentage, or an amount with its currency.",
            ),
            models.CheckConstraint(
                condition=Q(percent__isnull=True) | Q(percent__gt=0, percent__lte=100),
                name="discount_percent_within_hundred",
                violation_error_message="Write a percentage above 0, up to 100.",
            ),
            above_zero("discount_amount_above_zero"),
            models.CheckConstraint(
                condition=Q(recurring_fee__isnull=True) | Q(metric_name="", unit=""),
                name="discount_for_one_thing",
                violation_error_message="A discount is for one metric, or for one recurring fee, or for everything.",
            ),
            models.CheckConstraint(
                condition=Q(metric_name="", unit="") | (~Q(metric_name="") & ~Q(unit="")),
                name="discount_metric_has_its_unit",
                violation_error_message="A metric is known by its name and its unit: give both, or none.",
            ),
            models.CheckConstraint(
                condition=Q(carries_remainder=False) | Q(kind="amount", times=1),
                name="discount_remainder_of_one_amount",
                violation_error_message="Only an amount that is given once (1 time) can carry its remainder.",
            ),
            models.CheckConstraint(
                condition=Q(times__isnull=True) | Q(times__gte=1),
                name="discount_at_least_once",
                violation_error_message="At least 1. Empty: on each invoice.",
            ),
        ]
        triggers = [
            only_ends(
                "used_discount_only_ends",
                issued=f"""
                    SELECT FROM invoicing_discountredemption redemption
                    JOIN invoicing_invoice invoice ON invoice.id = redemption.invoice_id
                    WHERE redemption.discount_id = OLD.id AND {ISSUED_AND_LIVE}
                """,
                sentence="Discount % is on an issued invoice: end it and add another.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.worth_text})"

    @property
    def worth_text(self) -> str:
        """ "10%", "₹300.00"; a dash while it is neither."""
        if self.percent is not None:
            return format_percent(self.percent)
        return format_money(self.amount, self.currency) if self.amount is not None and self.currency else "–"

    def clean(self) -> None:
        """Refuse what contradicts itself, and set what follows: the kind, and the currency of an amount, which is the
        customer's unless given. Raises ValidationError."""
        if (self.percent is None) == (self.amount is None):
            raise ValidationError({"percent": "Give either a percentage or an amount."})
        self.kind = self.Kind.AMOUNT if self.percent is None else self.Kind.PERCENT
        if self.percent is not None:
            self.currency = ""
        elif not self.currency and self.organisation_id:
            self.currency = self.organisation.currency
        check_validity(self.effective_from, self.effective_to)
        if self.currency:
            check_customers_currency(self)
            check_amount(self.amount, self.currency)
        if self.recurring_fee is not None and self.recurring_fee.organisation_id != self.organisation_id:
            raise ValidationError({"recurring_fee": "Choose a recurring fee of this customer."})

    def as_fact(self, *, metric_title: str, used_times: int, used_amount: Decimal) -> Fact:
        """The plain value that invoices are computed from, with what issued invoices have used of it."""
        return Fact(
            id=self.pk,
            name=self.name,
            effective_from=self.effective_from,
            percent=self.percent,
            amount=self.amount,
            currency=self.currency,
            metric=(self.metric_name, self.unit) if self.metric_name else None,
            metric_title=metric_title,
            recurring_fee_id=self.recurring_fee_id,
            recurring_fee_title=self.recurring_fee.description if self.recurring_fee else "",
            times=self.times,
            carries_remainder=self.carries_remainder,
            used_times=used_times,
            used_amount=used_amount,
        )

    def used(self) -> Any:
        """What issued invoices have used of it: not void ones, and not those whose month is billed anew."""
        return self.redemptions.filter(invoice__in=Invoice.objects.issued().billing())


class DiscountRedemption(BaseModel, TenantModel):
    """What one invoice uses of one discount: of a draft, what it would use. Frozen with the invoice. A void invoice has
    used nothing, nor has one that was credited for its month to be billed anew."""

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="redemptions")
    # a discount that no issued invoice used can be deleted: a draft is computed again before it is issued
    discount = models.ForeignKey(Discount, on_delete=models.CASCADE, related_name="redemptions")
    amount = MoneyField(help_text="Before tax.")

    class Meta:
        ordering = ["invoice", "discount"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "discount"], name="one_redemption_per_invoice_and_discount"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="redemption_above_zero"),
        ]
        triggers = [frozen_with_invoice(), no_truncate()]

    def __str__(self) -> str:
        return f"{self.discount} on {self.invoice}"
