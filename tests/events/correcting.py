"""Helpers for tests of corrections: counted, voided and corrected events in November 2026."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing_platform.lib.periods import BillingPeriod
from events.models import UsageCorrection
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.corrections import correct_usage
from events.services.months import close_period
from events.usage.metering import usage_for
from organisations.models import Organisation, Project
from tests.events.language import send, settle

OCTOBER, NOVEMBER = BillingPeriod.parse("2026-10"), BillingPeriod.parse("2026-11")
IN_OCTOBER = "2026-10-20T12:00:00+05:30"
IN_NOVEMBER = "2026-11-10T12:00:00+05:30"
MID_NOVEMBER = datetime(2026, 11, 12, 6, tzinfo=UTC)


def counted(project: Project, *events: dict[str, Any]) -> None:
    send(project, *events)
    settle()


def void(project: Project, event_id: str, **extra: Any) -> UsageCorrection:
    values: dict[str, Any] = {"action": "void", "reason": "sent by mistake", "by": "asha"} | extra
    return correct_usage(organisation=project.organisation, project=project, event_id=event_id, **values)


def correct(project: Project, event_id: str, quantity: str, **extra: Any) -> UsageCorrection:
    return void(project, event_id, action="correct", quantity=Decimal(quantity), **extra)


def usage(project: Project, period: BillingPeriod = NOVEMBER) -> Decimal:
    """What a month's invoice would be computed from, where there is one metric."""
    rows = usage_for(organisation=project.organisation, period=period)
    return sum((row.quantity for row in rows), Decimal(0))


def assert_rebuild_agrees(organisation: Organisation) -> None:
    for period in (OCTOBER, NOVEMBER, NOVEMBER.next()):
        report = rebuild_aggregates(organisation=organisation, period=period, dry_run=True)
        assert report.differences == 0, (period, report)


def close_october(organisation: Organisation) -> None:
    close_period(organisation=organisation, period=OCTOBER, closed_by="test")
