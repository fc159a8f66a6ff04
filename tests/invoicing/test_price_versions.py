"""A new version of a price ends the old one the day before, in one transaction, and never within an invoiced month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.computing.days import days_of
from invoicing.models import PricingRule
from invoicing.services import drafting
from invoicing.services.prices import price_book
from invoicing.services.prices.billed_months import open_months
from organisations.models import AuditEntry, Organisation, Project
from tests.invoicing.language import NOVEMBER, amounts, at, draft, issued, metric, per_unit, price, used

pytestmark = pytest.mark.django_db

DEARER = {"model": "per_unit", "unit_price": "6"}


def days(rule: PricingRule) -> tuple[date, date | None]:
    rule.refresh_from_db()
    return rule.effective_from, rule.effective_to


def test_a_new_version_prices_what_comes_after_the_old_one(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    old = per_unit("5", organisation=acme, dimensions={"region": "in"}, pool="project")
    used(project, 10, on="2026-11-14", region="in")
    used(project, 10, on="2026-11-15", region="in")
    new = price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=date(2026, 11, 15), reason="Costs rose")
    assert days(old) == (date(2026, 4, 1), date(2026, 11, 15))
    assert (new.organisation, new.dimensions, new.pool, new.effective_to) == (acme, {"region": "in"}, "project", None)
    with at("2026-12-01 10:00"):
        invoice = drafting.create_draft(organisation=acme, period=NOVEMBER)
    assert amounts(invoice) == [Decimal("50.00"), Decimal("60.00")]  # 10 × 5, then 20 × 6 − 10 × 6
    told = [(each.additional_data or {}).get("reason") for each in AuditEntry.objects.filter(object_pk=str(old.pk))]
    assert "Costs rose" in told


def test_a_version_within_an_invoiced_month_is_refused_and_the_old_price_goes_on(
    acme: Organisation, project: Project
) -> None:
    old = per_unit("5")
    used(project, 100)
    issued(acme)
    with pytest.raises(DomainError) as refused:
        price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=date(2026, 10, 20))
    assert refused.value.code == "PRICE_REACHES_BILLED_MONTH"
    assert days(old) == (date(2026, 4, 1), None)
    assert PricingRule.objects.get() == old
    assert price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (date(2026, 4, 1), "The price that it follows begins on 1 Apr 2026: choose a later day."),
        (
            date(2026, 11, 2),
            "The price that it follows ends on 31 Oct 2026: begin on 1 Nov 2026 at the latest, or add a price.",
        ),
    ],
)
def test_a_version_begins_after_the_old_one_and_leaves_no_gap(begins: date, said: str) -> None:
    old = per_unit("5", effective_to=date(2026, 11, 1))
    with pytest.raises(InvalidInput) as refused:
        price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=begins)
    assert refused.value.details == {"effective_from": [said]}
    assert price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=date(2026, 11, 1))


def test_a_version_does_not_overlap_the_one_that_follows_already() -> None:
    old = per_unit("5", effective_to=date(2026, 11, 1))
    per_unit("7", effective_from=date(2026, 11, 1))
    with pytest.raises(DomainError) as refused:
        price_book.new_version(rule_id=old.pk, price=DEARER, effective_from=date(2026, 10, 1))
    assert refused.value.code == "PRICE_OVERLAP"
    assert days(old) == (date(2026, 4, 1), date(2026, 11, 1))


def test_a_price_that_no_invoice_names_is_deleted_and_no_other(acme: Organisation, project: Project) -> None:
    price_book.delete_pricing_rule(rule_id=per_unit("9", metric_name="never").pk)
    rule = per_unit("5")
    used(project, 1)
    draft(acme)
    with pytest.raises(DomainError) as refused:
        price_book.delete_pricing_rule(rule_id=rule.pk)
    assert refused.value.code == "PRICE_IN_USE"
    assert PricingRule.objects.get() == rule


def test_a_price_is_not_deleted_from_an_invoiced_month_that_it_would_have_priced(
    acme: Organisation, project: Project
) -> None:
    rule = price({"model": "package", "package_price": "5", "package_size": "10"}, effective_from=date(2026, 10, 20))
    used(project, 3, on="2026-10-05")  # before the price begins: it is on no line
    per_unit("1", metric_name="storage", unit="GB")
    used(project, 1, metric="storage", unit="GB")
    issued(acme)
    with pytest.raises(DomainError) as refused:
        price_book.delete_pricing_rule(rule_id=rule.pk)
    assert refused.value.code == "PRICE_REACHES_BILLED_MONTH"


def test_what_a_price_would_price_anew_is_told_by_customer_and_month(acme: Organisation, project: Project) -> None:
    used(project, 1, on="2026-09-05")
    september = per_unit("5", effective_to=date(2026, 10, 1))
    used(project, 1, on="2026-10-05")
    october = draft(acme)
    rule = PricingRule(
        metric_name="api_calls", unit="call", currency="INR", organisation=acme, effective_from=date(2026, 9, 1)
    )
    found = open_months([(rule, days_of(rule))], today=date(2026, 11, 1))
    assert [(each.month, each.had_a_price, each.draft) for each in found] == [
        (date(2026, 9, 1), True, None),
        (date(2026, 10, 1), False, october),
    ]
    assert open_months([(rule, days_of(rule))], today=date(2026, 9, 5)) == ()  # the first use is of that day
    assert open_months([(rule, days_of(september))], today=date(2026, 11, 1)) == found[:1]
