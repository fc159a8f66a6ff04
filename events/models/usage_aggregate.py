"""The ledger folded by hour: what invoices, dashboards and alerts read."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.timezone import get_current_timezone

from billing_platform.lib.dates_in_words import time_text
from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class LatestField(models.DecimalField):  # type: ignore[type-arg]  # generic to mypy only
    """A column of PostgreSQL's type `events_reading`, of which Django reads the value. Only SQL writes it."""

    def db_type(self, connection: Any) -> str:
        return "events_reading"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return f"({sql}).value", params


class UsageAggregate(TenantModel):
    """Everything counted for one metric, one set of dimensions and one hour, in one billing period.

    The table is made by migrations/sql/aggregates.up.sql: the unique key starts with the organisation, as Citus
    asks of every unique key, so `id` is a plain indexed number. Total, count and weighted add up with those of other
    rows, reversals included. Maximum and latest don't: they leave out what was cancelled within the same billing
    period. The total of a `weighted_sum` metric is what the hour changed its level by.
    """

    whole_months = ("counted_in",)

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    dimensions = models.JSONField(default=dict)
    hour = models.DateTimeField(help_text="Start of the hour in the customer's time zone.")
    counted_in = models.DateField(help_text="Billing period it is counted in; for late usage not the hour's own.")
    total = models.DecimalField(max_digits=38, decimal_places=8)
    event_count = models.BigIntegerField()
    maximum = models.DecimalField(max_digits=28, decimal_places=8, null=True, help_text="Of `max` metrics.")
    latest = LatestField(
        max_digits=28, decimal_places=8, null=True, help_text="Of `latest` metrics: the value of the newest event."
    )
    weighted = models.DecimalField(
        max_digits=48,
        decimal_places=8,
        null=True,
        help_text="Of `weighted_sum` metrics: each change times the microseconds from it to the end of the hour.",
    )

    class Meta:
        verbose_name = "hour of usage"
        verbose_name_plural = "usage explorer"
        ordering = ["-hour"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "project", "metric", "dimensions", "hour", "counted_in"],
                name="usage_aggregate_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} in the hour from {time_text(self.hour, get_current_timezone())}"
