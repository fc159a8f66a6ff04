"""The euro foreign exchange reference rates of the European Central Bank, published on TARGET days at 16:00 CET.

    GET {base}/eurofxref-daily.xml      the last day
    GET {base}/eurofxref-hist-90d.xml   the last 90 days

    <Cube><Cube time="2026-10-30"><Cube currency="USD" rate="1.0861"/>…</Cube>…</Cube>

A rate is what one euro is worth. The rate to rupees is left out: for Indian books it has no standing, and FBIL
publishes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from xml.parsers import expat

from billing_platform.lib.limits import MAX_MONEY, UNIT_PRICE_PLACES
from billing_platform.lib.money import CURRENCIES, ZERO, with_places
from invoicing.exchange.fetching import fetched
from invoicing.exchange.publisher import PublisherError
from invoicing.rates import BOOKS, Rate

_EURO = "EUR"
_A_WEEKEND = timedelta(days=1)


@dataclass(frozen=True)
class EuropeanCentralBank:
    base_url: str
    source: str = "ECB reference rate"

    def published(self, *, since: date, until: date) -> list[Rate]:
        """Raises PublisherError. Days before the last 90 are left out: their file is larger than an answer may be."""
        name = "eurofxref-daily.xml" if until - since <= _A_WEEKEND else "eurofxref-hist-90d.xml"
        reader = _Reader(self.source)
        reader.read(fetched(f"{self.base_url}/{name}"))
        if not reader.rates:
            raise PublisherError("The ECB's answer holds no rate that can be read: its format has changed.")
        found = [rate for rate in reader.rates if since <= rate.as_of <= until]
        return sorted(found, key=lambda each: (each.as_of, each.target))


@dataclass
class _Reader:
    """Reads start tags only. A document type would be the way to entities that grow or name files: it is refused."""

    source: str
    rates: list[Rate] = field(default_factory=list)
    day: date | None = None

    def read(self, body: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(body, True)
        except expat.ExpatError as error:
            raise PublisherError("The ECB's answer is no XML.") from error

    def _refuse(self, *_declaration: object) -> None:
        raise PublisherError("The ECB's answer declares a document type, which its rates do not have.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] != "Cube":
            return
        if "time" in attributes:
            self.day = _day(attributes["time"])
        code, value = attributes.get("currency", ""), _number(attributes.get("rate", ""))
        if self.day is not None and value is not None and code in CURRENCIES and code not in (_EURO, BOOKS):
            self.rates.append(Rate(_EURO, code, value, self.day, self.source))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) >= 20:
        return None
    rounded = with_places(number, UNIT_PRICE_PLACES)
    return rounded if ZERO < rounded < MAX_MONEY else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
