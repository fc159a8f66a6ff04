"""The lines of an invoice and the tax on each: frozen with it."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_percent
from invoicing.lines import LineDiscount, LineKind
from invoicing.models.columns import MoneyField, PriceField, QuantityField
from invoicing.models.invoice import Invoice
from invoicing.models.price_book import PricingRule
from invoicing.steps import Step
from organisations.models import Project
from organisations.scoping import TenantModel


def frozen_with_invoice() -> pgtrigger.Trigger:
    """Rows of an issued invoice refuse everything. FOR SHARE makes a row that comes in while the invoice is being
    finalized wait for the outcome, and then fail."""
    return pgtrigger.Trigger(
        name="frozen_with_invoice",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("owner", "uuid"), ("owners", "uuid[]"), ("stage", "text")],
        func="""
            owners := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id]
                                 WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
                                 ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END;
            FOREACH owner IN ARRAY owners LOOP
                SELECT status INTO stage FROM invoicing_invoice WHERE id = owner FOR SHARE;
                IF stage IS NOT NULL AND stage <> 'draft' THEN
                    RAISE EXCEPTION 'Invoice % is issued: its lines and taxes never change.', owner;
                END IF;
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )


class InvoiceLine(BaseModel, TenantModel):
    """One row of the document. What it was computed from is stored on it, so it can be explained for ever."""

    half_open_ends = ("service_end",)
    whole_months = ("used_in",)

    class Kind(models.TextChoices):
        USAGE = LineKind.USAGE, "Usage"
        LATE_USAGE = LineKind.LATE_USAGE, "Late usage of an earlier month"
        MINIMUM = LineKind.MINIMUM, "Minimum charge"
        RECURRING = LineKind.RECURRING, "Recurring fee"
        ONE_OFF = LineKind.ONE_OFF, "One-off"

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(help_text="1 is the first line.")
    kind = models.CharField(max_length=20, choices=Kind)
    description = models.TextField()
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: several."
    )
    metric_name = models.CharField(max_length=100, blank=True)
    unit = models.CharField(max_length=50, blank=True)
    unit_label = models.CharField(
        max_length=50, blank=True, help_text="The unit as people read it beside the quantity: call or calls."
    )
    dimensions = models.JSONField(default=dict, blank=True)
    quantity = QuantityField()
    unit_price = PriceField(null=True, blank=True, help_text="Empty where tiers or packages make the amount.")
    amount = MoneyField(help_text="Rounded; before discount and tax.")
    discount = MoneyField(default=ZERO, help_text="Comes off the amount before tax.")
    sac = models.CharField("SAC", max_length=6, blank=True)
    service_start = models.DateField(null=True, blank=True, help_text="First day that the line bills.")
    service_end = models.DateField(null=True, blank=True, help_text="The first day after.")
    used_in = models.DateField(null=True, blank=True, help_text="First day of the month the usage happened in.")
    pricing_rule = models.ForeignKey(
        PricingRule, verbose_name="price", on_delete=models.PROTECT, null=True, blank=True, related_name="invoice_lines"
    )
    # emptied on drafts when the fee or minimum is deleted; of an issued invoice the trigger refuses that
    recurring_fee = models.ForeignKey(
        "RecurringFee", on_delete=models.SET_NULL, null=True, blank=True, related_name="invoice_lines", db_index=False
    )
    minimum_charge = models.ForeignKey(
        "MinimumCharge", on_delete=models.SET_NULL, null=True, blank=True, related_name="invoice_lines", db_index=False
    )
    price = models.JSONField(default=dict, blank=True, help_text="The price, fee or minimum as it was.")
    explanation = models.JSONField(default=list, blank=True, help_text="The working, step by step.")
    discounts = models.JSONField(
        default=list, blank=True, help_text="What each discount takes off; together it is the line's discount."
    )

    class Meta:
        ordering = ["invoice", "position"]
        indexes = [
            models.Index(fields=["recurring_fee"], condition=Q(recurring_fee__isnull=False), name="line_of_fee"),
            models.Index(fields=["minimum_charge"], condition=Q(minimum_charge__isnull=False), name="line_of_minimum"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_once"),
            models.CheckConstraint(condition=Q(position__gte=1), name="invoice_line_position_from_one"),
            models.CheckConstraint(
                condition=Q(discount=0) | Q(discount__gt=0, discount__lte=F("amount")),
                name="invoice_line_discount_within_amount",
            ),
        ]
        triggers = [frozen_with_invoice(), no_truncate()]

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The working as values; `explanation` is how they are stored and sent."""
        return tuple(Step.from_json(step) for step in self.explanation)

    @property
    def line_discounts(self) -> tuple[LineDiscount, ...]:
        """The discounts on the line as values, in the order in which they were taken off."""
        return tuple(LineDiscount.from_json(each) for each in self.discounts)


class InvoiceTax(BaseModel, TenantModel):
    """One head of tax on one line: computed and rounded there, so that printed sums always agree."""

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes")
    line = models.ForeignKey(InvoiceLine, on_delete=models.CASCADE, related_name="taxes")
    name = models.CharField(max_length=20, help_text="CGST, SGST, UTGST or IGST.")
    rate = models.DecimalField(max_digits=6, decimal_places=3, help_text="In percent.")
    taxable_amount = MoneyField()
    amount = MoneyField()

    class Meta:
        verbose_name_plural = "invoice taxes"
        ordering = ["invoice", "line__position", "name"]
        constraints = [models.UniqueConstraint(fields=["line", "name"], name="one_tax_per_line_and_head")]
        triggers = [frozen_with_invoice(), no_truncate()]

    def __str__(self) -> str:
        return f"{self.name} {format_percent(self.rate)}"
