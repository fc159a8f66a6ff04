"""Disputes: raised by a payer's bank, answered by the merchant, decided by the bank."""

from __future__ import annotations

from django.db import transaction

from billing_platform.local.razorpay import clock, webhooks
from billing_platform.local.razorpay.balance_entities import PROOFS
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_dispute, get_document, get_payment
from billing_platform.local.razorpay.models import Dispute, Payment
from billing_platform.local.razorpay.services import balance
from billing_platform.local.razorpay.validation import clean_integer, clean_text, reject_unexpected

Status, Phase = Dispute.Status, Dispute.Phase
REASONS = {
    "fraud": "The payer says that the card or account was used without permission",
    "goods_or_services_not_received_or_partially_received": "The payer says that nothing or too little was delivered",
    "credit_not_processed": "The payer says that a promised refund did not come",
    "duplicate_processing": "The payer says that the same thing was paid twice",
}
ANSWER_WITHIN = 7 * clock.DAY
MAX_SUMMARY = 1000
EVIDENCE_FIELDS = ("amount", "summary", *PROOFS, "others")


@transaction.atomic
def open_dispute(
    *,
    payment_id: str,
    amount: int | None = None,
    phase: str = Phase.CHARGEBACK,
    reason: str = "goods_or_services_not_received_or_partially_received",
    respond_within: int = ANSWER_WITHIN,
) -> Dispute:
    """The payer's bank asks for (part of) the money back, in minor units of the payment."""
    payment = get_payment(payment_id)
    if payment.status not in (Payment.Status.CAPTURED, Payment.Status.REFUNDED):
        raise RazorpayError("Only captured payments can be disputed.")
    disputed = payment.amount if amount is None else amount
    if not 0 < disputed <= payment.amount:
        raise RazorpayError("The disputed amount must be at most that of the payment.", field="amount")
    for name, value, allowed in (("phase", phase, Phase.values), ("reason", reason, list(REASONS))):
        if value not in allowed:
            raise RazorpayError(f"{name} must be one of {', '.join(allowed)}", field=name)
    dispute = Dispute.objects.create(
        payment=payment,
        amount=disputed,
        phase=phase,
        reason_code=reason,
        reason_description=REASONS[reason],
        respond_by=clock.now() + respond_within,
        created_at=clock.now(),
    )
    webhooks.announce([webhooks.dispute_event("created", dispute)])
    return dispute


@transaction.atomic
def accept_dispute(*, dispute_id: str) -> Dispute:
    """The merchant gives in. A suspected fraud only closes once the merchant refunds the payment."""
    dispute = _open_one(dispute_id)
    _lose(dispute)
    return dispute


@transaction.atomic
def contest_dispute(*, dispute_id: str, data: JSON) -> Dispute:
    """Evidence as a draft, or submitted to the bank."""
    reject_unexpected(data, (*EVIDENCE_FIELDS, "action"))
    dispute = _open_one(dispute_id)
    action = data.get("action", "draft")
    if action not in ("draft", "submit"):
        raise RazorpayError("The selected action is invalid.", field="action")
    dispute.evidence = dispute.evidence | _clean_evidence(dispute, data)
    if action == "submit":
        if not _has_document(dispute.evidence):
            raise RazorpayError("At least one document is required to submit the evidence.")
        dispute.evidence["submitted_at"] = clock.now()
        dispute.status = Status.UNDER_REVIEW
        webhooks.announce([webhooks.dispute_event("under_review", dispute)])
    dispute.save()
    return dispute


def _clean_evidence(dispute: Dispute, data: JSON) -> JSON:
    evidence: JSON = {name: _clean_documents(data[name], name) for name in PROOFS if name in data}
    if "amount" in data:
        evidence["amount"] = clean_integer(data["amount"], "amount")
        if evidence["amount"] > dispute.amount:
            raise RazorpayError("contest amount cannot be greater than dispute amount.", field="amount")
    if "summary" in data:
        evidence["summary"] = clean_text(data["summary"], "summary", MAX_SUMMARY)
    if "others" in data:
        evidence["others"] = [_clean_other(other) for other in data["others"] or []]
    return evidence


def _clean_other(other: object) -> JSON:
    if not isinstance(other, dict) or not other.get("type"):
        raise RazorpayError("The type field is required.", field="others")
    return {"type": str(other["type"]), "document_ids": _clean_documents(other.get("document_ids"), "others")}


def _clean_documents(value: object, field: str) -> list[str] | None:
    """Ids of documents that were uploaded."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise RazorpayError(f"The {field} must be an array.", field=field)
    return [get_document(str(document)).public_id for document in value]


def _has_document(evidence: JSON) -> bool:
    others = evidence.get("others") or []
    return any(evidence.get(name) for name in PROOFS) or any(other["document_ids"] for other in others)


def _open_one(dispute_id: str) -> Dispute:
    dispute = get_dispute(dispute_id)
    if dispute.status != Status.OPEN:
        raise RazorpayError(f"Action not allowed when dispute is in {dispute.status} status")
    if clock.now() > dispute.respond_by:
        raise RazorpayError("Action not allowed as deadline to respond has elapsed.")
    return dispute


@transaction.atomic
def win_dispute(*, dispute_id: str) -> Dispute:
    """Also after it was lost: the bank changed its mind, and what was deducted comes back."""
    dispute = _in_status(dispute_id, Status.WON, (Status.OPEN, Status.UNDER_REVIEW, Status.LOST))
    if dispute.amount_deducted:
        balance.record_won_dispute(dispute)
    dispute.status, dispute.amount_deducted = Status.WON, 0
    dispute.save()
    webhooks.announce([webhooks.dispute_event("won", dispute)])
    return dispute


@transaction.atomic
def close_dispute(*, dispute_id: str) -> Dispute:
    """A suspected fraud that was explained or refunded."""
    dispute = _in_status(dispute_id, Status.CLOSED, (Status.OPEN, Status.UNDER_REVIEW))
    dispute.status = Status.CLOSED
    dispute.save()
    webhooks.announce([webhooks.dispute_event("closed", dispute)])
    return dispute


@transaction.atomic
def lose_dispute(*, dispute_id: str) -> Dispute:
    dispute = _in_status(dispute_id, Status.LOST, (Status.OPEN, Status.UNDER_REVIEW))
    _lose(dispute)
    return dispute


@transaction.atomic
def demand_evidence(*, dispute_id: str) -> Dispute:
    """What was submitted does not do: the merchant has to answer again."""
    dispute = _in_status(dispute_id, Status.OPEN, (Status.UNDER_REVIEW,))
    dispute.status = Status.OPEN
    dispute.respond_by = clock.now() + ANSWER_WITHIN
    dispute.save()
    webhooks.announce([webhooks.dispute_event("action_required", dispute)])
    return dispute


def _in_status(dispute_id: str, status: Dispute.Status, allowed: tuple[Dispute.Status, ...]) -> Dispute:
    dispute = get_dispute(dispute_id)
    if dispute.status not in allowed:
        raise RazorpayError(f"A dispute that is {dispute.status} cannot become {status}.")
    return dispute


def _lose(dispute: Dispute) -> None:
    """The money leaves the merchant's balance. In the fraud phase the merchant refunds by hand instead."""
    dispute.status = Status.LOST
    if dispute.phase != Phase.FRAUD:
        dispute.amount_deducted = dispute.amount
    dispute.save()
    if dispute.amount_deducted:
        balance.record_lost_dispute(dispute)
    webhooks.announce([webhooks.dispute_event("lost", dispute)])
