"""Settlements, adjustments and disputes."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from billing_platform.local.razorpay.balance_entities import dispute_json, settlement_json
from billing_platform.local.razorpay.control.endpoint import Route, control, options_of
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.models import BalanceEntry, Dispute
from billing_platform.local.razorpay.services import balance, disputes, settlements
from billing_platform.local.razorpay.validation import clean_integer

DECISIONS: dict[str, Callable[..., Dispute]] = {
    "win": disputes.win_dispute,
    "lose": disputes.lose_dispute,
    "close": disputes.close_dispute,
    "action_required": disputes.demand_evidence,
}


def _settle(request: HttpRequest) -> JSON:
    """Settle what waits, due or not; `most` (paise) leaves payments for later; `outcome=failed` moves nothing."""
    options = options_of(request)
    most = clean_integer(options["most"], "most") if "most" in options else None
    return settlement_json(settlements.settle_now(most=most, fails=options.get("outcome") == "failed"))


def _waiting(request: HttpRequest) -> JSON:
    entries = BalanceEntry.objects.filter(settlement=None)
    return {"amount": balance.net_of(entries), "count": entries.count()}


def _adjust(request: HttpRequest) -> JSON:
    options = options_of(request)
    entry = balance.record_adjustment(
        amount=clean_signed(options.get("amount")), description=str(options.get("description", "Adjustment"))
    )
    return {"id": entry.public_id, "credit": entry.credit, "debit": entry.debit, "description": entry.description}


def clean_signed(value: object) -> int:
    """Paise, negative for a debit."""
    text = str(value)
    number = clean_integer(text.removeprefix("-"), "amount")
    return -number if text.startswith("-") else number


def _dispute(request: HttpRequest, payment_id: str) -> JSON:
    """Also `amount`, `phase`, `reason`, and `respond_within` in seconds."""
    options = options_of(request)
    unknown = set(options) - {"amount", "phase", "reason", "respond_within"}
    if unknown:
        raise RazorpayError(f"unknown options: {', '.join(sorted(unknown))}")
    for name in {"amount", "respond_within"} & set(options):
        options[name] = clean_integer(options[name], name)
    return dispute_json(disputes.open_dispute(payment_id=payment_id, **options))


def _decide(decide: Callable[..., Dispute]) -> Callable[..., HttpResponse]:
    def handler(request: HttpRequest, dispute_id: str) -> JSON:
        return dispute_json(decide(dispute_id=dispute_id))

    return control(POST=handler)


ROUTES: list[Route] = [
    ("settlements", control(GET=_waiting, POST=_settle)),
    ("adjustments", control(POST=_adjust)),
    ("payments/<str:payment_id>/dispute", control(POST=_dispute)),
    *((f"disputes/<str:dispute_id>/{verb}", _decide(decide)) for verb, decide in DECISIONS.items()),
]
