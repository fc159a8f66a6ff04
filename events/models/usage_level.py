"""How much each month changed the levels of `weighted_sum` metrics: what later months carry over."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.dates_in_words import month_text
from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class UsageLevel(TenantModel):
    """The sum of a meter's aggregates over one month used in and one billing period.

    The level at the start of a month is the sum of all earlier months' rows: a few for each year, where the hours would
    be thousands. The changes add up, reversals included.
    """

    whole_months = ("used_in", "counted_in")

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    dimensions = models.JSONField(default=dict)
    used_in = models.DateField(help_text="First day of the month it was used in, in the customer's time zone.")
    counted_in = models.DateField(help_text="Billing period it is counted in.")
    change = models.DecimalField(max_digits=38, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "metric", "project", "dimensions", "used_in", "counted_in"],
                name="usage_level_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change:+f} in {month_text(self.used_in)}"
