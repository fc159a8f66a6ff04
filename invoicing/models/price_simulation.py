"""Price simulations: what customers would have paid under draft prices. A report; no invoice is made from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.computing.simulation import percent_of
from invoicing.models.columns import CurrencyField, DayField, MoneyField, currency_is_iso
from organisations.models import Organisation
from organisations.scoping import Actor, reaches_every_organisation

MOST_MONTHS = 12


class PriceSimulationQuerySet(models.QuerySet["PriceSimulation"]):
    def for_organisations(self, actor: Actor) -> Self:
        """A simulation tells of all customers: only who may see all of them may see it."""
        return self if reaches_every_organisation(actor) else self.none()


class PriceSimulation(ClaimedWork, BaseModel):
    """Draft prices, the months that are priced anew, and how far a worker has come with it.

    `drafts` are bodies of price rules, in the form of docs/api.md, without days: a draft holds on all days of the span.
    Customers are worked out in the order of their ids; those up to `done_up_to` have their rows.
    """

    claim_lasts = timedelta(minutes=10)
    max_attempts = 5

    drafts = models.JSONField(help_text="The draft prices, as rules of the price book without days.")
    first_month = models.DateField(help_text="First day of the oldest month.")
    months = models.PositiveSmallIntegerField(help_text=f"How many months follow each other: 1 to {MOST_MONTHS}.")
    chosen = ArrayField(
        models.UUIDField(), null=True, blank=True, help_text="Ids of the customers. Empty: all whom a draft may reach."
    )
    customers = models.PositiveIntegerField("customers to work out", default=0)
    customers_done = models.PositiveIntegerField(default=0)
    done_up_to = models.UUIDField(null=True, blank=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True, help_text="Empty until every customer is worked out.")
    scheduled_from = DayField(
        "scheduled", null=True, blank=True, help_text="The day from which the prices hold. Empty: they are drafts."
    )
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = PriceSimulationQuerySet.as_manager()

    class Meta:
        verbose_name = "price simulation"
        verbose_name_plural = "price simulations"
        ordering = ["-created_at"]
        indexes = [due_index("price_simulation_to_do"), models.Index(fields=["-created_at"], name="simulation_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=MOST_MONTHS),
                name="simulation_of_1_to_12_months",
                violation_error_message=f"Choose 1 to {MOST_MONTHS} months.",
            ),
            models.CheckConstraint(condition=Q(first_month__day=1), name="simulation_of_whole_months"),
            models.CheckConstraint(
                condition=Q(customers_done__lte=F("customers")), name="simulation_done_of_customers"
            ),
            models.CheckConstraint(
                condition=Q(scheduled_from__isnull=True) | Q(finished_at__isnull=False),
                name="only_a_finished_simulation_is_scheduled",
            ),
        ]

    def __str__(self) -> str:
        named = [f"{each['metric_name']} ({each['unit']})" for each in self.drafts]
        more = f" and {len(named) - 2} more" if len(named) > 2 else ""
        return f"{', '.join(named[:2])}{more}, {self.span_text}"

    @property
    def periods(self) -> list[BillingPeriod]:
        """Oldest first."""
        return list(self._periods())

    def _periods(self) -> Iterator[BillingPeriod]:
        period = BillingPeriod.of(self.first_month)
        for _each in range(self.months):
            yield period
            period = period.next()

    @property
    def span_text(self) -> str:
        """ "August to October 2026"."""
        first, last = self.periods[0], self.periods[-1]
        return month_text(first) if first == last else f"{month_text(first)} to {month_text(last)}"


class SimulatedCustomerQuerySet(models.QuerySet["SimulatedCustomer"]):
    def pays(self, which: str) -> Self:
        """Who would pay "more", "less" or the "same"; rows that could not be worked out are in none of them."""
        deltas = {"more": {"delta__gt": 0}, "less": {"delta__lt": 0}, "same": {"delta": 0}}
        return self.worked_out().filter(**deltas[which])

    def worked_out(self) -> Self:
        return self.filter(failure="")


class SimulatedCustomer(BaseModel):
    """One customer of a simulation: what its months come to by the prices in force and by the drafts, before tax."""

    simulation = models.ForeignKey(PriceSimulation, on_delete=models.CASCADE, related_name="rows")
    organisation = models.ForeignKey(Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+")
    currency = CurrencyField()
    months = models.PositiveSmallIntegerField(help_text="Closed months of the span.")
    before = MoneyField(default=0, help_text="By the prices in force, discounts taken off, before tax.")
    after = MoneyField(default=0, help_text="By the draft prices, discounts taken off, before tax.")
    delta = MoneyField(default=0, help_text="How much more it would have paid; negative: less.")
    usage_before = MoneyField(default=0, help_text="Usage alone, before minimum charges and discounts.")
    usage_after = MoneyField(default=0)
    left_out_before = models.PositiveIntegerField(default=0, help_text="Metrics in months that no price covers.")
    left_out_after = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=500, blank=True, help_text="Why it could not be worked out.")

    objects = SimulatedCustomerQuerySet.as_manager()

    class Meta:
        verbose_name = "simulated customer"
        ordering = ["-delta", "pk"]
        indexes = [models.Index(fields=["simulation", "currency", "-delta"], name="simulated_losers_first")]
        constraints = [
            models.UniqueConstraint(fields=["simulation", "organisation"], name="simulated_customer_once"),
            models.CheckConstraint(condition=Q(delta=F("after") - F("before")), name="simulated_delta_adds_up"),
            currency_is_iso("simulated_currency_is_iso"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} in {self.simulation}"

    @property
    def percent(self) -> Decimal | None:
        """The delta in percent of what it comes to by the prices in force; None where that is nothing."""
        return percent_of(self.delta, self.before)
