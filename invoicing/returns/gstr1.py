"""GSTR-1 of one GSTIN and period, made from its documents one by one: sums stay, documents pass on to the writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Protocol

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO
from invoicing.returns.documents import Amounts, ReturnDocument
from invoicing.returns.lints import Level, Lint, lints_of
from invoicing.returns.number_ranges import Numbers
from invoicing.returns.period import ReturnPeriod
from invoicing.returns.sections import AMENDED, IFF_SECTIONS, NOTES, Rules, Section, section_of

LISTED = 200
"""Findings of each level that are listed; the rest is counted."""


class Place(NamedTuple):
    """A row of b2cs."""

    is_inter_state: bool
    place_of_supply: str
    rate: Decimal


class Code(NamedTuple):
    """A row of table 12."""

    is_registered: bool
    sac: str
    rate: Decimal


class Nil(NamedTuple):
    """A row of table 8."""

    is_inter_state: bool
    is_registered: bool


class Writer(Protocol):
    """A file that is written while the documents pass."""

    def write(self, section: Section, document: ReturnDocument) -> None:
        """A document of a section that lists documents. Of a changed one (b2ba …) all amounts are 0 now."""

    def finish(self, gstr1: Gstr1) -> None:
        """All documents have passed: write what was summed up."""


@dataclass(slots=True)
class Total:
    """Of a section: how many documents, and their rupees as the section shows them (notes positive)."""

    documents: int = 0
    value: Decimal = ZERO
    amounts: Amounts = field(default_factory=Amounts)

    def add(self, value: Decimal, amounts: Amounts, documents: int = 1) -> None:
        self.documents += documents
        self.value += value
        self.amounts += amounts


@dataclass(slots=True)
class Gstr1:
    """Takes documents in any order, and what is known of earlier returns: `filed_places` are the rows of b2cs of the
    return before, for those of its documents that are void since. `taken_off` is what these come to, less table 8."""

    gstin: str
    period: ReturnPeriod
    rules: Rules
    writers: Sequence[Writer] = ()
    filed_places: Mapping[Place, Amounts] = field(default_factory=dict)
    sections: dict[Section, Total] = field(default_factory=dict)
    places: dict[Place, Amounts] = field(default_factory=dict)
    changed_places: dict[Place, Amounts] = field(default_factory=dict)
    codes: dict[Code, Amounts] = field(default_factory=dict)
    nil: dict[Nil, Decimal] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    documents: int = 0
    furnished: Total = field(default_factory=Total)
    taken_off: Total = field(default_factory=Total)
    by_sections: Amounts = field(default_factory=Amounts)
    lints: dict[Level, list[Lint]] = field(default_factory=lambda: {level: [] for level in Level})
    found: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))

    def add(self, document: ReturnDocument, *, is_furnished: bool = False) -> Section:
        """A document of the period, or one of the period before that its filed return lacks. `is_furnished`: an IFF of
        the quarter has it already, so that it counts in tables 12 and 13 only."""
        section = section_of(document)
        if self.period.is_iff and section not in IFF_SECTIONS:
            return Section.NONE
        self._number(document)
        if section == Section.NONE:
            return section
        self._check(document)
        self._count_codes(document)
        self.by_sections += _signed(document, document.amounts)
        if is_furnished:
            self.furnished.add(_sign(document) * document.value, _signed(document, document.amounts))
            return Section.NONE
        self._count_nil(document)
        if document.taxed:
            self._count(section, document)
        return section

    def change(self, document: ReturnDocument, *, was_furnished: bool = False) -> Section:
        """A document, told as it was, that the return before has and that is void since: nothing is left of it. Of one
        that an IFF of this very quarter has, the sums never were in a return."""
        section = section_of(document)
        if section == Section.NONE:
            return section
        if was_furnished:
            return self._list_changed(AMENDED[section], document)
        self.by_sections += -document.amounts
        self._count_codes(document, sign=-1)
        self._count_nil(document, sign=-1)  # no table changes an earlier table 8
        self.taken_off.add(document.nil_rated - document.value, -_taxed(document))
        if section == Section.NIL:
            return section
        if section == Section.B2CS:
            self._count_changed_places(document)
            return Section.B2CSA
        return self._list_changed(AMENDED[section], document)

    def finish(self) -> None:
        """All documents have passed. Gaps are found, and the writers write what was summed up."""
        if not self.period.is_iff:
            for gap in self.numbers.gaps():
                sentence = f"No document of this return has the numbers between {gap.before} and {gap.after}."
                self.note(Lint(Level.WARN, "NUMBERS_MISSING", sentence, gap.kind))
        for writer in self.writers:
            writer.finish(self)

    def note(self, lint: Lint) -> None:
        self.found[lint.level] += 1
        if len(self.lints[lint.level]) < LISTED:
            self.lints[lint.level].append(lint)

    @property
    def by_codes(self) -> Amounts:
        """Table 12 added up."""
        return sum(self.codes.values(), Amounts())

    @property
    def liability(self) -> Amounts:
        """What the return adds to the tax due, with what an IFF furnished: invoices less credit notes."""
        return self.by_sections

    @property
    def is_empty(self) -> bool:
        return not self.documents and not self.sections

    def _number(self, document: ReturnDocument) -> None:
        self.documents += 1
        self.numbers.add(document)
        if self.period.covers(document.issue_date):
            return
        if document.issue_date >= self.period.end:
            sentence = f"{document.number} of {day_text(document.issue_date)} is of a later period."
            self.note(Lint(Level.BLOCK, "OUTSIDE_PERIOD", sentence, document.kind, document.id))
        else:
            sentence = (
                f"{document.number} of {day_text(document.issue_date)} is not in the return of its own period, which "
                "is filed: it is reported here."
            )
            self.note(Lint(Level.WARN, "REPORTED_LATE", sentence, document.kind, document.id))

    def _check(self, document: ReturnDocument) -> None:
        for lint in lints_of(document, self.rules):
            self.note(lint)

    def _count_codes(self, document: ReturnDocument, sign: int = 1) -> None:
        for piece in document.pieces:
            key = Code(document.is_registered, piece.sac, piece.rate)
            amounts = _signed(document, piece.amounts)
            self.codes[key] = self.codes.get(key, Amounts()) + (amounts if sign > 0 else -amounts)

    def _count_nil(self, document: ReturnDocument, sign: int = 1) -> None:
        if not document.nil_rated:
            return
        key = Nil(document.is_inter_state, document.is_registered)
        amount = sign * _sign(document) * document.nil_rated
        self.nil[key] = self.nil.get(key, ZERO) + amount
        self.sections.setdefault(Section.NIL, Total()).add(amount, Amounts(amount))

    def _count(self, section: Section, document: ReturnDocument) -> None:
        amounts = _taxed(document)
        if section == Section.B2CS:
            amounts, value = _signed(document, amounts), _sign(document) * document.value
            self.sections.setdefault(section, Total()).add(value, amounts)
            for place, of_place in places_of(document).items():
                self.places[place] = self.places.get(place, Amounts()) + of_place
            return
        self.sections.setdefault(section, Total()).add(document.value, amounts)
        for writer in self.writers:
            writer.write(section, document)

    def _list_changed(self, section: Section, document: ReturnDocument) -> Section:
        self.sections.setdefault(section, Total()).add(ZERO, Amounts())
        for writer in self.writers:
            writer.write(section, document)
        return section

    def _count_changed_places(self, document: ReturnDocument) -> None:
        total = self.sections.setdefault(Section.B2CSA, Total())
        total.documents += 1
        for place, amounts in places_of(document).items():
            before = self.changed_places.get(place, self.filed_places.get(place, Amounts()))
            self.changed_places[place] = before + -amounts
        total.amounts = sum(self.changed_places.values(), Amounts())
        total.value = total.amounts.taxable + total.amounts.tax


def places_of(document: ReturnDocument) -> dict[Place, Amounts]:
    """The rows of b2cs that a document belongs to, with its part; a note takes off."""
    return {
        Place(document.is_inter_state, document.place_of_supply, rate): _signed(document, amounts)
        for rate, amounts in document.by_rate().items()
    }


def takes_off(section: Section) -> bool:
    """Whether the section's sums reduce the tax due."""
    return section in NOTES


def _taxed(document: ReturnDocument) -> Amounts:
    return sum((piece.amounts for piece in document.taxed), Amounts())


def _sign(document: ReturnDocument) -> int:
    return -1 if document.is_note else 1


def _signed(document: ReturnDocument, amounts: Amounts) -> Amounts:
    return -amounts if document.is_note else amounts
