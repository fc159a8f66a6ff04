"""Publishers of exchange rates: what each publishes, read over HTTP. No database."""

from __future__ import annotations

from django.conf import settings

from invoicing.exchange.ecb import EuropeanCentralBank
from invoicing.exchange.fbil import Fbil
from invoicing.exchange.publisher import Publisher, PublisherError

__all__ = ["NAMES", "Publisher", "PublisherError", "publisher"]

NAMES = {"fbil": "FBIL (RBI reference rates)", "ecb": "European Central Bank"}


def publisher(name: str) -> Publisher:
    """The publisher of a name, at the address of the settings. Raises KeyError for any other name."""
    known: dict[str, Publisher] = {
        "fbil": Fbil(settings.FBIL_BASE_URL),
        "ecb": EuropeanCentralBank(settings.ECB_BASE_URL),
    }
    return known[name]
