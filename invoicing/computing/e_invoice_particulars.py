"""What the e-invoice portal asks for of seller and customer, and their records lack.

It blocks the draft: once the document is issued it is frozen, and without an IRN it is no valid invoice (CGST Rule
48 (5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from billing_platform.lib.gst import INDIA
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Party
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.gst_heads import SupplyContext, SupplyKind

_WITHOUT = (SupplyKind.B2C, SupplyKind.NO_GST)
_PIN = re.compile(r"[1-9][0-9]{5}")
_LETTERS = 3
"""The least that a name and a town have."""


def e_invoice_warnings(facts: InvoiceFacts, supply: SupplyContext | None) -> list[DraftWarning]:
    """One warning for each party that lacks something, where the document will need an IRN."""
    first = facts.seller.e_invoices_from
    if first is None or facts.day < first or supply is None or supply.kind in _WITHOUT:
        return []
    found = []
    for party, word in ((facts.seller, "seller"), (facts.customer, "customer")):
        if lacking := list(_lacking(party)):
            message = (
                f"The {word} {party.name} has no {' and no '.join(lacking)}, which an e-invoice needs: enter it on the "
                f"{word}'s page."
            )
            found.append(DraftWarning(WarningCode.PARTICULAR_MISSING, message, blocks=True, party=word))
    return found


def _lacking(party: Party) -> Iterator[str]:
    if len(party.legal_name.strip()) < _LETTERS:
        yield "legal name of three letters"
    if not party.address_line1.strip():
        yield "address"
    if len(party.city.strip()) < _LETTERS:
        yield "town of three letters"
    if party.country == INDIA and not _PIN.fullmatch("".join(party.postal_code.split())):
        yield "PIN code of six digits"
