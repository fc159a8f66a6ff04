"""The different values that `unique` metrics have seen, hour by hour."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import get_current_timezone

from billing_platform.lib.dates_in_words import time_text
from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class UsageDistinct(TenantModel):
    """How many events named one value in one hour; a value counts while that is more than none.

    The table is made by migrations/sql/distinct.up.sql. Counts add up, reversals included, so that folding,
    correcting and rebuilding agree without looking at the ledger again.
    """

    pk = models.CompositePrimaryKey(
        "organisation_id", "project_id", "metric_id", "dimensions", "counted_in", "value", "hour"
    )
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    dimensions = models.JSONField(default=dict)
    counted_in = models.DateField(help_text="Billing period it is counted in.")
    value = models.CharField(max_length=200, db_collation="C", help_text="A long one is cut and told apart by a hash.")
    hour = models.DateTimeField(help_text="Start of the hour in the customer's time zone.")
    event_count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.value} in the hour from {time_text(self.hour, get_current_timezone())}"
