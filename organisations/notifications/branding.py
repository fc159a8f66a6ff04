"""What an e-mail shows of its seller: the name, the colour, the logo, and who sent it in the foot."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.files.storage import default_storage

from billing_platform.lib.colours import readable_on
from organisations.models import BillingEntity
from organisations.notifications.outbox import Attachment

_LOGO = (
    "logo"  # the Content-ID of the picture: mail programs fetch none from elsewhere, and many show none that is data
)


@dataclass(frozen=True)
class Brand:
    """`brand` in the context of a letter. `logo` is the picture's address; empty: the name stands in its place."""

    name: str
    colour: str
    logo: str = ""
    footer: tuple[str, ...] = ()

    @property
    def on_colour(self) -> str:
        return readable_on(self.colour)


def brand_of_seller(seller: BillingEntity) -> Brand:
    """For e-mails about no document: the seller as it is now."""
    return Brand(
        name=seller.legal_name,
        colour=seller.brand_colour,
        logo=f"cid:{_LOGO}" if seller.logo else "",
        footer=foot_lines(seller.address_lines, gstin=seller.gstin, email=seller.email),
    )


def brand_within(seller: BillingEntity) -> Brand:
    """The same for a page, which has the logo within itself."""
    return replace(brand_of_seller(seller), logo=_embedded(seller.logo) if seller.logo else "")


def _embedded(stored: Any) -> str:
    """ "" where the file is gone: the seller's name stands in its place."""
    try:
        with default_storage.open(str(stored), "rb") as file:
            content = base64.b64encode(file.read()).decode()
    except FileNotFoundError:
        return ""
    return f"data:{_media_type(stored)};base64,{content}"


def _media_type(stored: Any) -> str:
    return "image/png" if str(stored).endswith(".png") else "image/jpeg"


def foot_lines(address: Iterable[str], *, gstin: str, email: str, phone: str = "") -> tuple[str, ...]:
    """Address, GSTIN, and how to reach the seller: a line each, without what is not known."""
    reached = " · ".join(each for each in (email, phone) if each)
    lines = (", ".join(each for each in address if each), f"GSTIN {gstin}" if gstin else "", reached)
    return tuple(line for line in lines if line)


def logo_of(brand: Brand, stored: Any) -> list[Attachment]:
    """The seller's logo as a part of the e-mail, where its letter shows it. `stored`: its name in the storage."""
    if not brand.logo or not stored:
        return []
    kind = str(stored).rpartition(".")[2]
    return [Attachment(str(stored), f"{_LOGO}.{kind}", _media_type(stored), content_id=_LOGO)]
