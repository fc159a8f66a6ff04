"""Razorpay's JSON → our values. The only place that knows the names of Razorpay's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from payments.gateways.values import (
    Failure,
    GatewayCustomer,
    GatewayDispute,
    GatewayDowntime,
    GatewayLink,
    GatewayOrder,
    GatewayPayment,
    GatewayPayout,
    GatewayRefund,
    GatewayRegistration,
    GatewayToken,
    ReconRow,
)

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
        amount_paid_minor=_integer(entity.get("amount_paid") or 0),
        expires_at=_optional_time(entity.get("expire_by")),
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
        created_at=_time(entity["created_at"]),
        customer_id=entity.get("customer_id") or "",
        token_id=entity.get("token_id") or "",
        bank_reference=_bank_reference(entity, "utr", "rrn", "bank_transaction_id", "transaction_id"),
        payer_bears_fee=entity.get("fee_bearer") == "customer",
    )


def parse_refund(entity: Mapping[str, Any]) -> GatewayRefund:
    """The refund entity of an API answer or a webhook.

    A status that we don't know counts as pending: the money is set aside.
    """
    status = entity.get("status")
    return GatewayRefund(
        id=identifier(entity),
        payment_id=entity.get("payment_id") or "",
        status=status if status in ("processed", "failed") else "pending",
        amount_minor=_integer(entity["amount"]),
        created_at=_time(entity["created_at"]),
        currency=entity.get("currency") or "",
        bank_reference=_bank_reference(entity, "arn", "rrn", "utr"),
        receipt=entity.get("receipt") or _note(entity, "refund_number"),
    )


def _note(entity: Mapping[str, Any], name: str) -> str:
    """Of an entity's notes, which are a list where there are none."""
    notes = entity.get("notes")
    return str(notes.get(name) or "") if isinstance(notes, dict) else ""


def parse_customer(entity: Mapping[str, Any]) -> GatewayCustomer:
    return GatewayCustomer(
        id=identifier(entity),
        name=entity.get("name") or "",
        email=entity.get("email") or "",
        phone=entity.get("contact") or "",
    )


def parse_registration(entity: Mapping[str, Any]) -> GatewayRegistration:
    """A registration link is an invoice of Razorpay's."""
    return GatewayRegistration(
        id=identifier(entity),
        receipt=entity.get("receipt") or "",
        order_id=entity.get("order_id") or "",
        customer_id=entity.get("customer_id") or "",
        payment_id=entity.get("payment_id") or "",
        status=entity["status"],
        short_url=entity.get("short_url") or "",
    )


def parse_charge(answer: Mapping[str, Any]) -> str:
    """Razorpay answers a recurring charge with nothing but the id of the payment."""
    return identifier({"id": answer["razorpay_payment_id"]})


def parse_token(entity: Mapping[str, Any]) -> GatewayToken:
    details = _object(entity, "recurring_details")
    return GatewayToken(
        id=identifier(entity),
        customer_id=entity.get("customer_id") or "",
        method=entity.get("method") or "",
        status=details.get("status") or "",
        failure_reason=details.get("failure_reason") or "",
        max_amount_minor=_optional_integer(entity.get("max_amount")),
        expires_at=_optional_time(entity.get("expired_at")),
        shown_as=_instrument(entity),
        created_at=_time(entity["created_at"]),
    )


def parse_payout(entity: Mapping[str, Any]) -> GatewayPayout:
    return GatewayPayout(
        id=identifier(entity),
        amount_minor=_integer(entity["amount"]),
        status=entity["status"],
        fees_minor=_integer(entity.get("fees") or 0),
        tax_minor=_integer(entity.get("tax") or 0),
        utr=entity.get("utr") or "",
        created_at=_time(entity["created_at"]),
    )


def parse_recon_row(entity: Mapping[str, Any]) -> ReconRow:
    """`notes` is left unread: it is a text, an object or nothing."""
    is_payment = entity["type"] == "payment"
    return ReconRow(
        entity_id=entity["entity_id"],
        type=entity["type"],
        payment_id=entity["entity_id"] if is_payment else entity.get("payment_id") or "",
        order_id=entity.get("order_id") or "",
        dispute_id=entity.get("dispute_id") or "",
        payout_id=entity.get("settlement_id") or "",
        utr=entity.get("settlement_utr") or "",
        amount_minor=_integer(entity["amount"]),
        credit_minor=_integer(entity["credit"]),
        debit_minor=_integer(entity["debit"]),
        fee_minor=_integer(entity.get("fee") or 0),
        tax_minor=_integer(entity.get("tax") or 0),
        currency=entity["currency"],
        description=entity.get("description") or "",
        is_on_hold=bool(entity.get("on_hold")),
        is_paid_out=bool(entity.get("settled")),
        created_at=_time(entity["created_at"]),
        paid_out_at=_optional_time(entity.get("settled_at")),
    )


def parse_dispute(entity: Mapping[str, Any]) -> GatewayDispute:
    return GatewayDispute(
        id=identifier(entity),
        payment_id=entity["payment_id"],
        amount_minor=_integer(entity["amount"]),
        currency=entity["currency"],
        amount_deducted_minor=_integer(entity.get("amount_deducted") or 0),
        reason_code=entity.get("reason_code") or "",
        reason=entity.get("reason_description") or "",
        phase=entity.get("phase") or "",
        status=entity["status"],
        respond_by=_optional_time(entity.get("respond_by")),
        created_at=_time(entity["created_at"]),
    )


WAYS = {"upi": "UPI", "card": "card", "netbanking": "net banking", "wallet": "wallet", "emandate": "e-mandate"}


def parse_downtime(entity: Mapping[str, Any]) -> GatewayDowntime:
    """`instrument` names the bank, network or app that is down, if it is not the whole way to pay."""
    method = str(entity.get("method") or "one way to pay")[:40]
    named = ", ".join(str(value) for value in _object(entity, "instrument").values() if value and value != "ALL")
    return GatewayDowntime(
        id=identifier(entity),
        way=WAYS.get(method, method) + (f" ({named[:40]})" if named else ""),
        severity=str(entity.get("severity") or "")[:20],
        status=entity["status"],
        begins_at=_time(entity.get("begin") or entity["created_at"]),
        ends_at=_optional_time(entity.get("end")),
        updated_at=_time(entity.get("updated_at") or entity["created_at"]),
    )


def _instrument(token: Mapping[str, Any]) -> str:
    """What people recognise of a mandate: never more of a number than its last four digits."""
    card, vpa, account = (_object(token, name) for name in ("card", "vpa", "bank_details"))
    if card.get("last4"):
        return f"{card.get('network') or 'Card'} ending in {card['last4']}"
    if vpa.get("username"):
        return f"{vpa['username']}@{vpa.get('handle') or ''}"
    number = str(account.get("account_number") or "")
    if number:
        bank = token.get("bank")
        return f"{bank} account ending in {number[-4:]}" if bank else f"Account ending in {number[-4:]}"
    return str(token.get("bank") or token.get("wallet") or "")


def _bank_reference(entity: Mapping[str, Any], *names: str) -> str:
    data = _object(entity, "acquirer_data")
    return next((str(data[name]) for name in names if data.get(name)), "")


def _object(entity: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Razorpay writes an empty object as [], as null, or not at all."""
    value = entity.get(name)
    return value if isinstance(value, dict) else {}


def _time(value: Any) -> datetime:
    return datetime.fromtimestamp(_integer(value), UTC)


def _optional_time(value: Any) -> datetime | None:
    """0 and null both mean that there is none."""
    return _time(value) if value else None


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
