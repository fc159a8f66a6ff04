"""The review queue: months that a billing run parked, as a list of its own."""

from __future__ import annotations

from typing import Any

from django.db import models

from billing_platform.lib.dates_in_words import month_text
from invoicing.models.billing_run import BillingRunItem, BillingRunItemQuerySet


class ReviewItemManager(models.Manager.from_queryset(BillingRunItemQuerySet)):  # type: ignore[misc]  # a class made as it is read
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(status=BillingRunItem.Status.PARKED)


class ReviewItem(BillingRunItem):
    """A parked billing item, looked at by a person. Services work on the billing item of the same id."""

    objects = ReviewItemManager()  # type: ignore[misc]  # narrower than its parent's

    class Meta:
        proxy = True
        verbose_name = "month to review"
        verbose_name_plural = "months to review"
        default_permissions = ("view",)
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.organisation}, {month_text(self.run.period)}"
