"""How a customer's requests stand in the portal: in its words, with who answered as the seller, not as a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing_platform.lib.dates_in_words import day_text
from invoicing.models import InvoiceQuestion, QuestionMessage
from organisations.models import DetailsRequest
from organisations.services.details_requests import LABELS, shown, sorted_values
from payments.customer.portal.access import Portal
from payments.models import SentCertificate

QUESTION_STATES = {
    "open": ("Waits for our answer", "warn"),
    "answered": ("Answered", "good"),
    "closed": ("Settled", "plain"),
}
DETAILS_STATES = {
    "open": ("We are checking it", "warn"),
    "approved": ("Changed", "good"),
    "rejected": ("Not changed", "bad"),
}
CERTIFICATE_STATES = {
    "to_check": ("We are checking it", "warn"),
    "accepted": ("Accepted", "good"),
    "rejected": ("Not accepted", "bad"),
}


def message_row(portal: Portal, message: QuestionMessage) -> dict[str, Any]:
    is_ours = message.side == QuestionMessage.Side.SELLER
    by = portal.brand.name if is_ours else "You"
    return {"by": by, "is_ours": is_ours, "day": _day(portal, message.created_at), "text": message.text}


def question_row(portal: Portal, question: InvoiceQuestion) -> dict[str, Any]:
    label, tone = QUESTION_STATES[question.status]
    line = question.line
    address = portal.address("portal_question", invoice_id=question.invoice_id)
    messages = list(question.messages.all())
    return {
        "about": f"{question.invoice.number}: {line.description}" if line else question.invoice.number,
        "url": f"{address}?line={line.pk}" if line else address,
        "last": message_row(portal, messages[-1]) if messages else None,
        "day": _day(portal, question.created_at),
        "state": label,
        "tone": tone,
    }


def details_row(portal: Portal, request: DetailsRequest) -> dict[str, Any]:
    label, tone = DETAILS_STATES[request.status]
    values = sorted_values(request.proposed)
    return {
        "values": [(LABELS[name], shown(name, value) or "empty") for name, value in values],
        "reason": request.reason,
        "day": _day(portal, request.created_at),
        "state": label,
        "tone": tone,
    }


def certificate_row(portal: Portal, sent: SentCertificate) -> dict[str, Any]:
    label, tone = CERTIFICATE_STATES[sent.status]
    return {
        "number": sent.certificate_number,
        "quarter": sent.quarter,
        "amount": sent.amount_text,
        "reason": sent.reason,
        "day": _day(portal, sent.created_at),
        "state": label,
        "tone": tone,
    }


def _day(portal: Portal, moment: datetime) -> str:
    return day_text(moment.astimezone(portal.organisation.zone).date())
