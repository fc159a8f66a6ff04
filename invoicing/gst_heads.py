"""Tax: who supplies whom, hence which taxes at which rates, hence how much on a line.

Three questions, three functions: `place_of_supply`, `tax_heads`, `tax_line`. Each head is computed from its own
rate and rounded on each line, so CGST always equals SGST and printed totals are sums of printed lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA, OTHER_COUNTRIES, STATES, UNION_TERRITORIES
from billing_platform.lib.money import ZERO, Money, exact_arithmetic, round_money

CGST, SGST, UTGST, IGST = "CGST", "SGST", "UTGST", "IGST"

# Rule 46, third proviso: the words are prescribed.
_FOR_EXPORT_OR_SEZ = "SUPPLY MEANT FOR EXPORT/SUPPLY TO SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS "
ENDORSEMENT_WITHOUT_PAYMENT = (
    _FOR_EXPORT_OR_SEZ + "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"
)
ENDORSEMENT_WITH_PAYMENT = _FOR_EXPORT_OR_SEZ + "ON PAYMENT OF INTEGRATED TAX"


class TaxError(DomainError):
    """The facts on record do not tell which tax is due; somebody has to complete or correct them."""

    code = "TAX_UNDETERMINED"


class SupplyKind(StrEnum):
    """As e-invoices and GSTR-1 name them; NO_GST is a seller who charges none."""

    B2B = "B2B"
    B2C = "B2C"
    SEZ_WITH_PAYMENT = "SEZWP"
    SEZ_WITHOUT_PAYMENT = "SEZWOP"
    EXPORT_WITH_PAYMENT = "EXPWP"
    EXPORT_WITHOUT_PAYMENT = "EXPWOP"
    NO_GST = "NO_GST"


WITHOUT_PAYMENT = frozenset({SupplyKind.SEZ_WITHOUT_PAYMENT, SupplyKind.EXPORT_WITHOUT_PAYMENT})
"""Zero-rated under a letter of undertaking: no tax is charged."""

_ENDORSEMENTS = {
    SupplyKind.SEZ_WITH_PAYMENT: ENDORSEMENT_WITH_PAYMENT,
    SupplyKind.EXPORT_WITH_PAYMENT: ENDORSEMENT_WITH_PAYMENT,
    SupplyKind.SEZ_WITHOUT_PAYMENT: ENDORSEMENT_WITHOUT_PAYMENT,
    SupplyKind.EXPORT_WITHOUT_PAYMENT: ENDORSEMENT_WITHOUT_PAYMENT,
}


@dataclass(frozen=True, slots=True)
class SellerTaxProfile:
    """What tax needs to know of the seller. Empty `gstin`: not registered."""

    country: str
    gstin: str = ""
    state_code: str = ""
    lut_number: str = ""  # of the letter that holds on the day; empty: none does
    pays_igst_without_lut: bool = False

    @property
    def charges_gst(self) -> bool:
        return self.country == INDIA and bool(self.gstin)


@dataclass(frozen=True, slots=True)
class CustomerTaxProfile:
    """What tax needs to know of the customer. Empty `gstin`: unregistered."""

    country: str
    gstin: str = ""
    state_code: str = ""
    is_sez: bool = False
    has_address_on_record: bool = True


@dataclass(frozen=True, slots=True)
class SupplyContext:
    """The supply as the law sees it; frozen onto the document."""

    kind: SupplyKind
    place_of_supply: str = ""  # State code, 96 for abroad; empty without GST
    is_inter_state: bool = False
    lut_number: str = ""

    @property
    def endorsement(self) -> str:
        return _ENDORSEMENTS.get(self.kind, "")

    @property
    def is_zero_rated(self) -> bool:
        """Export or SEZ without payment of tax. (With payment, the rate is charged and claimed back.)"""
        return self.kind in WITHOUT_PAYMENT


@dataclass(frozen=True, slots=True)
class TaxHead:
    """One tax and its rate in percent."""

    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """One tax, rounded, on the amount it was computed from."""

    name: str
    rate: Decimal
    taxable_amount: Decimal
    amount: Decimal


def place_of_supply(seller: SellerTaxProfile, customer: CustomerTaxProfile, *, on: date) -> SupplyContext:
    """Sections 12, 13 and 16 of the IGST Act, for services; `on` is the date of the document."""
    if not seller.charges_gst:
        return SupplyContext(SupplyKind.NO_GST)
    _check_seller(seller)
    _check_customer(customer)
    if customer.gstin == seller.gstin:
        raise TaxError(
            f"Seller and customer have one GSTIN, {seller.gstin}: nobody supplies to oneself. Correct the customer's, "
            "or choose another seller.",
            code="SUPPLY_TO_ONESELF",
        )
    if customer.country != INDIA:
        return _without_or_with_payment(
            seller, on, OTHER_COUNTRIES, SupplyKind.EXPORT_WITHOUT_PAYMENT, SupplyKind.EXPORT_WITH_PAYMENT
        )
    state = _customer_state(seller, customer)
    if customer.is_sez:  # inter-State by law, also within one State
        return _without_or_with_payment(seller, on, state, SupplyKind.SEZ_WITHOUT_PAYMENT, SupplyKind.SEZ_WITH_PAYMENT)
    kind = SupplyKind.B2B if customer.gstin else SupplyKind.B2C
    return SupplyContext(kind, state, is_inter_state=state != seller.state_code)


def tax_heads(context: SupplyContext, rate: Decimal) -> tuple[TaxHead, ...]:
    """The taxes of a GST rate: IGST between States; half CGST, half SGST or UTGST within one."""
    if not ZERO <= rate <= 100:
        raise TaxError(f"A tax rate lies between 0 and 100 percent, {rate} does not.")
    if context.kind == SupplyKind.NO_GST or context.is_zero_rated or rate.is_zero():
        return ()
    if context.is_inter_state:
        return (TaxHead(IGST, rate),)
    with exact_arithmetic():
        half = rate / 2
    state_tax = UTGST if context.place_of_supply in UNION_TERRITORIES else SGST
    return TaxHead(CGST, half), TaxHead(state_tax, half)


def tax_line(taxable_amount: Decimal, heads: Sequence[TaxHead], currency: str) -> tuple[TaxAmount, ...]:
    """Each head on one line's taxable amount, from its own rate, rounded."""
    if taxable_amount != round_money(taxable_amount, currency):
        raise TaxError(f"Tax is computed on a rounded line, {taxable_amount} {currency} is not.")
    with exact_arithmetic():
        return tuple(
            TaxAmount(
                head.name, head.rate, taxable_amount, round_money((taxable_amount * head.rate).scaleb(-2), currency)
            )
            for head in heads
        )


