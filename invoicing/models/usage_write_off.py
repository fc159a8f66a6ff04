"""Usage of an invoiced month that has no price and is not to be billed: decided by a person, with a reason."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.limits import REASON_LENGTH
from invoicing.models.columns import MoneyField, QuantityField
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet


class UsageWriteOffQuerySet(TenantQuerySet):
    def standing(self) -> Self:
        """Those that were not taken back."""
        return self.filter(taken_back_at=None)


class UsageWriteOff(BaseModel, TenantModel):
    """What of a metric's usage in a month was written off at one time. More usage of that month is not: it may be
    written off by a row of its own. What a row says never changes; it can be taken back."""

    whole_months = ("month",)

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="usage_write_offs"
    )
    month = models.DateField(help_text="First day of the month in which it was used.")
    metric_name = models.CharField(max_length=100)
    unit = models.CharField(max_length=50)
    quantity = QuantityField(help_text="In the unit that would be priced.")
    event_count = models.BigIntegerField()
    estimate = MoneyField(null=True, blank=True, help_text="By a likely price, before tax, as it was shown.")
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=REASON_LENGTH)
    written_off_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = UsageWriteOffQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "write-off of usage"
        verbose_name_plural = "usage written off"
        ordering = ["-created_at"]
        permissions = [("decide_usagewriteoff", "Can write off usage without a price, and take that back")]
        indexes = [
            models.Index(
                fields=["metric_name", "unit", "month"],
                condition=Q(taken_back_at__isnull=True),
                name="usage_written_off",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="usage_write_off_of_a_whole_month"),
            models.CheckConstraint(condition=~Q(reason=""), name="usage_write_off_has_a_reason"),
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True, taken_back_by__isnull=True)
                | Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
                name="usage_write_off_is_taken_back_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
            pgtrigger.Trigger(
                name="is_only_taken_back",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.taken_back_at IS NOT NULL OR
                       to_jsonb(OLD) - ARRAY['taken_back_at', 'taken_back_by_id', 'updated_at'] IS DISTINCT FROM
                       to_jsonb(NEW) - ARRAY['taken_back_at', 'taken_back_by_id', 'updated_at']
                    THEN
                        RAISE EXCEPTION 'What was written off never changes: take it back, once.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric_name} ({self.unit}) in {month_text(self.month)}"

    @property
    def stands(self) -> bool:
        return self.taken_back_at is None
