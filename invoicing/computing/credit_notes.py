"""A credit note worked out: what is left of an invoice, and what is wanted of it, in; lines, taxes and sums out.

CGST section 34 and rule 53: a note has the heads and rates of its invoice. The notes of one invoice add up to it
exactly, line by line and head by head, because the note that takes the last of a line takes what is left of its taxes.
A note's values in rupees are those of everything credited so far, less those of what was credited before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.money import ZERO, Money, allocate, exact_arithmetic, round_money
from billing_platform.lib.number_formats import format_money, format_number, format_percent
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.in_rupees import InRupees, in_rupees
from invoicing.gst_heads import TaxAmount
from invoicing.rates import BOOKS, Rate
from invoicing.totals import aggregate_taxes

WARN_DAYS = 30
"""How long before the last day for a GST note its coming is worth a warning."""


@dataclass(frozen=True, slots=True)
class CreditableLine:
    """A line of an issued invoice, and what credit notes took back of it so far.

    `taxable` is its amount after discount. `credited` counts all notes, `credited_with_tax` and `taxes_credited` only
    those that gave tax back. All have the sign of the line.
    """

    position: int
    quantity: Decimal
    taxable: Decimal
    taxes: tuple[TaxAmount, ...] = ()
    credited: Decimal = ZERO
    quantity_credited: Decimal = ZERO
    credited_with_tax: Decimal = ZERO
    taxes_credited: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def left(self) -> Decimal:
        return self.taxable - self.credited

    @property
    def quantity_left(self) -> Decimal:
        return self.quantity - self.quantity_credited

    def tax_left(self, head: TaxAmount) -> Decimal:
        return head.amount - self.taxes_credited.get(head.name, ZERO)


@dataclass(frozen=True, slots=True)
class Creditable:
    """An issued invoice as credit notes see it; `rate` is that of its document, None for an invoice in rupees."""

    currency: str
    total: Decimal
    total_credited: Decimal
    round_off_left: Decimal
    lines: tuple[CreditableLine, ...]
    rate: Rate | None = None

    @property
    def left(self) -> Decimal:
        return self.total - self.total_credited


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to credit of one line: an amount of its taxable value, or a quantity of it."""

    position: int
    amount: Decimal | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """`taxed` is the value whose tax is given back: the amount, nothing in a commercial note, and more than the amount
    where the tax of an earlier commercial note is given back too."""

    position: int
    amount: Decimal
    taxes: tuple[TaxAmount, ...]
    quantity: Decimal | None = None
    taxed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note worked out. `in_rupees` is None for a note that is in no return."""

    currency: str
    lines: tuple[NoteLine, ...]
    round_off: Decimal
    in_rupees: InRupees | None

    @property
    def taxes(self) -> tuple[TaxAmount, ...]:
        """One row for each head and rate."""
        return aggregate_taxes(tax for line in self.lines for tax in line.taxes)

    @property
    def subtotal(self) -> Decimal:
        return round_money(sum((line.amount for line in self.lines), ZERO), self.currency)

    @property
    def taxed_before(self) -> Decimal:
        """The value that commercial notes took back before, and of which this note gives back the tax."""
        more = sum((line.taxed - line.amount for line in self.lines if line.taxed), ZERO)
        return round_money(more, self.currency)

    @property
    def tax_total(self) -> Decimal:
        return round_money(sum((tax.amount for line in self.lines for tax in line.taxes), ZERO), self.currency)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax_total + self.round_off


def all_that_is_left(invoice: Creditable, *, cancels: bool = False) -> tuple[Wanted, ...]:
    """What no note took back yet of each line; a cancelling note also names lines of which only tax is left."""
    return tuple(
        Wanted(line.position, amount=line.left)
        for line in invoice.lines
        if line.left or (cancels and any(line.tax_left(head) for head in line.taxes))
    )


def compute_note(
    invoice: Creditable, wanted: Sequence[Wanted], *, with_tax: bool, in_returns: bool, cancels: bool = False
) -> Note:
    """The note over the wanted parts of an invoice. One that `cancels` takes back all tax that is left of its lines, so
    that of commercial notes before it too; `wanted` is then all that is left.

    Raises InvalidInput at `lines[i].amount`, `lines[i].quantity` or `lines`, with a sentence that says what is left.
    """
    by_position = {line.position: line for line in invoice.lines}
    taken: dict[int, NoteLine] = {}
    for index, each in enumerate(wanted):
        line = by_position.get(each.position)
        if line is None:
            raise InvalidInput.field(f"lines[{index}].line_number", f"The invoice has no line {each.position}.")
        if each.position in taken:
            raise InvalidInput.field(f"lines[{index}].line_number", f"Line {each.position} is named twice.")
        amount = line.left if cancels else _amount(invoice, line, each, f"lines[{index}]")
        taxed = (line.taxable - line.credited_with_tax if cancels else amount) if with_tax else ZERO
        taxes = _taxes(line, taxed, invoice.currency) if with_tax else ()
        taken[each.position] = NoteLine(each.position, amount, taxes, each.quantity, taxed)
    lines = tuple(taken[position] for position in sorted(taken))
    round_off = _round_off(invoice, lines, _takes_the_last(invoice, taken))
    rupees = _in_rupees(invoice, lines) if in_returns and with_tax else None
    note = Note(invoice.currency, lines, round_off, rupees)
    _check(invoice, note)
    return note


def give_back(lines: Sequence[CreditableLine], amount: Decimal, currency: str) -> tuple[Wanted, ...]:
    """Spread an amount over the lines of one invoice, in proportion to what is left of each."""
    parts = allocate(Money(amount, currency), [max(line.left, ZERO) for line in lines])
    given = zip(lines, parts, strict=True)
    return tuple(Wanted(line.position, amount=part.amount) for line, part in given if part.amount)


def supplied_on(issue_date: date, period: BillingPeriod | None) -> date:
    """The day whose financial year counts: the last day of the billed month, which is never after the invoice."""
    return min(issue_date, period.end - timedelta(days=1)) if period else issue_date


def _amount(invoice: Creditable, line: CreditableLine, wanted: Wanted, place: str) -> Decimal:
    currency, left = invoice.currency, format_money(line.left, invoice.currency)
    if not line.left:
        raise InvalidInput.field(place, f"Nothing is left to credit on line {line.position}.")
    if wanted.amount is not None:
        amount, name = wanted.amount, f"{place}.amount"
        if amount != round_money(amount, currency):
            raise InvalidInput.field(name, f"{amount} is more exact than {currency} is.")
    else:
        amount, name = _of_quantity(line, wanted.quantity or ZERO, currency, place), f"{place}.quantity"
    if line.taxable < ZERO and amount != line.left:
        raise InvalidInput.field(name, f"Line {line.position} is a deduction: credit all of it, {left}, or nothing.")
    if amount * line.taxable <= ZERO:
        raise InvalidInput.field(name, "Give more than 0.")
    if abs(amount) > abs(line.left):
        raise InvalidInput.field(name, f"Of line {line.position}, {left} is left to credit.")
    return amount


def _of_quantity(line: CreditableLine, quantity: Decimal, currency: str, place: str) -> Decimal:
    """The quantity's share of the line. The last of the quantity takes the last of the amount."""
    if quantity <= ZERO:
        raise InvalidInput.field(f"{place}.quantity", "Give more than 0.")
    if quantity > line.quantity_left:
        left = format_number(max(line.quantity_left, ZERO))
        raise InvalidInput.field(f"{place}.quantity", f"Of line {line.position}, {left} are left to credit.")
    if quantity == line.quantity_left:
        return line.left
    return (Money(line.taxable, currency) * quantity).divided(line.quantity).quantized().amount


