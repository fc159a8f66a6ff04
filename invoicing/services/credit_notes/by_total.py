"""Which credit note comes to a given total: for money that went back, tax and all.

A total is split over the lines of the invoice in proportion to what is left of them, and into value and tax by each
line's rates. Tax is rounded per line and head, so not every total can be met to the last paisa: then the note is the
largest below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.money import ZERO, exponent, round_money
from invoicing.computing.credit_notes import Creditable, Note, Wanted, compute_note, give_back
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.credit_notes import creditable
from invoicing.services.credit_notes.issuing import Outlook, last_day_of, look_ahead

Kind = CreditNote.Kind
TRIES = 24
"""Steps of one minor unit around the proportional guess; each line and head rounds by half a unit at most."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The note for a total: its lines as `issue_credit_note` takes them, its kind, and how it would come out."""

    lines: Sequence[Wanted] | None
    kind: str | None
    outlook: Outlook


def note_worth(*, invoice: Invoice, total: Decimal) -> Worth:
    """The note over `total` of an issued invoice, tax included, or over all that is left if that is less.

    After the last day for a GST note (30 November after the year, CGST Act s.34 (2)) it is a commercial one, which
    takes back value only. Raises DomainError and InvalidInput as `look_ahead`.
    """
    day, last_day = clock.today(invoice.billing_entity.time_zone), last_day_of(invoice)
    kind = Kind.COMMERCIAL if last_day is not None and day > last_day else None
    everything = look_ahead(invoice=invoice, lines=None, kind=kind, on=day)
    if everything.note.total <= total:
        return Worth(None, kind, everything)
    lines = lines_worth(creditable(invoice), total, with_tax=everything.kind != Kind.COMMERCIAL)
    return Worth(lines, kind, look_ahead(invoice=invoice, lines=lines, kind=kind, on=day))


def lines_worth(invoice: Creditable, total: Decimal, *, with_tax: bool) -> tuple[Wanted, ...]:
    """Parts of the lines whose note comes to `total`, or to the most below it. Raises InvalidInput where none does."""
    unit = Decimal(1).scaleb(-exponent(invoice.currency))
    left = sum((line.left for line in invoice.lines), ZERO)
    guess, seen = total, set[Decimal]()
    best: tuple[Decimal, tuple[Wanted, ...]] | None = None
    for _try in range(TRIES):
        guess = min(max(guess, unit), left)
        if guess in seen:
            break
        seen.add(guess)
        wanted = give_back(invoice.lines, guess, invoice.currency)
        note = _note(invoice, wanted, with_tax=with_tax)
        if note is None:
            guess -= unit
            continue
        if note.total <= total and (best is None or note.total > best[0]):
            best = (note.total, wanted)
        if note.total == total:
            break
        guess += _step(note, total, unit, invoice.currency)
    if best is None:
        raise InvalidInput.field("amount", "No credit note comes to this amount: issue one by hand.")
    return best[1]


def _note(invoice: Creditable, wanted: Sequence[Wanted], *, with_tax: bool) -> Note | None:
    try:
        return compute_note(invoice, wanted, with_tax=with_tax, in_returns=False)
    except InvalidInput:  # more than the lines have, tax and all
        return None


def _step(note: Note, total: Decimal, unit: Decimal, currency: str) -> Decimal:
    """How much value to add, or to leave out: the difference without its share of tax, at least one unit."""
    difference = total - note.total
    step = round_money(difference * note.subtotal / note.total, currency)
    return step or (unit if difference > ZERO else -unit)
