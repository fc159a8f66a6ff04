"""Our answer to a dispute: what a person notes, or giving in. Contesting it stands in `contesting.py`."""

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
    dispute = _locked(dispute_id)
    dispute.evidence_note = check_note(note)
    dispute.save(update_fields=["evidence_note", "updated_at"])
    return dispute


def check_note(note: str) -> str:
    """The note without blanks around it. Raises InvalidInput."""
    note = note.strip()
    if len(note) > SUMMARY_LENGTH:
        raise InvalidInput.field("note", f"The note must have at most {SUMMARY_LENGTH} characters.")
    require("note", note, validate_paragraphs)
    return note


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
        return look_up_answer(dispute, error)
    return apply_dispute(report=report, told_at=asked_at)


def lock_open_dispute(dispute_id: UUID) -> Dispute:
    """A dispute that takes an answer, locked. Raises NotFound, and DomainError DISPUTE_NOT_OPEN."""
    dispute = _locked(dispute_id)
    if not dispute.can_be_answered:
        raise DomainError(
            "The dispute takes no answer any more: it was answered or decided, or its deadline is over.",
            code="DISPUTE_NOT_OPEN",
        )
    return dispute


def look_up_answer(dispute: Dispute, error: GatewayError) -> Dispute:
    """After a call that failed: Razorpay may have taken our answer all the same. Raises `error` if it did not, or if
    nobody can tell; what Razorpay did not take is taken back here, and may be given again."""
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
def _give_in(dispute_id: UUID, accepted_by: Any) -> Dispute:
    dispute = lock_open_dispute(dispute_id)
    dispute.accepted_at, dispute.accepted_by = clock.now(), accepted_by
    dispute.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
    return dispute


@transaction.atomic
def _take_back(dispute: Dispute) -> None:
    row = _locked(dispute.pk)
    answer = "contested" if row.contested_at is not None else "accepted"
    row.forget_answer()
    row.save(update_fields=[*Dispute.ANSWER, "updated_at"])
    audit.note(row, answer=(answer, "none: Razorpay did not take it"))


def _locked(dispute_id: UUID) -> Dispute:
    found: Dispute | None = Dispute.objects.select_for_update().filter(pk=dispute_id).first()
    if found is None:
        raise NotFound("There is no such dispute.")
    return found
