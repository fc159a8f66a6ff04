"""Helpers for tests of payments: issue an invoice, report a payment, deliver a webhook."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from billing_platform.lib import hmac_signatures
from invoicing.models import Invoice
from invoicing.services.drafting import create_one_off_draft
from invoicing.services.issuing import finalize_invoice
from organisations.models import Organisation
from payments.gateways import GatewayPayment
from payments.gateways.values import Failure
from payments.inbox.processing import process_webhook
from payments.inbox.receiving import receive_webhook
from payments.models import InboundWebhook, PaymentOrder
from tests.local.razorpay.harness import WEBHOOK_SECRET

CREATED_AT = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def issued_invoice(organisation: Organisation, price: str = "1000") -> Invoice:
    """One line; with 18% GST the price of 1000 makes 1180.00."""
    draft = create_one_off_draft(
        organisation=organisation, lines=[{"description": "Set-up", "quantity": "1", "unit_price": price}]
    )
    return finalize_invoice(invoice_id=draft.pk)


def open_order(invoice: Invoice, razorpay_id: str = "order_Test0000000001") -> PaymentOrder:
    """An order as if Razorpay had confirmed it."""
    due = invoice.amount_due
    return PaymentOrder.objects.create(
        invoice=invoice,
        kind="order",
        amount=due,
        currency=invoice.currency,
        amount_minor=int(due * 100),
        status="open",
        next_attempt_at=None,
        razorpay_order_id=razorpay_id,
    )


def reported(order: PaymentOrder, status: str = "captured", **changes: Any) -> GatewayPayment:
    values: dict[str, Any] = {
        "id": "pay_Test0000000001",
        "order_id": order.razorpay_order_id,
        "status": status,
        "is_captured": status == "captured",
        "method": "upi",
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "amount_refunded_minor": 0,
        "fee_minor": None,
        "tax_minor": None,
        "failure": Failure("BAD_REQUEST_ERROR", "Declined", "bank", "payment_authorization", "declined")
        if status == "failed"
        else Failure(),
        "created_at": CREATED_AT,
    }
    return GatewayPayment(**values | changes)


def payment_entity(order: PaymentOrder, status: str, **changes: Any) -> dict[str, Any]:
    """A payment as webhooks spell it."""
    failed = status == "failed"
    return {
        "id": "pay_Test0000000001",
        "entity": "payment",
        "amount": order.amount_minor,
        "currency": order.currency,
        "status": status,
        "order_id": order.razorpay_order_id,
        "method": "upi",
        "amount_refunded": 0,
        "captured": status == "captured",
        "fee": 2784 if status == "captured" else None,
        "tax": 425 if status == "captured" else None,
        "notes": [],
        "error_code": "BAD_REQUEST_ERROR" if failed else None,
        "error_description": "Declined by the bank" if failed else None,
        "error_source": "bank" if failed else None,
        "error_step": "payment_authorization" if failed else None,
        "error_reason": "card_declined" if failed else None,
        "created_at": int(CREATED_AT.timestamp()),
    } | changes


def event_body(name: str, payload: dict[str, Any], created_at: int = 1767225600) -> bytes:
    envelope = {
        "entity": "event",
        "account_id": "acc_Test0000000001",
        "event": name,
        "contains": list(payload),
        "payload": {key: {"entity": entity} for key, entity in payload.items()},
        "created_at": created_at,
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def receive(name: str, payload: dict[str, Any], event_id: str = "evt_1") -> InboundWebhook:
    """One event; two with the same content are two, since they happened at different times."""
    body = event_body(name, payload, created_at=1767225600 + zlib.crc32(event_id.encode()) % 1000)
    return receive_webhook(
        body=body,
        signature=hmac_signatures.sign(body, WEBHOOK_SECRET),
        event_id=event_id,
        headers={"User-Agent": "Razorpay"},
    )


def deliver(name: str, payload: dict[str, Any], event_id: str) -> InboundWebhook:
    """Receive and process one event."""
    webhook = receive(name, payload, event_id)
    process_webhook(webhook_id=webhook.pk)
    webhook.refresh_from_db()
    return webhook


def received(deliveries: list[dict[str, Any]]) -> list[InboundWebhook]:
    """What the sandbox would have posted, stored and not processed."""
    stored = []
    for delivery in deliveries:
        headers = {name.lower(): value for name, value in delivery["headers"].items()}
        webhook = receive_webhook(
            body=delivery["body"].encode(),
            signature=headers["x-razorpay-signature"],
            event_id=headers["x-razorpay-event-id"],
            headers=delivery["headers"],
        )
        stored.append(webhook)
    return stored


def hand_over(deliveries: list[dict[str, Any]]) -> list[InboundWebhook]:
    """What the sandbox would have posted, processed in the given order."""
    stored = []
    for delivery in deliveries:
        [webhook] = received([delivery])
        process_webhook(webhook_id=webhook.pk)
        webhook.refresh_from_db()
        stored.append(webhook)
    return stored


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make the calls at the same moment, each in a thread with a connection of its own; what each returned, or the
    exception that it raised. For tests with `transaction=True`."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            start.wait(30)
            results[number] = calls[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def refund_entity(name: str, amount: int, status: str) -> dict[str, Any]:
    """A refund as webhooks spell it."""
    return {
        "id": name,
        "entity": "refund",
        "amount": amount,
        "currency": "INR",
        "payment_id": "pay_Test0000000001",
        "notes": [],
        "status": status,
        "created_at": int(CREATED_AT.timestamp()),
    }
