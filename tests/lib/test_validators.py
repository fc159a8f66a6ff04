"""Each validator accepts right values, and refuses others with a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from billing_platform.lib import validators, vocabularies

WRONG_FOR_ALL = [
    "",
    " ",
    "\x00",
    "\ud800",
    "é",
    "." * 300,
    0,
    1.5,
    None,
    True,
    [],
    ["INR"],
    {},
    {"a": 1},
    b"INR",
    object(),
]

TABLE: dict[str, tuple[list[Any], list[Any]]] = {
    "currency": (
        ["INR", "USD", "JPY", "KWD", "SLE"],
        ["inr", "HRK", "XAU", "XXX", "XTS", "XDR", "ZWL", "CLF", "MRO", "₹", "INR "],
    ),
    "time_zone": (
        ["Asia/Kolkata", "Asia/Calcutta", "America/Argentina/Ushuaia", "America/New_York", "UTC", "Etc/UTC"],
        ["localtime", "posixrules", "Factory", "EST5EDT", "EST", "GMT", "GB", "WET", "posix/Asia/Kolkata",
         "right/Asia/Kolkata", "Etc/GMT+5", "US/Eastern", "asia/kolkata", "Asia", "Asia/", "../UTC", "IST", "+05:30"],
    ),
    "country": (
        ["IN", "US", "GB", "AE", "AX", "BQ", "CW", "SS", "TL"],
        ["UK", "EU", "XX", "AA", "ZZ", "XK", "UN", "QO", "AC", "AN", "YU", "in", "IND", "EZ"],
    ),
    "state": (["01", "29", "26", "38", "97"], ["00", "25", "28", "39", "96", "99", "9", "029", "KA"]),
    "sac": (["998315", "9983", "997331"], ["99831", "997915", "99", "998", "9983155", "848590", "abc", "９９８３１５"]),
    "pin": (["560001", "110001", "855117"], ["000000", "056001", "56001", "5600011", "560 001", "５６０００１"]),
    "ifsc": (["HDFC0000001", "SBIN0A1B2C3"], ["abc", "HDFC1000001", "hdfc0000001", "HDFC000001", "HDFC0000001 "]),
    "swift": (["HDFCINBB", "HDFCINBBXXX", "DEUTDEFF500"], ["HDFCINB", "HDFC1NBB", "hdfcinbb", "HDFCINBBXX"]),
    "pan": (["AAACA1234A", "ABCPK0000Z"], ["AAADA1234A", "AAACA123A", "aaaca1234a", "AAACA12345"]),
    "cin": (
        ["U72900KA2020PTC123456", "L17110MH1973PLC019786", "AAB-1234"],
        ["X72900KA2020PTC123456", "U72900KA2020PTC12345", "AAB1234", "u72900ka2020ptc123456"],
    ),
    "udyam": (["UDYAM-KA-03-0012345"], ["UDYAM-KA-3-0012345", "KA-03-0012345", "udyam-ka-03-0012345"]),
    "upi_id": (["metrics@hdfcbank", "a.b-c_1@upi"], ["metrics", "@upi", "metrics@", "me trics@upi", "a@b@c"]),
    "colour": (["#1f4e79", "#FFFFFF"], ["1f4e79", "#fff", "#1f4e7g", "#1f4e79\n"]),
    "prefix": (["INV", "A-1", "X", "1NV", "BLR/INV-ABC"], ["TWELVELETTER", "0NV", "-A", "A/", "inv", "I_V", "INV\n"]),
    "slug": (["acme", "Acme-2", "0x_a", "a-"], ["-", "_", "-acme", "a b", "a/b", "acme\n"]),
}  # fmt: skip


def judge(kind: str, value: Any) -> str:
    """The sentence that refuses a value; "" if it is taken."""
    try:
        getattr(validators, f"validate_{kind}")(value)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@pytest.mark.parametrize("kind", TABLE)
def test_right_values_are_accepted(kind: str) -> None:
    assert {value: judge(kind, value) for value in TABLE[kind][0]} == dict.fromkeys(TABLE[kind][0], "")


@pytest.mark.parametrize("kind", TABLE)
def test_wrong_values_are_refused_by_a_sentence_that_can_be_written(kind: str) -> None:
    for value in [*TABLE[kind][1], *WRONG_FOR_ALL]:
        sentence = judge(kind, value)
        assert sentence.endswith("."), (kind, value)
        sentence.encode()
        assert "\x00" not in sentence


LINES = ["Acme", "a", "株式会社", "O'Neil & Söhne", "ಕನ್ನಡ", "नमस्\u200dते", "a-b", "½", "1"]
NO_LINES = [
    "a\nb",
    "a\rb",
    "a\tb",
    "\x00",
    "a\x1bb",
    "a\x85b",
    "a\u2028b",
    "\ud800",
    " ",
    "\u200b",
    "a\u202eb",
    "\u2066a",
    "UTR\u200b1",
    "\ufeffUTR1",
    "soft\u00adhyphen",
    "word\u2060joiner",
]


def test_a_line_is_visible_text_without_line_breaks() -> None:
    assert {line: judge("line", line) for line in LINES} == dict.fromkeys(LINES, "")
    assert [line for line in NO_LINES if not judge("line", line)] == []
    assert judge("line", "a\nb") == "Write it in one line, without control characters. It holds a line break."
    assert judge("line", None) == "Write text."


def test_paragraphs_allow_line_breaks_and_no_other_control_characters() -> None:
    assert judge("paragraphs", "first\r\n\tsecond") == ""
    refused = [text for text in NO_LINES if judge("paragraphs", text)]
    assert refused == [text for text in NO_LINES if text not in ("a\nb", "a\rb", "a\tb")]


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2017, 7, 1), date(2026, 2, 28)])
def test_a_business_date_lies_within_gst_and_ten_years_ahead(day: date) -> None:
    assert judge("business_date", day) == ""
    assert judge("business_date", validators.last_business_day()) == ""


@pytest.mark.parametrize(
    "day",
    [date(1, 1, 1), date(26, 11, 3), date(2017, 6, 30), date(2999, 1, 1), date.max, NOON, "2026-11-01", None],
)
def test_a_date_outside_the_business_dates_is_refused(day: Any) -> None:
    assert judge("business_date", day).startswith("Write a day")


@pytest.mark.django_db
def test_postgresql_knows_every_time_zone_that_may_be_typed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    assert vocabularies.time_zones() - known == set()
    assert len(vocabularies.time_zones()) > 400


# ISO 3166-1 alpha-2, kept by hand: what is officially assigned.
ISO_3166 = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
"""


def test_countries_are_those_of_iso_3166() -> None:
    assert len(ISO_3166.split()) == 249
    assert set(vocabularies.countries()) == set(ISO_3166.split())


@pytest.mark.parametrize("kind", ["currency", "country", "state", "time_zone"])
def test_every_value_of_a_list_is_accepted_and_has_a_name(kind: str) -> None:
    choices = validators.choices_of([getattr(validators, f"validate_{kind}")])
    assert choices
    assert all(name and not judge(kind, value) for value, name in choices)
    assert validators.choices_of([validators.validate_line]) is None


def test_states_and_currencies_are_called_by_their_names() -> None:
    assert ("29", "29 Karnataka") in vocabularies.state_choices()
    assert ("INR", "INR – Indian Rupee") in vocabularies.currency_choices()
    assert ("GB", "United Kingdom") in vocabularies.country_choices()
