"""Seller and customer as plain values: what is taxed by, checked and printed of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from invoicing.gst_heads import CustomerTaxProfile, SellerTaxProfile


@dataclass(frozen=True, slots=True)
class Party:
    """What seller and customer have in common; the fields are named as the columns are."""

    id: UUID
    name: str
    legal_name: str
    address_line1: str
    address_line2: str
    city: str
    postal_code: str
    state_code: str
    country: str
    gstin: str
    tax_id: str
    tax_id_kind: str

    @property
    def address_lines(self) -> tuple[str, ...]:
        """The address as it is printed, without empty lines."""
        town = " ".join(part for part in (self.city, self.postal_code) if part)
        return tuple(line for line in (self.address_line1, self.address_line2, town) if line)


@dataclass(frozen=True, slots=True)
class Seller(Party):
    """The billing entity. `logo` is a name in the default storage; empty: none. `lut_number` is the letter of
    undertaking that holds on the document's date; empty: none does."""

    time_zone: str
    default_sac: str
    email: str
    phone: str
    pan: str
    cin: str
    udyam: str
    lut_number: str
    bank_name: str
    bank_address: str
    bank_account_number: str
    bank_ifsc: str
    bank_swift: str
    correspondent_bank: str
    upi_id: str
    brand_colour: str
    round_total: bool
    logo: str
    e_invoices_from: date | None

    @property
    def tax_profile(self) -> SellerTaxProfile:
        return SellerTaxProfile(
            country=self.country,
            gstin=self.gstin,
            state_code=self.state_code,
            lut_number=self.lut_number,
            pays_igst_without_lut=True,  # the other lawful way (IGST Act, section 16); the draft warns of it
        )

    @property
    def charges_gst(self) -> bool:
        """Registered in India: its invoices are GST invoices, and its returns are in rupees."""
        return self.tax_profile.charges_gst


@dataclass(frozen=True, slots=True)
class Customer(Party):
    """The organisation that is billed."""

    billing_email: str
    is_sez: bool
    payment_terms_days: int
    purchase_order: str

    @property
    def tax_profile(self) -> CustomerTaxProfile:
        return CustomerTaxProfile(
            country=self.country,
            gstin=self.gstin,
            state_code=self.state_code,
            is_sez=self.is_sez,
            has_address_on_record=bool(self.state_code),
        )
