"""The rows of a price form: which are read, and what is wrong with them in words."""

from __future__ import annotations

import pytest

from billing_platform.lib.admin.rows import Row, filled
from invoicing.admin.prices.price_parts import MODELS, PARTS, TIER_COLUMNS, body_of, tier_faults, typed_of
from invoicing.models import PricingRule
from invoicing.pricing import price_from_dict


def tiers(*ends: str) -> list[Row]:
    return [{"up_to": end, "unit_price": "1"} for end in ends]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (("10", ""), []),
        (("",), []),
        (("0.5", "10", ""), []),
        ((), ["Write at least one tier."]),
        (
            ("10", "100"),
            [
                "The last tier ends at 100, and nothing says what more than 100 costs: leave its end empty, or add a "
                "tier."
            ],
        ),
        (("", ""), ["Tier 1 has no end, but tier 2 follows it: write where tier 1 ends."]),
        (
            ("1000", "1000", ""),
            ["Tier 1 ends at 1,000, but tier 2 ends at 1,000 already: nothing is left for tier 2."],
        ),
        (("100", "50", ""), ["Tier 1 ends at 100, but tier 2 ends at 50 already: nothing is left for tier 2."]),
        (("ten", ""), []),  # the price tells it, as of any number
    ],
)
def test_gaps_and_overlaps_of_tiers_are_named(ends: tuple[str, ...], said: list[str]) -> None:
    assert tier_faults(tiers(*ends)) == said


def test_empty_rows_are_not_read() -> None:
    assert filled([{"up_to": " 10 "}, {"up_to": "", "unit_price": " "}, {"up_to": ""}]) == [{"up_to": "10"}]


def test_only_what_the_model_asks_for_is_read() -> None:
    typed = {"unit_price": "5", "rate": "2", "tiers": [{"up_to": "", "unit_price": "5", "rate": "3", "flat_fee": "1"}]}
    assert body_of("per_unit", typed) == {"model": "per_unit", "unit_price": "5"}
    assert body_of("graduated_percentage", typed)["tiers"] == [{"up_to": None, "rate": "3", "flat_fee": "1"}]


@pytest.mark.parametrize("model", PricingRule.Model.values)
def test_each_model_is_described_and_its_form_gives_back_its_price(model: str) -> None:
    parts = MODELS[model]
    typed = {name: PARTS[name].choices[-1][0] if PARTS[name].choices else "3" for name in parts.parts}
    if "tiers" in typed:
        typed["tiers"] = [{"up_to": "10"} | dict.fromkeys(parts.columns, "2"), dict.fromkeys(parts.columns, "1")]
    price = price_from_dict(body_of(model, typed))
    shown = typed_of(price.to_dict())
    assert {*shown} == {*parts.parts}
    assert price_from_dict(body_of(model, shown)) == price
    assert {*parts.columns} <= {*TIER_COLUMNS}
