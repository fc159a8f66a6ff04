"""The upcoming invoice: the month so far, and what it will probably come to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from events.models import Metric
from invoicing.models import Invoice
from invoicing.services.upcoming import upcoming_invoice
from organisations.models import Organisation, Project
from tests.invoicing.language import at, per_unit, price, used

pytestmark = pytest.mark.django_db
GRADUATED = {
    "model": "graduated",
    "tiers": [{"up_to": "100", "unit_price": "2"}, {"up_to": None, "unit_price": "1"}],
}


def test_usage_goes_on_at_its_pace_and_is_priced_like_any_usage(acme: Organisation, project: Project) -> None:
    """80 calls in 8 days of October are 10 a day: 230 more in the 23 days to come. So far 80 × 2 = 160.00; in the end
    310 calls are 100 × 2 + 210 × 1 = 410.00, not 160.00 × 31/8."""
    price(GRADUATED)
    used(project, 80, on="2026-10-05")
    with at("2026-10-09 00:00"):
        upcoming = upcoming_invoice(organisation=acme)
    assert upcoming.so_far.totals.subtotal == Decimal("160.00")
    assert upcoming.projected is not None
    assert upcoming.projected.totals.subtotal == Decimal("410.00")
    assert not Invoice.objects.exists()


def test_a_price_that_begins_later_applies_to_its_days(acme: Organisation, project: Project) -> None:
    """10 calls in 10 days: one a day, 21 more. ₹1 until the 15th, then ₹3: 15 × 1 + 16 × 3 = 63.00."""
    per_unit("1", effective_to=date(2026, 10, 16))
    per_unit("3", effective_from=date(2026, 10, 16))
    used(project, 10, on="2026-10-05")
    with at("2026-10-11 00:00"):
        upcoming = upcoming_invoice(organisation=acme)
    assert upcoming.projected is not None
    assert upcoming.projected.totals.subtotal == Decimal("63.00")


def test_a_peak_does_not_grow(acme: Organisation, project: Project) -> None:
    Metric.objects.create(name="storage", unit="GB", aggregation="max")
    per_unit("10", metric_name="storage", unit="GB")
    used(project, 7, on="2026-10-05", metric="storage", unit="GB")
    with at("2026-10-09 00:00"):
        upcoming = upcoming_invoice(organisation=acme)
    assert upcoming.projected is not None
    assert upcoming.projected.totals.subtotal == upcoming.so_far.totals.subtotal == Decimal("70.00")


@pytest.mark.parametrize("moment", ["2026-10-01 12:00", "2026-11-01 12:00"])
def test_nothing_is_projected_on_the_first_day(acme: Organisation, project: Project, moment: str) -> None:
    per_unit("1")
    with at(moment):
        assert upcoming_invoice(organisation=acme).projected is None
