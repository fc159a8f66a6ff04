"""Disputes: a payer's bank asks a payment back, and we accept or contest it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        self, *, dispute_id: str, amount_minor: int, summary: str, document_ids: Sequence[str], submit: bool
    ) -> GatewayDispute:
        """Store the evidence as a draft, or submit it, which is final and needs a document (`upload_evidence`).

        `summary`: at most 1,000 characters. The same draft twice is one draft.
        """
        body: dict[str, Any] = {
            "amount": amount_minor,
            "summary": summary[:MAX_SUMMARY],
            "action": "submit" if submit else "draft",
        }
        if document_ids:
            body["others"] = [{"type": "evidence", "document_ids": list(document_ids)}]
        return self._call(lambda sdk: sdk.dispute.contest(dispute_id, body), parse_dispute)

    def upload_evidence(self, *, name: str, content: bytes) -> str:
        """Razorpay's id of a document for `contest_dispute`: PDF, PNG or JPEG."""
        body = {"file": (name, content), "purpose": "dispute_evidence"}
        return self._call(lambda sdk: sdk.document.create(body), identifier)
