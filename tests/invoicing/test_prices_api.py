"""The API of prices and rates: the shapes of the contract, exact numbers, and who may read and change them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test.client import Client

from invoicing.models import PricingRule
from organisations.models import ApiKey, Membership, Organisation, Project
from tests import factories
from tests.invoicing.asking import ADMIN, get, key_of, post
from tests.invoicing.language import issued, per_unit, used

pytestmark = pytest.mark.django_db


RULE = {
    "organisation": None,
    "metric_name": "api_calls",
    "unit": "call",
    "currency": "INR",
    "model": "per_unit",
    "unit_price": "0.0123",
    "effective_from": "2026-04-01",
    "effective_to": None,
}


def test_a_price_is_made_read_listed_and_ended(api: Client, acme: Organisation) -> None:
    made = post(api, "/pricing-rules", RULE | {"organisation": str(acme.pk), "dimensions": {"region": "in"}})
    assert made.status_code == 201
    body = made.json()
    assert (body["unit_price"], body["free_units"], body["pool"]) == ("0.0123", "0", "organisation")
    assert (body["organisation"], body["dimensions"]) == (str(acme.pk), {"region": "in"})
    assert get(api, f"/pricing-rules/{body['id']}").json() == body
    assert get(api, "/pricing-rules?metric_name=api_calls&currency=INR").json()["count"] == 1
    assert get(api, "/pricing-rules?metric_name=storage").json()["count"] == 0
    ended = api.patch(
        f"{ADMIN}/pricing-rules/{body['id']}", {"effective_to": "2027-01-01"}, content_type="application/json"
    )
    assert (ended.status_code, ended.json()["effective_to"]) == (200, "2027-01-01")


def test_the_reason_of_a_price_is_kept_in_its_history(api: Client) -> None:
    made = post(api, "/pricing-rules", RULE | {"reason": "New contract"}).json()
    assert "reason" not in made
    address = f"{ADMIN}/pricing-rules/{made['id']}"
    assert api.patch(address, {"unit_price": "1", "reason": "A typing mistake"}, "application/json").status_code == 200
    reasons = [entry["reason"] for entry in get(api, f"/pricing-rules/{made['id']}/history").json()["results"]]
    assert reasons == ["A typing mistake", "New contract"]
    refused = api.patch(address, {"unit_price": "2", "reason": "x" * 1001}, "application/json")
    assert (refused.status_code, [*refused.json()["details"]]) == (400, ["reason"])


def test_a_number_in_json_is_taken_as_it_is_written(api: Client) -> None:
    # as a float, 0.1234567890 x 3 would carry a tail of binary noise
    body = json.dumps(RULE).replace('"0.0123"', "0.1234567890")
    assert post(api, "/pricing-rules", body).json()["unit_price"] == "0.1234567890"
    preview = '{"rule": ' + body + ', "quantity": 3}'
    assert post(api, "/pricing/preview", preview).json()["exact_amount"] == "0.370370367"


def test_the_preview_shows_exact_and_rounded_amount_with_the_working(api: Client) -> None:
    tiers = [{"up_to": "100", "unit_price": "10"}, {"up_to": None, "unit_price": "5", "flat_fee": "195"}]
    rule = {"model": "graduated", "tiers": tiers, "currency": "INR"}
    answer = post(api, "/pricing/preview", {"rule": rule, "quantity": "121"})
    assert answer.status_code == 200
    # 100 x 10 + 195 + 21 x 5 = 1,300.00
    body = answer.json()
    assert body["exact_amount"] == "1300.00"
    assert body["amount"] == {"amount": "1300.00", "currency": "INR"}
    numbers = ("quantity", "unit_price", "flat_fee", "amount")
    assert [tuple(step[name] for name in numbers) for step in body["explanation"]] == [
        ("100", "10", "0", "1000"),
        ("21", "5", "195", "300"),
    ]


def test_every_field_of_the_models_is_stored_and_read(api: Client) -> None:
    bodies: list[dict[str, Any]] = [
        {"model": "graduated_percentage", "tiers": [{"up_to": None, "rate": "2.5", "flat_fee": "1"}]},
        {"model": "percentage", "rate": "1.3", "fixed_fee": "2", "free_events": 3, "free_amount": "500"},
        {"model": "package", "package_price": "100", "package_size": "10", "rounding": "down", "charge_at_zero": True},
    ]
    for month, body in enumerate(bodies, start=5):
        days = {"effective_from": f"2026-{month:02}-01", "effective_to": f"2026-{month:02}-28"}
        made = post(api, "/pricing-rules", RULE | days | body)
        assert made.status_code == 201, made.json()
        assert body.items() <= made.json().items()
        answer = api.patch(f"{ADMIN}/pricing-rules/{made.json()['id']}", {"minimum": "7"}, "application/json")
        assert (body | {"minimum": "7"}).items() <= answer.json().items()


def test_a_stored_rule_is_previewed_by_its_id_either_way(api: Client) -> None:
    rule = per_unit("0.015")
    for body in ({"rule_id": str(rule.pk)}, {"rule": str(rule.pk)}):
        answer = post(api, "/pricing/preview", body | {"quantity": "3"}).json()
        # 0.045 is shown as it is, and rounded up to 0.05
        assert (answer["exact_amount"], answer["amount"]["amount"]) == ("0.045", "0.05")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit_price": "-1"}, "unit_price"),
        ({"unit_price": "x"}, "unit_price"),
        ({"unit_price": "0.00000000001"}, "unit_price"),
        ({"model": "graduated", "tiers": [{"up_to": "5"}]}, "tiers[0].up_to"),
        ({"model": "magic"}, "model"),
        ({"currency": "ZZZ"}, "currency"),
        ({"effective_to": "2026-04-01"}, "effective_to"),
        ({"dimensions": {"region": ""}}, "dimensions"),
        ({"maximum": "1", "minimum": "2"}, "maximum"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_by_its_field(api: Client, change: dict[str, Any], field: str) -> None:
    answer = post(api, "/pricing-rules", RULE | change)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert field in answer.json()["details"]


def test_overlapping_prices_are_a_conflict(api: Client) -> None:
    post(api, "/pricing-rules", RULE)
    answer = post(api, "/pricing-rules", RULE | {"effective_from": "2026-12-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_OVERLAP")
    assert answer.json()["error"] == (
        "“api_calls” (call) has a price from 1 Apr 2026 on already: end that price on 30 Nov 2026 first."
    )


def test_a_billed_price_cannot_be_changed_nor_ended_before_what_it_billed(
    api: Client, acme: Organisation, project: Project
) -> None:
    rule = per_unit("1")
    used(project, 5)
    issued(acme)
    for change, code in (
        ({"unit_price": "2"}, "PRICE_IN_USE"),
        ({"effective_to": "2026-10-15"}, "PRICE_REACHES_BILLED_MONTH"),
    ):
        answer = api.patch(f"{ADMIN}/pricing-rules/{rule.pk}", change, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    answer = api.patch(
        f"{ADMIN}/pricing-rules/{rule.pk}", {"effective_to": "2026-11-01"}, content_type="application/json"
    )
    assert answer.status_code == 200


def test_the_history_of_a_price_tells_who_changed_what(api: Client) -> None:
    made = post(api, "/pricing-rules", RULE).json()
    api.patch(f"{ADMIN}/pricing-rules/{made['id']}", {"unit_price": "0.02"}, content_type="application/json")
    history = get(api, f"/pricing-rules/{made['id']}/history").json()
    assert [entry["action"] for entry in history["results"]] == ["update", "create"]
    assert "0.02" in str(history["results"][0]["changes"])
    assert history["results"][0]["actor"] == "admin@metrics.example"


def test_a_global_price_needs_a_role_for_every_organisation(acme: Organisation) -> None:
    mine = key_of(acme, Membership.Role.OPERATOR)
    assert post(mine, "/pricing-rules", RULE).status_code == 403
    assert post(mine, "/pricing-rules", RULE | {"organisation": str(acme.pk)}).status_code == 201
    foreign = factories.organisation("Umbrella")
    assert post(mine, "/pricing-rules", RULE | {"organisation": str(foreign.pk)}).status_code == 404


def test_tax_rates_are_listed_and_added(api: Client) -> None:
    assert [rate["rate"] for rate in get(api, "/tax-rates").json()["results"]] == ["18"]
    added = post(api, "/tax-rates", {"name": "GST 5%", "rate": 5, "sac": "998439", "effective_from": "2026-01-01"})
    assert (added.status_code, added.json()["rate"]) == (201, "5")


def test_the_exchange_rate_of_a_day_is_the_last_one_published(api: Client) -> None:
    for day, rate in (("2026-10-30", "83.5"), ("2026-11-02", 84.25)):
        body = {"base": "USD", "target": "INR", "rate": rate, "as_of": day, "source": "FBIL"}
        assert post(api, "/exchange-rates", body).status_code == 201
    assert get(api, "/exchange-rates/USD/INR?at=2026-11-01").json()["rate"] == "83.5"
    assert get(api, "/exchange-rates/usd/inr?at=2026-11-02").json()["rate"] == "84.25"
    assert get(api, "/exchange-rates/USD/INR?at=2026-10-29").status_code == 404
    assert get(api, "/exchange-rates?base=USD").json()["count"] == 2


def test_a_key_that_reads_previews_prices_and_writes_nothing(acme: Organisation) -> None:
    reader = key_of(acme, Membership.Role.ADMIN, ApiKey.Scope.READ)
    assert post(reader, "/pricing/preview", {"rule": RULE, "quantity": "1"}).status_code == 200
    assert post(reader, "/pricing-rules", RULE | {"organisation": str(acme.pk)}).status_code == 403
    assert not PricingRule.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/organisations/{}/invoices", {"lines": [{"description": "Work", "unit_price": "9" * 12}] * 1000}, "lines"),
        ("/organisations/{}/invoices", {"period": "0001-01"}, "period"),
        ("/billing-runs", {"period": "0001-01"}, "period"),
        ("/billing-runs", {"period": "9998-12"}, "period"),
    ],
)
def test_what_is_beyond_all_bounds_is_refused_by_its_field(
    api: Client, acme: Organisation, path: str, body: dict[str, Any], field: str
) -> None:
    answer = post(api, path.format(acme.pk), body)
    assert answer.status_code == 400, answer.json()
    assert field in answer.json()["details"]


def test_a_currency_that_is_no_text_has_no_rate(api: Client) -> None:
    assert api.get("/api/v1/admin/exchange-rates/U%00D/INR").status_code == 404
