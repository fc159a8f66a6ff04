"""What was stated of a day against the rows as they are now: the roots first, and where they differ, which leaf.

A tree whose root is the signed one is proven; nothing else has to be looked at. Otherwise the stored blocks say where
it differs: they are believed only if they lead to the signed root themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, zip_longest
from uuid import UUID

from organisations.models import Organisation
from reconciliation.models import DailyStatement, ProofBlock
from reconciliation.proof.content import Tree
from reconciliation.proving.chain import Difference
from reconciliation.proving.trees import (
    PRINT,
    Block,
    CustomerTree,
    DayTree,
    Leaf,
    blocks,
    leaves_between,
    planted,
    prints_of,
)

_UNNAMED = "Not as signed, and nobody can say what: the stored blocks were changed too"
_WORDS = {Tree.LEDGER: "ledger of the day is", Tree.DOCUMENTS: "documents of the day are"}


@dataclass(slots=True)
class Proven:
    """How much was read again, and found as it was stated."""

    statements: int = 0
    entries: int = 0
    document_leaves: int = 0


def differences(
    statement: DailyStatement, organisation_id: UUID | None = None, proven: Proven | None = None
) -> Iterator[Difference]:
    """What is not as it was stated, of one customer or of all. Within a transaction. Raises Unreadable."""
    for tree in Tree:
        signed = statement.said.ledger if tree == Tree.LEDGER else statement.said.documents
        stored = _stored(statement, tree)
        actual = _actual(tree, statement, organisation_id)
        if organisation_id is None and actual.root.hex() == signed.root:
            _count(proven, tree, actual.leaves)
            continue
        if stored.root.hex() != signed.root:
            yield Difference(
                statement.day,
                f"The {_WORDS[tree]} not as signed, and nobody can say where: the stored blocks were changed too.",
            )
            continue
        found = False
        for difference in _by_customer(statement, tree, stored, actual, organisation_id):
            found = True
            yield difference
        if not found:
            _count(proven, tree, actual.leaves)
    if proven:
        proven.statements += 1


def _count(proven: Proven | None, tree: Tree, leaves: int) -> None:
    if proven is None:
        return
    if tree == Tree.LEDGER:
        proven.entries += leaves
    else:
        proven.document_leaves += leaves


def _stored(statement: DailyStatement, tree: Tree) -> DayTree:
    found = ProofBlock.objects.filter(statement=statement, tree=tree).order_by("organisation_id", "number")
    rows = found.values_list("organisation_id", "leaves", "root")
    return planted((owner, leaves, bytes(root)) for owner, leaves, root in rows)


def _actual(tree: Tree, statement: DailyStatement, organisation_id: UUID | None) -> DayTree:
    read: Iterator[Block] = blocks(tree, statement.day, organisation_id)
    return planted((block.organisation_id, len(block.hashes), block.root) for block in read)


def _by_customer(
    statement: DailyStatement, tree: Tree, stored: DayTree, actual: DayTree, only: UUID | None
) -> Iterator[Difference]:
    one, other = _by_id(stored), _by_id(actual)
    for customer in sorted(one.keys() | other.keys()):
        if only not in (None, customer):
            continue
        if one.get(customer) == other.get(customer):
            continue
        named = _named(statement, tree, customer)
        # what names the leaves is signed by nobody: where it names none, the roots differ all the same
        for sentence in chain([next(named, _UNNAMED)], named):
            yield Difference(statement.day, f"{sentence} ({_customer_name(customer)})")


def _by_id(tree: DayTree) -> dict[UUID, CustomerTree]:
    return {each.organisation_id: each for each in tree.customers}


def _named(statement: DailyStatement, tree: Tree, customer: UUID) -> Iterator[str]:
    """The leaves that differ. Each block is compared with what lies between its first key and that of the next one: an
    entry more or less moves nothing in the other blocks."""
    found = ProofBlock.objects.filter(statement=statement, tree=tree, organisation=customer)
    rows: list[ProofBlock] = list(found.order_by("number").defer("prints", "names"))
    if not rows:
        yield from (f"Added: {leaf.label}" for leaf in leaves_between(tree, statement.day, customer))
    following: ProofBlock | None
    for block, following in zip_longest(rows, rows[1:]):
        first = None if block.number == 0 else block.first_key
        after = following.first_key if following else None
        leaves = leaves_between(tree, statement.day, customer, first, after)
        actual = Block(customer, block.number, block.first_key, tuple(leaf.hash for leaf in leaves), None)
        if actual.root != bytes(block.root):
            block.refresh_from_db()  # with what was deferred
            yield from _in_block(block, leaves)


def _in_block(block: ProofBlock, leaves: list[Leaf]) -> Iterator[str]:
    was = prints_of(bytes(block.prints))
    is_now = [leaf.hash[:PRINT] for leaf in leaves]
    before = ""
    for kind, start, end, first, last in SequenceMatcher(None, was, is_now, autojunk=False).get_opcodes():
        if kind != "equal" and block.names is not None:
            yield from _documents(dict(block.names[start:end]), leaves[first:last])
        elif kind != "equal":
            yield from _entries(end - start, leaves[first:last], before)
        before = leaves[last - 1].label if last else ""


def _documents(was: dict[str, str], is_now: list[Leaf]) -> Iterator[str]:
    """Leaves that are known by their keys."""
    for leaf in is_now:
        yield f"Changed: {was[leaf.key]}" if leaf.key in was else f"Added: {leaf.label}"
    there = {leaf.key for leaf in is_now}
    yield from (f"Missing: {label}" for key, label in was.items() if key not in there)


def _entries(was: int, is_now: list[Leaf], before: str) -> Iterator[str]:
    """So many entries, and what stands in their place. The names of those that are gone are not stored."""
    for place, leaf in enumerate(is_now):
        yield f"{'Changed' if place < was else 'Added'}: {leaf.label}"
    gone = was - len(is_now)
    if gone > 0:
        after = is_now[-1].label if is_now else before
        what = "one entry of the ledger" if gone == 1 else f"{gone:,} entries of the ledger"
        yield f"Missing: {what}, {f'after {after}' if after else 'before the first one that is left'}"


def _customer_name(customer: UUID) -> str:
    found = Organisation.objects.filter(pk=customer).values_list("name", flat=True).first()
    return f"customer {found}" if found else f"customer {customer}"
