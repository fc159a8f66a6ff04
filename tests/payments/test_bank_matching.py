"""Which invoices a bank's line may pay. Pure: lines and open invoices in, proposals out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from payments.banking.matching import Credit, Customer, DueInvoice, Proposal, Receivable, is_named, propose
from payments.banking.narrations import name_words

NANDI, KONKAN, LAKE = (UUID(int=number) for number in (1, 2, 3))
NAMES = {NANDI: "Nandi Logistics Private Limited", KONKAN: "Konkan Retail LLP", LAKE: "Lakeside Software Pvt Ltd"}


def due(number: int, customer: UUID, amount: str, *, day: int = 1) -> DueInvoice:
    taxable = (Decimal(amount) / Decimal("1.18")).quantize(Decimal("0.01"))
    return DueInvoice(
        UUID(int=1000 + number), f"INV/26-27/{number:06}", customer, Decimal(amount), taxable, date(2026, 11, day)
    )


OPEN = [
    due(11, NANDI, "118000.00", day=1),
    due(12, NANDI, "59000.00", day=15),
    due(13, KONKAN, "59000.00"),
    due(14, LAKE, "2360.00"),
]


def proposals(
    text: str, amount: str, *, remembered: UUID | None = None, invoices: list[DueInvoice] | None = None
) -> list[Proposal]:
    customers = {pk: Customer(pk, name, (name_words(name),)) for pk, name in NAMES.items()}
    known = frozenset({remembered} if remembered else ())
    credit = Credit(date(2026, 11, 20), Decimal(amount), "INR", text, known)
    return propose(credit, Receivable(invoices or OPEN, customers))


@pytest.mark.parametrize(
    ("text", "amount", "numbers", "is_sure"),
    [
        ("NEFT-NANDI LOGISTICS PVT LTD", "118000.00", [11], True),  # name and amount
        ("NEFT-NANDI LOGIST", "118000.00", [11], True),  # the bank cut the name off
        ("IMPS/612345678901/X INV 26-27 000013", "59000.00", [13], True),  # the number and amount
        ("NEFT-NANDI LOGISTICS INV2627000012", "59000.00", [12], True),
        ("NEFT-UNKNOWN PAYER", "118000.00", [11], False),  # the amount alone is no more than a hint
        ("NEFT-NANDI LOGISTICS PVT LTD", "177000.00", [11, 12], True),  # the sum of both
        ("NEFT-NANDI LOGISTICS PVT LTD", "108000.00", [11], False),  # less 10% of 1,00,000.00
        ("NEFT-NANDI LOGISTICS INV/26-27/000011", "108000.00", [11], True),
        ("NEFT-NANDI LOGISTICS INV/26-27/000011", "50000.00", [11], False),  # a part
        ("NEFT-LAKESIDE SOFTWARE", "5000.00", [14], False),  # more than is due
        ("INTEREST PAID", "77.00", [], False),
    ],
)
def test_the_best_proposal(text: str, amount: str, numbers: list[int], is_sure: bool) -> None:
    best = next(iter(proposals(text, amount)), None)
    assert [int(each.number[-6:]) for each in (best.invoices if best else ())] == numbers
    assert bool(best and best.is_sure) == is_sure


def test_reasons_are_said_in_words() -> None:
    [best] = proposals("NEFT-NANDI LOGISTICS INV/26-27/000011", "108000.00")
    assert best.reasons == (
        "the text has the customer's name",
        "the text names INV/26-27/000011",
        "it is what is due less 10% tax withheld, ₹10,000.00",
    )
    assert (best.section_code, best.withheld) == ("1027", (Decimal("10000.00"),))


def test_tax_of_two_invoices_is_split_to_the_last_paisa() -> None:
    best = proposals("NEFT-NANDI LOGISTICS INV/26-27/000011 INV/26-27/000012", "173999.50")[0]
    assert best.withheld == (Decimal("2000.00"), Decimal("1000.50"))  # 2%, and half a rupee of rounding
    assert sum(each.due for each in best.invoices) - sum(best.withheld) == Decimal("173999.50")


def test_two_customers_of_one_amount_are_both_shown_and_none_is_sure() -> None:
    found = proposals("RTGS-SOMEBODY", "59000.00")
    assert {each.customer_id for each in found} == {NANDI, KONKAN}
    assert not any(each.is_sure for each in found)


def test_a_payer_who_paid_before_is_remembered() -> None:
    assert not proposals("UPI/pay@okaxis", "2360.00")[0].is_sure
    [best, *_] = proposals("UPI/pay@okaxis", "2360.00", remembered=LAKE)
    assert best.is_sure
    assert best.reasons[0] == "the same payer paid for this customer before"


@pytest.mark.parametrize(
    ("number", "text", "named"),
    [
        ("INV/26-27/000012", "pay INV/26-27/000012 now", True),
        ("INV/26-27/000012", "NEFTinv2627000012", True),
        ("INV/26-27/000012", "INV/26-27/0000123", False),
        ("INV/26-27/000012", "12", False),
        ("A-1", "A-1", False),  # two letters stand in any text
    ],
)
def test_a_number_in_the_text(number: str, text: str, named: bool) -> None:
    assert is_named(number, text) is named


def test_many_invoices_of_many_customers_are_looked_at_in_no_time() -> None:
    """A thousand open invoices; only those of customers whom the text tells are added up."""
    invoices = [due(number, (NANDI, KONKAN, LAKE)[number % 3], f"{1000 + number}.00") for number in range(1000)]
    assert proposals("NEFT-SOMEBODY", "1500.00", invoices=invoices)[0].invoices[0].number.endswith("000500")
