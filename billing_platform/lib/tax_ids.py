"""Tax ids of parties outside India: which kinds there are, in which countries, and how each has to look.

A format and its check digits only: whether a number is registered, nobody here can say. GSTINs have their own module
(`gst`): python-stdnum refuses some that are valid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stdnum.au import abn
from stdnum.ca import bn
from stdnum.ch import vat as ch_vat
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as NumberError
from stdnum.gb import vat as gb_vat
from stdnum.jp import cn
from stdnum.no import mva
from stdnum.nz import ird
from stdnum.sg import uen
from stdnum.us import ein

from billing_platform.lib.vocabularies import country_name

EU = frozenset(code.upper() for code in eu_vat.MEMBER_STATES if code != "xi")
"""Member states by ISO code; their VAT area has one set of rules (Directive 2006/112/EC)."""

_TRN = re.compile(r"100[0-9]{12}")
_SG_GST = re.compile(r"M[0-9A-Z][0-9]{7}[0-9A-Z]")


class TaxIdError(ValueError):
    """A number that can't be of its kind. The message is a sentence for people."""


@dataclass(frozen=True)
class TaxIdKind:
    """One kind of number: what people call it and documents print, and an example of its form. `is_vat`: whoever has
    one accounts for value added tax (or a goods and services tax) by itself. `countries` is empty for any."""

    label: str
    example: str
    countries: frozenset[str]
    read: Callable[[str], str]
    is_vat: bool = True


def _trn(text: str) -> str:
    number = re.sub(r"[\s-]", "", text)
    if not _TRN.fullmatch(number):
        raise NumberError
    return number


def _sg_gst(text: str) -> str:
    number = re.sub(r"[\s-]", "", text).upper()
    return number if _SG_GST.fullmatch(number) else str(uen.validate(number))


def _gb(text: str) -> str:
    return f"GB{gb_vat.validate(text)}"


def _no(text: str) -> str:
    return f"NO{mva.validate(text)}"


def _as_typed(text: str) -> str:
    return text.strip()


OTHER = "other"
KINDS: Mapping[str, TaxIdKind] = {
    "eu_vat": TaxIdKind("VAT id", "DE136695976", EU, eu_vat.validate),
    "gb_vat": TaxIdKind("VAT number", "GB980780684", frozenset({"GB"}), _gb),
    "ch_vat": TaxIdKind("VAT number", "CHE107787577MWST", frozenset({"CH", "LI"}), ch_vat.validate),
    "no_mva": TaxIdKind("MVA number", "NO995525828MVA", frozenset({"NO"}), _no),
    "au_abn": TaxIdKind("ABN", "83914571673", frozenset({"AU"}), abn.validate),
    "nz_ird": TaxIdKind("GST number", "49091850", frozenset({"NZ"}), ird.validate),
    "sg_gst": TaxIdKind("GST registration number", "M90367530Y", frozenset({"SG"}), _sg_gst),
    "sg_uen": TaxIdKind("UEN", "00192200M", frozenset({"SG"}), uen.validate, is_vat=False),
    "ae_trn": TaxIdKind("TRN", "100123456700003", frozenset({"AE"}), _trn),
    "jp_cn": TaxIdKind("Corporate number", "5835678256246", frozenset({"JP"}), cn.validate, is_vat=False),
    "ca_bn": TaxIdKind("Business number", "123026635", frozenset({"CA"}), bn.validate),
    "us_ein": TaxIdKind("EIN", "91-1144442", frozenset({"US"}), ein.validate, is_vat=False),
    OTHER: TaxIdKind("Tax id", "", frozenset(), _as_typed, is_vat=False),
}


def kind_choices() -> list[tuple[str, str]]:
    return [(code, _choice(code, kind)) for code, kind in KINDS.items()]


def _choice(code: str, kind: TaxIdKind) -> str:
    where = "European Union" if code == "eu_vat" else ", ".join(sorted(kind.countries))
    return f"{kind.label} ({where})" if where else "Another number, which is not checked"


def kinds_of(country: str) -> list[str]:
    """The kinds of a country, the usual one first; none where nothing is known of its numbers."""
    return [code for code, kind in KINDS.items() if country in kind.countries]


def read_tax_id(text: str, *, kind: str, country: str) -> tuple[str, str]:
    """The number in its usual form, and its kind. An empty `kind` is the first one of the country that the number
    fits; `other` where nothing is known of the country's. Raises TaxIdError."""
    known = kinds_of(country)
    wanted = [kind] if kind else known or [OTHER]
    for code in wanted:
        if KINDS[code].countries and country not in KINDS[code].countries:
            raise TaxIdError(
                f"A party in {country_name(country)} has no {KINDS[code].label} of this kind: choose another kind."
            )
        try:
            number = str(KINDS[code].read(text))
        except NumberError:
            continue
        if code != "eu_vat" or _eu_country(number) == country:
            return number, code
    expected = KINDS[wanted[0]]
    raise TaxIdError(
        f"This is no {expected.label} of {country_name(country)}, which looks like {expected.example}. Choose “Another "
        "number” as its kind if it is one that is not checked."
    )


def is_vat_id(kind: str) -> bool:
    """Whether its owner accounts for value added tax by itself: the customer is a business."""
    return kind in KINDS and KINDS[kind].is_vat


def label_of(kind: str) -> str:
    """What documents call a number of the kind."""
    return KINDS.get(kind, KINDS[OTHER]).label


def _eu_country(number: str) -> str:
    return {"EL": "GR"}.get(number[:2], number[:2])
