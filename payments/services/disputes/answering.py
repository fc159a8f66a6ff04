"""Our answer to a dispute: evidence that a person notes, or giving in.

Razorpay takes documents only in its dashboard or as files that were uploaded there: who contests a dispute does so in
Razorpay's dashboard, and notes here what was said.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.validators import require, validate_paragraphs
from organisations import audit
from payments.gateways import GatewayError, GatewayRefused
from payments.models import Dispute
from payments.models.dispute import SUMMARY_LENGTH
from payments.services.disputes.recording import apply_dispute, gateway_of_dispute, refresh_dispute


@transaction.atomic
def note_evidence(*, dispute_id: UUID, note: str) -> Dispute:
    """Store what speaks against a dispute, in at most SUMMARY_LENGTH characters. Raises InvalidInput, NotFound."""
    note = note.strip()
    if len(note) > SUMMARY_LENGTH:
        raise InvalidInput.field("note", f"The note must have at most {SUMMARY_LENGTH} characters.")
    require("note", note, validate_paragraphs)
    dispute = _locked(dispute_id)
    dispute.evidence_note = note
    dispute.save(update_fields=["evidence_note", "updated_at"])
    return dispute


def accept_dispute(*, dispute_id: UUID, accepted_by: Any) -> Dispute:
    """Give in: the payer gets the money back. A suspected fraud deducts nothing, and is refunded by a person.

    Our row says so before Razorpay is asked; should its answer get lost, the dispute itself tells what came of it.
    Call it outside transactions. Raises NotFound, DomainError DISPUTE_NOT_OPEN, and GatewayError: then the dispute is
    open still, and may be accepted again.
    """
    return finish_accepting(dispute=_give_in(dispute_id, accepted_by))


def finish_accepting(*, dispute: Dispute) -> Dispute:
    """Tell Razorpay that a person gave in. Safe to repeat: a dispute is lost once. Raises GatewayError."""
    gateway = gateway_of_dispute(dispute)
    asked_at = clock.now()
    try:
        report = gateway.accept_dispute(dispute_id=dispute.razorpay_dispute_id)
    except GatewayError as error:
        return _look_up(dispute, error)
    return apply_dispute(report=report, told_at=asked_at)


@transaction.atomic
def _give_in(dispute_id: UUID, accepted_by: Any) -> Dispute:
    dispute = _locked(dispute_id)
    if not dispute.can_be_answered:
        raise DomainError(
            "The dispute takes no answer any more: it was answered or decided, or its deadline is over.",
            code="DISPUTE_NOT_OPEN",
        )
    dispute.accepted_at, dispute.accepted_by = clock.now(), accepted_by
    dispute.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
    return dispute


def _look_up(dispute: Dispute, error: GatewayError) -> Dispute:
    """It may have been accepted all the same. Raises `error` if it was not, or if nobody can tell."""
    try:
        found = refresh_dispute(dispute=dispute)
    except GatewayError as silence:
        if isinstance(error, GatewayRefused):
            _take_back(dispute)
        raise error from silence
    if found.status != Dispute.Status.OPEN:
        return found
    _take_back(dispute)
    raise error


@transaction.atomic
def _take_back(dispute: Dispute) -> None:
    row = _locked(dispute.pk)
    row.accepted_at = row.accepted_by = None
    row.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
    audit.note(row, accepted=("yes", "no: Razorpay did not take it"))


def _locked(dispute_id: UUID) -> Dispute:
    found: Dispute | None = Dispute.objects.select_for_update().filter(pk=dispute_id).first()
    if found is None:
        raise NotFound("There is no such dispute.")
    return found
