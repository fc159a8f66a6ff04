"""Disputes: a payer's bank asks a payment back, and we accept or contest it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from payments.gateways.calls import Calls
from payments.gateways.entities import identifier, parse_dispute
from payments.gateways.values import GatewayDispute

MAX_SUMMARY = 1000


class Disputes(Calls):
    def fetch_dispute(self, *, dispute_id: str) -> GatewayDispute:
        return self._get(lambda sdk: sdk.dispute.fetch(dispute_id), parse_dispute)

    def disputes_between(self, since: datetime, until: datetime) -> Iterator[GatewayDispute]:
        """Every dispute raised from `since` to `until`, both included, once."""
        bounds = {"from": int(since.timestamp()), "to": int(until.timestamp())}
        return self._pages(lambda sdk, page: sdk.dispute.all(bounds | page), parse_dispute)

    def accept_dispute(self, *, dispute_id: str) -> GatewayDispute:
        """The payer gets the money back. Of a phase `fraud` we have to refund the payment ourselves."""
        return self._call(lambda sdk: sdk.dispute.accept(dispute_id), parse_dispute)

    def contest_dispute(
        self, *, dispute_id: str, amount_minor: int, summary: str, documents: Mapping[str, Sequence[str]]
    ) -> GatewayDispute:
        """Submit the evidence, which is final and needs a document (`upload_evidence`).

        `summary`: at most 1,000 characters. `documents`: their ids by Razorpay's names of proofs, or "others".
        """
        body: dict[str, Any] = {"amount": amount_minor, "summary": summary[:MAX_SUMMARY], "action": "submit"}
        for proof, ids in documents.items():
            body[proof] = [{"type": "evidence", "document_ids": list(ids)}] if proof == "others" else list(ids)
        return self._call(lambda sdk: sdk.dispute.contest(dispute_id, body), parse_dispute)

    def upload_evidence(self, *, name: str, content: bytes, content_type: str) -> str:
        """Razorpay's id of a document for `contest_dispute`: PDF, PNG or JPEG. One that is uploaded twice is two, and
        does no harm."""
        body = {"file": (name, content, content_type), "purpose": "dispute_evidence"}
        return self._call(lambda sdk: sdk.document.create(body), identifier)
