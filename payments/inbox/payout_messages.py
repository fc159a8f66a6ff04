"""Messages about payouts."""

from __future__ import annotations

from dataclasses import dataclass

from billing_platform.lib.work.waking import wake_on_commit
from payments.gateways.entities import parse_payout
from payments.inbox.messages import NOT_HANDLED, Ignored, Payload, entity_of
from payments.models import GatewayAccount


@dataclass(frozen=True)
class PayoutMessage:
    """Razorpay transferred money to the bank: a payout belongs to no order, and to no single customer."""

    payout_id: str
    subject: None = None

    def apply(self) -> str:
        """Returns what came of it, as a sentence for operators."""
        wake_on_commit("payments.tasks.fetch_payouts")
        return f"A worker was told to fetch payout {self.payout_id} with its lines; the daily fetch does it otherwise."


def read_payout(payload: Payload, _account: GatewayAccount | None) -> PayoutMessage:
    """Raises Ignored, NamelessEntity, ValueError or KeyError for a malformed entity."""
    entity = entity_of(payload, "settlement")
    if entity is None:
        raise Ignored(NOT_HANDLED)
    return PayoutMessage(parse_payout(entity).id)
