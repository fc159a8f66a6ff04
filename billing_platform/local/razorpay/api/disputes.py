"""/v1/disputes."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.balance_entities import dispute_json, settlement_json
from billing_platform.local.razorpay.entities import collection, payment_json
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.lookup import DISPUTES, get_dispute, page
from billing_platform.local.razorpay.models import Dispute
from billing_platform.local.razorpay.services import disputes


def _list(request: HttpRequest) -> JSON:
    return collection([_expanded(request, dispute) for dispute in page(DISPUTES.all(), request.GET.dict())])


def _fetch(request: HttpRequest, dispute_id: str) -> JSON:
    return _expanded(request, get_dispute(dispute_id))


def _expanded(request: HttpRequest, dispute: Dispute) -> JSON:
    entity, wanted = dispute_json(dispute), request.GET.getlist("expand[]")
    if "payment" in wanted:
        entity["payment"] = payment_json(dispute.payment)
    if "transaction.settlement" in wanted:
        entry = dispute.entries.select_related("settlement").first()
        settled = settlement_json(entry.settlement) if entry and entry.settlement else None
        entity["transaction"] = {"settlement": settled}
    return entity


def _accept(request: HttpRequest, dispute_id: str) -> JSON:
    return dispute_json(disputes.accept_dispute(dispute_id=dispute_id))


def _contest(request: HttpRequest, dispute_id: str) -> JSON:
    return dispute_json(disputes.contest_dispute(dispute_id=dispute_id, data=body_of(request)))


dispute_list = endpoint(GET=_list)
dispute_detail = endpoint(GET=_fetch)
dispute_accept = endpoint(POST=_accept)
dispute_contest = endpoint(PATCH=_contest)
