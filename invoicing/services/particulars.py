"""Particulars that the law wants on a tax invoice, and that the records of seller or customer lack: CGST Rule 46.

What is missing blocks finalizing, and each warning says where to enter it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_platform.lib import clock
from billing_platform.lib.gst import INDIA, STATES
from invoicing.selectors.exchange_rates import latest_rate
from organisations.models import BillingEntity, Organisation

BOOKS = "INR"
CODE = "PARTICULAR_MISSING"
UNREGISTERED_FROM = Decimal(50_000)
"""Taxable value in rupees from which an unregistered customer's address must be printed: Rule 46 (e)."""


def particular_warnings(
    *, seller: BillingEntity, customer: Organisation, taxable: Decimal, currency: str
) -> list[dict[str, Any]]:
    """One warning for each party that lacks something. `taxable` is the value before tax, in the invoice's currency."""
    if seller.country != INDIA or not seller.gstin:
        return []  # no GST invoice
    found = []
    if missing := _missing(seller):
        found.append(
            _warning(
                "seller",
                f"The seller {seller.name} has no {missing}, which CGST Rule 46 (a) asks for on a tax invoice: "
                "enter the address on the seller's page.",
            )
        )
    rule = _rule_for(customer, taxable, currency)
    if rule and (missing := _missing(customer)):
        found.append(
            _warning(
                "customer",
                f"The customer {customer.name} has no {missing}, which CGST {rule}: "
                "enter the address on the customer's page.",
            )
        )
    return found


def _rule_for(customer: Organisation, taxable: Decimal, currency: str) -> str:
    """Which part of Rule 46 asks for the customer's particulars, in words; empty where none does."""
    if customer.country != INDIA:
        return ""
    if customer.gstin:
        return "Rule 46 (d) asks for on an invoice to a registered customer"
    if _in_rupees(taxable, currency, seller=customer.billing_entity) >= UNREGISTERED_FROM:
        return "Rule 46 (e) asks for from a taxable value of ₹50,000 on"
    return ""


def _in_rupees(amount: Decimal, currency: str, *, seller: BillingEntity) -> Decimal:
    """Without a rate the invoice can't be finalized anyway, and says so itself."""
    if currency == BOOKS:
        return amount
    rate = latest_rate(base=currency, target=BOOKS, at=clock.today(seller.time_zone))
    return amount * rate.rate if rate else Decimal(0)


def _missing(party: BillingEntity | Organisation) -> str:
    lacking = [] if party.legal_name.strip() else ["legal name"]
    lacking += [] if party.address_line1.strip() else ["address"]
    lacking += [] if party.state_code in STATES else ["State"]
    return " and no ".join(lacking)


def _warning(party: str, sentence: str) -> dict[str, Any]:
    return {"code": CODE, "message": sentence, "blocks": True, "party": party}
