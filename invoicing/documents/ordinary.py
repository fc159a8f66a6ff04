"""Which documents need not be laid out to know that they can be.

Every text of an ordinary document is short, of Latin letters, and without line breaks; so it is no taller in any part
than the document of only the widest letters that the tests lay out (tests/invoicing/test_layout.py).
"""

from __future__ import annotations

import re

import msgspec

from invoicing.documents.document import InvoiceDocument

MOST_LETTERS = 160
"""Of any text: descriptions, names, notes. Bytes, to be exact."""
MOST_STEPS = 20
"""Of the working of a line, with its discounts."""
MOST_ROWS = 12
"""Of taxes, and of lines of an address."""

_LETTERS = re.compile(
    rb"(?:[\x20-\x5b\x5d-\x7e]|\xc2\xb7|\xc3\x97|\xe2\x82\xb9|\xe2\x80[\x93\x94\x98\x99\x9c\x9d\xa6])*"
)  # ASCII and · × ₹ – — ‘ ’ “ ” …; in JSON, a backslash begins what is none of them
_LONG = re.compile(rb'"[^"]{%d}' % (MOST_LETTERS + 1))
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def is_ordinary(document: InvoiceDocument) -> bool:
    """Looks at every text at once, in the JSON of the document: some twenty microseconds."""
    addresses = document.seller.address_lines, document.customer.address_lines
    if max(len(document.taxes), *map(len, addresses)) > MOST_ROWS:
        return False
    if any(len(line.steps) + len(line.discounts) > MOST_STEPS for line in document.lines):
        return False
    if not _COLOUR.fullmatch(document.brand_colour):
        return False
    content = msgspec.json.encode(document)
    return _LETTERS.fullmatch(content) is not None and _LONG.search(content) is None
