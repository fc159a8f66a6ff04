"""What outgoing webhooks tell of: every type of event, in one sentence each, for forms, the API and OpenAPI."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError

from billing_platform.lib.errors import quoted

TEST = "endpoint.test"
"""Sent on request to one endpoint, whatever it has subscribed to."""

EVENT_TYPES: dict[str, str] = {
    "invoice.drafted": "A draft was made for a month, or as a one-off invoice.",
    "invoice.finalized": "An invoice was issued: it has its number, and never changes.",
    "invoice.sent": "The e-mail with an invoice was handed over.",
    "invoice.partially_paid": "A part of an invoice was paid.",
    "invoice.paid": "All of an invoice is paid.",
    "invoice.overdue": "An invoice is not paid, and its due date has passed.",
    "invoice.voided": "An issued invoice was cancelled.",
    "credit_note.issued": "A credit note was issued.",
    "payment.authorized": "A payer's bank has set the money aside; it is not taken yet.",
    "payment.captured": "Money came in: by Razorpay, or as an operator recorded it.",
    "payment.failed": "An attempt to pay failed.",
    "payment.reversed": "A recorded payment did not come in after all, such as a cheque that bounced.",
    "refund.created": "A refund was asked for.",
    "refund.processed": "Money was given back.",
    "refund.failed": "A refund failed.",
    "dispute.created": "A payer's bank disputes a payment.",
    "dispute.updated": "A dispute is answered, or waits for an answer.",
    "dispute.closed": "A dispute is decided.",
    "alert.fired": "Usage or cost crossed a threshold of an alert rule, and somebody is told.",
    "alert.acknowledged": "Somebody looks after an alert.",
    "alert.recovered": "What an alert told of does not hold any more.",
    "usage.dead_letter": "Events of a project could not be counted: at most one message a minute for each project.",
    "price.changed": "A price was added, changed or ended.",
}


def validate_event_types(value: Any) -> None:
    """Accepts a list of names of events, each once; empty: all of them."""
    if not isinstance(value, list):
        raise ValidationError("Write a list of types of events.")
    for name in value:
        if not isinstance(name, str) or name not in EVENT_TYPES:
            raise ValidationError(f"{quoted(name)} is no type of event: docs/webhooks.md lists them.")
    if len(set(value)) != len(value):
        raise ValidationError("Name each type of event once.")


def subscribed(event_types: Collection[str], event_type: str) -> bool:
    """Whether an endpoint that chose these types hears of one."""
    return not event_types or event_type in event_types
