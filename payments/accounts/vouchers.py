"""Vouchers: what a document, a receipt, a refund or a payout moves between the ledgers of the seller's books.

All amounts are rupees. A credit is positive and a debit negative, as Tally writes them; the entries of a voucher add up
to zero, or no voucher is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billing_platform.lib.money import ZERO


class VoucherKind(StrEnum):
    """As Tally names its voucher types."""

    SALES = "Sales"
    CREDIT_NOTE = "Credit Note"
    RECEIPT = "Receipt"
    PAYMENT = "Payment"
    JOURNAL = "Journal"


class LedgerRole(StrEnum):
    """What a ledger is for. Sales have one ledger for each service code that is sold, or one for all."""

    SALES = "sales"
    CGST = "cgst"
    SGST = "sgst"
    UTGST = "utgst"
    IGST = "igst"
    ROUND_OFF = "round_off"
    COMMERCIAL_CREDIT = "commercial_credit"
    BANK = "bank"
    GATEWAY = "gateway"
    GATEWAY_FEE = "gateway_fee"
    GATEWAY_FEE_TAX = "gateway_fee_tax"
    TDS = "tds"


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The seller's names of ledgers. `sales` is by service code; the key "" holds for codes that have none."""

    names: Mapping[LedgerRole, str]
    sales: Mapping[str, str]

    def sales_of(self, sac: str) -> str:
        """Raises MissingLedger."""
        name = self.sales.get(sac) or self.sales.get("")
        if not name:
            raise MissingLedger(LedgerRole.SALES, sac)
        return name

    def of(self, role: LedgerRole) -> str:
        """Raises MissingLedger."""
        name = self.names.get(role, "")
        if not name:
            raise MissingLedger(role)
        return name


class MissingLedger(LookupError):
    """The seller has not said which ledger takes an amount."""

    def __init__(self, role: LedgerRole, sac: str = "") -> None:
        super().__init__(f"{role} {sac}".strip())
        self.role, self.sac = role, sac


class UnbalancedVoucher(ValueError):
    """The amounts of a document or payment do not add up: nothing of it may reach the books."""


@dataclass(frozen=True, slots=True)
class Bill:
    """To which invoice a part of the customer's amount belongs. Without a number: on account."""

    number: str
    amount: Decimal
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    ledger: str
    amount: Decimal
    bills: tuple[Bill, ...] = ()


@dataclass(frozen=True, slots=True)
class Voucher:
    """`id` is the same in each export of the voucher, so that a file that is read twice books it once. `party` is the
    customer's ledger; a payout has none."""

    id: UUID
    kind: VoucherKind
    number: str
    day: date
    party: str
    entries: tuple[Entry, ...]
    narration: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        total = sum((entry.amount for entry in self.entries), ZERO)
        if total:
            raise UnbalancedVoucher(f"{self.kind} {self.number}: debits and credits differ by {abs(total)}.")

    @property
    def of_party(self) -> Decimal:
        """What the customer's ledger is credited with; below zero: debited."""
        return sum((entry.amount for entry in self.entries if entry.ledger == self.party), ZERO)


@dataclass(frozen=True, slots=True)
class BookedDocument:
    """An issued invoice or credit note in rupees. All amounts are those of the document: positive on a note too.

    `sales` is the taxable value by service code; `taxes` by head (CGST, SGST, UTGST, IGST).
    """

    id: UUID
    number: str
    day: date
    party: str
    sales: Mapping[str, Decimal]
    taxes: Mapping[str, Decimal]
    round_off: Decimal
    total: Decimal
    invoice_number: str = ""  # of a credit note
    is_commercial: bool = False
    due_date: date | None = None

    @property
    def is_note(self) -> bool:
        return bool(self.invoice_number)


@dataclass(frozen=True, slots=True)
class BookedReceipt:
    """Money from a customer, and tax that the customer withheld with it, in rupees.

    `amount` is what is credited to the customer; `fee` is what Razorpay took of it, with `fee_tax` the GST within.
    `placed` says how much belongs to which invoice; what is placed nowhere is on account.
    """

    id: UUID
    number: str
    day: date
    party: str
    amount: Decimal
    placed: Mapping[str, Decimal]
    through_gateway: bool
    withheld: Decimal = ZERO
    fee: Decimal = ZERO
    fee_tax: Decimal = ZERO
    reference: str = ""


@dataclass(frozen=True, slots=True)
class BookedRefund:
    """Money that went back to a customer, in rupees: refunded, or `why` else.

    `placed` says how much of it was taken off which invoice; the rest was on account.
    """

    id: UUID
    number: str
    day: date
    party: str
    amount: Decimal
    placed: Mapping[str, Decimal]
    through_gateway: bool
    why: str = "Refund"


@dataclass(frozen=True, slots=True)
class BookedPayout:
    """What Razorpay transferred to the seller's bank, in rupees. `fee` is what it took beside it, with `fee_tax` the
    GST within: for the transfer, and for refunds. What it takes of a payment stands on the payment's receipt."""

    id: UUID
    number: str
    day: date
    amount: Decimal
    fee: Decimal = ZERO
    fee_tax: Decimal = ZERO
    utr: str = ""


