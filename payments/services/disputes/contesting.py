"""Contest a dispute: send the files to Razorpay, then submit them with what they prove. The payer's bank decides.

Our row says that it is contested before Razorpay is asked. A file that was sent has Razorpay's id, and is not sent
again; should an answer get lost, the dispute itself tells what came of it.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO, Money, to_minor
from payments.gateways import GatewayError, RazorpayGateway
from payments.models import Dispute, DisputeDocument
from payments.services.disputes.answering import check_note, lock_open_dispute, look_up_answer
from payments.services.disputes.recording import apply_dispute, gateway_of_dispute


def contest_dispute(*, dispute_id: UUID, note: str, amount: Decimal | None = None, contested_by: Any = None) -> Dispute:
    """Submit the files of a dispute, with `note` as what they prove. It is final: Razorpay takes one answer.

    `amount` is the part that is contested, by default all of it; the payer gets the rest. Call it outside
    transactions. Raises NotFound, InvalidInput for `note` and `amount`, DomainError DISPUTE_NOT_OPEN or NO_EVIDENCE,
    and GatewayError: then the dispute is open still, and may be contested again.
    """
    return finish_contesting(dispute=_contest(dispute_id, note, amount, contested_by))


def finish_contesting(*, dispute: Dispute) -> Dispute:
    """Tell Razorpay that a person contested it. Safe to repeat: evidence is submitted once. Raises GatewayError."""
    gateway = gateway_of_dispute(dispute)
    asked_at = clock.now()
    try:
        report = gateway.contest_dispute(
            dispute_id=dispute.razorpay_dispute_id,
            amount_minor=to_minor(Money(dispute.contested_amount, dispute.currency)),
            summary=dispute.evidence_note,
            documents=_sent_documents(gateway, dispute),
        )
    except GatewayError as error:
        return look_up_answer(dispute, error)
    return apply_dispute(report=report, told_at=asked_at)


def _sent_documents(gateway: RazorpayGateway, dispute: Dispute) -> dict[str, list[str]]:
    """Razorpay's ids of the files, by what each proves."""
    ids: dict[str, list[str]] = defaultdict(list)
    for document in dispute.documents.all():
        if not document.razorpay_document_id:
            _send(gateway, document)
        ids[document.proof].append(document.razorpay_document_id)
    return ids


def _send(gateway: RazorpayGateway, document: DisputeDocument) -> None:
    document.razorpay_document_id = gateway.upload_evidence(
        name=document.name, content=bytes(document.content), content_type=document.content_type
    )
    document.save(update_fields=["razorpay_document_id", "updated_at"])


@transaction.atomic
def _contest(dispute_id: UUID, note: str, amount: Decimal | None, contested_by: Any) -> Dispute:
    note = check_note(note)
    if not note:
        raise InvalidInput.field("note", "Say what the files prove.")
    dispute = lock_open_dispute(dispute_id)
    amount = dispute.amount if amount is None else amount
    if not ZERO < amount <= dispute.amount:
        most = dispute.payment.shown(dispute.amount)
        raise InvalidInput.field("amount", f"Contest more than nothing, and at most {most}, which is disputed.")
    if not dispute.documents.exists():
        raise DomainError("Razorpay wants at least one file: add it first.", code="NO_EVIDENCE")
    dispute.evidence_note, dispute.contested_amount = note, amount
    dispute.contested_at, dispute.contested_by = clock.now(), contested_by
    dispute.save(update_fields=["evidence_note", "contested_amount", "contested_at", "contested_by", "updated_at"])
    return dispute
