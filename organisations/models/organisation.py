"""The customer that is billed."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import MAX_PAYMENT_TERMS_DAYS, PURCHASE_ORDER_LENGTH
from billing_platform.lib.validators import (
    validate_currency,
    validate_line,
    validate_printed_line,
    validate_slug,
    validate_time_zone,
)
from organisations.models.address import PartyFields
from organisations.models.billing_entity import BillingEntity
from organisations.models.for_tests import CUSTOMER_TRIGGERS
from organisations.models.gstin_check import ONLY_A_GSTIN_IS_CHECKED, TRIGGERS, CheckedGstin
from organisations.models.issuing_rules import WITHIN_BOUNDS, CustomersIssuingRules
from organisations.scoping import TenantModel


class Organisation(BaseModel, PartyFields, CheckedGstin, CustomersIssuingRules, TenantModel):
    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        HINDI = "hi", "Hindi"

    tenant_path = "id"

    name = models.CharField(max_length=200, validators=[validate_line])
    slug = models.SlugField(max_length=60, unique=True, validators=[validate_slug])
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="organisations"
    )
    billing_email = models.EmailField()
    language = models.CharField(
        max_length=2,
        choices=Language,
        default=Language.ENGLISH,
        help_text="Language of the e-mails to the customer. Documents are in that of their template.",
    )
    currency = models.CharField(max_length=3, default="INR", validators=[validate_currency])
    time_zone = models.CharField(
        max_length=50,
        default="Asia/Kolkata",
        validators=[validate_time_zone],
        help_text="Time zone of the months and hours of usage.",
    )
    is_sez = models.BooleanField("SEZ unit or developer", default=False)
    payment_terms_days = models.PositiveSmallIntegerField(
        default=15, validators=[MaxValueValidator(MAX_PAYMENT_TERMS_DAYS)]
    )
    purchase_order = models.CharField(
        "purchase order number",
        max_length=PURCHASE_ORDER_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="Printed on each of the customer's invoices, unless the invoice has another one.",
    )
    strict_metrics = models.BooleanField(
        default=False, help_text="Events of an unknown metric become dead letters instead of a new, unpriced metric."
    )
    uses_credit = models.BooleanField(
        "uses credit by itself",
        default=True,
        help_text="Money on account, and what was paid above the amount due, pays the next issued invoice.",
    )
    is_active = models.BooleanField("active", default=True)
    is_test = models.BooleanField(
        "test customer",
        default=False,
        editable=False,
        help_text="A customer of a test seller: its time is what its test clock shows, and no total counts it.",
    )

    constraint_fields = {"only_a_gstin_is_checked": "gstin_checked_on"}

    class Meta:
        verbose_name = "customer"
        ordering = ["name"]
        indexes = [models.Index(fields=["name", "-id"], name="organisation_by_name")]
        constraints = [
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="organisation_currency_is_iso"),
            models.CheckConstraint(condition=Q(language__in=["en", "hi"]), name="organisation_language_is_known"),
            models.CheckConstraint(
                condition=Q(payment_terms_days__lte=MAX_PAYMENT_TERMS_DAYS), name="organisation_terms_within_a_year"
            ),
            models.CheckConstraint(
                condition=WITHIN_BOUNDS & (Q(approve_above__isnull=True) | Q(approve_above__gt=0)),
                name="organisation_issuing_rules_within_bounds",
            ),
            ONLY_A_GSTIN_IS_CHECKED,
        ]
        triggers = [*TRIGGERS, *CUSTOMER_TRIGGERS]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse the seller's own GSTIN. Another GSTIN of the same company may be a customer."""
        super().clean()
        if self.gstin and self.billing_entity_id and self.gstin == self.billing_entity.gstin:
            raise ValidationError({"gstin": "This is the seller's own GSTIN: nobody supplies to oneself."})
        if self.billing_entity_id and not self._state.adding and self.billing_entity.is_test != self.is_test:
            which = "A test customer" if self.is_test else "A customer who is billed"
            other = "another test seller" if self.is_test else "a seller that is no test seller"
            raise ValidationError({"billing_entity": f"{which} stays one: choose {other}."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The seller decides, once, whether a new customer is a test customer."""
        if self._state.adding:
            self.is_test = self.billing_entity.is_test
        super().save(*args, **kwargs)

    @property
    def standing_holds(self) -> list[Any]:
        """What holds its billing now (`BillingHold`), the oldest first."""
        return list(self.billing_holds.standing().order_by("starts_at", "kind", "pk"))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
