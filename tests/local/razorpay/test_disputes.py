"""Disputes: raised by the payer's bank, accepted or contested, won, lost, closed."""

from __future__ import annotations

from typing import Any

import pytest
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until

DAY = 24 * 3600


@pytest.fixture
def payment(sandbox: SandboxProcess, order: Any) -> dict[str, Any]:
    return sandbox.pay(order["id"])


def raise_dispute(sandbox: SandboxProcess, payment: dict[str, Any], **options: Any) -> dict[str, Any]:
    dispute: dict[str, Any] = sandbox.control(f"payments/{payment['id']}/dispute", options)
    return dispute


def test_a_dispute_is_raised_listed_and_expanded(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    dispute = raise_dispute(sandbox, payment, amount=30000)
    assert (dispute["amount"], dispute["amount_deducted"], dispute["status"]) == (30000, 0, "open")
    assert (dispute["phase"], dispute["payment_id"]) == ("chargeback", payment["id"])
    assert dispute["respond_by"] == dispute["created_at"] + 7 * DAY
    assert dispute["evidence"]["submitted_at"] is None
    assert client.dispute.fetch(dispute["id"]) == dispute
    assert client.dispute.all()["items"] == [dispute]
    assert client.dispute.fetch(dispute["id"], {"expand[]": "payment"})["payment"]["id"] == payment["id"]
    event = receiver.wait_for(4)[3].event
    assert (event["event"], event["contains"]) == ("payment.dispute.created", ["payment", "dispute"])
    assert event["payload"]["dispute"]["entity"] == dispute


def test_an_accepted_dispute_takes_the_money(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    dispute = raise_dispute(sandbox, payment, amount=30000)
    lost = client.dispute.accept(dispute["id"])
    assert (lost["status"], lost["amount_deducted"]) == ("lost", 30000)
    receiver.wait_for(5)
    assert receiver.names[4:] == ["payment.dispute.lost"]
    settlement = sandbox.control("settlements")
    assert settlement["amount"] == 100000 - 2360 - 30000
    shown = client.dispute.fetch(dispute["id"], {"expand[]": "transaction.settlement"})
    assert shown["transaction"]["settlement"] == settlement
    with pytest.raises(BadRequestError, match="Action not allowed when dispute is in lost status"):
        client.dispute.contest(dispute["id"], {"summary": "too late"})
    won = sandbox.control(f"disputes/{dispute['id']}/win")  # the bank changed its mind
    assert (won["status"], won["amount_deducted"]) == ("won", 0)
    receiver.wait_for(7)
    assert receiver.names[6] == "payment.dispute.won"
    assert sandbox.control("settlements", method="GET")["amount"] == 30000


def test_a_contested_dispute_is_reviewed_and_won(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    dispute = raise_dispute(sandbox, payment)
    draft = client.dispute.contest(dispute["id"], {"summary": "delivered", "amount": 90000})
    assert (draft["status"], draft["evidence"]["summary"]) == ("open", "delivered")
    with pytest.raises(BadRequestError, match="At least one document"):
        client.dispute.contest(dispute["id"], {"action": "submit"})
    document = client.document.create({"file": ("proof.pdf", b"%PDF-1.7"), "purpose": "dispute_evidence"})
    assert client.document.fetch(document["id"]) == document
    assert (document["mime_type"], document["size"], document["name"]) == ("application/pdf", 8, "proof.pdf")
    sent = client.dispute.contest(dispute["id"], {"billing_proof": [document["id"]], "action": "submit"})
    assert (sent["status"], sent["evidence"]["amount"]) == ("under_review", 90000)
    assert sent["evidence"]["submitted_at"]
    with pytest.raises(BadRequestError, match="when dispute is in under_review status"):
        client.dispute.accept(dispute["id"])
    assert sandbox.control(f"disputes/{dispute['id']}/action_required")["status"] == "open"
    assert sandbox.control(f"disputes/{dispute['id']}/win")["amount_deducted"] == 0
    receiver.wait_for(7)
    names = [name.removeprefix("payment.dispute.") for name in receiver.names[4:]]
    assert names == ["under_review", "action_required", "won"]
    assert sandbox.control("settlements", method="GET")["amount"] == 100000 - 2360


def test_nobody_answering_loses(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    dispute = raise_dispute(sandbox, payment, respond_within=3600)
    sandbox.control("clock", {"advance_seconds": 3601})
    wait_until(lambda: client.dispute.fetch(dispute["id"])["status"] == "lost")


def test_a_suspected_fraud_is_closed_or_costs_nothing_by_itself(
    sandbox: SandboxProcess, client: Any, payment: Any
) -> None:
    explained, accepted = (raise_dispute(sandbox, payment, phase="fraud", reason="fraud") for _ in range(2))
    assert sandbox.control(f"disputes/{explained['id']}/close")["status"] == "closed"
    assert client.dispute.accept(accepted["id"])["amount_deducted"] == 0  # the merchant refunds by hand


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ({"amount": 100001}, "contest amount cannot be greater than dispute amount"),
        ({"summary": "x" * 1001}, "may not be greater than 1000 characters"),
        ({"billing_proof": ["receipt.pdf"]}, "is not a valid id"),
        ({"billing_proof": ["doc_EFtmUsbwpXwBH9"]}, "does not exist"),
        ({"action": "send"}, "The selected action is invalid"),
    ],
)
def test_bad_evidence_is_refused(
    sandbox: SandboxProcess, client: Any, payment: Any, evidence: dict[str, Any], text: str
) -> None:
    dispute = raise_dispute(sandbox, payment)
    with pytest.raises(BadRequestError, match=text):
        client.dispute.contest(dispute["id"], evidence)
