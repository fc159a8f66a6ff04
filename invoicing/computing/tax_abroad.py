"""Tax outside GST: which country's tax an invoice charges, and what it says where it charges none.

A seller outside India charges the tax of its own country to customers there, at the rates on record. Between member
states of the European Union, a business accounts for the tax itself, and a consumer pays that of its own country
(Directive 2006/112/EC, Articles 44, 58 and 196). Whatever else crosses a border is charged no tax.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_platform.lib.gst import INDIA
from billing_platform.lib.tax_ids import EU, is_vat_id
from invoicing.computing.parties import Party

BRITAIN, AMERICA = "GB", "US"
EU_REVERSE_CHARGE = (
    "Reverse charge: VAT is to be accounted for by the customer (Articles 44 and 196 of Directive 2006/112/EC)."
)
UK_REVERSE_CHARGE = "Reverse charge: VAT is to be accounted for by the customer (UK VAT Act 1994, section 8)."


@dataclass(frozen=True, slots=True)
class TaxAbroad:
    """`charged_in` is the country whose tax is charged; empty: none is. `is_optional`: without a rate on record, none
    is charged there either. `remark` stands on the document."""

    charged_in: str = ""
    is_optional: bool = False
    remark: str = ""

    @property
    def is_reverse_charged(self) -> bool:
        return bool(self.remark)


def tax_abroad(seller: Party, customer: Party) -> TaxAbroad:
    """An Indian seller charges GST or nothing: of it, only the remark is asked for."""
    remark = _reverse_charge(seller, customer)
    is_registered = bool(seller.tax_id) or seller.country == AMERICA
    if remark or seller.country == INDIA or not is_registered:
        return TaxAbroad(remark=remark)
    if customer.country == seller.country or {seller.country, customer.country} <= EU:
        # sales tax in the United States is due where a seller has a nexus, and where it is due on services
        return TaxAbroad(charged_in=customer.country, is_optional=customer.country == AMERICA)
    return TaxAbroad()


def _reverse_charge(seller: Party, customer: Party) -> str:
    """What a business abroad that accounts for the tax itself has to read; empty where there is no such rule."""
    if customer.country == seller.country or not is_vat_id(customer.tax_id_kind):
        return ""
    if customer.country in EU:
        return EU_REVERSE_CHARGE
    return UK_REVERSE_CHARGE if customer.country == BRITAIN else ""