def taxable_of_gross(gross: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The taxable part of an amount that includes its tax, such as an advance: 1180.00 at 18% is 1000.00."""
    return round_money((Money(gross, currency) * 100).divided(100 + rate).amount, currency)


def _check_seller(seller: SellerTaxProfile) -> None:
    if seller.state_code != seller.gstin[:2]:
        raise TaxError(f"The seller's State {seller.state_code!r} is not that of its GSTIN {seller.gstin}.")


def _check_customer(customer: CustomerTaxProfile) -> None:
    if not customer.country:
        raise TaxError("The customer's country is not known.")
    if customer.country != INDIA and customer.gstin:
        raise TaxError(
            f"The customer has an Indian GSTIN but an address in {customer.country}: "
            "bill either the Indian registration or the foreign company."
        )
    if customer.is_sez and not customer.gstin:
        raise TaxError("A customer in a Special Economic Zone is billed on its GSTIN, which is missing.")
    if customer.country == INDIA and customer.state_code and customer.state_code not in STATES:
        raise TaxError(f"The customer's State code {customer.state_code!r} is not in use.")


def _customer_state(seller: SellerTaxProfile, customer: CustomerTaxProfile) -> str:
    """Registered: the GSTIN that is billed. Unregistered: the address on record, else the seller's own State."""
    if customer.gstin:
        return customer.gstin[:2]
    if customer.has_address_on_record and customer.state_code:
        return customer.state_code
    return seller.state_code


def _without_or_with_payment(
    seller: SellerTaxProfile, on: date, place: str, without: SupplyKind, with_payment: SupplyKind
) -> SupplyContext:
    if seller.lut_number:
        return SupplyContext(without, place, is_inter_state=True, lut_number=seller.lut_number)
    if seller.pays_igst_without_lut:
        return SupplyContext(with_payment, place, is_inter_state=True)
    raise TaxError(
        f"No letter of undertaking covers {day_text(on)}: an export or a supply to a Special Economic Zone cannot "
        "be zero-rated. Record the LUT on the seller, or choose payment of integrated tax.",
        code="NO_LUT",
    )
