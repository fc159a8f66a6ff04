"""Daily statements, made once for each UTC day that is over: its trees, its totals, its link and its signature.

One transaction for each day: killed anywhere, it leaves nothing, and is begun anew. Who makes a statement holds the
STATEMENTS lock, so that two at once make one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Min

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_rows
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from events.models import UsageEvent
from events.selectors.received import received_on
from events.services.counting_days import last_complete_day, wait_until_counted
from invoicing.models import CreditNote, Invoice
from reconciliation.models import DailyStatement, ProofBlock
from reconciliation.proof.content import NO_STATEMENT, Content, Documents, Ledger, Received, Tree, hash_of
from reconciliation.proof.signatures import key_id_of, own_public_key, sign
from reconciliation.proving.trees import Block, DayTree, blocks, planted, utc_day

logger = logging.getLogger(__name__)

LONGEST = 20 * 60
"""Seconds after which a job leaves the other days to the next one."""
_AT_ONCE = 32
_COLUMNS = [
    "id", "created_at", "updated_at", "statement_id", "organisation_id", "tree", "number", "first_key", "leaves",
    "root", "prints", "names",
]  # fmt: skip


def state_days() -> list[DailyStatement]:
    """Make the statements of all days since the last one, up to the newest day that is over; of a new installation,
    since the first day on which anything was counted or issued.

    Safe to do twice, at once, and to be killed. Raises NoSigningKey, and makes nothing.
    """
    own_public_key()
    began, made = time.monotonic(), []
    while time.monotonic() - began < LONGEST:
        statement = _state_next_day()
        if statement is None:
            break
        made.append(statement)
    return made


def _state_next_day() -> DailyStatement | None:
    """None if there is no day to state."""
    while (day := next_day()) <= last_complete_day():
        wait_until_counted(day)
        with transaction.atomic():
            advisory_lock(LockSpace.STATEMENTS)
            last = DailyStatement.objects.order_by("-number").first()
            statement = _state(day, last) if last is None or last.day < day else None
        if statement is not None:  # while we waited, somebody else may have stated the day
            logger.info("day stated", extra={"day": f"{day}", "statement": statement.number})
            return statement
    return None


def next_day() -> date:
    """The day whose statement is made next; it may not be over yet."""
    last = DailyStatement.objects.order_by("-number").values_list("day", flat=True).first()
    if last is not None:
        return last + timedelta(days=1)
    issued = Invoice.objects.real().exclude(number="").aggregate(Min("finalized_at"))["finalized_at__min"]
    credited = CreditNote.objects.real().aggregate(Min("created_at"))["created_at__min"]
    counted = UsageEvent.objects.aggregate(Min("counted_on"))["counted_on__min"]
    moments = [moment.astimezone(UTC).date() for moment in (issued, credited) if moment]
    return min([*moments, *([counted] if counted else [])], default=last_complete_day())


def _state(day: date, last: DailyStatement | None) -> DailyStatement:
    statement_id, made_at = uuid4(), clock.now()
    ledger, documents = (_plant(tree, day, statement_id) for tree in (Tree.LEDGER, Tree.DOCUMENTS))
    content = Content(
        number=last.number + 1 if last else 1,
        day=day,
        made_at=made_at.astimezone(UTC),
        received=Received(**asdict(received_on(day))),
        ledger=Ledger(ledger.leaves, ledger.root.hex()),
        documents=_documents(day, documents),
        previous=last.hash if last else NO_STATEMENT,
        key=key_id_of(own_public_key()),
    )
    text = content.text()
    statement: DailyStatement = DailyStatement.objects.create(
        pk=statement_id,
        number=content.number,
        day=day,
        content=text,
        hash=hash_of(text),
        signature=sign(text),
        key_id=content.key,
        made_at=made_at,
    )
    return statement


def _plant(tree: Tree, day: date, statement_id: UUID) -> DayTree:
    """The day's tree. Its blocks are stored while they come; of each only its root stays in memory."""
    read: list[tuple[UUID, int, bytes]] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        now = clock.now()
        for block in blocks(tree, day):
            read.append((block.organisation_id, len(block.hashes), block.root))
            yield _row(block, tree, statement_id, now)

    _store(rows())
    return planted(read)


def _store(rows: Iterator[tuple[Any, ...]]) -> None:
    """A few at a time: while rows are copied, nothing can be read."""
    part: list[tuple[Any, ...]] = []
    for row in rows:
        part.append(row)
        if len(part) == _AT_ONCE:
            insert_rows(ProofBlock, _COLUMNS, part)
            part = []
    insert_rows(ProofBlock, _COLUMNS, part)


def _row(block: Block, tree: Tree, statement_id: UUID, now: Any) -> tuple[Any, ...]:
    return (
        uuid4(), now, now, statement_id, block.organisation_id, tree.value, block.number, block.first_key,
        len(block.hashes), block.root, block.prints, block.names,
    )  # fmt: skip


def _documents(day: date, tree: DayTree) -> Documents:
    start, end = utc_day(day)
    invoices = Invoice.objects.real().exclude(number="").filter(finalized_at__gte=start, finalized_at__lt=end).count()
    credit_notes = CreditNote.objects.real().filter(created_at__gte=start, created_at__lt=end).count()
    return Documents(invoices, credit_notes, tree.leaves, tree.root.hex())
