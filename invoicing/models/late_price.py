"""A price that came after a month was invoiced, for usage that had none: the next invoice charges it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Self
from uuid import UUID

import pgtrigger
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import TruncMonth

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from invoicing.models.invoice import Invoice
from invoicing.models.invoice_line import InvoiceLine
from invoicing.models.price_book import PricingRule
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet


class LatePriceQuerySet(TenantQuerySet):
    def to_charge(self, *, besides: date | None = None) -> Self:
        """Those that no live invoice charges by yet, drafts included; `besides` that of the month that begins then.
        A price that was moved out of the month meanwhile charges nothing for it."""
        charging = Invoice.objects.billing()
        open_end = Q(pricing_rule__effective_to=None) | Q(pricing_rule__effective_to__gt=F("month"))
        holding = self.alias(begins_in=TruncMonth("pricing_rule__effective_from")).filter(
            open_end, begins_in__lte=F("month")
        )
        return holding._without_line_of(charging if besides is None else charging.exclude(period_start=besides))

    def not_issued(self) -> Self:
        """Those that no issued invoice charges by yet."""
        return self._without_line_of(Invoice.objects.issued().billing())

    def _without_line_of(self, invoices: models.QuerySet[Invoice]) -> Self:
        lines = InvoiceLine.objects.filter(
            invoice__in=invoices.filter(organisation=OuterRef(OuterRef("organisation"))),
            pricing_rule=OuterRef("pricing_rule"),
            used_in=OuterRef("month"),
        )
        return self.filter(~Exists(lines))


class LatePrice(BaseModel, TenantModel):
    """The usage of an invoiced month that `pricing_rule` prices had no price when the month was invoiced.

    Which invoice charges it is found from the lines: one whose invoice is void or released charges nothing, and the
    next one does.
    """

    whole_months = ("month",)

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="late_prices"
    )
    month = models.DateField(help_text="First day of the month in which it was used.")
    pricing_rule = models.ForeignKey(
        PricingRule, verbose_name="price", on_delete=models.CASCADE, related_name="late_prices"
    )

    objects = LatePriceQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "month", "pricing_rule"], name="late_price_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="late_price_of_a_whole_month"),
        ]
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update), no_truncate()]

    def __str__(self) -> str:
        return f"{self.pricing_rule} from {self.month:%Y-%m}"


def organisations_to_charge_late(*, before: date) -> set[UUID]:
    """The customers that are still to be charged by a late price for a month before a day."""
    late = LatePrice.objects.to_charge(besides=before).filter(month__lt=before)
    return set(late.order_by().values_list("organisation_id", flat=True))


def late_prices_of(organisations: Collection[UUID], *, before: date, besides: date) -> list[tuple[UUID, date, UUID]]:
    """Customer, month of use and price of what is still to be charged for months before a day."""
    known = LatePrice.objects.filter(organisation__in=organisations, month__lt=before)
    if not known.exists():  # as of most customers: the question below takes four times as long
        return []
    found = known.to_charge(besides=besides)
    return list(found.order_by("month", "pk").values_list("organisation_id", "month", "pricing_rule_id"))
