"""Prices, rates and one-off lines with a wrong value get an error for the field, never a server error."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client

from invoicing.models import ExchangeRate, Invoice, PricingRule, TaxRate
from organisations.models import Organisation
from tests.invoicing.language import one_off, per_unit

pytestmark = pytest.mark.django_db

ADMIN = "/api/v1/admin"
RULE = {
    "organisation": None, "metric_name": "api_calls", "unit": "call", "currency": "INR", "model": "per_unit",
    "unit_price": "0.0123", "effective_from": "2026-04-01", "effective_to": None,
}  # fmt: skip
TIERS = [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "1"}]
FX = {"base": "USD", "target": "INR", "rate": "83.4725", "as_of": "2026-10-30", "source": "FBIL"}
TAX = {"name": "GST 5%", "rate": "5", "sac": "9983", "effective_from": "2026-04-01"}
LINE = {"description": "Work", "unit_price": "100"}


def refused(answer: Any) -> list[str]:
    """The fields that a 400 names."""
    assert answer.status_code == 400, answer.content
    return list(answer.json()["details"])


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"{ADMIN}{path}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "HRK"}, "currency"),
        ({"currency": ["INR"]}, "currency"),
        ({"currency": {}}, "currency"),
        ({"currency": "\ud800"}, "currency"),
        ({"metric_name": "api\ncalls"}, "metric_name"),
        ({"unit": "\x1b"}, "unit"),
        ({"dimensions": {"region\x00": "in"}}, r"dimensions.“region\x00”"),
        ({"dimensions": {"region": "\ud800"}}, "dimensions"),
        ({"dimensions": {"\ud800": "in"}}, r"dimensions.“\ud800”"),
        ({"dimensions": {"region": "in\n"}}, None),  # trimmed
        ({"unit_price": "1" * 14}, "unit_price"),
        ({"unit_price": "1" * 15}, "unit_price"),
        ({"unit_price": 10**14}, "unit_price"),
        ({"model": "flat", "amount": "1" * 14}, "amount"),
        ({"model": "package", "package_price": "1" * 14, "package_size": "1"}, "package_price"),
        ({"model": "package", "package_price": "1", "package_size": "1" * 21}, "package_size"),
        ({"model": "percentage", "rate": "1" * 14}, "rate"),
        ({"model": "percentage", "rate": "1", "fixed_fee": "1" * 14}, "fixed_fee"),
        ({"model": "graduated", "tiers": [TIERS[0] | {"unit_price": "1" * 14}, TIERS[1]]}, "tiers[0].unit_price"),
        ({"model": "volume", "tiers": [TIERS[0] | {"flat_fee": "1" * 14}, TIERS[1]]}, "tiers[0].flat_fee"),
        ({"model": "graduated", "tiers": [TIERS[0] | {"up_to": "1" * 21}, TIERS[1]]}, "tiers[0].up_to"),
        ({"minimum": "1" * 14}, "minimum"),
        ({"maximum": "1" * 14}, "maximum"),
        ({"free_units": "1" * 21}, "free_units"),
        ({"effective_from": "0001-01-01"}, "effective_from"),
        ({"effective_from": "2017-06-30"}, "effective_from"),
        ({"effective_to": "9999-12-31"}, "effective_to"),
        ({"effective_to": "2026-04-01"}, "effective_to"),
    ],
)
def test_a_price_rule_is_refused_by_the_field(api: Client, change: dict[str, Any], field: str | None) -> None:
    made = post(api, "/pricing-rules", RULE | change)
    if field is None:
        assert made.status_code == 201
        return
    assert refused(made) == [field]
    assert not PricingRule.objects.exists()
    rule = per_unit("1")
    changed = api.patch(f"{ADMIN}/pricing-rules/{rule.pk}", json.dumps(change), content_type="application/json")
    assert refused(changed) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rule": {"model": "per_unit", "unit_price": "1", "currency": {}}}, "currency"),
        ({"rule": {"model": "per_unit", "unit_price": "1", "currency": [1]}}, "currency"),
        ({"rule": {"model": "per_unit", "unit_price": "1", "currency": ["INR"]}}, "currency"),
        ({"rule": {"model": "per_unit", "unit_price": "1", "currency": "XXX"}}, "currency"),
        ({"rule": {"model": "per_unit", "unit_price": "1", "currency": None}}, "currency"),
        ({"rule": {"model": "per_unit", "unit_price": "1" * 15}}, "unit_price"),
        ({"event_count": 10**130}, "event_count"),
        ({"event_count": 2**63}, "event_count"),
        ({"event_count": int("9" * 400)}, "event_count"),
        ({"quantity": "1" * 21}, "quantity"),
        ({"quantity": "1" * 400}, "quantity"),
    ],
)
def test_a_preview_is_refused_by_the_field(api: Client, change: dict[str, Any], field: str) -> None:
    body = {"rule": {"model": "percentage", "rate": "1", "fixed_fee": "2"}, "quantity": "1"} | change
    assert refused(post(api, "/pricing/preview", body)) == [field]


def test_a_preview_takes_the_largest_numbers_there_are(api: Client) -> None:
    """99999999999999999999.99999999 × 9999999999999.9999999999 is exact: 34 digits and 18 decimals."""
    rule = {"model": "per_unit", "unit_price": "9999999999999.9999999999"}
    body = {"rule": rule, "quantity": "9" * 20 + "." + "9" * 8, "event_count": 2**63 - 1}
    answer = post(api, "/pricing/preview", body).json()
    exact = (Decimal(10) ** 20 - Decimal("1e-8"), Decimal(10) ** 13 - Decimal("1e-10"))
    assert answer["exact_amount"] == f"{10**33 - 10**5 - 10**10}.000000000000000001"
    assert exact[0] < Decimal(10) ** 20
    assert exact[1] < Decimal(10) ** 13


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"base": "XXX"}, "base"),
        ({"target": "HRK"}, "target"),
        ({"target": "USD"}, "target"),
        ({"rate": "0"}, "rate"),
        ({"rate": "-1"}, "rate"),
        ({"rate": "1" * 14}, "rate"),
        ({"as_of": "0026-10-30"}, "as_of"),
        ({"as_of": "9999-10-30"}, "as_of"),
        ({"source": "FB\nIL"}, "source"),
    ],
)
def test_an_exchange_rate_is_refused_by_the_field(api: Client, change: dict[str, Any], field: str) -> None:
    assert refused(post(api, "/exchange-rates", FX | change)) == [field]
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sac": "99831"}, "sac"),
        ({"sac": "848590"}, "sac"),
        ({"rate": "101"}, "rate"),
        ({"name": "GST\n5%"}, "name"),
        ({"effective_from": "2017-06-30"}, "effective_from"),
        ({"effective_to": "2026-03-31"}, "effective_to"),
        ({"effective_to": "9999-01-01"}, "effective_to"),
    ],
)
def test_a_tax_rate_is_refused_by_the_field(api: Client, change: dict[str, Any], field: str) -> None:
    before = TaxRate.objects.count()
    assert refused(post(api, "/tax-rates", TAX | change)) == [field]
    assert TaxRate.objects.count() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sac": "99831"}, "lines"),
        ({"sac": "abc"}, "lines"),
        ({"description": "a\x1bb"}, "lines"),
        ({"unit_price": "1" * 15}, "lines"),
        ({"unit_price": "1" * 13, "quantity": "10"}, "lines[0].unit_price"),
        ({"quantity": "1" * 21}, "lines"),
    ],
)
def test_a_one_off_line_is_refused_by_the_field(
    api: Client, acme: Organisation, change: dict[str, Any], field: str
) -> None:
    assert refused(post(api, f"/organisations/{acme.pk}/invoices", {"lines": [LINE | change]})) == [field]
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("period", ["2017-06", "2000-01", "2999-01", "9998-12"])
def test_a_month_lies_within_business_dates(api: Client, acme: Organisation, period: str) -> None:
    assert refused(api.get(f"{ADMIN}/organisations/{acme.pk}/invoices/upcoming", {"period": period})) == ["period"]


def test_why_an_invoice_is_void_is_text_that_can_be_printed(api: Client, acme: Organisation) -> None:
    draft = one_off(acme)
    assert refused(post(api, f"/invoices/{draft.pk}/void", {"reason": "wrong\x1b"})) == ["reason"]
    assert post(api, f"/invoices/{draft.pk}/void", {"reason": "wrong\nprice"}).status_code == 200
