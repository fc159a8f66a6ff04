"""Which invoices a bank's line may pay, with reasons in words. Pure: it proposes, a person decides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from uuid import UUID

from billing_platform.lib.law import WITHHOLDING_CODES, WithholdingCode
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, short_text
from payments.banking.narrations import likeness, name_words
from payments.withholding import ROUNDING, tax_at

SURE = 80
"""From here on a proposal is sure, if no other customer's comes near."""
NEAR = 25
_NUMBER, _PAYER, _NAME, _PART_OF_NAME = 60, 45, 40, 20
_EXACT, _SUM, _WITHHELD, _ONLY_ONE = 40, 40, 35, 10
_LIKE, _SOMEWHAT_LIKE = 0.99, 0.5
_IN_A_SUM = 8  # so many open invoices of a customer, the oldest, are tried in every combination
_MOST = 5


@dataclass(frozen=True, slots=True)
class DueInvoice:
    """`taxable` is the part of what is due that is no GST."""

    id: UUID
    number: str
    customer_id: UUID
    due: Decimal
    taxable: Decimal
    due_date: date


@dataclass(frozen=True, slots=True)
class Customer:
    id: UUID
    name: str
    names: tuple[tuple[str, ...], ...]
    """Each name as words (`name_words`)."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What the bank says of a line, and the customers whose earlier lines had the same payer."""

    day: date
    amount: Decimal
    currency: str
    text: str
    remembered: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The invoices, in the order in which they are paid. `withheld` is the tax that the customer withheld of each."""

    customer_id: UUID
    customer: str
    invoices: tuple[DueInvoice, ...]
    score: int
    reasons: tuple[str, ...]
    is_exact: bool = True
    """The amount is that of the invoices, or it less tax withheld."""
    section_code: str = ""
    withheld: tuple[Decimal, ...] = ()
    is_sure: bool = False

    @property
    def key(self) -> str:
        """Tells proposals of a line apart, and stays the same while what is proposed does."""
        return ",".join(str(invoice.id) for invoice in self.invoices) + f"+{self.section_code}"


@dataclass(slots=True)
class Receivable:
    """What a seller's customers owe in one currency, indexed for many lines."""

    invoices: Sequence[DueInvoice]
    customers: Mapping[UUID, Customer]
    by_customer: dict[UUID, list[DueInvoice]] = field(init=False)
    amounts: dict[Decimal, set[UUID]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_customer, self.amounts = defaultdict(list), defaultdict(set)
        for invoice in sorted(self.invoices, key=lambda each: (each.due_date, each.number)):
            self.by_customer[invoice.customer_id].append(invoice)
            self.amounts[invoice.due].add(invoice.customer_id)


def propose(credit: Credit, owed: Receivable) -> list[Proposal]:
    """The best proposals first, at most one for each customer. Nothing where neither text nor amount tells anything."""
    words = name_words(credit.text)
    best = []
    for customer_id, invoices in owed.by_customer.items():
        who, why = _identity(credit, words, owed.customers[customer_id])
        named = [invoice for invoice in invoices if is_named(invoice.number, credit.text)]
        if named:
            who, why = who + _NUMBER, (*why, f"the text names {_numbers(named)}")
        found = list(_by_amount(credit, _choices(invoices, named, is_known=who > 0), named, owed))
        if not found and who:
            found = [_rest(credit, named or invoices)]
        if found:
            chosen = max(found, key=lambda each: each.score)
            best.append(_proposal(owed.customers[customer_id], chosen, who, why))
    return _ranked(best)


def _proposal(customer: Customer, found: _Found, who: int, why: tuple[str, ...]) -> Proposal:
    return Proposal(
        customer_id=customer.id,
        customer=customer.name,
        invoices=tuple(found.invoices),
        score=min(who + found.score, 100),
        reasons=(*why, found.reason),
        is_exact=found.is_exact,
        section_code=found.section_code,
        withheld=found.withheld,
    )


def is_named(number: str, text: str) -> bool:
    """Whether a text names a document, with whatever signs between the parts of its number: banks leave them out."""
    parts = re.findall(r"[A-Za-z]+|[0-9]+", number)
    if len("".join(parts)) < 4 or parts[-1] not in text:
        return False
    pattern = r"[^A-Za-z0-9]*".join(map(re.escape, parts))
    return re.search(rf"(?<![0-9]){pattern}(?![0-9])", text, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class _Found:
    score: int
    invoices: Sequence[DueInvoice]
    reason: str
    is_exact: bool = True
    section_code: str = ""
    withheld: tuple[Decimal, ...] = ()


def _identity(credit: Credit, words: tuple[str, ...], customer: Customer) -> tuple[int, tuple[str, ...]]:
    if customer.id in credit.remembered:
        return _PAYER, ("the same payer paid for this customer before",)
    like = max((likeness(name, words) for name in customer.names), default=0.0)
    if like >= _LIKE:
        return _NAME, ("the text has the customer's name",)
    if like >= _SOMEWHAT_LIKE:
        return _PART_OF_NAME, ("the text has a part of the customer's name",)
    return 0, ()


def _by_amount(
    credit: Credit, choices: Iterable[Sequence[DueInvoice]], named: Sequence[DueInvoice], owed: Receivable
) -> Iterator[_Found]:
    """Where the amount is what is due, or what is due less tax withheld. Of two equal choices, the named one."""
    for chosen in choices:
        due = sum((each.due for each in chosen), ZERO)
        bonus = sum(each in named for each in chosen)
        if due == credit.amount:
            yield _in_full(credit, chosen, bonus, owed)
        elif due > credit.amount and credit.currency == "INR":
            yield from _less_tax(credit, chosen, due - credit.amount, bonus)


def _in_full(credit: Credit, chosen: Sequence[DueInvoice], bonus: int, owed: Receivable) -> _Found:
    if len(chosen) > 1:
        return _Found(_SUM + bonus, chosen, f"it is the sum of {len(chosen)} invoices")
    if len(owed.amounts[credit.amount]) == 1:
        return _Found(_EXACT + _ONLY_ONE + bonus, chosen, "it is what is due, which no other customer owes")
    return _Found(_EXACT + bonus, chosen, "it is what is due")


def _less_tax(credit: Credit, chosen: Sequence[DueInvoice], missing: Decimal, bonus: int) -> Iterator[_Found]:
    """What is missing is the tax at a usual rate, to a rupee for each invoice: payers round."""
    taxable = sum((each.taxable for each in chosen), ZERO)
    for code in _codes(credit.day):
        if abs(missing - taxable * code.rates[0] / 100) > ROUNDING * len(chosen):
            continue
        taxes = [tax_at(code.rates[0], each.taxable, credit.currency) for each in chosen]
        taxes[-1] += missing - sum(taxes, ZERO)
        if min(taxes) > ZERO:
            of = "what is due" if len(chosen) == 1 else f"the sum of {len(chosen)} invoices"
            tax = f"{short_text(code.rates[0])}% tax withheld, {format_money(missing, credit.currency)}"
            yield _Found(_WITHHELD + bonus, chosen, f"it is {of} less {tax}", True, code.code, tuple(taxes))


def _choices(
    invoices: Sequence[DueInvoice], named: Sequence[DueInvoice], *, is_known: bool
) -> Iterator[Sequence[DueInvoice]]:
    """Each invoice alone; of a customer whom the text tells also those named, all, and every choice of the oldest."""
    yield from ([each] for each in invoices)
    if not is_known:
        return
    if len(named) > 1:
        yield named
    if len(invoices) > _IN_A_SUM:
        yield invoices
    oldest = invoices[:_IN_A_SUM]
    for size in range(2, len(oldest) + 1):
        yield from combinations(oldest, size)


def _codes(day: date) -> list[WithholdingCode]:
    """One code for each rate that holds on the day: the amount can't tell codes of the same rate apart."""
    by_rate: dict[Decimal, WithholdingCode] = {}
    for code in WITHHOLDING_CODES:
        if code.rates and code.holds(day):
            by_rate.setdefault(code.rates[0], code)
    return list(by_rate.values())


def _rest(credit: Credit, invoices: Sequence[DueInvoice]) -> _Found:
    """The customer is known and the amount is not: a part of an invoice, or more than all that is due."""
    paid, taken = ZERO, []
    for invoice in invoices:
        if paid >= credit.amount:
            break
        taken.append(invoice)
        paid += invoice.due
    over = credit.amount - paid
    if over > ZERO:
        more = format_money(over, credit.currency)
        return _Found(0, taken, f"{more} more than is due on {_numbers(taken)}", is_exact=False)
    return _Found(0, taken, f"a part of {taken[-1].number} stays due", is_exact=False)


def _numbers(invoices: Sequence[DueInvoice]) -> str:
    return ", ".join(each.number for each in invoices)


def _ranked(proposals: list[Proposal]) -> list[Proposal]:
    ordered = sorted(proposals, key=lambda each: (-each.score, each.customer))
    ordered = [each for each in ordered if each.score >= _PART_OF_NAME][:_MOST]
    first, second = [*ordered, None, None][:2]
    if first is None or first.score < SURE or not first.is_exact:
        return ordered
    if second is not None and first.score - second.score < NEAR:
        return ordered
    return [replace(first, is_sure=True), *ordered[1:]]
