"""A level is billed in unit-hours: each month that it lasts, and by difference where a change of it comes late."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric, UsagePeriod
from invoicing.models import PricingRule
from invoicing.selectors.price_coverage import unpriced_usage_of
from invoicing.services.prices.price_book import update_pricing_rule
from invoicing.services.runs.billing_run import left_open
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, at, per_unit, used
from tests.invoicing.test_aggregated_metrics import lines
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db

DECEMBER = BillingPeriod.parse("2026-12")


@pytest.fixture(autouse=True)
def storage() -> Metric:
    return Metric.objects.create(name="storage", unit="GB", aggregation="weighted_sum")


def gb(project: Project, quantity: int, *, on: str, happened: str = "", operation: str = "add") -> None:
    used(project, quantity, on=on, metric="storage", unit="GB", happened=happened, operation=operation)


def cost(unit_price: str = "0.01", **fields: object) -> PricingRule:
    return per_unit(unit_price, metric_name="storage", unit="GB", **fields)


def test_a_level_is_billed_every_month_until_it_is_taken_off(acme: Organisation, project: Project) -> None:
    """100 GB from noon on 30 October to noon on 1 December: 36 h, 720 h and 12 h of them, at ₹0.01 for a GB-hour."""
    cost()
    gb(project, 100, on="2026-10-30")
    gb(project, 100, on="2026-12-01", operation="remove")
    invoice = bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice
    assert lines(invoice) == [(Decimal(3600), Decimal("36.00"))]
    assert [line.unit_label for line in invoice.lines.all()] == ["GB-hours"]
    assert lines(bill(NOVEMBER, "2026-12-01 13:00")["Acme"].invoice) == [(Decimal(72_000), Decimal("720.00"))]
    assert lines(bill(DECEMBER, "2027-01-01 10:00")["Acme"].invoice) == [(Decimal(1200), Decimal("12.00"))]
    assert bill(BillingPeriod.parse("2027-01"), "2027-02-01 10:00")["Acme"].invoice is None


def test_a_month_that_only_carries_a_level_closes_and_waits_for_its_run(acme: Organisation, project: Project) -> None:
    cost()
    gb(project, 100, on="2026-10-02")
    with at("2026-12-06 10:00"):
        assert left_open(clock.now()) == {OCTOBER: [acme], NOVEMBER: [acme]}
    bill(OCTOBER, "2026-11-01 10:00")
    bill(NOVEMBER, "2026-12-01 10:00")
    with at("2026-12-06 10:00"):
        assert left_open(clock.now()) == {}
    assert UsagePeriod.objects.get(month=NOVEMBER.start).is_closed


def test_a_price_that_changes_within_a_month_prices_the_hours_of_its_own_days(
    acme: Organisation, project: Project
) -> None:
    """10 GB from noon on 30 September: in October 15 days at ₹0.01 and 16 days at ₹0.02 for a GB-hour."""
    cost("0.01", effective_to=date(2026, 10, 16))
    cost("0.02", effective_from=date(2026, 10, 16))
    gb(project, 10, on="2026-09-30")
    invoice = bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice
    assert lines(invoice) == [(Decimal(3600), Decimal("36.00")), (Decimal(3840), Decimal("76.80"))]


def test_a_late_change_is_billed_for_every_month_since(acme: Organisation, project: Project) -> None:
    """1 GB from 1 October, billed for October and November. Then 2 GB more since noon on 30 October are reported:
    72 GB-hours of October, 1,440 of November, and 3 GB for the 744 hours of December."""
    cost("0.10")
    gb(project, 1, on="2026-10-01", happened="2026-10-01T00:00:00+05:30")
    assert lines(bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice) == [(Decimal(744), Decimal("74.40"))]
    assert lines(bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice) == [(Decimal(720), Decimal("72.00"))]
    gb(project, 2, on="2026-12-05", happened="2026-10-30T12:00:00+05:30")
    found = bill(DECEMBER, "2027-01-01 10:00")["Acme"].invoice
    by_month = {line.used_in: (line.quantity, line.amount) for line in found.lines.all()}
    assert by_month == {
        OCTOBER.start: (Decimal(72), Decimal("7.20")),
        NOVEMBER.start: (Decimal(1440), Decimal("144.00")),
        DECEMBER.start: (Decimal(2232), Decimal("223.20")),
    }


def test_a_price_may_not_reach_a_month_that_was_billed_for_a_carried_level(
    acme: Organisation, project: Project
) -> None:
    rule = cost()
    gb(project, 100, on="2026-09-30")
    bill(OCTOBER, "2026-11-01 10:00")
    with at("2026-11-05 10:00"), pytest.raises(DomainError) as refused:
        update_pricing_rule(rule_id=rule.pk, effective_to=date(2026, 10, 20))
    assert refused.value.code == "PRICE_REACHES_BILLED_MONTH"


def test_a_level_without_a_price_is_usage_without_a_price_in_every_month(acme: Organisation, project: Project) -> None:
    gb(project, 100, on="2026-10-31")
    with at("2026-11-10 10:00"):
        assert [row.used for row in unpriced_usage_of(acme)] == ["a level of 100 GB"]
    gb(project, 100, on="2026-10-31", operation="remove")
    with at("2026-11-10 10:00"):
        assert unpriced_usage_of(acme) == ()
