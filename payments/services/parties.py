"""Seller and customer as they are today, for papers that belong to no frozen document: statements, some receipts."""

from __future__ import annotations

from babel import Locale

from billing_platform.lib.gst import INDIA, place_of_supply_label
from invoicing.documents import DocumentParty
from organisations.models import BillingEntity, Organisation


def seller_today(seller: BillingEntity) -> DocumentParty:
    return _party(seller, seller.email, seller.phone)


def customer_today(organisation: Organisation) -> DocumentParty:
    return _party(organisation, organisation.billing_email)


def _party(row: BillingEntity | Organisation, email: str, phone: str = "") -> DocumentParty:
    is_indian = row.country == INDIA
    return DocumentParty(
        name=row.legal_name,
        address_lines=tuple(row.address_lines),
        state=place_of_supply_label(row.state_code) if is_indian and row.state_code else "",
        country=Locale("en").territories.get(row.country, row.country),
        gstin=row.gstin,
        tax_id=row.tax_id,
        email=email,
        phone=phone,
    )
