"""What all readers of Razorpay's messages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from organisations.models import Organisation
from payments.models import GatewayAccount, PaymentOrder

Payload = Mapping[str, Any]
NOT_HANDLED = "Messages of this type are stored, and lead to no action."


class Ignored(Exception):
    """Nothing is to be done about the message; the reason is stored on its row, in one sentence."""


@dataclass(frozen=True)
class Subject:
    """What a message is about: whose it is, and which account at Razorpay it belongs to (None: the environment's)."""

    name: str
    organisation: Organisation
    seller_id: UUID
    account: GatewayAccount | None


def subject_of(order: PaymentOrder) -> Subject:
    invoice = order.invoice
    return Subject(f"order {order}", invoice.organisation, invoice.billing_entity_id, order.gateway_account)


def entity_of(payload: Payload, name: str) -> Payload | None:
    holder = payload.get(name)
    entity = holder.get("entity") if isinstance(holder, dict) else None
    return entity if isinstance(entity, dict) else None
