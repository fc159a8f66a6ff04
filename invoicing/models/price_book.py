"""Price rules: the price of a metric, for one customer or all, on given days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import METRIC_NAME_LENGTH, UNIT_LENGTH
from billing_platform.lib.validators import validate_line
from invoicing.models.columns import (
    NO_ORGANISATION,
    CurrencyField,
    DayField,
    PriceField,
    QuantityField,
    check_validity,
    currency_is_iso,
    ends_after_it_starts,
    validity,
)
from invoicing.models.dated import DatedQuerySet
from invoicing.models.only_ends import OnlyEnds, on_issued_line, only_ends
from invoicing.pricing import Price, PriceError, price_from_dict
from invoicing.pricing.exchanging import NEVER_EXCHANGED
from invoicing.pricing.rules import ORGANISATION_POOL, PROJECT_POOL, Rule
from organisations.models import Organisation
from organisations.scoping import TenantModel

_NOT_A_PERCENTAGE = "A percentage is of an amount in its own currency, and can't be exchanged: add a price in each."


# NULL, which equals nothing, where the price may not be exchanged. (Django can't check a condition on a field that a
# form leaves out.)
_EXCHANGED = Cast(NullIf(F("may_be_exchanged"), Value(False)), models.IntegerField())


class PricingRuleQuerySet(DatedQuerySet):
    def applying_to(self, organisation: Organisation) -> Self:
        """The organisation's own rules and the global ones, in its currency or to be exchanged into it."""
        return self.filter(
            Q(organisation=organisation) | Q(organisation__isnull=True),
            Q(currency=organisation.currency) | Q(may_be_exchanged=True),
        )

    def applying_to_any(self, organisations: Collection[Organisation]) -> Self:
        """The own rules of some organisations and the global ones, in any of their currencies or to be exchanged."""
        currencies = {organisation.currency for organisation in organisations}
        return self.filter(
            Q(organisation__in=organisations) | Q(organisation__isnull=True),
            Q(currency__in=currencies) | Q(may_be_exchanged=True),
        )


