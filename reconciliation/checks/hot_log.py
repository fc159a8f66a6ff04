"""Accepted events and the ledger, by id: each event of a settled batch was counted once, or it is known why not.

The comparison itself is `events.services.proof`, which also notes its outcome on the day (`HotLogDay`): a day that is
not right is not dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import date

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, NotFound
from events.services.proof.comparing import Finding as EventFinding
from events.services.proof.verifying import DayReport, verify_day
from reconciliation.findings import AtStake, Finding, FindingKind, Tally, Window

BY = "reconciliation"


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Days that are not over, and days whose accepted requests were dropped already, have nothing to compare."""
    for day in window.days:
        report = _verified(day)
        if report is None:
            continue
        tally.compared += report.tally.events
        tally.is_cut_short |= report.discrepancies > len(report.findings)
        if report.tally.unsettled:
            tally.is_cut_short = True  # nothing was compared
            yield _not_settled(day, report)
        for found in report.findings:
            if window.organisation_id in (None, found.organisation_id):
                yield _of(day, found)


def _verified(day: date) -> DayReport | None:
    try:
        return verify_day(day=day, verified_by=BY)
    except NotFound:
        return None
    except DomainError as error:
        if error.code == "DAY_NOT_OVER":
            return None
        raise


def _not_settled(day: date, report: DayReport) -> Finding:
    return Finding(
        FindingKind.BATCH_NOT_SETTLED,
        subject=f"{day}",
        about=f"Requests accepted on {day_text(day)}",
        day=day,
        expected="each batch is settled: counted, or among the dead letters",
        found=report.reason,
    )


def name_of(day: date, kind: str, batch_id: object, event_id: object) -> tuple[FindingKind, str]:
    """Kind and subject of what `events` found on a day, by which a later run knows it again."""
    return FindingKind(kind.lower()), f"{day} {batch_id or ''} {event_id or ''}".strip()


def _of(day: date, found: EventFinding) -> Finding:
    kind, subject = name_of(day, found.kind, found.batch_id, found.event_id)
    what = f"event {found.event_id}" if found.event_id else f"batch {found.batch_id}" if found.batch_id else "all"
    return Finding(
        kind,
        subject=subject,
        about=f"Accepted on {day_text(day)}: {what}",
        day=day,
        expected=found.expected,
        found=found.found,
        organisation_id=found.organisation_id,
        at_stake=AtStake(*astuple(found.at_stake)) if found.at_stake else None,
        facts={name: str(getattr(found, name)) for name in ("batch_id", "event_id") if getattr(found, name)},
    )
