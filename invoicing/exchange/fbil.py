"""RBI's reference rates, which FBIL (Financial Benchmarks India) publishes on Mumbai's working days at 13:30.

    GET {base}/refrates/fetchfiltered?fromDate=2026-10-26&toDate=2026-10-30&authenticated=false
    [{"processRunDate": "2026-10-30 00:00:00", "subProdName": "INR / 100 JPY", "displayTime": …, "rate": 57.85}, …]

A rate is what so many units of the foreign currency are worth in rupees; yen are quoted per 100. Weekends and holidays
are left out, and so is every row that is no rupee rate of a currency in use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from billing_platform.lib.limits import MAX_MONEY, UNIT_PRICE_PLACES
from billing_platform.lib.money import CURRENCIES, ZERO, Money, with_places
from invoicing.exchange.fetching import fetched
from invoicing.exchange.publisher import PublisherError
from invoicing.rates import BOOKS, Rate

_PAIR = re.compile(r"\s*INR\s*/\s*([0-9]{1,6})\s*([A-Z]{3})\s*")


@dataclass(frozen=True)
class Fbil:
    base_url: str
    source: str = "RBI reference rate (FBIL)"

    def published(self, *, since: date, until: date) -> list[Rate]:
        """Raises PublisherError."""
        asked = {"fromDate": since.isoformat(), "toDate": until.isoformat(), "authenticated": "false"}
        body = fetched(f"{self.base_url}/refrates/fetchfiltered", asked)
        try:
            rows = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        except (ValueError, RecursionError) as error:
            raise PublisherError("FBIL's answer is no JSON.") from error
        if not isinstance(rows, list):
            raise PublisherError("FBIL's answer is no list of rates.")
        found = [rate for row in rows if (rate := self._rate(row)) is not None and since <= rate.as_of <= until]
        if rows and not found:
            raise PublisherError("FBIL's answer holds no rate that can be read: its format has changed.")
        return sorted(found, key=lambda each: (each.as_of, each.base))

    def _rate(self, row: Any) -> Rate | None:
        """None for what is no rupee rate of a currency in use."""
        if not isinstance(row, Mapping):
            return None
        pair = _PAIR.fullmatch(str(row.get("subProdName", "")))
        if pair is None or pair[2] not in CURRENCIES or pair[2] == BOOKS:
            return None
        units, rupees = Decimal(pair[1]), _number(row.get("rate"))
        day = _day(row.get("processRunDate"))
        if day is None or rupees is None or not units:
            return None
        value = with_places(Money(rupees, BOOKS).divided(units).amount, UNIT_PRICE_PLACES)
        return Rate(pair[2], BOOKS, value, day, self.source) if ZERO < value < MAX_MONEY else None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 20 else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
