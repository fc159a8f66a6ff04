"""Recurring fees: a fixed amount a month that a customer pays, whether anything is used or not."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import FEE_NAME_LENGTH
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.validators import (
    validate_positive,
    validate_printed_line,
)
from invoicing.computing.recurring_fees import Fee
from invoicing.models.columns import (
    CurrencyField,
    DayField,
    MoneyField,
    SacField,
    above_zero,
    check_amount,
    check_customers_currency,
    check_validity,
    currency_is_iso,
    ends_after_it_starts,
)
from invoicing.models.dated import DatedQuerySet
from invoicing.models.only_ends import OnlyEnds, on_issued_line, only_ends
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class RecurringFee(OnlyEnds, BaseModel, TenantModel):
    """A fee of a customer or of one of its projects, billed with each month by its days. It runs until its last day,
    also while customer or project is inactive. On an issued invoice it can only be ended."""

    half_open_ends = ("effective_to",)

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="recurring_fees"
    )
    project = models.ForeignKey(
        Project,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="recurring_fees",
        help_text="The invoice names it. Empty: the customer as a whole.",
    )
    description = models.CharField(
        max_length=FEE_NAME_LENGTH, validators=[validate_printed_line], help_text="As it is printed on invoices."
    )
    amount = MoneyField(validators=[validate_positive], help_text="Of a whole month, before tax.")
    currency = CurrencyField()
    sac = SacField()
    effective_from = DayField(help_text="First day, in the customer's time zone.")
    effective_to = DayField(
        null=True, blank=True, help_text="The first day on which the fee is not due any more. Empty: no end."
    )

    objects = DatedQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {
        "recurring_fee_ends_after_it_starts": "effective_to",
        "recurring_fee_above_zero": "amount",
    }

    class Meta:
        ordering = ["organisation__name", "-effective_from", "description"]
        constraints = [
            ends_after_it_starts("recurring_fee_ends_after_it_starts"),
            above_zero("recurring_fee_above_zero"),
            currency_is_iso("recurring_fee_currency_is_iso"),
        ]
        triggers = [
            only_ends(
                "billed_fee_only_ends",
                issued=on_issued_line("recurring_fee_id"),
                sentence="Recurring fee % is on an issued invoice: end it and add another.",
            ),
        ]

    def __str__(self) -> str:
        amount = format_money(self.amount, self.currency)
        return f"{self.description}, {amount} a month from {day_text(self.effective_from)}"

    def clean(self) -> None:
        """Refuse what can't be billed. The currency is the customer's unless given. Raises ValidationError."""
        if not self.currency and self.organisation_id:
            self.currency = self.organisation.currency
        check_validity(self.effective_from, self.effective_to)
        check_customers_currency(self)
        check_amount(self.amount, self.currency)
        if self.project is None:
            return
        if self.project.organisation_id != self.organisation_id:
            raise ValidationError({"project": "Choose a project of this customer."})
        if self.project.is_test:
            raise ValidationError({"project": "This is a test project: nothing of it is billed."})

    def as_fee(self) -> Fee:
        """The plain value that invoices are computed from."""
        return Fee(
            id=self.pk,
            description=self.description,
            amount=self.amount,
            currency=self.currency,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
            sac=self.sac,
            project_id=self.project_id,
            project_name=self.project.name if self.project else "",
        )
