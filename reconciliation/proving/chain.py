"""Whether the statements are a chain: without gaps, each naming the one before, each signed by a key that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from billing_platform.lib.dates_in_words import day_text
from reconciliation.models import DailyStatement
from reconciliation.proof.content import NO_STATEMENT, Unreadable, hash_of
from reconciliation.proof.signatures import is_signed


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was stated, in a sentence that names it."""

    day: date
    sentence: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A statement as it stood in a file that was handed out."""

    number: int
    day: date
    content: str
    signature: str


_PART = 500


def statements() -> Iterator[DailyStatement]:
    """All of them in order, a part at a time."""
    last, part = 0, True
    while part:
        found = list(DailyStatement.objects.filter(number__gt=last).order_by("number")[:_PART])
        yield from found
        last, part = (found[-1].number if found else last), len(found) == _PART


def broken_links(keys: Mapping[str, str]) -> Iterator[Difference]:
    """What is wrong with the chain, in its order. `keys` are the public keys that are believed, by name."""
    before: DailyStatement | None = None
    for statement in statements():
        yield from _gap(before, statement)
        fault = link_fault(statement, before.hash if before else NO_STATEMENT, keys)
        if fault:
            yield Difference(statement.day, f"{_name(statement)} {fault}")
        before = statement


def link_fault(statement: DailyStatement, previous: str | None, keys: Mapping[str, str]) -> str:
    """Why a statement is no link of the chain, as the end of a sentence; empty if it is one. Without `previous`, the
    hash of the one before it is not looked at."""
    if hash_of(statement.content) != statement.hash:
        return "was changed: its content does not have the hash that stands beside it."
    try:
        said = statement.said
    except Unreadable:
        return "can't be read: somebody has changed it."
    if (said.number, said.day, said.key) != (statement.number, statement.day, statement.key_id):
        return "was changed: its content is of another day, number or key."
    if previous is not None and said.previous != previous:
        return "does not name the one before it: that one was exchanged, or this one."
    if statement.key_id not in keys:
        return f"is signed with the key {statement.key_id}, which is not known here."
    if not is_signed(statement.content, statement.signature, keys[statement.key_id]):
        return f"was changed: its signature is not that of the key {statement.key_id}."
    return ""


def unlike_the_file(exported: Iterator[Exported], keys: Mapping[str, str]) -> Iterator[Difference]:
    """Where the statements here are not those of a file that was exported earlier."""
    for each in exported:
        own = DailyStatement.objects.filter(number=each.number).first()
        name = f"Statement {each.number} of {day_text(each.day)}"
        if own is None:
            yield Difference(each.day, f"{name} is in the file, but not here: it was removed.")
        elif own.content != each.content:
            yield Difference(each.day, f"{name} is not the one in the file: it was exchanged after it was handed out.")
        elif own.signature != each.signature:
            yield Difference(each.day, f"{name} has another signature than in the file.")


def _gap(before: DailyStatement | None, statement: DailyStatement) -> Iterator[Difference]:
    expected = before.number + 1 if before else 1
    if statement.number != expected:
        last = statement.number - 1
        missing = f"Statements {expected} to {last} are" if last > expected else f"Statement {expected} is"
        yield Difference(statement.day, f"{missing} missing before s{_name(statement)[1:]}.")
    elif before and statement.day != before.day + timedelta(days=1):
        yield Difference(statement.day, f"{_name(statement)} does not follow the day of the one before.")


def _name(statement: DailyStatement) -> str:
    return f"Statement {statement.number} of {day_text(statement.day)}"
