"""A price as one row of a price list: what each cell says, and how it is read back into a form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from billing_platform.lib.admin.rows import Row
from billing_platform.lib.errors import quoted
from billing_platform.lib.number_formats import short_text
from invoicing.admin.prices.price_parts import MODELS, PARTS, Kind, typed_of
from invoicing.models import PricingRule

CellErrors = dict[str, str]
"""A sentence for each column that can't be read."""

_NAMES = {
    "organisation": "customer",
    "metric_name": "metric",
    "effective_from": "first_day",
    "effective_to": "last_day",
}
"""Fields of the form whose column has another name."""

_PARTS = tuple(name for name in PARTS if name != "tiers")
COLUMNS = (
    "id", "customer", "metric", "unit", "dimensions", "currency", "first_day", "last_day", "model", "tiers", *_PARTS,
    "free_units", "minimum", "maximum", "charge_at_zero", "pool", "may_be_exchanged",
)  # fmt: skip
NEEDED = ("metric", "unit", "currency", "first_day", "model")

_A_DAY = timedelta(days=1)
_TIER = re.compile(r"(?:up to\s+(?P<up_to>\S+)|above)\s*:\s*(?P<price>[^\s+%]+)\s*%?\s*(?:\+\s*(?P<flat_fee>\S+))?")
_QUOTED = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^;="]*?))\s*(?==|;|$)')
_FLAGS = ("charge_at_zero", "may_be_exchanged")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")


def column_of(field: str) -> str:
    """The column that holds a field of the form."""
    return _NAMES.get(field, field)


def row_of(rule: PricingRule) -> dict[str, str]:
    """The cells of a rule, by column."""
    typed = typed_of(rule.parameters)
    percent = "rate" in MODELS[rule.model].columns
    return {
        "id": str(rule.pk),
        "customer": rule.organisation.slug if rule.organisation else "",
        "metric": rule.metric_name,
        "unit": rule.unit,
        "dimensions": dimensions_cell(rule.dimensions),
        "currency": rule.currency,
        "first_day": rule.effective_from.isoformat(),
        "last_day": (rule.effective_to - _A_DAY).isoformat() if rule.effective_to else "",
        "model": rule.model,
        "tiers": tiers_cell(rule.parameters.get("tiers", ()), percent=percent),
        **{name: str(typed.get(name, "")) for name in _PARTS},
        "free_units": short_text(rule.free_units) if rule.free_units else "",
        "minimum": "" if rule.minimum is None else short_text(rule.minimum),
        "maximum": "" if rule.maximum is None else short_text(rule.maximum),
        "charge_at_zero": "yes" if rule.charge_at_zero else "no",
        "pool": str(rule.pool),
        "may_be_exchanged": "yes" if rule.may_be_exchanged else "no",
    }


def typed(row: Mapping[str, str]) -> tuple[dict[str, Any], CellErrors]:
    """What the price form would be sent for the cells of a row, and what can't be read."""
    errors = _of_other_models(row)
    columns = MODELS[row["model"]].columns if row["model"] in MODELS else ("unit_price", "flat_fee")
    sent = {field: row[column] for field, column in _NAMES.items() if column in row}
    sent |= {name: row[name] for name in ("unit", "currency", "model", *_PARTS, "minimum", "maximum")}
    sent |= {"free_units": row["free_units"] or "0", "pool": row["pool"] or str(PricingRule.Pool.ORGANISATION)}
    for name, part in PARTS.items():
        if part.kind == Kind.CHOICE and not row[name]:
            sent[name] = part.choices[0][0]
    try:
        sent |= _cells("tiers", read_tiers(row["tiers"], columns))
    except ValueError as error:
        errors.setdefault("tiers", str(error))
    try:
        sent |= _cells("dimensions", read_dimensions(row["dimensions"]))
    except ValueError as error:
        errors["dimensions"] = str(error)
    for name in _FLAGS:
        if row[name].lower() in _YES:
            sent[name] = "on"
        elif row[name].lower() not in _NO:
            errors[name] = "Write yes or no."
    sent["effective_to"] = _day_after(row["last_day"])
    return sent, errors


def _of_other_models(row: Mapping[str, str]) -> CellErrors:
    """What the row's model does not ask for, and would be left out without a word."""
    if row["model"] not in MODELS:
        return {}
    asked = MODELS[row["model"]].parts
    others = [name for name in ("tiers", *_PARTS) if row[name] and name not in asked]
    model = PricingRule.Model(row["model"]).label
    return dict.fromkeys(others, f"The model “{model}” does not have it: empty the cell, or choose another model.")


def tiers_cell(tiers: Sequence[Mapping[str, Any]], *, percent: bool) -> str:
    """ "up to 10: 5 + 3; above: 4", or with percentages "up to 1000: 2%; above: 1%"."""
    return "; ".join(_tier_cell(tier, percent) for tier in tiers)


def _tier_cell(tier: Mapping[str, Any], percent: bool) -> str:
    place = f"up to {tier['up_to']}" if tier.get("up_to") else "above"
    price = f"{tier['rate']}%" if percent else (tier.get("unit_price") or "0")
    (shown,) = typed_of({"tiers": [tier]})["tiers"]
    return f"{place}: {price}" + (f" + {shown['flat_fee']}" if shown.get("flat_fee") else "")


def read_tiers(cell: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a form. Raises ValueError with a sentence for a tier that can't be read."""
    rows: list[Row] = []
    for number, text in enumerate(filter(None, (part.strip() for part in cell.split(";"))), start=1):
        found = _TIER.fullmatch(text)
        if found is None:
            raise ValueError(
                f"Tier {number} is {quoted(text)}: write “up to 100: 4 + 3” (a price and perhaps a flat fee), and "
                "“above: 2” for the last tier."
            )
        price = columns[0] if columns else "unit_price"
        rows.append({"up_to": found["up_to"] or "", price: found["price"], "flat_fee": found["flat_fee"] or ""})
    return rows


def dimensions_cell(dimensions: Mapping[str, str]) -> str:
    """ "region=in; tier=gold"; a name or value with a sign of this notation stands in double quotes."""
    return "; ".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(dimensions.items()))


def read_dimensions(cell: str) -> list[Row]:
    """The rows of a form. Raises ValueError with a sentence."""
    rows: list[Row] = []
    place = 0
    while place < len(cell):
        name, place = _take(cell, place, "=")
        value, place = _take(cell, place, ";")
        rows.append({"name": name, "value": value})
    return rows


def _take(cell: str, place: int, closing: str) -> tuple[str, int]:
    """The text at a place, in quotes or not, and the place after the sign that closes it."""
    found = _QUOTED.match(cell, place)
    after = found.end() if found else place
    at_end = after == len(cell)
    if found is None or (at_end and closing == "=") or (not at_end and cell[after] != closing):
        raise ValueError("Write each dimension as name=value, with a semicolon between two: region=in; tier=gold.")
    text = found[2] if found[1] is None else found[1].replace('""', '"')
    return text, after + 1


def _quote(text: str) -> str:
    if text != text.strip() or any(sign in text for sign in ';="'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _cells(name: str, rows: Sequence[Row]) -> dict[str, str]:
    return {f"{name}-{number}-{column}": text for number, row in enumerate(rows) for column, text in row.items()}


def _day_after(last_day: str) -> str:
    """The first day after; what is no day is left as it is, and the form refuses it."""
    try:
        return (date.fromisoformat(last_day) + _A_DAY).isoformat()
    except (ValueError, OverflowError):
        return last_day
