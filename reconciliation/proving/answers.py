"""Proofs of an event as the API and the admin hand them out. docs/proof.md says how to check one."""

from __future__ import annotations

from typing import Any

from events.models import UsageEvent
from events.selectors.entries import ledger_entries
from reconciliation.models import DailyStatement
from reconciliation.proof.merkle import Step
from reconciliation.proof.signatures import believed_keys
from reconciliation.proving.event_proofs import EventProof, NotStated, event_proof


def answer_of(event: UsageEvent) -> dict[str, Any]:
    """The proofs of a counted event and of its corrections. `waiting` counts corrections that have no statement yet.

    Raises NotStated while the event itself has none, and NotAsStated.
    """
    first, *corrections = (entry.row for entry in ledger_entries(event))
    entries, waiting = [_of(first, event_proof(first))], 0
    for row in corrections:
        try:
            entries.append(_of(row, event_proof(row)))
        except NotStated:
            waiting += 1
    return {"event_id": event.event_id, "entries": entries, "waiting": waiting}


def _of(entry: UsageEvent, proof: EventProof) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "entry": proof.entry,
        "path": _steps(proof.path),
        "customer": proof.customer,
        "customer_path": _steps(proof.customer_path),
        "statement": _statement(proof.statement),
    }


def _steps(path: list[Step]) -> list[dict[str, str]]:
    return [{"side": step.side, "hash": step.hash.hex()} for step in path]


def _statement(statement: DailyStatement) -> dict[str, Any]:
    """With the public key by which the signature is checked, if it is known here."""
    return {
        "number": statement.number,
        "day": f"{statement.day}",
        "content": statement.content,
        "hash": statement.hash,
        "signature": statement.signature,
        "key": statement.key_id,
        "public_key": believed_keys().get(statement.key_id),
    }
