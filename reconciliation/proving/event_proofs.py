"""The proof of one event: its place in the day's tree, up to the root that is signed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from events.models import UsageEvent
from reconciliation.models import DailyStatement, ProofBlock
from reconciliation.proof import merkle
from reconciliation.proof.content import Tree, Unreadable
from reconciliation.proof.merkle import Step
from reconciliation.proving.trees import customer_leaf, leaves_between, planted

LAST_KEY = 2**63 - 1
"""No entry has it: the sequence ends before."""


class NotStated(DomainError):
    """The day on which the entry was counted has no statement yet."""

    code = "NOT_STATED_YET"
    status = 409


class NotAsStated(DomainError):
    """The ledger is not what it was when the day was stated: nothing can be proven with it."""

    code = "NOT_AS_STATED"
    status = 409


@dataclass(frozen=True, slots=True)
class EventProof:
    """`entry` and `customer` are leaves, word for word. `path` leads from the one to the root that the other names,
    `customer_path` from there to the ledger's root in the statement."""

    entry: str
    path: list[Step]
    customer: str
    customer_path: list[Step]
    statement: DailyStatement


def statement_of(entry: UsageEvent) -> DailyStatement | None:
    return DailyStatement.objects.filter(day=entry.counted_on).first()


@transaction.atomic
def event_proof(entry: UsageEvent) -> EventProof:
    """Raises NotStated and NotAsStated."""
    statement = statement_of(entry)
    if statement is None:
        raise NotStated(
            f"The event was counted on {day_text(entry.counted_on)} (UTC). The statement of that day is made at 03:00 "
            "UTC on the next one: ask again then."
        )
    roots, first_keys = _blocks_of(statement, entry)
    place = bisect_right(first_keys, entry.pk) - 1
    if place < 0:
        raise _not_as_stated(statement.day)
    first, after = (str(key) for key in [*first_keys, LAST_KEY][place : place + 2])
    leaves = leaves_between(Tree.LEDGER, entry.counted_on, entry.organisation_id, first, after)
    hashes = [leaf.hash for leaf in leaves]
    index = next((number for number, leaf in enumerate(leaves) if leaf.key == str(entry.pk)), None)
    if index is None or merkle.root(hashes) != roots[place]:
        raise _not_as_stated(statement.day)
    text, customer_path, day_root = _customer(statement, entry)
    if day_root != _signed_root(statement):
        raise _not_as_stated(statement.day)
    path = merkle.path(hashes, index) + merkle.path(roots, place)
    return EventProof(leaves[index].text, path, text, customer_path, statement)


def _signed_root(statement: DailyStatement) -> str:
    try:
        return statement.said.ledger.root
    except Unreadable:
        raise _not_as_stated(statement.day) from None


def _blocks_of(statement: DailyStatement, entry: UsageEvent) -> tuple[list[bytes], list[int]]:
    """The roots of the customer's blocks, and the key with which each begins."""
    found = ProofBlock.objects.filter(statement=statement, organisation=entry.organisation_id, tree=Tree.LEDGER)
    rows = list(found.order_by("number").values_list("root", "first_key"))
    return [bytes(root) for root, _key in rows], [int(key) for _root, key in rows]


def _customer(statement: DailyStatement, entry: UsageEvent) -> tuple[str, list[Step], str]:
    """The customer's leaf in the day's tree, its path, and the root that the stored blocks lead to."""
    found = ProofBlock.objects.filter(statement=statement, tree=Tree.LEDGER).order_by("organisation_id", "number")
    tree = planted(
        (owner, leaves, bytes(root)) for owner, leaves, root in found.values_list("organisation_id", "leaves", "root")
    )
    place = next(number for number, each in enumerate(tree.customers) if each.organisation_id == entry.organisation_id)
    return customer_leaf(tree.customers[place]), merkle.path(tree.hashes, place), tree.root.hex()


def _not_as_stated(day: date) -> NotAsStated:
    return NotAsStated(
        f"The ledger of {day_text(day)} is not what its statement says: nothing can be proven with it. Tell the seller."
    )
