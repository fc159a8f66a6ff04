"""Amounts in several currencies are typed as lines, and stored as text by currency."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from organisations.admin.amounts import AmountsField
from organisations.models.issuing_rules import validate_amounts

FIELD = AmountsField(required=False)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", {}),
        ("INR 500000", {"INR": "500000"}),
        ("inr 5,00,000.50\n\n USD  6000 ", {"INR": "500000.5", "USD": "6000"}),
    ],
)
def test_lines_become_amounts(typed: str, stored: dict[str, str]) -> None:
    assert FIELD.clean(typed) == stored
    validate_amounts(stored)
    assert FIELD.clean(FIELD.prepare_value(stored)) == stored
    assert not FIELD.has_changed(stored, FIELD.prepare_value(stored))


@pytest.mark.parametrize("typed", ["INR", "500000", "INR five", "INR 1\nINR 2", "INR 1.23456"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        FIELD.clean(typed)


@pytest.mark.parametrize("stored", [{"XXX": "1"}, {"INR": "0"}, {"INR": "-1"}, {"INR": 1.5}, [], "INR 5"])
def test_what_is_stored_is_checked_too(stored: object) -> None:
    with pytest.raises(ValidationError):
        validate_amounts(stored)