def _taxes(line: CreditableLine, amount: Decimal, currency: str) -> tuple[TaxAmount, ...]:
    """Each head from its own rate; what is left of it with the last of the line."""
    is_last = line.credited_with_tax + amount == line.taxable
    with exact_arithmetic():
        return tuple(_tax(line, head, amount, currency, is_last=is_last) for head in line.taxes)


def _tax(line: CreditableLine, head: TaxAmount, amount: Decimal, currency: str, *, is_last: bool) -> TaxAmount:
    left = line.tax_left(head)
    own = round_money((amount * head.rate).scaleb(-2), currency)
    return TaxAmount(head.name, head.rate, amount, left if is_last else min(own, left, key=abs))


def _takes_the_last(invoice: Creditable, taken: Mapping[int, NoteLine]) -> bool:
    """Whether nothing of the invoice's lines and taxes is left after the note."""
    for line in invoice.lines:
        note = taken.get(line.position)
        if line.left != (note.amount if note else ZERO):
            return False
        given = {tax.name: tax.amount for tax in note.taxes} if note else {}
        if any(line.tax_left(head) != given.get(head.name, ZERO) for head in line.taxes):
            return False
    return True


def _round_off(invoice: Creditable, lines: Sequence[NoteLine], is_last: bool) -> Decimal:
    """The invoice's round-off goes with the last note; earlier, where the rest of the lines would not cover it."""
    taken = sum((line.amount + sum((tax.amount for tax in line.taxes), ZERO) for line in lines), ZERO)
    rest = invoice.left - taken  # of lines, taxes and round-off
    return invoice.round_off_left if is_last or rest <= ZERO else ZERO


