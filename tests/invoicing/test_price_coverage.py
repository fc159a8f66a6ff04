"""Usage without a price, of all customers at once: what each customer's draft would warn of."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from billing_platform.lib.errors import DomainError
from invoicing.draft_warnings import WarningCode
from invoicing.selectors.price_coverage import unpriced_usage
from invoicing.services import drafting
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import NOVEMBER, at, issued, metric, per_unit, used

METRICS = (("api_calls", "call"), ("storage", "GB"))
FIRST_DAYS = ("2026-09-01", "2026-10-20", "2026-11-01", "2026-11-02", "2026-11-15")
DAYS_AFTER = ("", "2026-11-10", "2026-11-30", "2026-12-01", "2027-01-01")

Found = dict[tuple[str, str], Decimal]
"""Quantities without a price, by customer and metric."""


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_it_is_what_the_drafts_of_all_customers_warn_of(seed: int) -> None:
    """Prices begin and end on both sides of the month's first and last day, and usage of October comes late."""
    chosen = random.Random(seed)
    customers = [factories.organisation(f"Customer {number}") for number in range(5)]
    for name, unit in METRICS:
        metric(name, unit, dimensions=("region",))
        per_unit("1", metric_name=name, unit=unit, effective_from=date(2026, 10, 1), effective_to=date(2026, 10, 20))
    for owner in (None, None, None, *customers, *customers):
        price_by_chance(owner, chosen)
    use_by_chance(customers, chosen)

    everybodys = factories.member("everybodys", None, "viewer")
    with at("2026-11-30 18:00"):
        found = {(row.organisation.name, row.metric.name): row.quantity for row in unpriced_usage(actor=everybodys)}

    assert found == warned_of(customers)
    assert found, "everything had a price"


def price_by_chance(owner: Organisation | None, chosen: random.Random) -> None:
    (name, unit), first = chosen.choice(METRICS), chosen.choice(FIRST_DAYS)
    after = chosen.choice([day for day in DAYS_AFTER if not day or day > first])
    dimensions = chosen.choice([{}, {}, {"region": "in"}])
    days = {"effective_from": date.fromisoformat(first), "effective_to": date.fromisoformat(after) if after else None}
    try:
        per_unit("1", metric_name=name, unit=unit, organisation=owner, dimensions=dimensions, **days)
    except DomainError as refused:
        if refused.code != "PRICE_OVERLAP":
            raise


def use_by_chance(customers: list[Organisation], chosen: random.Random) -> None:
    """Two in three report usage of October, which is invoiced, and two days of it late."""
    for number, customer in enumerate(customers):
        project = factories.project(customer)
        is_late = number % 3 > 0
        if is_late:
            used(project, 1, on="2026-10-10")
            issued(customer)
        for day in ("2026-11-01", "2026-11-09", "2026-11-29", "2026-11-30"):
            name, unit = chosen.choice(METRICS)
            happened = f"2026-10-{chosen.choice([12, 25])}T06:00:00Z" if is_late and day < "2026-11-10" else ""
            region = chosen.choice(["in", "us"])
            used(project, chosen.randint(1, 9), on=day, metric=name, unit=unit, happened=happened, region=region)


def warned_of(customers: list[Organisation]) -> Found:
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for customer in customers:
        with at("2026-12-01 10:00"):
            draft = drafting.create_draft(organisation=customer, period=NOVEMBER)
        for warning in draft.warnings:
            if warning["code"] == WarningCode.UNPRICED_USAGE:
                found[customer.name, warning["metric_name"]] += Decimal(warning["quantity"])
    return dict(found)
