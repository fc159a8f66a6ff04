"""Pricing vectors of other billing systems: each is run, or left out with a reason."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from billing_platform.lib.money import ZERO, Money, allocate, from_minor, round_money, to_minor
from invoicing.gst_heads import TaxHead, tax_line
from invoicing.lines import Line
from invoicing.pricing import Usage, price_from_dict
from invoicing.totals import compute_totals, minimum_top_up, prorate

VECTORS = {vector["id"]: vector for vector in json.loads((Path(__file__).parent / "pricing-vectors.json").read_text())}

OUT_OF_SCOPE = {
    "aggregation is SQL over the ledger, tested with events": ["lago-agg-latest", "lago-agg-max", "lotus-agg-unique"],
    "alert thresholds belong to events, and none of them recurs": [
        "lago-alert-dec-2",
        "lago-alert-dec-5",
        "lago-alert-inc-3",
        "lago-alert-rec-only",
    ],
    "a percentage is of the month's total: no transaction has a minimum or maximum of its own": ["lago-pct-minmax"],
}
EXCUSED = {vector_id for ids in OUT_OF_SCOPE.values() for vector_id in ids}


def rule(vector: dict) -> dict:
    """The vector's price in the words of our API."""
    price, model = vector["price"], vector["model"]
    if model in {"graduated", "volume"}:
        tiers = [{"up_to": t["up_to"], "unit_price": t["unit"], "flat_fee": t["flat"]} for t in price["tiers"]]
        tiers[-1]["up_to"] = None  # one vector leaves its last tier bounded, far above its quantity
        body = {"tiers": tiers}
    elif model == "package":
        body = {"package_price": price["amount"], "package_size": price["size"], "free_units": price["free_units"]}
        body["rounding"] = price["round"]
    elif model == "percentage":
        body = {"rate": price["rate"], "fixed_fee": price.get("fixed")}
        body |= {name: price.get(name) for name in ("free_events", "free_amount")}
    else:
        body = {"unit_price": price["unit"]}
    at_zero = price.get("zero_usage") == "charge_first_flat" or vector["source"].startswith("openmeter")
    return {"model": model, "minimum": price.get("minimum"), "charge_at_zero": at_zero, **body}


def charged(vector: dict) -> Decimal:
    usage = vector["usage"]
    if vector["model"] == "percentage":
        amounts = tuple(Decimal(amount) for amount in usage["transactions"])
        return price_from_dict(rule(vector)).charge(Usage(sum(amounts, ZERO), len(amounts), amounts)).exact_amount
    return price_from_dict(rule(vector)).charge(Usage(Decimal(usage))).exact_amount


def grouped(vector: dict) -> Decimal:
    """Our `pool: project`: each group priced alone."""
    groups = vector["usage"]["groups"].values()
    base = {**vector, "model": vector["price"]["base"]["model"], "price": vector["price"]["base"]}
    return sum((charged({**base, "usage": quantity}) for quantity in groups), ZERO)


def minimum_then_tax(vector: dict) -> Decimal:
    usage = Decimal(vector["usage"]["usage_amount"])
    heads = (TaxHead("IGST", Decimal(vector["price"]["tax_rate"])),)
    top_up = minimum_top_up(usage, Decimal(vector["price"]["minimum"]))
    totals = compute_totals([Line("usage", usage, heads), Line("minimum", top_up, heads)], "INR")
    detail = vector["expected_detail"]
    assert [top_up, totals.subtotal] == [Decimal(detail["minimum_line"]), Decimal(detail["taxable"])]
    return totals.total


def coupon_before_tax(vector: dict) -> Decimal:
    fees = vector["usage"]["fees_minor"]
    coupon = from_minor(int(vector["usage"]["coupon_minor"]), "INR")
    parts = allocate(coupon, [Decimal(fee["amount"]) for fee in fees])
    lines = [
        Line(
            "usage",
            from_minor(int(fee["amount"]), "INR").amount,
            tuple(TaxHead(name, Decimal(rate)) for name, rate in fee["taxes"].items()),
            discount=part.amount,
        )
        for fee, part in zip(fees, parts, strict=True)
    ]
    totals = compute_totals(lines, "INR")
    by_name = {tax.name: str(to_minor(Money(tax.amount, "INR"))) for tax in totals.taxes}
    assert by_name == vector["expected_detail"]
    return totals.tax_total * 100


def plan_change(vector: dict) -> Decimal:
    minor = Decimal(100 if vector.get("unit") == "minor" else 1)
    days = {"days": vector["usage"]["remaining"], "of_days": vector["usage"]["period"], "currency": "INR"}
    old, new = (prorate(Decimal(vector["price"][key]) / minor, **days) for key in ("old", "new"))
    detail = vector["expected_detail"]
    assert [-old * minor, new * minor] == [Decimal(detail["credit"]), Decimal(detail["charge"])]
    return (new - old) * minor


def unused_days(vector: dict) -> Decimal:
    fee = from_minor(int(vector["price"]["fee_minor"]), "INR").amount
    days = vector["usage"]
    credit = prorate(fee, days=days["days"], of_days=days["of"], currency="INR")
    heads = (TaxHead("VAT", Decimal(vector["price"]["tax_rate"])),)
    return compute_totals([Line("recurring", credit, heads)], "INR").total * 100


def free_units_by_delta(vector: dict) -> Decimal:
    """Late usage is billed as the difference of two prices, so free units are given once."""
    price = price_from_dict({"model": "per_unit", "unit_price": 1, "free_units": vector["price"]["free_units"]})
    before = Decimal(vector["usage"]["previous_units"])
    after = before + Decimal(vector["usage"]["units"])
    return price.charge(Usage(after)).exact_amount - price.charge(Usage(before)).exact_amount


def taxed(vector: dict) -> Decimal:
    heads = [TaxHead("tax", Decimal(rate)) for rate in vector["price"]["rates"]]
    return sum((tax.amount for tax in tax_line(Decimal(vector["usage"]), heads, "USD")), ZERO)


HOW = {
    "grouped": grouped,
    "invoice_minimum_then_tax": minimum_then_tax,
    "invoice_taxes": coupon_before_tax,
    "proration_change": plan_change,
    "credit_note_from_unused": unused_days,
    "usage_discount": free_units_by_delta,
    "tax": taxed,
    "money_rounding": lambda vector: round_money(Decimal(vector["usage"]), vector["price"]["currency"]),
}


def test_every_exception_names_an_existing_vector():
    assert set(VECTORS) >= EXCUSED


@pytest.mark.parametrize("vector_id", sorted(set(VECTORS) - EXCUSED))
def test_vector(vector_id):
    vector = VECTORS[vector_id]
    assert HOW.get(vector["model"], charged)(vector) == Decimal(vector["expected"])
