"""Particulars that CGST Rule 46 demands on a tax invoice, and that the records of seller or customer lack.

What is missing blocks the invoice, and each warning says where to enter it.
"""

from __future__ import annotations

from decimal import Decimal

from billing_platform.lib.gst import INDIA, STATES
from billing_platform.lib.money import ZERO
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Party
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.rates import BOOKS

UNREGISTERED_FROM = Decimal(50_000)
"""Taxable value in rupees from which an unregistered customer's address must be printed: Rule 46 (e)."""


def particular_warnings(facts: InvoiceFacts, *, taxable: Decimal) -> list[DraftWarning]:
    """One warning for each party that lacks something. `taxable` is the value before tax, in the invoice's currency."""
    seller, customer = facts.seller, facts.customer
    if not seller.charges_gst:
        return []
    found = []
    if missing := _missing(seller):
        found.append(
            _warning(
                "seller",
                f"The seller {seller.name} has no {missing}, which CGST Rule 46 (a) asks for on a tax invoice: "
                "enter the address on the seller's page.",
            )
        )
    rule = _rule_for(facts, taxable)
    if rule and (missing := _missing(customer)):
        found.append(
            _warning(
                "customer",
                f"The customer {customer.name} has no {missing}, which CGST {rule}: "
                "enter the address on the customer's page.",
            )
        )
    return found


def _rule_for(facts: InvoiceFacts, taxable: Decimal) -> str:
    """Which part of Rule 46 demands the customer's particulars, in words; empty where none does."""
    if facts.customer.country != INDIA:
        return ""
    if facts.customer.gstin:
        return "Rule 46 (d) asks for on an invoice to a registered customer"
    if _in_rupees(facts, taxable) >= UNREGISTERED_FROM:
        return "Rule 46 (e) asks for from a taxable value of ₹50,000 on"
    return ""


def _in_rupees(facts: InvoiceFacts, amount: Decimal) -> Decimal:
    """An old rate is good enough here. Without any rate the invoice is blocked, and says so in another warning."""
    if facts.currency == BOOKS:
        return amount
    return amount * facts.exchange_rate.rate if facts.exchange_rate else ZERO


def _missing(party: Party) -> str:
    lacking = [] if party.legal_name.strip() else ["legal name"]
    lacking += [] if party.address_line1.strip() else ["address"]
    lacking += [] if party.state_code in STATES else ["State"]
    return " and no ".join(lacking)


def _warning(party: str, sentence: str) -> DraftWarning:
    return DraftWarning(WarningCode.PARTICULAR_MISSING, sentence, blocks=True, party=party)
