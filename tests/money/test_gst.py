"""GST vocabulary: GSTINs, States and document numbers."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.gst import (
    STATES,
    UNION_TERRITORIES,
    GstError,
    place_of_supply_label,
    state_name,
    validate_document_number,
    validate_gstin,
)
from tests.money.golden_tables import golden

VALID = [
    "27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "24AAQCA8719H1ZC", "24AAUPV7468F1ZW",
    "29AAACA1234A1ZG", "27AAACA1234A1ZK", "07AAACA1234A1ZM", "33AAACA1234A1ZR",
    "24AAACA1234A1ZQ", "09AAACA1234A1ZI", "34AAACA1234A1ZP", "01AAACA1234A1ZY",
    "38AAACA1234A1ZH", "99AAACA1234A1Z9",
]  # fmt: skip

INVALID = {
    "27AAPFU0939F1ZO": "check character",
    "27AABCU9603R1ZM": "check character",
    "29ABCDE1234F1Z5": "PAN",
    "00AAPFU0939F1ZB": "State code",
    "27AAPFU0939F1YX": "form of a GSTIN",
    "27AAPFU0939F1Z": "15 characters",
    "": "15 characters",
    "27AAPFU0939F1Z₹": "form of a GSTIN",
}


@pytest.mark.parametrize("text", VALID)
def test_real_gstins_are_accepted(text):
    gstin = validate_gstin(text)
    assert str(gstin) == text
    assert (gstin.state_code, gstin.pan) == (text[:2], text[2:12])


@pytest.mark.parametrize(("text", "reason"), INVALID.items())
def test_a_wrong_gstin_is_refused_with_the_reason(text, reason):
    with pytest.raises(GstError, match=reason):
        validate_gstin(text)


def test_a_gstin_is_normalised_before_it_is_checked():
    assert validate_gstin(" 27aapfu0939f1zv ").value == "27AAPFU0939F1ZV"
    assert validate_gstin("27 AAPFU 0939F 1ZV").value == "27AAPFU0939F1ZV"


@given(st.sampled_from(VALID), st.integers(0, 14), st.sampled_from(string.digits + string.ascii_uppercase))
def test_one_mistyped_character_is_always_noticed(gstin, position, character):
    mistyped = gstin[:position] + character + gstin[position + 1 :]
    if mistyped != gstin:
        with pytest.raises(GstError):
            validate_gstin(mistyped)


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("07MUMA12345A1Z0", "government department"),
        ("2919USA00012UNY", "United Nations body"),
        ("2919USA00012NRX", "non-resident"),
        ("9919USA29001OSD", "online services from abroad"),
        ("29AAACA1234A1DP", "deductor of tax at source"),
        ("29AAACA1234A1CR", "collector of tax at source"),
    ],
)
def test_other_registrations_than_the_regular_one_are_known(text, whose):
    assert validate_gstin(text).value == text, whose


def test_only_a_regular_gstin_contains_a_pan():
    assert validate_gstin("27AAPFU0939F1ZV").pan == "AAPFU0939F"
    assert validate_gstin("2919USA00012UNY").pan is None


@golden("dates", "numbers")
def test_document_numbers_follow_rule_46(row):
    if row["verdict"] == "valid":
        assert validate_document_number(row["number"]) == row["number"]
    else:
        with pytest.raises(GstError, match="rule 46"):
            validate_document_number(row["number"])


def test_document_numbers_are_stored_in_upper_case_and_never_empty():
    assert validate_document_number("inv/26-27/000123") == "INV/26-27/000123"
    for text in ("", "INV-1\n"):
        with pytest.raises(GstError):
            validate_document_number(text)


def test_states_and_union_territories():
    assert len(STATES) == 37
    assert place_of_supply_label("29") == "29-Karnataka"
    assert place_of_supply_label("96") == "96-Other Countries"
    assert state_name("25") == "Daman and Diu"
    assert "25" not in STATES
    assert {"07", "34", "01"}.isdisjoint(UNION_TERRITORIES)
    with pytest.raises(GstError):
        state_name("00")
