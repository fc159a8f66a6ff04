"""A payout here and at Razorpay, and their lines. No database, no calls. `expected` is what Razorpay says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billing_platform.lib.money import from_minor
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from payments.gateways.values import GatewayPayout, ReconRow
from reconciliation.checks.reading import differing, largest
from reconciliation.findings import FindingKind as Kind

NAMES = ("amount", "credit", "debit", "fee", "GST in it")
PROCESSED = "processed"
Key = tuple[str, str]
"""The kind of a line, and what it is about: `("payment", "pay_DEXrnipqTmWVGE")`."""


@dataclass(frozen=True, slots=True)
class OurPayout:
    status: str
    amount: Decimal
    utr: str


class Amounts(NamedTuple):
    """Of a line, in rupees."""

    amount: Decimal
    credit: Decimal
    debit: Decimal
    fee: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """`line` is empty where the payout itself differs."""

    kind: Kind
    expected: str
    found: str
    worth: Decimal | None = None
    line: Key | None = None


def amounts_of(row: ReconRow) -> Amounts:
    return Amounts(*(_rupees(getattr(row, f"{name}_minor")) for name in Amounts._fields))


def is_complete(report: GatewayPayout, rows: Mapping[Key, Amounts]) -> bool:
    """Whether Razorpay has reported all lines of a payout: they follow it by up to a day."""
    return sum((row.credit - row.debit for row in rows.values()), Decimal(0)) == _rupees(report.amount_minor)


def compare_payout(ours: OurPayout | None, theirs: GatewayPayout | None) -> Iterator[Difference]:
    if ours is None:
        if theirs is not None:
            amount = _rupees(theirs.amount_minor)
            said = f"{format_money(amount, BOOKS)}, {theirs.status} at Razorpay"
            yield Difference(Kind.PAYOUT_MISSING_HERE, said, "nothing here", amount)
        return
    if theirs is None:
        said = f"{format_money(ours.amount, BOOKS)}, {ours.status} here"
        yield Difference(Kind.PAYOUT_MISSING_THERE, said, "no such payout at Razorpay", ours.amount)
        return
    amount = _rupees(theirs.amount_minor)
    if amount != ours.amount:
        texts = f"{format_money(amount, BOOKS)} at Razorpay", f"{format_money(ours.amount, BOOKS)} here"
        yield Difference(Kind.PAYOUT_DIFFERS, *texts, abs(amount - ours.amount))
    if theirs.status != ours.status:
        is_news = theirs.status in (PROCESSED, "failed")
        kind = Kind.PAYOUT_BEHIND if is_news else Kind.PAYOUT_DIFFERS
        yield Difference(kind, f"{theirs.status} at Razorpay", f"{ours.status} here")
    elif theirs.utr != ours.utr or (ours.status == PROCESSED and not ours.utr):
        yield Difference(Kind.PAYOUT_BEHIND, f"UTR {theirs.utr or 'of the transfer'}", f"UTR {ours.utr or 'missing'}")


def compare_lines(ours: Mapping[Key, Amounts], theirs: Mapping[Key, Amounts]) -> Iterator[Difference]:
    """Once Razorpay has reported all of a payout."""
    for key, amounts in theirs.items():
        if key not in ours:
            net = amounts.credit - amounts.debit
            said = f"{format_money(net, BOOKS)} at Razorpay"
            yield Difference(Kind.PAYOUT_LINE_MISSING, said, "no such line here", abs(net), key)
        elif ours[key] != amounts and is_consistent(key, ours[key]):
            texts = differing(NAMES, amounts, ours[key], BOOKS), differing(NAMES, ours[key], amounts, BOOKS)
            yield Difference(Kind.PAYOUT_LINE_DIFFERS, *texts, largest(amounts, ours[key]), key)
    for key, amounts in ours.items():
        if key not in theirs:
            net = amounts.credit - amounts.debit
            found = f"{format_money(net, BOOKS)} here"
            yield Difference(Kind.PAYOUT_LINE_UNKNOWN, "no such line at Razorpay", found, abs(net), key)


def is_consistent(key: Key, line: Amounts) -> bool:
    """A line that contradicts itself is found by that (`payout_lines.sql`), and once is enough."""
    net = line.credit - line.debit
    if key[0] == "adjustment":
        return abs(net) == line.amount
    return net == (line.amount - line.fee if key[0] == "payment" else -line.amount - line.fee)


def _rupees(minor: int) -> Decimal:
    return from_minor(minor, BOOKS).amount
