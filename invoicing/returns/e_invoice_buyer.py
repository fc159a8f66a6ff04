"""What the portal's register of taxpayers may refuse: nobody can tell from a GSTIN that it is active, or of a zone.

It warns only: the register is asked when the e-invoice is, and may know better than we do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing_platform.lib.dates_in_words import day_text
from invoicing.returns.e_invoice_finding import Finding, Mend

_FIELD = "BuyerDtls.Gstin"


@dataclass(frozen=True, slots=True)
class Buyer:
    """What we know today of the GSTIN that a document is billed on."""

    is_sez: bool
    checked_on: date | None  # when somebody looked it up on the GST portal
    check_is_due: bool


def buyer_lints(payload: Mapping[str, Any], buyer: Buyer) -> Iterator[Finding]:
    is_to_zone = payload["TranDtls"]["SupTyp"].startswith("SEZ")
    if is_to_zone and not buyer.is_sez:
        sentence = "The document is billed to a Special Economic Zone, where the customer is not (any more)."
        yield Finding(_FIELD, sentence, "2246", blocks=False)
    elif buyer.is_sez and not is_to_zone:
        sentence = "The customer is in a Special Economic Zone, and the document is billed as outside of one."
        yield Finding(_FIELD, sentence, "2247", blocks=False)
    if buyer.check_is_due:
        since = f"since {day_text(buyer.checked_on)}" if buyer.checked_on else "yet"
        zone = ", and here one of no Special Economic Zone" if is_to_zone else ""
        sentence = (
            f"Nobody looked up the customer's GSTIN {since}: the portal refuses one that is cancelled or that it does "
            f"not know{zone}."
        )
        yield Finding(_FIELD, sentence, "3029", Mend.CUSTOMER, blocks=False)
