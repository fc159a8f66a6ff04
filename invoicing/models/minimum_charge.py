"""Minimum charges: what a customer's month costs at least, before discounts and tax."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_money
from invoicing.computing.minimum_charges import Minimum
from invoicing.models.columns import (
    NO_ORGANISATION,
    CurrencyField,
    DayField,
    MoneyField,
    SacField,
    check_amount,
    check_customers_currency,
    check_validity,
    currency_is_iso,
    ends_after_it_starts,
    validity,
)
from invoicing.models.dated import DatedQuerySet
from invoicing.models.only_ends import OnlyEnds, on_issued_line, only_ends
from organisations.models import Organisation
from organisations.scoping import TenantModel


class MinimumCharge(OnlyEnds, BaseModel, TenantModel):
    """The minimum of one customer, or of every customer with this currency that has none of its own. On an issued
    invoice it can only be ended."""

    half_open_ends = ("effective_to",)
    tenant_shared = True

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="minimum_charges",
        help_text="Empty: every customer that has no minimum of its own.",
    )
    amount = MoneyField(
        validators=[MinValueValidator(0)],
        help_text="Of a whole month, before discounts and tax. 0 for one customer: the global minimum is not for it.",
    )
    currency = CurrencyField()
    sac = SacField()
    effective_from = DayField(help_text="First day, in the customer's time zone.")
    effective_to = DayField(
        null=True, blank=True, help_text="The first day on which the minimum does not hold any more. Empty: no end."
    )

    objects = DatedQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {
        "minimum_charges_never_overlap": "effective_from",
        "minimum_charge_ends_after_it_starts": "effective_to",
        "minimum_charge_not_negative": "amount",
    }

    class Meta:
        ordering = ["currency", "organisation__name", "-effective_from"]
        constraints = [
            ExclusionConstraint(
                name="minimum_charges_never_overlap",
                expressions=[
                    (Coalesce("organisation", Value(NO_ORGANISATION, models.UUIDField())), RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another minimum holds on some of these days: end that one first.",
            ),
            ends_after_it_starts("minimum_charge_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="minimum_charge_not_negative",
                violation_error_message="Must not be negative.",
            ),
            currency_is_iso("minimum_charge_currency_is_iso"),
        ]
        triggers = [
            only_ends(
                "billed_minimum_only_ends",
                issued=on_issued_line("minimum_charge_id"),
                sentence="Minimum charge % is on an issued invoice: end it and add another.",
            ),
        ]

    def __str__(self) -> str:
        amount = format_money(self.amount, self.currency)
        return (
            f"{self.organisation or 'Every customer'}: at least {amount} a month from {day_text(self.effective_from)}"
        )

    def clean(self) -> None:
        check_validity(self.effective_from, self.effective_to)
        check_customers_currency(self)
        check_amount(self.amount, self.currency)

    def as_minimum(self) -> Minimum:
        """The plain value that invoices are computed from."""
        return Minimum(
            id=self.pk,
            amount=self.amount,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
            is_own=self.organisation_id is not None,
            sac=self.sac,
        )