def document_voucher(document: BookedDocument, ledgers: Ledgers) -> Voucher:
    """A sales voucher, or a credit note that takes back what its invoice booked, in the same ledgers.

    Raises MissingLedger, and UnbalancedVoucher where the amounts do not make the total.
    """
    sign = -1 if document.is_note else 1
    if document.is_commercial:  # no supply is changed, so no sales and no tax are: a discount is given
        booked = [Entry(ledgers.of(LedgerRole.COMMERCIAL_CREDIT), -document.total)]
    else:
        booked = [
            *(Entry(ledgers.sales_of(sac), sign * amount) for sac, amount in document.sales.items()),
            *(Entry(ledgers.of(LedgerRole(head.lower())), sign * amount) for head, amount in document.taxes.items()),
        ]
        if document.round_off:
            booked.append(Entry(ledgers.of(LedgerRole.ROUND_OFF), sign * document.round_off))
    bill = Bill(document.invoice_number or document.number, -sign * document.total, is_new=not document.is_note)
    party = Entry(document.party, -sign * document.total, (bill,))
    return Voucher(
        id=document.id,
        kind=VoucherKind.CREDIT_NOTE if document.is_note else VoucherKind.SALES,
        number=document.number,
        day=document.day,
        party=document.party,
        entries=_merged(party, booked),
        narration=f"Credit note to invoice {document.invoice_number}" if document.is_note else "",
        reference=document.invoice_number,
    )


def cancellation(voucher: Voucher, *, key: UUID, day: date, reason: str) -> Voucher:
    """A journal that takes back a voucher which is in the books, dated the day on which it was cancelled."""
    entries = tuple(
        Entry(entry.ledger, -entry.amount, tuple(Bill(bill.number, -bill.amount) for bill in entry.bills))
        for entry in voucher.entries
    )
    number = f"{voucher.number}/X"
    narration = f"Cancellation of {voucher.kind} {voucher.number}: {reason}"
    return Voucher(key, VoucherKind.JOURNAL, number, day, voucher.party, entries, narration, voucher.number)


def receipt_voucher(receipt: BookedReceipt, ledgers: Ledgers) -> Voucher:
    """What came in: to the bank or to Razorpay's clearing ledger, less its fee, and tax withheld beside it.

    Raises MissingLedger, and UnbalancedVoucher where more is placed on invoices than came in.
    """
    received = receipt.amount + receipt.withheld
    debits = [(_till(receipt.through_gateway), receipt.amount - receipt.fee), (LedgerRole.TDS, receipt.withheld)]
    debits += [
        (LedgerRole.GATEWAY_FEE, receipt.fee - receipt.fee_tax),
        (LedgerRole.GATEWAY_FEE_TAX, receipt.fee_tax),
    ]
    bills = [Bill(number, amount) for number, amount in receipt.placed.items() if amount]
    if rest := received - sum((bill.amount for bill in bills), ZERO):
        if rest < ZERO:
            raise UnbalancedVoucher(f"Receipt {receipt.number}: more is credited to invoices than came in.")
        bills.append(Bill("", rest))
    return Voucher(
        id=receipt.id,
        kind=VoucherKind.RECEIPT,
        number=receipt.number,
        day=receipt.day,
        party=receipt.party,
        entries=(
            *(Entry(ledgers.of(role), -amount) for role, amount in debits if amount),
            Entry(receipt.party, received, tuple(bills)),
        ),
        reference=receipt.reference,
    )


def refund_voucher(refund: BookedRefund, ledgers: Ledgers) -> Voucher:
    """Money back to the customer, who owes it again until a credit note takes it off.

    Raises MissingLedger, and UnbalancedVoucher where more was taken off invoices than went back.
    """
    bills = [Bill(number, -amount) for number, amount in refund.placed.items() if amount]
    if rest := refund.amount + sum((bill.amount for bill in bills), ZERO):
        if rest < ZERO:
            raise UnbalancedVoucher(f"{refund.why} {refund.number}: more is taken off invoices than went back.")
        bills.append(Bill("", -rest))
    about = " and ".join(f"invoice {bill.number}" if bill.number else "money on account" for bill in bills)
    return Voucher(
        id=refund.id,
        kind=VoucherKind.PAYMENT,
        number=refund.number,
        day=refund.day,
        party=refund.party,
        entries=(
            Entry(refund.party, -refund.amount, tuple(bills)),
            Entry(ledgers.of(_till(refund.through_gateway)), refund.amount),
        ),
        narration=f"{refund.why} of {about}",
    )


def payout_voucher(payout: BookedPayout, ledgers: Ledgers) -> Voucher:
    """Money that leaves Razorpay's clearing ledger: to the bank, and for fees. Raises MissingLedger."""
    debits = [
        (LedgerRole.BANK, payout.amount),
        (LedgerRole.GATEWAY_FEE, payout.fee - payout.fee_tax),
        (LedgerRole.GATEWAY_FEE_TAX, payout.fee_tax),
    ]
    return Voucher(
        id=payout.id,
        kind=VoucherKind.RECEIPT,
        number=payout.number,
        day=payout.day,
        party="",
        entries=(
            *(Entry(ledgers.of(role), -amount) for role, amount in debits if amount),
            Entry(ledgers.of(LedgerRole.GATEWAY), payout.amount + payout.fee),
        ),
        narration=f"Payout {payout.number} of Razorpay, UTR {payout.utr}",
        reference=payout.utr,
    )


def _till(through_gateway: bool) -> LedgerRole:
    return LedgerRole.GATEWAY if through_gateway else LedgerRole.BANK


def _merged(party: Entry, booked: list[Entry]) -> tuple[Entry, ...]:
    """One entry for each ledger: several service codes may share one. The customer stands first, as Tally wants it."""
    sums: dict[str, Decimal] = {}
    for entry in booked:
        sums[entry.ledger] = sums.get(entry.ledger, ZERO) + entry.amount
    return party, *(Entry(ledger, amount) for ledger, amount in sums.items() if amount)
