"""A return in figures, as its page and the API show it and as it is stored with an export."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text
from invoicing.rates import BOOKS
from invoicing.returns.documents import Amounts
from invoicing.returns.gstr1 import Gstr1, Place, Total, takes_off
from invoicing.returns.lints import Level, Lint
from invoicing.returns.number_ranges import NATURES
from invoicing.returns.portal_json import shortest
from invoicing.returns.sections import WORDS, Section

HEADS = ("taxable", "igst", "cgst", "sgst")
_RANGES = 100
"""Ranges of numbers that a summary lists."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Three ways to the same sums: the sections, table 12, and the documents' columns as the database adds them."""

    sections: Amounts
    codes: Amounts
    ledger: Amounts

    @property
    def agrees(self) -> bool:
        return self.sections == self.codes == self.ledger

    @property
    def lint(self) -> Lint | None:
        if self.agrees:
            return None
        sentence = "Sections, table 12 and documents do not come to the same: see the figures."
        return Lint(Level.BLOCK, "DOES_NOT_RECONCILE", sentence)


def summary_of(gstr1: Gstr1, reconciliation: Reconciliation) -> dict[str, Any]:
    """As JSON: amounts are texts with two decimals."""
    return {
        "gstin": gstr1.gstin,
        "period": gstr1.period.code,
        "frequency": gstr1.period.frequency.value,
        "documents": gstr1.documents,
        "sections": [_section(section, gstr1.sections[section]) for section in WORDS if section in gstr1.sections],
        "furnished": _total(gstr1.furnished),
        "taken_off": _total(gstr1.taken_off),
        "liability": _amounts(gstr1.liability),
        "hsn": [
            {
                "list": "b2b" if code.is_registered else "b2c",
                "sac": code.sac,
                "rate": str(shortest(code.rate)),
                **_amounts(amounts),
            }
            for code, amounts in sorted(gstr1.codes.items(), key=lambda row: (not row[0].is_registered, *row[0][1:]))
            if amounts
        ],
        "numbers": _numbers(gstr1),
        "reconciliation": {
            "agrees": reconciliation.agrees,
            "sections": _amounts(reconciliation.sections),
            "hsn": _amounts(reconciliation.codes),
            "documents": _amounts(reconciliation.ledger),
        },
        "blocking": gstr1.found[Level.BLOCK],
        "warnings": gstr1.found[Level.WARN],
        "lints": [_lint(lint) for level in Level for lint in gstr1.lints[level]],
        "b2cs": [_place(place, amounts) for place, amounts in sorted(gstr1.places.items())],
    }


def filed_places(summary: dict[str, Any]) -> dict[Place, Amounts]:
    """The rows of b2cs of a stored summary."""
    return {
        Place(row["is_inter_state"], row["place_of_supply"], Decimal(row["rate"])): Amounts(
            *(Decimal(row[head]) for head in HEADS)
        )
        for row in summary.get("b2cs", [])
    }


def _section(section: Section, total: Total) -> dict[str, Any]:
    named = {"section": section.value, "title": WORDS[section], "takes_off": takes_off(section)}
    return {**named, **_total(total)}


def _total(total: Total) -> dict[str, Any]:
    return {"documents": total.documents, "value": money_text(total.value, BOOKS), **_amounts(total.amounts)}


def _amounts(amounts: Amounts) -> dict[str, str]:
    return {head: money_text(getattr(amounts, head), BOOKS) for head in HEADS} | {"cess": money_text(ZERO, BOOKS)}


def _numbers(gstr1: Gstr1) -> list[dict[str, Any]]:
    if gstr1.period.is_iff:
        return []
    ranges = [
        {
            "nature": NATURES[each.kind][1],
            "from": each.first,
            "to": each.last,
            "total": each.total,
            "cancelled": each.cancelled,
            "net": each.net,
        }
        for each in gstr1.numbers.ranges()
    ]
    return ranges[:_RANGES]


def _lint(lint: Lint) -> dict[str, Any]:
    return {
        "level": lint.level.value,
        "code": lint.code,
        "sentence": lint.sentence,
        "kind": lint.kind.value if lint.kind and lint.document else None,
        "document": str(lint.document) if lint.document else None,
    }


def _place(place: Place, amounts: Amounts) -> dict[str, Any]:
    return {
        "is_inter_state": place.is_inter_state,
        "place_of_supply": place.place_of_supply,
        "rate": str(shortest(place.rate)),
        **_amounts(amounts),
    }
