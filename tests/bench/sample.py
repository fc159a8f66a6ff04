"""What the benchmarks send: usage events of four metrics and two dimensions, and Razorpay's messages."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

METRICS = [("api_calls", "call"), ("storage", "gb"), ("bandwidth", "gb"), ("compute", "second")]
DIMENSIONS = ["region", "tier"]
BATCH = 1_000
MARK = b"@@@@@@@@@@@@"
"""Stands for the part of every id that differs from request to request."""
ORDERS = 101
"""Of Razorpay's messages: each is about a payment of one. No multiple of five, as each fifth is a repetition."""
ORDER = b"@order-number@"
AMOUNT_MINOR = 118_000

_SPAN_SECONDS = 6 * 3600


def batch_template() -> bytes:
    """A request of 1,000 events; put twelve other characters in place of MARK to make it a new one."""
    draw = random.Random(1)
    start = datetime.now(UTC) - timedelta(seconds=_SPAN_SECONDS)
    events = []
    for number in range(BATCH):
        metric, unit = METRICS[number % len(METRICS)]
        events.append(
            {
                "event_id": f"{draw.getrandbits(64):016x}{MARK.decode()}{number:04d}",
                "metric_name": metric,
                "metric_value": round(draw.uniform(0, 100), 4),
                "unit": unit,
                "timestamp": (start + timedelta(seconds=draw.randrange(_SPAN_SECONDS))).isoformat(),
                "metadata": {
                    "region": draw.choice(["in", "us", "eu"]),
                    "tier": draw.choice(["free", "paid"]),
                    "path": f"/v1/items/{number}",
                    "status": 200,
                },
            }
        )
    return json.dumps({"events": events}).encode()


def batches(count: int, prefix: str) -> list[bytes]:
    """`count` requests whose ids occur nowhere else as long as the four-letter prefix doesn't."""
    template = batch_template()
    return [template.replace(MARK, f"{prefix:.4}{number:08d}".encode()) for number in range(count)]


def order_number(sent: int) -> bytes:
    return b"%014d" % (sent % ORDERS)


def webhook_template() -> bytes:
    """A captured payment, about 1,000 bytes as Razorpay's; put other characters in place of MARK and ORDER."""
    payment = {
        "id": f"pay_{ORDER.decode()}",
        "entity": "payment",
        "amount": AMOUNT_MINOR,
        "currency": "INR",
        "status": "captured",
        "order_id": f"order_{ORDER.decode()}",
        "international": False,
        "method": "upi",
        "amount_refunded": 0,
        "refund_status": None,
        "captured": True,
        "description": None,
        "vpa": "payer@upi",
        "email": "payer@example.com",
        "contact": "+919000090000",
        "notes": [],
        "fee": 2784,
        "tax": 425,
        **dict.fromkeys(f"error_{name}" for name in ("code", "description", "source", "step", "reason")),
        "acquirer_data": {"rrn": "267567962619", "upi_transaction_id": MARK.decode()},
        "created_at": int(datetime.now(UTC).timestamp()),
        "upi": {"payer_account_type": "bank_account", "vpa": "payer@upi", "flow": "intent"},
    }
    event = {
        "entity": "event",
        "account_id": "acc_Bench0000000001",
        "event": "payment.captured",
        "contains": ["payment"],
        "payload": {"payment": {"entity": payment}},
        "created_at": payment["created_at"],
    }
    return json.dumps(event, separators=(",", ":")).encode()
