"""Razorpay's JSON → our values. The only place that knows the names of Razorpay's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from payments.gateways.values import Failure, GatewayLink, GatewayOrder, GatewayPayment, GatewayRefund

FAILURE_FIELDS = ("code", "description", "source", "step", "reason")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,40}")


class NamelessEntity(ValueError):
    """A message about an entity without an id: it can't be found again, so no second try will help."""


def parse_order(entity: Mapping[str, Any]) -> GatewayOrder:
    return GatewayOrder(
        id=entity["id"],
        receipt=entity.get("receipt") or "",
        amount_minor=_integer(entity["amount"]),
        currency=entity["currency"],
        status=entity["status"],
    )


def parse_link(entity: Mapping[str, Any]) -> GatewayLink:
    return GatewayLink(
        id=identifier(entity),
        reference=entity.get("reference_id") or "",
        amount_minor=_integer(entity["amount"]),
        currency=entity["currency"],
        status=entity["status"],
        short_url=entity.get("short_url") or "",
        order_id=entity.get("order_id") or "",
    )


def parse_payment(entity: Mapping[str, Any]) -> GatewayPayment:
    """The payment entity of an API answer or a webhook.

    `status` is the truth. `captured` is wrong in some of Razorpay's samples, and read only where the status leaves it
    open: a refunded payment was either captured before, or authorised and released without being captured.
    """
    status = entity["status"]
    return GatewayPayment(
        id=identifier(entity),
        order_id=entity.get("order_id") or "",
        status=status,
        is_captured=status == "captured" or (status == "refunded" and entity.get("captured") is True),
        method=entity.get("method") or "",
        amount_minor=_integer(entity["amount"]),
        currency=entity["currency"],
        amount_refunded_minor=_integer(entity.get("amount_refunded") or 0),
        fee_minor=_optional_integer(entity.get("fee")),
        tax_minor=_optional_integer(entity.get("tax")),
        failure=Failure(**{name: entity.get(f"error_{name}") or "" for name in FAILURE_FIELDS}),
        created_at=datetime.fromtimestamp(entity["created_at"], UTC),
    )


def parse_refund(entity: Mapping[str, Any]) -> GatewayRefund:
    """The refund entity of a webhook. A status that we don't know counts as pending: the money is set aside."""
    status = entity.get("status")
    return GatewayRefund(
        id=identifier(entity),
        payment_id=entity.get("payment_id") or "",
        status=status if status in ("processed", "failed") else "pending",
        amount_minor=_integer(entity["amount"]),
        created_at=datetime.fromtimestamp(entity["created_at"], UTC),
    )


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not an amount in minor units")
    return value


def _optional_integer(value: Any) -> int | None:
    return None if value is None else _integer(value)


def identifier(entity: Mapping[str, Any]) -> str:
    """Razorpay's id of an entity. Raises NamelessEntity when there is none, or when it can't be an id."""
    value = entity.get("id")
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise NamelessEntity(f"It reports about something without an id ({str(value)[:60]!r}).")
    return value
