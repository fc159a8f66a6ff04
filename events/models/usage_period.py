"""A billing month of an organisation: open for usage, or closed for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from organisations.models import Organisation
from organisations.scoping import TenantModel


class UsagePeriod(BaseModel, TenantModel):
    """Settling locks the row FOR SHARE, closing FOR UPDATE: no event falls between. There is no way back."""

    whole_months = ("month",)

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="usage_periods"
    )
    month = models.DateField()  # its first day
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "usage month"
        ordering = ["-month"]
        permissions = [("close_usageperiod", "Can close a month for usage")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "month"], name="usage_period_once_per_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="usage_period_starts_on_the_first"),
        ]

    def __str__(self) -> str:
        return month_text(self.month)

    @property
    def period(self) -> BillingPeriod:
        return BillingPeriod.of(self.month)

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None
