"""Letters that none of our fonts has, found before they leave a gap on a document.

A form refuses such letters where people type them. A metric's name that events brought along, and a text that was
stored before the check existed, can't be refused: they block the invoice, and the warning names the letter and the
remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billing_platform.lib.printable_text import name_of, unprintable
from invoicing.computing.parties import Customer, Party, Seller
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line

_PARTY = ("legal_name", "address_line1", "address_line2", "city", "postal_code", "tax_id")
_SELLER = (*_PARTY, "phone", "lut_number", "bank_name", "bank_address", "bank_account_number", "correspondent_bank")


def letter_warnings(*, seller: Seller, customer: Customer, lines: Iterable[Line]) -> list[DraftWarning]:
    """One warning for each field or line; each blocks the invoice."""
    found: list[tuple[str, str | None]] = [
        *((sentence, "seller") for sentence in _of_party("seller", seller, _SELLER)),
        *((sentence, "customer") for sentence in _of_party("customer", customer, (*_PARTY, "purchase_order"))),
        *((sentence, None) for line in lines for sentence in _of_line(line)),
    ]
    return [
        DraftWarning(WarningCode.UNPRINTABLE_LETTERS, sentence, blocks=True, party=party)
        for sentence, party in dict.fromkeys(found)
    ]


def _of_party(name: str, party: Party, fields: tuple[str, ...]) -> Iterator[str]:
    for field in fields:
        if missing := unprintable(getattr(party, field), line_breaks=True):
            label = field.replace("_", " ").replace("line", "line ")
            yield f"{name_of(missing)} in the {name}'s {label} can't be printed on invoices: write it in Latin letters."


def _of_line(line: Line) -> Iterator[str]:
    texts = (line.description, line.unit_label or line.unit, *(step.description for step in line.steps))
    missing = next(filter(None, (unprintable(text, line_breaks=True) for text in texts)), None)
    if missing is None:
        return
    if not line.metric_name:
        yield f"{name_of(missing)} in “{line.description}” can't be printed on invoices: write it in Latin letters."
    elif missing in f"{line.metric_name}{line.unit}":
        yield (
            f"{name_of(missing)} in the metric {line.metric_name} ({line.unit}) can't be printed on invoices: "
            "give the metric and its unit names for invoices in Latin letters."
        )
    else:
        yield (
            f"{name_of(missing)} on the line “{line.description}” can't be printed on invoices: "
            "give the project another name, in Latin letters."
        )
