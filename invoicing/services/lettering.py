"""Letters that no font of ours has, found before they would leave a gap on a document.

What people type is refused at its form. What usage brings along (a metric's name) and what was stored before the check
can't be: it blocks the invoice with a warning that names the letter and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from billing_platform.lib.printable_text import name_of, unprintable
from invoicing.services.rated import RatedLine
from organisations.models import BillingEntity, Organisation

CODE = "UNPRINTABLE_LETTERS"
_PARTY = ("legal_name", "address_line1", "address_line2", "city", "postal_code", "tax_id")
_SELLER = (*_PARTY, "phone", "lut_number", "bank_name", "bank_address", "bank_account_number", "correspondent_bank")


def letter_warnings(
    *, seller: BillingEntity, customer: Organisation, lines: Iterable[RatedLine]
) -> list[dict[str, Any]]:
    """One warning for each field or line, each of which blocks finalizing."""
    sentences = [
        *_of_party("seller", seller, _SELLER),
        *_of_party("customer", customer, _PARTY),
        *(sentence for line in lines for sentence in _of_line(line)),
    ]
    return [{"code": CODE, "message": sentence, "blocks": True} for sentence in dict.fromkeys(sentences)]


def _of_party(name: str, party: BillingEntity | Organisation, fields: tuple[str, ...]) -> Iterator[str]:
    for field in fields:
        if missing := unprintable(getattr(party, field), line_breaks=True):
            label = field.replace("_", " ").replace("line", "line ")
            yield f"{name_of(missing)} in the {name}'s {label} can't be printed on invoices: write it in Latin letters."


def _of_line(line: RatedLine) -> Iterator[str]:
    steps = (str(step.get("description", "")) for step in line.explanation)
    texts = (line.description, line.unit_label or line.unit, *steps)
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
