"""The JSON of settlements, recon rows and disputes."""

from __future__ import annotations

from billing_platform.local.razorpay.entities import notes_json
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.models import BalanceEntry, Dispute, Settlement

PROOFS = (
    "shipping_proof", "billing_proof", "cancellation_proof", "customer_communication", "proof_of_service",
    "explanation_letter", "refund_confirmation", "access_activity_log", "refund_cancellation_policy",
    "term_and_conditions",
)  # fmt: skip


def settlement_json(settlement: Settlement) -> JSON:
    """Fees are those of a settlement made on demand: always 0 here. Those of payments are in the recon rows."""
    return {
        "id": settlement.public_id,
        "entity": "settlement",
        "amount": settlement.amount,
        "status": settlement.status,
        "fees": 0,
        "tax": 0,
        "utr": settlement.utr,
        "created_at": settlement.created_at,
    }


def recon_row(entry: BalanceEntry) -> JSON:
    """One line of the report; adjustments carry neither `credit_type` nor the UTR."""
    settlement, payment = entry.settlement, entry.payment
    assert settlement is not None
    row: JSON = {
        "entity_id": entry.public_id,
        "type": entry.kind,
        "debit": entry.debit,
        "credit": entry.credit,
        "amount": entry.amount,
        "currency": "INR",
        "fee": entry.fee,
        "tax": entry.tax,
        "on_hold": False,
        "settled": True,
        "created_at": entry.created_at,
        "settled_at": settlement.created_at,
        "settlement_id": settlement.public_id,
        "posted_at": None,
        "description": entry.description,
        "notes": None,
        "payment_id": None,
        "settlement_utr": None,
        **dict.fromkeys(("order_id", "order_receipt", "method", "card_network", "card_issuer", "card_type")),
        "dispute_id": entry.dispute.public_id if entry.dispute else None,
    }
    if entry.kind == BalanceEntry.Kind.ADJUSTMENT or payment is None:
        return row
    order, card = payment.order, payment.instrument.get("card") or {}
    source = entry.refund or payment
    return row | {
        "credit_type": "default",
        "notes": notes_json(source.notes),
        "payment_id": payment.public_id if entry.refund else None,
        "settlement_utr": settlement.utr,
        "order_id": order.public_id,
        "order_receipt": order.receipt,
        "method": payment.method,
        "card_network": card.get("network"),
        "card_issuer": card.get("issuer"),
        "card_type": card.get("type"),
    }


def dispute_json(dispute: Dispute) -> JSON:
    evidence = {"amount": dispute.amount, "summary": None, **dict.fromkeys(PROOFS), "others": None}
    return {
        "id": dispute.public_id,
        "entity": "dispute",
        "payment_id": dispute.payment.public_id,
        "amount": dispute.amount,
        "currency": dispute.payment.currency,
        "amount_deducted": dispute.amount_deducted,
        "reason_code": dispute.reason_code,
        "reason_description": dispute.reason_description,
        "respond_by": dispute.respond_by,
        "status": dispute.status,
        "phase": dispute.phase,
        "created_at": dispute.created_at,
        "evidence": evidence | {"submitted_at": None} | dispute.evidence,
    }
