"""The trees of a day, from the rows: leaves in blocks, blocks in a customer's tree, customers in the day's tree.

PostgreSQL hashes the leaves; here only hashes arrive, a few blocks at a time. All of it runs within a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, groupby
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib.database.sql import query
from reconciliation.proof import merkle
from reconciliation.proof.content import Tree

BLOCK = 1_024
"""Leaves of a block: a power of two, so that the tree over blocks is the tree over leaves."""
HASH = 32
PRINT = 8
"""Bytes of a leaf's hash that are stored, to say which leaf differs. What is proven rests on the whole hashes."""
_AT_ONCE = 8

_LEAVES = {
    Tree.LEDGER: query(__file__, "ledger_leaves"),
    Tree.DOCUMENTS: query(__file__, "document_leaves"),
}
_NAMES = {Tree.LEDGER: "NULL::jsonb", Tree.DOCUMENTS: "jsonb_agg(jsonb_build_array(key, label) ORDER BY key)"}
_KEYS = {Tree.LEDGER: "bigint", Tree.DOCUMENTS: "text"}
_BLOCKS = {tree: query(__file__, "blocks", leaves=_LEAVES[tree], names=_NAMES[tree]) for tree in Tree}
_BETWEEN = {tree: query(__file__, "leaves_between", leaves=_LEAVES[tree], type=_KEYS[tree]) for tree in Tree}
_cursors = count()


@dataclass(frozen=True, slots=True)
class Leaf:
    key: str
    label: str
    text: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Up to BLOCK leaves of one customer. `names` are keys and labels; None where they are not stored."""

    organisation_id: UUID
    number: int
    first_key: str
    hashes: tuple[bytes, ...]
    names: list[list[str]] | None

    @property
    def root(self) -> bytes:
        return merkle.root(self.hashes)

    @property
    def prints(self) -> bytes:
        return b"".join(each[:PRINT] for each in self.hashes)


@dataclass(frozen=True, slots=True)
class CustomerTree:
    organisation_id: UUID
    leaves: int
    blocks: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        return merkle.root(self.blocks)


@dataclass(slots=True)
class DayTree:
    """The customers that have leaves, in the order of their ids."""

    customers: list[CustomerTree] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        return sum(each.leaves for each in self.customers)

    @property
    def root(self) -> bytes:
        return merkle.root(self.hashes)

    @property
    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(customer_leaf(each).encode()) for each in self.customers]


def customer_leaf(customer: CustomerTree) -> str:
    """What the day's tree says of a customer: its id, how many leaves its own tree has, and the root of that."""
    return json.dumps([str(customer.organisation_id), str(customer.leaves), customer.root.hex()])


def blocks(tree: Tree, day: date, organisation_id: UUID | None = None) -> Iterator[Block]:
    """The blocks of a day in order, a few at a time, however many leaves the day has."""
    name = f"proof_{next(_cursors)}"
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {_BLOCKS[tree]}", _asked(day, organisation_id))
        while True:
            cursor.execute(f"FETCH {_AT_ONCE} FROM {name}")
            rows = cursor.fetchall()
            for owner, number, first_key, _count, hashes, names in rows:
                yield Block(owner, number, first_key, _apart(bytes(hashes), HASH), names and json.loads(names))
            if len(rows) < _AT_ONCE:
                cursor.execute(f"CLOSE {name}")
                return


def leaves_between(
    tree: Tree, day: date, organisation_id: UUID, first: str | None = None, after: str | None = None
) -> list[Leaf]:
    """The leaves of a customer and day whose keys are at least `first` and less than `after`."""
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN[tree], _asked(day, organisation_id) | {"first": first, "after": after})
        return [Leaf(key, label, text, bytes(hashed)) for key, label, text, hashed in cursor.fetchall()]


def planted(found: Iterable[tuple[UUID, int, bytes]]) -> DayTree:
    """The day's tree of blocks in order, each as (customer, leaves, root)."""
    day = DayTree()
    for organisation_id, of_customer in groupby(found, key=lambda each: each[0]):
        roots = [(leaves, block) for _owner, leaves, block in of_customer]
        total = sum(leaves for leaves, _block in roots)
        day.customers.append(CustomerTree(organisation_id, total, tuple(block for _leaves, block in roots)))
    return day


def prints_of(stored: bytes) -> tuple[bytes, ...]:
    return _apart(stored, PRINT)


def utc_day(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), tzinfo=UTC)
    return start, start + timedelta(days=1)


def _apart(joined: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(joined[place : place + size] for place in range(0, len(joined), size))


def _asked(day: date, organisation_id: UUID | None) -> dict[str, Any]:
    start, end = utc_day(day)
    return {"day": day, "start": start, "end": end, "organisation": organisation_id, "size": BLOCK}
