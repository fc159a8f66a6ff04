"""The golden month of facts A8: October 2026 of one seller, made by our own services; every amount worked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, Invoice
from invoicing.services import drafting, issuing, voiding
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.invoicing.language import at

SELLER = "29AAACA1234A1ZG"
_KARNATAKA = {"state_code": "29", "city": "Bengaluru", "postal_code": "560001"}
_MAHARASHTRA = {"state_code": "27", "city": "Mumbai", "postal_code": "400001"}
CUSTOMERS: dict[str, dict[str, Any]] = {
    "Karnataka": {**_KARNATAKA, "gstin": "29AAACB5678B1ZP"},
    "Maharashtra": {**_MAHARASHTRA, "gstin": "27AAACB5678B1ZT"},
    "Zone Gujarat": {
        "state_code": "24", "city": "Gandhinagar", "postal_code": "382010", "gstin": "24AAACC4321C1ZI", "is_sez": True,
    },
    "Zone Chennai": {
        "state_code": "33", "city": "Chennai", "postal_code": "600001", "gstin": "33AAACD8765D1ZS", "is_sez": True,
    },
    "Consumer Chennai": {"state_code": "33", "city": "Chennai", "postal_code": "600001"},
    "Consumer Mumbai": _MAHARASHTRA,
    "Consumer Bengaluru": _KARNATAKA,
    "America": {"country": "US", "state_code": "", "currency": "USD"},
    "Britain": {"country": "GB", "state_code": "", "currency": "INR"},
}  # fmt: skip

# customer, day, taxable value; without a letter of undertaking where integrated tax is paid
_INVOICES = (
    ("Karnataka", 5, "1234.57", True),
    ("Maharashtra", 6, "45000.00", True),
    ("Zone Gujarat", 6, "10000.00", False),
    ("Zone Chennai", 7, "20000.00", True),
    ("Consumer Chennai", 8, "100000.00", True),
    ("Consumer Mumbai", 8, "84745.76", True),
    ("Consumer Bengaluru", 9, "1000.50", True),
    ("America", 12, "499.00", True),
    ("Britain", 13, "1000.00", False),
    ("Karnataka", 13, "777.00", True),
)
_NOTES = ((2, 20, "5000.00"), (7, 21, "500.25"), (5, 22, "10000.00"), (8, 23, "49.90"))


def seller() -> BillingEntity:
    return factories.billing_entity(
        gstin=SELLER, invoice_prefix="A", credit_note_prefix="C", number_separator="-", number_year="yynn",
        number_width=4,
    )  # fmt: skip


def golden_month() -> tuple[list[Invoice], list[CreditNote]]:
    """Ten invoices, the last one void, and four credit notes; USD at 83.4725."""
    entity = seller()
    customers = {name: factories.organisation(name, billing_entity=entity, **of) for name, of in CUSTOMERS.items()}
    with at("2026-10-01 10:00"):
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 12), source="FBIL")
    invoices = []
    for name, day, taxable, has_lut in _INVOICES:
        with _undertaking(entity, has_lut):
            invoices.append(invoice(customers[name], taxable, on=f"2026-10-{day:02d} 10:00"))
    with at("2026-10-13 12:00"):
        invoices[9] = voiding.void_invoice(invoice_id=invoices[9].pk, reason="Drafted for the wrong customer")
    notes = [credit(invoices[position - 1], taxable, on=f"2026-10-{day} 10:00") for position, day, taxable in _NOTES]
    return invoices, notes


def invoice(customer: Organisation, *prices: str, on: str) -> Invoice:
    """Issued, and not sent to anybody."""
    with at(on):
        customer = Organisation.objects.select_related("billing_entity").get(pk=customer.pk)
        lines = [{"description": "Work", "quantity": "1", "unit_price": price} for price in prices]
        draft = drafting.create_one_off_draft(organisation=customer, lines=lines)
        return issuing.finalize_invoice(invoice_id=draft.pk, send=False)


def credit(invoice: Invoice, taxable: str, *, on: str) -> CreditNote:
    with at(on):
        wanted = [Wanted(1, amount=Decimal(taxable))]
        return issue_credit_note(invoice_id=invoice.pk, lines=wanted, why=Why("deficiency"), send=False)


@contextmanager
def _undertaking(entity: BillingEntity, has_lut: bool) -> Iterator[None]:
    """Without one, integrated tax is paid on exports and in Special Economic Zones."""
    if not has_lut:
        entity.letters.update(valid_to=date(2026, 4, 30))
    yield
    entity.letters.update(valid_to=date(2027, 3, 31))
