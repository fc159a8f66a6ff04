"""Whole months, worked out by hand: usage in; lines, taxes, totals, PDF and credit notes out (worked_months.yaml)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing_platform.lib.number_formats import format_money
from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, Invoice
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.terms.discounts import add_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import NOVEMBER, amounts, at, issued, price, taxes, used
from tests.invoicing.test_documents import printed
from tests.money.golden_tables import tables

pytestmark = pytest.mark.django_db

MONTHS = yaml.safe_load((Path(__file__).parent / "worked_months.yaml").read_text(encoding="utf-8"))
PRICES = {row["price"]: json.loads(row["body"]) for row in tables("pricing")["prices"]}
CHANGE = date(2026, 10, 16)
JANUARY = date(2026, 1, 1)
NO_LUT = {"has_letter": False}
LADAKH = {"state_code": "38", "gstin": "38AAACA1234A1ZH", "city": "Leh", "postal_code": "194101"}
ABROAD = {"country": "US", "state_code": "", "currency": "USD"}
CUSTOMERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # what differs for the customer, and for the seller
    "unregistered in 29": ({}, {}),
    "unregistered in 33": ({"state_code": "33", "city": "Chennai", "postal_code": "600001"}, {}),
    "GSTIN 27": ({"state_code": "27", "gstin": factories.MAHARASHTRA_GSTIN}, {}),
    "Ladakh, of a seller there": ({"state_code": "38"}, LADAKH),
    "SEZ": ({"gstin": factories.KARNATAKA_GSTIN, "is_sez": True}, {}),
    "SEZ without LUT": ({"gstin": factories.KARNATAKA_GSTIN, "is_sez": True}, NO_LUT),
    "US": (ABROAD, {}),
    "US without LUT": (ABROAD, NO_LUT),
}


def agreed(row: dict[str, Any]) -> Organisation:
    """The customer of a row, with its prices, fee, minimum and discounts."""
    own, seller = CUSTOMERS[row["customer"]]
    customer = factories.organisation("Acme", billing_entity=factories.billing_entity(**seller), **own)
    if customer.currency == "USD":
        day = date(2026, 10, 31)
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=day, source="FBIL")
    common = {"currency": customer.currency} | ({"organisation": customer} if row.get("own") else {})
    price(PRICES[row["first"]], effective_to=CHANGE if "then" in row else None, **common)
    if "then" in row:
        price(PRICES[row["then"]], effective_from=CHANGE, **common)
    if "fee" in row:
        amount, day = row["fee"]
        first, end = date(2026, 10, day), date(2026, 11, 1)
        add_recurring_fee(
            organisation=customer, description="Plan", amount=Decimal(amount), effective_from=first, effective_to=end
        )
    if "minimum" in row:
        add_minimum_charge(amount=Decimal(row["minimum"]), currency=customer.currency, effective_from=JANUARY)
    for number, words in enumerate(row.get("discounts", ()), start=1):
        value, _, of_usage = words.partition(" off ")
        percent = {"percent": Decimal(value[:-1])} if value.endswith("%") else {"amount": Decimal(value)}
        metric = {"metric_name": "api_calls", "unit": "call"} if of_usage else {}
        first = date(2026, 1, number)
        add_discount(organisation=customer, name=words, effective_from=first, **percent, **metric)
    return customer


def money(text: str) -> list[Decimal]:
    return [Decimal(amount) for amount in text.split()]


def heads(invoice: Invoice) -> str:
    return " + ".join(f"{name} {amount:.2f}" for name, amount in sorted(taxes(invoice).items()))


def in_rupees(document: Invoice | CreditNote) -> list[Decimal | None]:
    return [document.taxable_in_rupees, document.igst_in_rupees]


def credited(invoice: Invoice, what: str) -> CreditNote:
    position, _, amount = what.partition(": ")
    lines = None if what == "all" else [Wanted(int(position), amount=Decimal(amount))]
    with at("2026-11-20 10:00"):
        return issue_credit_note(invoice_id=invoice.pk, lines=lines, why=Why("deficiency"))


@pytest.mark.parametrize("row", MONTHS, ids=[row["month"] for row in MONTHS])
def test_a_month_comes_to_what_was_worked_out_by_hand(row: dict[str, Any], settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    with at("2026-01-01 10:00"):
        customer = agreed(row)
    project = factories.project(customer)
    for day, quantity in row["usage"]:
        used(project, quantity, on=f"2026-10-{day:02}")
    invoice = issued(customer)
    assert amounts(invoice) == money(row["lines"])
    assert invoice.discount_total == Decimal(row.get("discount", 0))
    assert (heads(invoice), f"{invoice.total:.2f}") == (row["taxes"], row["total"])
    assert f"{invoice.supply_kind} {invoice.place_of_supply}" == row["kind"]
    if "rupees" in row:
        assert in_rupees(invoice) == money(row["rupees"])
    text = printed(invoice)
    total = format_money(invoice.total, invoice.currency)
    assert all(words in text for words in (invoice.number, total, row.get("printed", total)))
    for what, note_total, *rupees in row.get("notes", ()):
        note = credited(invoice, what)
        assert note.total == Decimal(note_total)
        assert not rupees or in_rupees(note) == money(rupees[0])
    for quantity in row.get("late", ()):
        used(project, quantity, on="2026-11-05", happened="2026-10-25T06:00:00Z")
    if "november" in row:
        lines, total = row["november"]
        with at("2026-12-01 10:00"):
            draft = drafting.create_draft(organisation=customer, period=NOVEMBER)
            november = issuing.finalize_invoice(invoice_id=draft.pk)
        assert (amounts(november), november.total) == (money(lines), Decimal(total))


def test_the_months_cover_every_model_and_every_kind_of_supply() -> None:
    models = {PRICES[row[name]]["model"] for row in MONTHS for name in ("first", "then") if name in row}
    assert models == {body["model"] for body in PRICES.values()}
    assert {row["customer"] for row in MONTHS} == set(CUSTOMERS)
