"""What we say and what Razorpay says, side by side. No database, no calls: a value of each, or None where it lacks.

`expected` is what Razorpay says, as the money is there; where Razorpay knows nothing, it is what we say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.money import ZERO, from_minor
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from payments.gateways import GatewayOrder, GatewayPayment, GatewayRefund
from payments.gateways.values import GatewayLink
from payments.models.payment import rank
from reconciliation.findings import FindingKind as Kind

WITHOUT_MONEY = ("created", "failed")
_REFUND_STEPS = ("pending", "processed", "failed")


@dataclass(frozen=True, slots=True)
class OurPayment:
    """`state` as Razorpay spells it; `captured` also where money of it went back. `given_back` through Razorpay, with
    `on_its_way`: refunds that Razorpay has not confirmed."""

    state: str
    amount: Decimal
    currency: str
    fee: Decimal | None
    tax: Decimal | None
    given_back: Decimal
    on_its_way: Decimal


@dataclass(frozen=True, slots=True)
class OurRefund:
    payment_id: str
    status: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OurRequest:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`worth` in rupees, where it is known."""

    kind: Kind
    expected: str
    found: str
    worth: Decimal | None = None


def compare_payment(ours: OurPayment | None, theirs: GatewayPayment | None) -> Iterator[Difference]:
    """An attempt that brought no money may be missing on either side."""
    if theirs is None:
        if ours is not None and ours.state not in WITHOUT_MONEY:
            said = f"{format_money(ours.amount, ours.currency)}, {ours.state}"
            yield _unknown(Kind.PAYMENT_MISSING_THERE, said, "payment", _worth(ours.amount, ours.currency))
        return
    state = "captured" if theirs.is_captured else theirs.status
    amount = _amount(theirs.amount_minor, theirs.currency)
    if ours is None:
        if state not in WITHOUT_MONEY:
            said = f"{format_money(amount, theirs.currency)}, {state}"
            yield _told(Kind.PAYMENT_MISSING_HERE, said, "nothing", _worth(amount, theirs.currency))
        return
    if (amount, theirs.currency) != (ours.amount, ours.currency):
        yield _differing(Kind.PAYMENT_AMOUNT, amount, theirs.currency, ours.amount, ours.currency)
        return
    if state != ours.state:
        kind = Kind.PAYMENT_BEHIND if rank(state) > rank(ours.state) else Kind.PAYMENT_AHEAD
        yield _told(kind, state, ours.state, _worth(amount, ours.currency))
        return
    yield from _compare_fee(ours, theirs)
    yield from _compare_given_back(ours, theirs, amount)


def compare_refund(ours: OurRefund | None, theirs: GatewayRefund | None, currency: str = BOOKS) -> Iterator[Difference]:
    """`currency`: that of the payment, for a report that names none. A refund that failed moved no money."""
    if theirs is None:
        if ours is not None and ours.status != "failed":
            said = f"{format_money(ours.amount, ours.currency)}, {ours.status}"
            worth = _worth(ours.amount, ours.currency)
            yield _unknown(Kind.REFUND_MISSING_THERE, said, "refund", worth)
        return
    currency = theirs.currency or (ours.currency if ours else currency)
    amount = _amount(theirs.amount_minor, currency)
    if ours is None:
        if theirs.status != "failed":
            said = f"{format_money(amount, currency)}, {theirs.status}"
            yield _told(Kind.REFUND_MISSING_HERE, said, "nothing", _worth(amount, currency))
        return
    if (amount, currency) != (ours.amount, ours.currency):
        yield _differing(Kind.REFUND_AMOUNT, amount, currency, ours.amount, ours.currency)
    elif theirs.payment_id != ours.payment_id:
        yield _told(Kind.REFUND_AMOUNT, f"of {theirs.payment_id}", f"of {ours.payment_id}")
    elif theirs.status != ours.status:
        is_behind = _REFUND_STEPS.index(theirs.status) > _REFUND_STEPS.index(ours.status)
        kind = Kind.REFUND_BEHIND if is_behind else Kind.REFUND_AHEAD
        yield _told(kind, theirs.status, ours.status, _worth(amount, currency))


def compare_request(ours: OurRequest, theirs: GatewayOrder | GatewayLink | None) -> Iterator[Difference]:
    if theirs is None:
        said = format_money(ours.amount, ours.currency)
        yield _unknown(Kind.REQUEST_MISSING_THERE, said, "order or link")
        return
    amount = _amount(theirs.amount_minor, theirs.currency)
    if (amount, theirs.currency) != (ours.amount, ours.currency):
        yield _differing(Kind.REQUEST_AMOUNT, amount, theirs.currency, ours.amount, ours.currency)


def _compare_fee(ours: OurPayment, theirs: GatewayPayment) -> Iterator[Difference]:
    """A fee that is not known here yet comes with the payout."""
    if ours.fee is None or theirs.fee_minor is None:
        return
    fee, tax = _amount(theirs.fee_minor, ours.currency), _amount(theirs.tax_minor or 0, ours.currency)
    if (fee, tax) != (ours.fee, ours.tax or 0):
        told = f"{format_money(fee, ours.currency)} with {format_money(tax, ours.currency)} GST"
        known = f"{format_money(ours.fee, ours.currency)} with {format_money(ours.tax or ZERO, ours.currency)} GST"
        yield _told(Kind.PAYMENT_FEE, told, known, _worth(abs(fee - ours.fee), ours.currency))


def _compare_given_back(ours: OurPayment, theirs: GatewayPayment, amount: Decimal) -> Iterator[Difference]:
    """The status "refunded" means all of it, whatever the sum says. What was never captured was never here."""
    if not theirs.is_captured:
        return
    refunded = amount if theirs.status == "refunded" else _amount(theirs.amount_refunded_minor, ours.currency)
    if not ours.given_back - ours.on_its_way <= refunded <= ours.given_back:
        yield _differing(Kind.PAYMENT_REFUNDED, refunded, ours.currency, ours.given_back, ours.currency)


def _differing(kind: Kind, theirs: Decimal, currency: str, ours: Decimal, own_currency: str) -> Difference:
    worth = _worth(abs(theirs - ours), currency) if currency == own_currency else None
    return _told(kind, format_money(theirs, currency), format_money(ours, own_currency), worth)


def _told(kind: Kind, theirs: str, ours: str, worth: Decimal | None = None) -> Difference:
    return Difference(kind, f"{theirs} at Razorpay", f"{ours} here", worth)


def _unknown(kind: Kind, ours: str, noun: str, worth: Decimal | None = None) -> Difference:
    return Difference(kind, f"{ours} here", f"no such {noun} at Razorpay", worth)


def _amount(minor: int, currency: str) -> Decimal:
    return from_minor(minor, currency).amount


def _worth(amount: Decimal, currency: str) -> Decimal | None:
    return amount if currency == BOOKS else None
