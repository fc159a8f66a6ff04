"""What a price simulation comes to: sums by currency, and how many customers' bills change by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text, short_text
from invoicing.computing.simulation import percent_of
from invoicing.models import PriceSimulation, SimulatedCustomer


@dataclass(frozen=True, slots=True)
class Sums:
    """All customers of one currency, before tax. `failed` of them could not be worked out, and are in no sum;
    `left_out` have usage that no price covers, with the drafts either."""

    currency: str
    customers: int
    more: int
    less: int
    same: int
    failed: int
    left_out: int
    before: Decimal
    after: Decimal

    @property
    def delta(self) -> Decimal:
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.delta, self.before)


def sums_of(simulation: PriceSimulation) -> list[Sums]:
    """By currency, the one with most customers first."""
    fine = Q(failure="")
    rows = (
        simulation.rows.order_by()
        .values("currency")
        .annotate(
            customers=Count("pk"),
            more=Count("pk", filter=fine & Q(delta__gt=0)),
            less=Count("pk", filter=fine & Q(delta__lt=0)),
            same=Count("pk", filter=fine & Q(delta=0)),
            failed=Count("pk", filter=~fine),
            left_out=Count("pk", filter=Q(left_out_after__gt=0)),
            sum_before=Sum("before", filter=fine, default=ZERO),
            sum_after=Sum("after", filter=fine, default=ZERO),
        )
    )
    found = [
        Sums(
            row["currency"], row["customers"], row["more"], row["less"], row["same"], row["failed"], row["left_out"],
            row["sum_before"], row["sum_after"],
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each.customers, each.currency))


@dataclass(frozen=True, slots=True)
class Step:
    """Customers whose bill changes by a share of what it was."""

    label: str
    customers: int


_EDGES = (Decimal(5), Decimal(20), Decimal(50))
"""Percent."""


def histogram(simulation: PriceSimulation, currency: str) -> list[Step]:
    """From those who would save most to those who would pay most more. Who paid nothing so far is a step of its own."""
    low, middle, high = _EDGES
    steps = [
        (f"More than {high}% less", Q(delta__lt=F("before") * -high / 100)),
        (f"{middle} to {high}% less", Q(delta__lt=F("before") * -middle / 100)),
        (f"{low} to {middle}% less", Q(delta__lt=F("before") * -low / 100)),
        (f"Up to {low}% less", Q(delta__lt=0)),
        ("The same", Q(delta=0)),
        ("Paid nothing so far", Q(before__lte=0)),
        (f"Up to {low}% more", Q(delta__lte=F("before") * low / 100)),
        (f"{low} to {middle}% more", Q(delta__lte=F("before") * middle / 100)),
        (f"{middle} to {high}% more", Q(delta__lte=F("before") * high / 100)),
    ]
    last = len(steps)
    number = Case(
        *(When(condition, then=Value(index)) for index, (_label, condition) in enumerate(steps)),
        default=Value(last),
        output_field=IntegerField(),
    )
    rows = simulation.rows.worked_out().filter(currency=currency).order_by()
    counts = dict(rows.annotate(step=number).values("step").annotate(count=Count("pk")).values_list("step", "count"))
    labels = [*(label for label, _condition in steps), f"More than {high}% more"]
    return [Step(label, counts.get(index, 0)) for index, label in enumerate(labels)]


COLUMNS = (
    "customer", "slug", "currency", "months", "before", "after", "delta", "percent", "usage_before", "usage_after",
    "without_price", "failure",
)  # fmt: skip


def csv_rows(rows: QuerySet[SimulatedCustomer]) -> Iterator[tuple[Any, ...]]:
    """The heading, then a line for each customer; amounts before tax."""
    yield COLUMNS
    for row in rows.select_related("organisation").iterator(chunk_size=1000):
        amounts = (row.before, row.after, row.delta)
        usage = (row.usage_before, row.usage_after)
        yield (
            row.organisation.name,
            row.organisation.slug,
            row.currency,
            row.months,
            *(money_text(amount, row.currency) for amount in amounts),
            "" if row.percent is None else short_text(row.percent),
            *(money_text(amount, row.currency) for amount in usage),
            row.left_out_after,
            row.failure,
        )
