"""The tables of docs/money.md about GST returns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from invoicing.returns.rounding import settle
from invoicing.returns.sections import section_of
from tests.money.golden_tables import golden
from tests.returns.language import document, note


def decimals(text):
    return [Decimal(word) for word in text.split()]


@golden("returns", "settled")
def test_parts_of_a_document_add_up_to_its_rounded_sum(row):
    parts = settle(decimals(row["exact"]))
    assert parts == decimals(row["parts"])
    assert sum(parts) == Decimal(row["sum"])


@golden("returns", "shares")
def test_dollars_share_the_rupees_that_were_booked(row):
    parts = settle(decimals(row["dollars"]), Decimal(row["booked"]))
    assert parts == decimals(row["parts"])
    assert sum(parts) == Decimal(row["booked"])


@golden("returns", "large")
def test_what_is_listed_by_itself(row):
    day = date.fromisoformat(row["invoice_of"])
    if row["document"] == "note":
        found = note("consumer_mumbai", "10.00", of=row["value"])
    else:
        found = document("consumer_mumbai", "10.00", issue_date=day, value=Decimal(row["value"]))
    assert section_of(found).value == row["section"]
