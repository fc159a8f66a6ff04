"""Letters that none of our fonts has, found before they leave a gap on a document.

A form refuses such letters where people type them. A metric's name that events brought along, and a text that was
stored before the check existed, can't be refused: they block the invoice, and the warning names the letter and the
remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from billing_platform.lib.printable_text import name_of, unprintable
from invoicing.computing.parties import Customer, Party, Seller
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line

_PARTY = ("legal_name", "address_line1", "address_line2", "city", "postal_code", "tax_id")
_SELLER = (*_PARTY, "phone", "lut_number", "bank_name", "bank_address", "bank_account_number", "correspondent_bank")


def letter_warnings(*, seller: Seller, customer: Customer, lines: Iterable[Line]) -> list[DraftWarning]:
    """One warning for each field or line; each blocks the invoice."""
    found = [
        *_of_party("seller", seller, _SELLER),
        *_of_party("customer", customer, (*_PARTY, "purchase_order")),
        *(warning for line in lines for warning in _of_line(line)),
    ]
    return list(dict.fromkeys(found))


def _of_party(name: str, party: Party, fields: tuple[str, ...]) -> Iterator[DraftWarning]:
    for field in fields:
        if missing := unprintable(getattr(party, field), line_breaks=True):
            label = field.replace("_", " ").replace("line", "line ")
            yield _warning(missing, f"in the {name}'s {label}", "write it in Latin letters", party=name)


def _of_line(line: Line) -> Iterator[DraftWarning]:
    texts = (line.description, line.unit_label or line.unit, *(step.description for step in line.steps))
    missing = next(filter(None, (unprintable(text, line_breaks=True) for text in texts)), None)
    if missing is None:
        return
    if not line.metric_name:
        yield _warning(missing, f"in “{line.description}”", "write it in Latin letters")
    elif missing in f"{line.metric_name}{line.unit}":
        yield _warning(
            missing,
            f"in the metric {line.metric_name} ({line.unit})",
            "give the metric and its unit names for invoices in Latin letters",
            metric_name=line.metric_name,
            unit=line.unit,
        )
    else:
        yield _warning(
            missing,
            f"on the line “{line.description}”",
            "give the project another name, in Latin letters",
            project_id=line.project_id,
        )


def _warning(missing: str, where: str, remedy: str, **at_fault: Any) -> DraftWarning:
    sentence = f"{name_of(missing)} {where} can't be printed on invoices: {remedy}."
    return DraftWarning(WarningCode.UNPRINTABLE_LETTERS, sentence, blocks=True, **at_fault)
