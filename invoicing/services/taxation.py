"""Tax of an invoice: who supplies whom on a day, and which rate each service has."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA
from invoicing.models import TaxRate
from invoicing.tax import (
    CustomerTaxProfile,
    SellerTaxProfile,
    SupplyContext,
    SupplyKind,
    TaxHead,
    place_of_supply,
    tax_heads,
)
from organisations.models import BillingEntity, Organisation


def supply_of(*, seller: BillingEntity, customer: Organisation, on: date) -> SupplyContext:
    """Kind and place of a supply. Raises TaxError when the facts on record don't tell."""
    return place_of_supply(
        SellerTaxProfile(
            country=seller.country,
            gstin=seller.gstin,
            state_code=seller.state_code,
            lut_number=seller.lut_number,
            lut_valid_from=seller.lut_valid_from,
            lut_valid_to=seller.lut_valid_to,
            pays_igst_without_lut=True,  # the other lawful way (IGST Act, section 16); the draft warns of it
        ),
        CustomerTaxProfile(
            country=customer.country,
            gstin=customer.gstin,
            state_code=customer.state_code,
            is_sez=customer.is_sez,
            has_address_on_record=bool(customer.state_code),
        ),
        on=on,
    )


def heads_for(supply: SupplyContext, *, sac: str, on: date) -> tuple[TaxHead, ...]:
    """The taxes of one line. Raises DomainError TAX_RATE_MISSING where tax is due and no rate is known."""
    if supply.kind == SupplyKind.NO_GST or supply.is_zero_rated:
        return ()
    return tax_heads(supply, rate_for(sac=sac, on=on))


def rate_for(*, sac: str, on: date) -> Decimal:
    """The service code's own rate, or the one of every service."""
    rates = {rate.sac: rate.rate for rate in TaxRate.objects.on(on).filter(sac__in={sac, ""})}
    found = rates.get(sac, rates.get(""))
    if found is None:
        raise DomainError(
            f"There is no tax rate for service code {sac or '(none)'} on {day_text(on)}: add one.",
            code="TAX_RATE_MISSING",
        )
    return found


def lapsed_lut_warning(seller: BillingEntity, supply: SupplyContext, on: date) -> str:
    """What the draft says when integrated tax is charged only because no LUT covers the day."""
    if supply.kind not in (SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.SEZ_WITH_PAYMENT) or seller.country != INDIA:
        return ""
    return f"No letter of undertaking of {seller.name} covers {day_text(on)}: integrated tax is charged."
