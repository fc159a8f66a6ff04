"""The India board: what the law asks of a seller and by when, for all sellers at once. Days are those of India.

Each row says how something stands: good, near its last day, late, or not needed. It costs a constant number of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.document_numbers import last_number
from billing_platform.lib.gst import INDIA
from billing_platform.lib.law import last_day_for_e_invoice
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.periods import financial_year
from invoicing.computing.credit_notes import WARN_DAYS
from invoicing.models import EInvoice, LetterOfUndertaking, NumberSequence
from invoicing.models.e_invoice import SOON_DAYS
from invoicing.models.number_sequence import NEARLY_FULL
from invoicing.selectors.due_returns import Returns, due_returns
from invoicing.selectors.exchange_rates import pairs_without_rate
from invoicing.selectors.indian_deadlines import (
    REALISATION_NOTICE,
    open_invoices_to_credit,
    unpaid_exports,
    year_to_credit,
)
from invoicing.selectors.letters import day_of_notice, letter_on, letters_of
from organisations.models import BillingEntity, Organisation
from organisations.scoping import Actor, reaches_every_organisation
from organisations.selectors import customers_to_check

LETTER = "Letter of undertaking"


class Topic(StrEnum):
    """What a row is about; pages know the way to each mend."""

    LUT = "lut"
    RETURNS = "returns"
    E_INVOICES = "e_invoices"
    CREDIT_NOTES = "credit_notes"
    REALISATION = "realisation"
    SERIES = "series"
    GSTINS = "gstins"
    RATES = "rates"


class State(StrEnum):
    GOOD = "Good"
    NEAR = "Near"
    LATE = "Late"
    NOT_NEEDED = "Not needed"


@dataclass(frozen=True, slots=True)
class Row:
    """How one thing stands. `days` are those left, below zero when the last day has passed; None where none is near."""

    topic: Topic
    title: str
    state: State
    sentence: str
    days: int | None = None

    @property
    def asks(self) -> bool:
        return self.state in (State.NEAR, State.LATE)


@dataclass(frozen=True)
class _Facts:
    """What the database says, by seller or by GSTIN."""

    today: date
    exporting: frozenset[UUID]
    letters: Mapping[UUID, list[LetterOfUndertaking]]
    to_credit: Mapping[UUID, int]
    exports: Mapping[UUID, tuple[int, date]]
    waiting: Mapping[UUID, tuple[int, date]]
    sequences: Mapping[str, list[NumberSequence]]
    to_check: Mapping[UUID, int]
    without_rate: Mapping[UUID, list[str]]
    returns: Mapping[str, Returns] = field(default_factory=dict)
    sees_all: bool = True


def has_board(seller: BillingEntity) -> bool:
    return seller.country == INDIA and bool(seller.gstin)


def india_boards(*, sellers: Iterable[BillingEntity], actor: Actor, today: date) -> dict[UUID, tuple[Row, ...]]:
    """The rows of each Indian seller with a GSTIN, about customers that the actor may see. Series and returns tell of
    every customer: only who reaches them all is told."""
    wanted = [seller for seller in sellers if has_board(seller)]
    if not wanted:
        return {}
    facts = _facts(wanted, actor, today)
    return {seller.pk: tuple(_rows(seller, facts)) for seller in wanted}


def _facts(sellers: list[BillingEntity], actor: Actor, today: date) -> _Facts:
    mine = {"billing_entity__in": [seller.pk for seller in sellers]}
    gstins = sorted({seller.gstin for seller in sellers})
    abroad = Organisation.objects.filter(~Q(country=INDIA) | Q(is_sez=True), is_active=True, **mine)
    waiting = EInvoice.objects.for_organisations(actor).waiting().filter(**mine).order_by()
    sees_all = reaches_every_organisation(actor)
    sequences: dict[str, list[NumberSequence]] = defaultdict(list)
    if sees_all:
        for each in NumberSequence.objects.filter(registration__in=gstins, financial_year=financial_year(today)):
            sequences[each.registration].append(each)
    rates: dict[UUID, list[str]] = defaultdict(list)
    for (base, target), customers in pairs_without_rate(actor=actor, today=today):
        for seller in customers.filter(**mine).order_by().values_list("billing_entity", flat=True).distinct():
            rates[seller].append(f"{base} to {target}")
    return _Facts(
        today=today,
        exporting=frozenset(abroad.order_by().values_list("billing_entity", flat=True).distinct()),
        letters=letters_of(each.pk for each in sellers),
        to_credit=_counted(open_invoices_to_credit(actor=actor, today=today).filter(**mine)),
        exports=_counted_since(unpaid_exports(actor=actor).filter(**mine), "realise_by"),
        waiting=_counted_since(waiting, "issue_date"),
        sequences=sequences,
        to_check=_counted(customers_to_check(actor=actor, today=today).filter(**mine)),
        without_rate=rates,
        returns=due_returns(gstins=gstins, today=today) if sees_all else {},
        sees_all=sees_all,
    )


def _counted(rows: Any) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("billing_entity").annotate(Count("pk")))


def _counted_since(rows: Any, column: str) -> dict[UUID, tuple[int, date]]:
    """How many there are of each seller, and the first day."""
    found = rows.order_by().values_list("billing_entity").annotate(Count("pk"), Min(column))
    return {seller: (count, first) for seller, count, first in found}


def _rows(seller: BillingEntity, facts: _Facts) -> Iterator[Row]:
    yield _lut(seller, facts)
    if facts.sees_all:
        yield _returns(facts.returns[seller.gstin], facts.today)
    yield _e_invoices(seller, facts)
    yield _credit_notes(facts.to_credit.get(seller.pk, 0), facts.today)
    yield _realisation(*facts.exports.get(seller.pk, (0, None)), today=facts.today)
    if facts.sees_all:
        yield _series(seller, facts)
    yield _gstins(facts.to_check.get(seller.pk, 0))
    yield _rates(facts.without_rate.get(seller.pk, []))


def _lut(seller: BillingEntity, facts: _Facts) -> Row:
    def row(state: State, sentence: str, days: int | None = None) -> Row:
        return Row(Topic.LUT, LETTER, state, sentence, days)

    letters, today = facts.letters.get(seller.pk, []), facts.today
    if seller.pk not in facts.exporting:
        return row(State.NOT_NEEDED, "No active customer is abroad or in a Special Economic Zone.")
    now = letter_on(letters, today)
    if now is None:
        return _no_letter(letters, today)
    until = f"{now.number} holds until {day_text(now.valid_to)}"
    later = letter_on(letters, day_of_notice(today))
    if later is None:
        sentence = f"{until}. Apply for the next year's on the portal, and enter it as soon as you have its ARN."
        return row(State.NEAR, sentence, (now.valid_to - today).days)
    after = "" if later is now else f"; {later.number} follows, until {day_text(later.valid_to)}"
    return row(State.GOOD, f"{until}{after}.", (later.valid_to - today).days)


def _no_letter(letters: list[LetterOfUndertaking], today: date) -> Row:
    coming = next((each for each in letters if each.valid_from > today), None)
    if coming is not None:
        sentence = f"It begins on {day_text(coming.valid_from)}: until then exports are charged IGST."
        return Row(Topic.LUT, LETTER, State.LATE, sentence)
    if letters:
        last = letters[-1].valid_to
        sentence = f"It ended on {day_text(last)}: exports are charged IGST."
        return Row(Topic.LUT, LETTER, State.LATE, sentence, (last - today).days)
    nothing = "There is none: exports and supplies to Special Economic Zones are charged IGST."
    return Row(Topic.LUT, LETTER, State.LATE, nothing)


def _returns(returns: Returns, today: date) -> Row:
    last = returns.last_filed
    filed = f" Filed last: {last.period}, ARN {last.arn}." if last else ""
    if not returns.to_file:
        return Row(Topic.RETURNS, "GSTR-1", State.GOOD, f"Nothing of the last months waits to be filed.{filed}")
    first = returns.to_file[0]
    exported = f"version {first.exported} is exported" if first.exported else "it is not exported yet"
    documents = f"{format_number(first.documents)} document{'s' if first.documents != 1 else ''}"
    verb = "was" if first.is_late(today) else "is"
    sentence = f"{first.period} with {documents} {verb} due on {day_text(first.due)}; {exported}.{filed}"
    if len(returns.to_file) > 1:
        sentence += f" {len(returns.to_file) - 1} more after it."
    state = State.LATE if first.is_late(today) else State.NEAR if first.is_near(today) else State.GOOD
    return Row(Topic.RETURNS, "GSTR-1", state, sentence, (first.due - today).days)


def _e_invoices(seller: BillingEntity, facts: _Facts) -> Row:
    title = "E-invoices"
    count, oldest = facts.waiting.get(seller.pk, (0, None))
    if oldest is None:
        if seller.e_invoices_from is None:
            above = "They are a duty above a turnover of ₹5 crore in any year since 2017-18."
            return Row(Topic.E_INVOICES, title, State.NOT_NEEDED, f"Off. {above}")
        since = f"On for documents from {day_text(seller.e_invoices_from)} on."
        return Row(Topic.E_INVOICES, title, State.GOOD, f"{since} None waits for its IRN.")
    waits = "1 document waits" if count == 1 else f"{format_number(count)} documents wait"
    if not seller.e_invoices_within_30_days:
        sentence = f"{waits} for an IRN; the oldest is of {day_text(oldest)}, and no limit of 30 days is set."
        return Row(Topic.E_INVOICES, title, State.GOOD, sentence)
    last = last_day_for_e_invoice(oldest)
    days = (last - facts.today).days
    state = State.LATE if days < 0 else State.NEAR if days < SOON_DAYS else State.GOOD
    return Row(
        Topic.E_INVOICES, title, state, f"{waits} for an IRN: the portal takes the oldest until {day_text(last)}.", days
    )


def _credit_notes(count: int, today: date) -> Row:
    first, _last, until = year_to_credit(today)
    days, year = (until - today).days, financial_year(first)
    if count:
        unpaid = f"{format_number(count)} invoice{'s' if count != 1 else ''} of 20{year} not paid in full"
        sentence = f"{unpaid}. GST of that year can be taken back until {day_text(until)} (section 34 (2))."
    else:
        sentence = f"No invoice of 20{year} is unpaid. Its credit notes end on {day_text(until)} (section 34 (2))."
    state = State.NEAR if count and days <= WARN_DAYS else State.GOOD
    return Row(Topic.CREDIT_NOTES, "Last day for credit notes", state, sentence, days)


def _realisation(count: int, first: date | None, *, today: date) -> Row:
    title = "Export money"
    if first is None:
        return Row(Topic.REALISATION, title, State.GOOD, "No export is unpaid.")
    days = (first - today).days
    unpaid = f"{format_number(count)} export{'s' if count != 1 else ''} unpaid"
    state = State.LATE if days < 0 else State.NEAR if days <= REALISATION_NOTICE.days else State.GOOD
    what = "was to come in by" if days < 0 else "must come in by"
    return Row(Topic.REALISATION, title, state, f"{unpaid}: the first {what} {day_text(first)} (FEMA).", days)


def _series(seller: BillingEntity, facts: _Facts) -> Row:
    given = {each.series: each.next_number for each in facts.sequences.get(seller.gstin, [])}
    sentences, state = [], State.GOOD
    for prefix in (seller.invoice_prefix, seller.credit_note_prefix):
        series = seller.number_style.series(prefix, facts.today)
        following, last = given.get(series, 1), last_number(series)
        left = last - following + 1
        if not left:
            state = State.LATE
        elif left * NEARLY_FULL < last + 1 and state == State.GOOD:
            state = State.NEAR
        number = f"next {seller.number_style.text(series, following)}" if left else "no number is left"
        sentences.append(f"{series}: {(following - 1) * 100 // last} % used, {number}.")
    return Row(Topic.SERIES, "Number series", state, " ".join(sentences))


def _gstins(count: int) -> Row:
    title = "Customers' GSTINs"
    if not count:
        return Row(Topic.GSTINS, title, State.GOOD, "Each was looked up on the GST portal in time.")
    which = "1 is" if count == 1 else f"{format_number(count)} are"
    return Row(Topic.GSTINS, title, State.NEAR, f"{which} to be looked up on the GST portal again.")


def _rates(pairs: list[str]) -> Row:
    title = "Exchange rates"
    if not pairs:
        return Row(
            Topic.RATES, title, State.GOOD, "Each pair of currencies that is needed has a rate of the last 7 days."
        )
    return Row(
        Topic.RATES,
        title,
        State.NEAR,
        f"No rate of the last 7 days from {', '.join(pairs)}: invoices that need it carry a warning.",
    )
