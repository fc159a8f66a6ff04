"""The items of an e-invoice: the taxable and zero-rated lines of a document in rupees, each with its tax."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_platform.lib.money import ZERO, Money, allocate, exact_arithmetic, round_money
from billing_platform.lib.number_formats import format_number
from invoicing.documents.document import DocumentLine, InvoiceDocument
from invoicing.gst_heads import CGST
from invoicing.rates import BOOKS


@dataclass(frozen=True, slots=True)
class Item:
    """Rupees, to the paisa. `cgst` is the amount of each of the two heads within a State; the other one equals it."""

    description: str
    sac: str
    rate: Decimal | None  # GST in percent, also where none is charged; None: an older document does not say
    assessable: Decimal  # the taxable value, after discounts
    discount: Decimal
    is_inter_state: bool
    igst: Decimal = ZERO
    cgst: Decimal = ZERO

    @property
    def tax(self) -> Decimal:
        """Of one head."""
        return self.igst if self.is_inter_state else self.cgst

    def taxed(self, tax: Decimal) -> Item:
        return replace(self, igst=tax) if self.is_inter_state else replace(self, cgst=tax)

    @property
    def gross(self) -> Decimal:
        return self.assessable + self.discount

    @property
    def total(self) -> Decimal:
        return self.assessable + self.igst + 2 * self.cgst


def items_of(document: InvoiceDocument) -> tuple[Item, ...]:
    """The lines that e-invoices list. A line below zero is taken off the others of its service, as a discount: the
    portal takes no negative item."""
    is_inter_state = not any(tax.name == CGST for tax in document.taxes)
    groups: defaultdict[tuple[str, Decimal | None], list[tuple[int, Item]]] = defaultdict(list)
    for index, line in enumerate(document.lines):
        if not _is_exempt(line):
            groups[line.sac, _rate(line)].append((index, _item(line, is_inter_state=is_inter_state)))
    settled: list[tuple[int, Item]] = []
    for group in groups.values():
        items = _without_negatives([item for _index, item in group], document.currency)
        settled += [(index, item) for (index, _), item in zip(group, items, strict=True) if item is not None]
    settled.sort(key=lambda each: each[0])
    return _in_rupees(document, [item for _index, item in settled])


def other_charges(document: InvoiceDocument) -> Decimal:
    """The value of exempt lines, in rupees: part of the total, and no item."""
    return _converted(document, sum((line.taxable_value for line in document.lines if _is_exempt(line)), ZERO))


def _is_exempt(line: DocumentLine) -> bool:
    return line.gst_rate is not None and line.gst_rate == ZERO


def _rate(line: DocumentLine) -> Decimal | None:
    return line.gst_rate if line.gst_rate is not None else line.tax_rate or None


def _item(line: DocumentLine, *, is_inter_state: bool) -> Item:
    tax = line.tax_amount or ZERO
    return Item(
        description=_description(line),
        sac=line.sac,
        rate=_rate(line),
        assessable=line.taxable_value,
        discount=line.amount - line.taxable_value,
        is_inter_state=is_inter_state,
        igst=tax if is_inter_state else ZERO,
        cgst=ZERO if is_inter_state else tax / 2,  # two equal heads, each rounded to the paisa
    )


def _description(line: DocumentLine) -> str:
    """With the quantity: as an item, a service is one piece."""
    if line.quantity is None or line.quantity == 1 or not line.unit:
        return line.description
    return f"{line.description} ({format_number(line.quantity)} {line.unit})"


def _without_negatives(group: Sequence[Item], currency: str) -> Sequence[Item | None]:
    """Items of one service and rate: each one below zero becomes a discount of the others, and is None. The group's
    tax is shared out anew. A group that is below zero in all stays as it is: a lint says so."""
    to_take = -sum((item.assessable for item in group if item.assessable < ZERO), ZERO)
    if not to_take or sum((item.assessable for item in group), ZERO) < ZERO:
        return group
    left: list[Item | None] = []
    for item in group:
        taken = min(max(item.assessable, ZERO), to_take)
        to_take -= taken
        lessened = replace(item, assessable=item.assessable - taken, discount=item.discount + taken)
        left.append(lessened if item.assessable >= ZERO else None)
    taxes = _shares(
        sum((item.tax for item in group), ZERO), [item.assessable if item else ZERO for item in left], currency
    )
    return [item and item.taxed(tax) for item, tax in zip(left, taxes, strict=True)]


def _in_rupees(document: InvoiceDocument, items: Sequence[Item]) -> tuple[Item, ...]:
    """Values and taxes of a document in another currency are shares of what it states in rupees."""
    exchange = document.exchange
    if exchange is None or not items:
        return tuple(items)
    values = _shares(exchange.taxable_amount - other_charges(document), [item.assessable for item in items], BOOKS)
    heads = 1 if items[0].is_inter_state else 2
    weights = [value * (item.rate or ZERO) if item.tax else ZERO for value, item in zip(values, items, strict=True)]
    taxes = _shares(exchange.tax_total / heads, weights, BOOKS)
    return tuple(
        replace(item, assessable=value, discount=_converted(document, item.discount)).taxed(tax)
        for item, value, tax in zip(items, values, taxes, strict=True)
    )


def _shares(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Parts in proportion to the weights, rounded, that add up to the total."""
    if not any(weights):
        return [ZERO] * len(weights)
    return [part.amount for part in allocate(Money(total, currency), [max(weight, ZERO) for weight in weights])]


def _converted(document: InvoiceDocument, amount: Decimal) -> Decimal:
    if document.exchange is None:
        return amount
    with exact_arithmetic():
        return round_money(amount * document.exchange.rate, BOOKS)
