"""GST codes: States, GSTINs and document numbers. They check parties and documents, and decide taxes.

python-stdnum knows GSTINs too, but its State table ends at 37 (no Ladakh, no Other Territory, no 99) and it
refuses a 14th character other than Z. Both occur, so the check is done here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.errors import InvalidInput

INDIA = "IN"
OTHER_COUNTRIES = "96"

STATES = {
    "01": "Jammu and Kashmir", "02": "Himachal Pradesh", "03": "Punjab", "04": "Chandigarh", "05": "Uttarakhand",
    "06": "Haryana", "07": "Delhi", "08": "Rajasthan", "09": "Uttar Pradesh", "10": "Bihar", "11": "Sikkim",
    "12": "Arunachal Pradesh", "13": "Nagaland", "14": "Manipur", "15": "Mizoram", "16": "Tripura",
    "17": "Meghalaya", "18": "Assam", "19": "West Bengal", "20": "Jharkhand", "21": "Odisha", "22": "Chhattisgarh",
    "23": "Madhya Pradesh", "24": "Gujarat", "26": "Dadra and Nagar Haveli and Daman and Diu", "27": "Maharashtra",
    "29": "Karnataka", "30": "Goa", "31": "Lakshadweep", "32": "Kerala", "33": "Tamil Nadu", "34": "Puducherry",
    "35": "Andaman and Nicobar Islands", "36": "Telangana", "37": "Andhra Pradesh", "38": "Ladakh",
    "97": "Other Territory",
}  # fmt: skip

# Codes that documents may show, but that no present address has.
_OTHER_CODES = {
    "25": "Daman and Diu",  # merged into 26 on 26 January 2020
    "28": "Andhra Pradesh (before division)",
    OTHER_COUNTRIES: "Other Countries",
    "99": "Centre Jurisdiction",
}

# Union territories without a legislature charge UTGST; Delhi, Puducherry, Jammu and Kashmir charge SGST.
UNION_TERRITORIES = frozenset({"04", "25", "26", "31", "35", "38", "97"})

RATES = frozenset(map(Decimal, ["0", "0.1", "0.25", "1", "1.5", "3", "5", "6", "7.5", "12", "18", "28", "40"]))
"""Percent: those that the portals of returns and of e-invoices take."""

_SERVICES = "99"
_SERVICE_HEADINGS = frozenset(
    {"9954", *map(str, [*range(9961, 9970), *range(9971, 9974), *range(9981, 9990), *range(9991, 10000)])}
)
"""The first four digits of every service code (Notification 11/2017, annexure)."""

_GSTIN_STATES = frozenset(STATES) | {"99"}

_REGULAR = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z][Z1-9A-J][0-9A-Z]")
_SPECIAL = (
    re.compile(r"[0-9]{2}[A-Z]{4}[0-9]{5}[A-Z][0-9]Z[0-9]"),  # government department
    re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[A-Z0-9]"),  # UN body, embassy (UIN)
    re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}NR[A-Z0-9]"),  # non-resident
    re.compile(r"99[0-9]{2}[A-Z]{3}[0-9]{5}OS[A-Z0-9]"),  # online services from abroad
)
_PAN_HOLDERS = frozenset("ABCFGHJKLPT")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


# The first three digits of a State's PIN codes, from and to. Borders are not exact, so a PIN outside them only warns.
_PIN_PREFIXES: dict[str, tuple[tuple[int, int], ...]] = {
    "01": ((180, 194),), "02": ((171, 177),), "03": ((140, 160),), "04": ((140, 140), (160, 160)), "05": ((244, 263),),
    "06": ((121, 136),), "07": ((110, 110),), "08": ((301, 345),), "09": ((201, 285),), "10": ((800, 855),),
    "11": ((737, 737),), "12": ((790, 792),), "13": ((797, 798),), "14": ((795, 795),), "15": ((796, 796),),
    "16": ((799, 799),), "17": ((793, 794),), "18": ((781, 788),), "19": ((700, 743),), "20": ((813, 835),),
    "21": ((751, 770),), "22": ((490, 497),), "23": ((450, 488),), "24": ((360, 396),), "26": ((362, 362), (396, 396)),
    "27": ((400, 445),), "29": ((560, 591),), "30": ((403, 403),), "31": ((682, 682),), "32": ((670, 695),),
    "33": ((600, 643),), "34": ((533, 533), (605, 605), (607, 607), (609, 609), (673, 673)), "35": ((744, 744),),
    "36": ((500, 509),), "37": ((500, 535),), "38": ((194, 194),),
}  # fmt: skip


class GstError(InvalidInput):
    """A GSTIN, State code or document number that GST does not know."""


@dataclass(frozen=True, slots=True)
class Gstin:
    """A well-formed GSTIN. Only the GST portal knows whether it is active."""

    value: str

    @property
    def state_code(self) -> str:
        return self.value[:2]

    @property
    def pan(self) -> str | None:
        """The holder's PAN (income-tax number), which the GSTIN of a regular taxpayer contains; None for others."""
        return self.value[2:12] if _REGULAR.fullmatch(self.value) else None

    def __str__(self) -> str:
        return self.value