class PricingRule(OnlyEnds, BaseModel, TenantModel):
    """One price of one metric. A rule that is on an issued invoice can only be ended: the invoice refers to it."""

    half_open_ends = ("effective_to",)

    class Model(models.TextChoices):
        PER_UNIT = "per_unit", "Per unit"
        GRADUATED = "graduated", "Graduated tiers"
        GRADUATED_PERCENTAGE = "graduated_percentage", "Graduated percentage"
        VOLUME = "volume", "Volume tiers"
        PACKAGE = "package", "Package"
        PERCENTAGE = "percentage", "Percentage"
        FLAT = "flat", "Flat"

    class Pool(models.TextChoices):
        ORGANISATION = ORGANISATION_POOL, "The customer's total"
        PROJECT = PROJECT_POOL, "Each project alone"

    tenant_shared = True

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="pricing_rules",
        help_text="Empty: every customer that has no price of its own for the metric.",
    )
    metric_name = models.CharField("metric", max_length=METRIC_NAME_LENGTH, validators=[validate_line])
    unit = models.CharField(max_length=UNIT_LENGTH, validators=[validate_line])
    currency = CurrencyField()
    model = models.CharField(max_length=24, choices=Model, default=Model.PER_UNIT)
    parameters = models.JSONField(
        default=dict, help_text='What the model needs, such as {"unit_price": "0.0123"}; decimals as text.'
    )
    dimensions = models.JSONField(
        default=dict, blank=True, help_text='Usage with these dimensions only, such as {"region": "in"}. Empty: any.'
    )
    pool = models.CharField(
        max_length=12,
        choices=Pool,
        default=Pool.ORGANISATION,
        help_text="The usage that tiers, free units and a flat amount apply to.",
    )
    free_units = QuantityField(default=0)
    minimum = PriceField(null=True, blank=True, help_text="The least amount of a line, if anything was used.")
    maximum = PriceField(null=True, blank=True, help_text="The greatest amount of a line.")
    charge_at_zero = models.BooleanField(
        default=False,
        help_text="The first tier's flat fee, a flat amount and the minimum are due also without usage. A customer who "
        "used nothing at all pays them by a price of its own only.",
    )
    may_be_exchanged = models.BooleanField(
        default=False,
        help_text="Also for customers who are billed in another currency and have no price in theirs: exchanged at the "
        "rate of the month's last day.",
    )
    effective_from = DayField(help_text="First day, in the customer's time zone.")
    effective_to = DayField(
        null=True, blank=True, help_text="The first day on which the price does not apply any more. Empty: no end."
    )

    reason_of_change = ""
    """Why a person makes the change that is saved next: stored in the audit log, with the change."""

    checked_with_others = False
    """Whether a list of prices checks it against the others, which the database need not be asked about then."""

    objects = PricingRuleQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {
        "pricing_rule_ends_after_it_starts": "effective_to",
        "pricing_rule_free_units_not_negative": "free_units",
        "pricing_rule_minimum_below_maximum": "maximum",
        "pricing_rule_percentage_is_not_exchanged": "may_be_exchanged",
        "pricing_rules_exchanged_never_overlap": "may_be_exchanged",
    }

    class Meta:
        verbose_name = "price"
        ordering = ["metric_name", "unit", "currency", "organisation", "-effective_from"]
        constraints = [
            ExclusionConstraint(
                name="pricing_rules_never_overlap",
                expressions=[
                    (Coalesce("organisation", Value(NO_ORGANISATION, models.UUIDField())), RangeOperators.EQUAL),
                    ("metric_name", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    (Cast("dimensions", models.TextField()), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another rule for this metric and dimensions applies on some of these days.",
            ),
            ExclusionConstraint(
                name="pricing_rules_exchanged_never_overlap",
                expressions=[
                    (Coalesce("organisation", Value(NO_ORGANISATION, models.UUIDField())), RangeOperators.EQUAL),
                    ("metric_name", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    (Cast("dimensions", models.TextField()), RangeOperators.EQUAL),
                    (_EXCHANGED, RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                violation_error_message="A price in another currency may be exchanged on some of these days already.",
            ),
            models.CheckConstraint(
                condition=Q(may_be_exchanged=False) | ~Q(model__in=NEVER_EXCHANGED),
                name="pricing_rule_percentage_is_not_exchanged",
                violation_error_message=_NOT_A_PERCENTAGE,
            ),
            ends_after_it_starts("pricing_rule_ends_after_it_starts"),
            currency_is_iso("pricing_rule_currency_is_iso"),
            models.CheckConstraint(
                condition=Q(free_units__gte=0),
                name="pricing_rule_free_units_not_negative",
                violation_error_message="Must not be negative.",
            ),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(maximum__isnull=True) | Q(minimum__lte=F("maximum")),
                name="pricing_rule_minimum_below_maximum",
                violation_error_message="The maximum must not be less than the minimum.",
            ),
        ]
        triggers = [
            only_ends(
                "billed_rule_only_ends",
                issued=on_issued_line("pricing_rule_id"),
                sentence="Pricing rule % is on an issued invoice: end it and add another.",
            ),
        ]

    def __str__(self) -> str:
        first = day_text(self.effective_from)
        return f"{self.metric_name} ({self.unit}) {self.get_model_display()} {self.currency} from {first}"

    def clean(self) -> None:
        """Refuse days and parameters that are no price, at their fields. Raises ValidationError."""
        check_validity(self.effective_from, self.effective_to)
        if self.may_be_exchanged and self.model in NEVER_EXCHANGED:
            raise ValidationError({"may_be_exchanged": _NOT_A_PERCENTAGE})
        if not self.parameters:
            return
        if not isinstance(self.parameters, dict):
            raise ValidationError({"parameters": 'Write an object in braces, such as {"unit_price": "0.0123"}.'})
        try:
            self.price  # noqa: B018  (reading it checks it)
        except PriceError as error:
            own = error.path if error.path in ("free_units", "minimum", "maximum") else "parameters"
            raise ValidationError({own: error.sentence}) from None

    def validate_constraints(self, exclude: Any = None) -> None:
        if not self.checked_with_others:
            super().validate_constraints(exclude=exclude)

    def get_additional_data(self) -> dict[str, str | None]:
        told = super().get_additional_data()
        return told | {"reason": self.reason_of_change} if self.reason_of_change else told

    def body(self) -> dict[str, Any]:
        """The price part of the rule, in the form of docs/api.md."""
        return {
            **self.parameters,
            "model": self.model,
            "free_units": self.free_units,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "charge_at_zero": self.charge_at_zero,
        }

    @property
    def price(self) -> Price:
        """The price of the rule. Raises PriceError if the parameters don't fit the model."""
        return price_from_dict(self.body())

    def as_rule(self) -> Rule:
        """The plain value that invoices are computed from."""
        return Rule(
            id=self.pk,
            organisation_id=self.organisation_id,
            metric_name=self.metric_name,
            unit=self.unit,
            currency=self.currency,
            dimensions=tuple(sorted(self.dimensions.items())),
            pool=str(self.pool),
            body=self.body(),
            effective_from=self.effective_from,
            effective_to=self.effective_to,
        )

    def holds_on(self, day: date) -> bool:
        return self.as_rule().holds_on(day)