def _in_rupees(invoice: Creditable, lines: Sequence[NoteLine]) -> InRupees:
    """Of all that is credited after the note, less of what was credited before it: so notes over all of an invoice are
    worth what it is worth, whatever was rounded on the way."""
    taxes = aggregate_taxes(tax for line in lines for tax in line.taxes)
    if invoice.rate is None:
        taxed = round_money(sum((line.taxed for line in lines), ZERO), invoice.currency)
        return in_rupees(None, taxable=taxed, taxes=taxes)
    before, after = _taxed_in_rupees(invoice, ()), _taxed_in_rupees(invoice, lines)
    own = {(tax.name, tax.rate) for tax in taxes}
    return InRupees(
        invoice.rate,
        after.taxable_amount - before.taxable_amount,
        tuple(
            TaxAmount(tax.name, tax.rate, tax.taxable_amount - old.taxable_amount, tax.amount - old.amount)
            for tax, old in zip(after.taxes, before.taxes, strict=True)
            if (tax.name, tax.rate) in own
        ),
    )


def _taxed_in_rupees(invoice: Creditable, lines: Sequence[NoteLine]) -> InRupees:
    """Of what earlier notes and these lines give back with its tax. One row for each head and rate of the invoice."""
    more = {line.position: line.taxed for line in lines}
    values = {line.position: line.credited_with_tax + more.get(line.position, ZERO) for line in invoice.lines}
    rows = (TaxAmount(tax.name, tax.rate, values[line.position], ZERO) for line in invoice.lines for tax in line.taxes)
    return in_rupees(invoice.rate, taxable=sum(values.values(), ZERO), taxes=aggregate_taxes(rows))


def _check(invoice: Creditable, note: Note) -> None:
    currency = invoice.currency
    if not note.lines:
        raise InvalidInput.field("lines", "Say what to credit.")
    if note.total <= ZERO:
        raise InvalidInput.field("lines", f"The note would come to {format_money(note.total, currency)}: credit more.")
    if note.total > invoice.left:
        left = format_money(invoice.left, currency)
        total = format_money(note.total, currency)
        raise InvalidInput.field("lines", f"The note would come to {total}, and {left} of the invoice is left.")
    for part in _parts(invoice, note):
        if part.is_passed:
            raise InvalidInput.field("lines", part.sentence)


@dataclass(frozen=True, slots=True)
class _Part:
    """A sum of the invoice that its notes may not pass: lines below zero make it less than its lines above zero."""

    name: str
    currency: str
    whole: Decimal
    credited: Decimal  # by this note and those before it

    @property
    def is_passed(self) -> bool:
        return abs(self.credited) > abs(self.whole) or self.credited * self.whole < ZERO

    @property
    def sentence(self) -> str:
        whole, credited = (format_money(amount, self.currency) for amount in (self.whole, self.credited))
        return (
            f"The invoice has {whole} of {self.name}, and with this note {credited} would be credited: credit less, or "
            "credit the lines below zero with it."
        )


def _parts(invoice: Creditable, note: Note) -> Iterator[_Part]:
    """Taxable value; for a note that gives tax back also each head, and what each rate of it is charged on."""
    own = {line.position: line for line in note.lines}
    nothing = NoteLine(0, ZERO, ())
    amounts: dict[str, list[Decimal]] = {}

    def add(name: str, whole: Decimal, credited: Decimal) -> None:
        sums = amounts.setdefault(name, [ZERO, ZERO])
        sums[0], sums[1] = sums[0] + whole, sums[1] + credited

    for line in invoice.lines:
        taken = own.get(line.position, nothing)
        add("taxable value", line.taxable, line.credited + taken.amount)
        given = {tax.name: tax.amount for tax in taken.taxes}
        for head in line.taxes if note.taxes else ():
            rate = f"{head.name} {format_percent(head.rate)}"
            credited = line.taxes_credited.get(head.name, ZERO) + given.get(head.name, ZERO)
            add(f"taxable value with {rate}", line.taxable, line.credited_with_tax + taken.taxed)
            add(rate, head.amount, credited)
            add(head.name, head.amount, credited)
    yield from (_Part(name, invoice.currency, *sums) for name, sums in amounts.items())
    if note.in_rupees is not None and invoice.rate is not None:
        yield from _parts_in_rupees(invoice, note)


def _parts_in_rupees(invoice: Creditable, note: Note) -> Iterator[_Part]:
    everything = [
        NoteLine(line.position, ZERO, (), taxed=line.taxable - line.credited_with_tax) for line in invoice.lines
    ]
    whole, credited = _taxed_in_rupees(invoice, everything), _taxed_in_rupees(invoice, note.lines)
    yield _Part("taxable value", BOOKS, whole.taxable_amount, credited.taxable_amount)
    for name in dict.fromkeys(tax.name for tax in whole.taxes):
        yield _Part(name, BOOKS, whole.of_heads(name), credited.of_heads(name))
