"""The closed lists of currencies, countries, time zones and States, with names for people.

Pure. Only values of a list may be entered; `validators` refuses others, and forms offer the list.
"""

from __future__ import annotations

import zoneinfo
from functools import cache

from babel import Locale

from billing_platform.lib.gst import STATES
from billing_platform.lib.money import CURRENCIES

__all__ = ["CURRENCIES", "STATES", "countries", "country_name", "currency_name", "time_zones"]

Choices = list[tuple[str, str]]

# The territories of CLDR (which Babel brings) that are no assigned codes of ISO 3166-1: exceptional reservations
# (Ascension, Clipperton, …), groupings (EU, Eurozone, UN, Outlying Oceania), pseudo-locales, and codes of private use.
_NOT_ISO_3166 = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"])

# The areas of the tz database. Names outside them are abbreviations with different meanings in different places
# (EST5EDT, WET), aliases of files (localtime, Factory), or old names (GB, PRC).
_AREAS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
UTC_NAMES = frozenset({"UTC", "Etc/UTC"})


@cache
def _locale() -> Locale:
    return Locale("en")


@cache
def countries() -> dict[str, str]:
    """The 249 codes of ISO 3166-1 alpha-2 with their English names."""
    names = _locale().territories
    return {code: names[code] for code in sorted(names) if _is_alpha_2(code) and code not in _NOT_ISO_3166}


def country_name(code: str) -> str:
    """The name of a country for people: "Germany". An unknown code is returned unchanged."""
    return countries().get(code, code)


def currency_name(code: str) -> str:
    """The name of a currency for people: "Indian Rupee"."""
    return str(_locale().currencies.get(code, code))


@cache
def time_zones() -> frozenset[str]:
    """The time zones that a customer or seller may have: geographic names, such as Asia/Kolkata, and UTC."""
    known = zoneinfo.available_timezones()
    return frozenset(name for name in known if name.split("/")[0] in _AREAS and "/" in name) | UTC_NAMES


def currency_choices() -> Choices:
    return [(code, f"{code} – {currency_name(code)}") for code in sorted(CURRENCIES)]


def country_choices() -> Choices:
    return sorted(((code, name) for code, name in countries().items()), key=lambda choice: choice[1])


def state_choices() -> Choices:
    return [(code, f"{code} {name}") for code, name in STATES.items()]


def time_zone_choices() -> Choices:
    return [(name, name) for name in sorted(time_zones())]


def _is_alpha_2(code: str) -> bool:
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()