def validate_gstin(text: str) -> Gstin:
    value = "".join(text.split()).upper()
    if len(value) != 15:
        raise GstError(f"A GSTIN has 15 characters, {value!r} has {len(value)}.")
    is_regular = _REGULAR.fullmatch(value) is not None
    if not is_regular and not any(pattern.fullmatch(value) for pattern in _SPECIAL):
        raise GstError(f"{value} is not in the form of a GSTIN.")
    if value[:2] not in _GSTIN_STATES:
        raise GstError(f"{value} begins with {value[:2]}, which is no State code.")
    if is_regular and value[5] not in _PAN_HOLDERS:
        raise GstError(f"{value} does not contain a valid PAN: {value[5]!r} is no kind of holder.")
    expected = gstin_check_character(value[:14])
    if value[14] != expected:
        raise GstError(f"{value} has a wrong check character: was a character mistyped?")
    return Gstin(value)


def gstin_check_character(first_fourteen: str) -> str:
    """The 15th character of a GSTIN: a Luhn check character in base 36. "29AAACA1234A1Z" has "G"."""
    total = 0
    for position, character in enumerate(first_fourteen):
        value = _ALPHABET.index(character) * (1 + position % 2)
        total += value // 36 + value % 36
    return _ALPHABET[-total % 36]


def is_service(code: str) -> bool:
    """Whether a code of the customs tariff and its service chapter is one of a service: chapter 99."""
    return code.startswith(_SERVICES)


def is_service_heading(sac: str) -> bool:
    """Whether a service accounting code of four digits or more belongs to a heading that exists: 998315 to 9983."""
    return sac[:4] in _SERVICE_HEADINGS


def pin_fits_state(pin: str, state_code: str) -> bool:
    """Whether a PIN code of six digits may be in a State. True if the table has no PIN codes of the State."""
    ranges = _PIN_PREFIXES.get(state_code)
    return ranges is None or any(first <= int(pin[:3]) <= last for first, last in ranges)


def state_name(code: str) -> str:
    try:
        return STATES.get(code) or _OTHER_CODES[code]
    except KeyError:
        raise GstError(f"{code!r} is no State code.") from None


def place_of_supply_label(code: str) -> str:
    """The place of supply as GST returns print it: "29-Karnataka". Raises GstError for an unknown code."""
    return f"{code}-{state_name(code)}"


# Rule 46(b) as the e-invoice portal narrows it: 16 characters, not starting with 0, "/" or "-".
_DOCUMENT_NUMBER = re.compile(r"[A-Za-z1-9][A-Za-z0-9/-]{0,15}")


def validate_document_number(text: str) -> str:
    """The number in upper case, as the e-invoice portal compares numbers. Raises GstError (CGST Rule 46 (b))."""
    if not _DOCUMENT_NUMBER.fullmatch(text):
        raise GstError(
            f"{text!r} cannot number a tax document: 1 to 16 letters, digits, '-' and '/', "
            "not beginning with 0, '-' or '/' (rule 46)."
        )
    return text.upper()
