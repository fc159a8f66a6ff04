"""Looking for disputes that no message told us about, and for deadlines that come near."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import NotFound
from payments import emails
from payments.gateways import GatewayError
from payments.gateways.values import GatewayDispute
from payments.models import Dispute
from payments.services.disputes.answering import finish_accepting
from payments.services.disputes.contesting import finish_contesting
from payments.services.disputes.recording import apply_dispute, refresh_dispute
from payments.services.gateway_accounts import gateways_in_use

logger = logging.getLogger(__name__)

RAISED_WITHIN = timedelta(days=30)
"""How far back a look goes: messages are lost for days, not for months. A dispute that we know is asked for until it is
decided."""
DEADLINE_IS_NEAR = timedelta(hours=48)
ANSWER_COMES_WITHIN = timedelta(minutes=10)
"""To what a person answered. After that the call, or its answer, was lost."""


def look_for_disputes() -> int:
    """Ask each account for the disputes of the last weeks, and for older ones that are undecided. How many stand so.

    What can't be asked now is asked by the next look.
    """
    seen: set[str] = set()
    now = clock.now()
    for gateway in gateways_in_use(since=now - RAISED_WITHIN):
        try:
            for report in gateway.disputes_between(now - RAISED_WITHIN, now):
                if _apply(report, now):
                    seen.add(report.id)
        except GatewayError as error:
            logger.warning("disputes not fetched", extra={"account": gateway.key_id, "reason": error.message})
    before = now - ANSWER_COMES_WITHIN
    answered = Q(accepted_at__lt=before) | Q(contested_at__lt=before, status=Dispute.Status.OPEN)
    unseen = ~Q(razorpay_dispute_id__in=seen)
    _refresh_all(Dispute.objects.undecided().filter(answered | unseen))
    remind_of_deadlines()
    return len(seen)


def remind_of_deadlines() -> None:
    """Tell the seller once of each dispute that is to be answered within two days."""
    until = clock.now() + DEADLINE_IS_NEAR
    for dispute in Dispute.objects.to_answer().filter(respond_by__lte=until, respond_by__gte=clock.now()):
        emails.queue_dispute_deadline(dispute)


def _apply(report: GatewayDispute, told_at: datetime) -> bool:
    """False for a payment that another system made with the same account."""
    try:
        apply_dispute(report=report, told_at=told_at)
    except NotFound:
        return False
    return True


def _refresh_all(disputes: QuerySet[Dispute]) -> None:
    for dispute in disputes:
        try:
            _finish(dispute)
        except GatewayError as error:
            logger.warning("dispute not fetched", extra={"dispute": str(dispute), "reason": error.message})


def _finish(dispute: Dispute) -> None:
    """Give the answer that did not arrive, or ask how the dispute stands. Raises GatewayError."""
    if dispute.status == Dispute.Status.OPEN and dispute.accepted_at is not None:
        finish_accepting(dispute=dispute)
    elif dispute.status == Dispute.Status.OPEN and dispute.contested_at is not None:
        finish_contesting(dispute=dispute)
    else:
        refresh_dispute(dispute=dispute)
