"""What becomes of findings: each is noted once and found again by its name, until a later reading lacks it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.batches import batches
from billing_platform.lib.database.sql import query
from reconciliation.findings import ABOUT_LENGTH, SUBJECT_LENGTH, Finding, Window
from reconciliation.models import Discrepancy
from reconciliation.selectors.estimates import with_worth

MOST_STORED = 10_000
"""Of one reading. Who has more of one kind needs another tool than a list; they are counted."""
AT_ONCE = 500

_NOTE = query(__file__, "note_findings")


@dataclass(slots=True)
class Noted:
    """How many findings there were, how many of them are stored, and whether another reading, which overlapped with
    this one, closed some of them as gone: which of the two looked later is not known."""

    found: int = 0
    stored: int = 0
    is_disputed: bool = False


def note_findings(findings: Iterable[Finding], *, check_name: str, reads_from: datetime) -> Noted:
    """Note what a reading found that began at `reads_from`. Safe to repeat, and to be done twice at once."""
    noted = Noted()
    for part in batches(findings, AT_ONCE):
        noted.found += len(part)
        if noted.stored < MOST_STORED:
            noted.stored += len(part)
            noted.is_disputed |= _note(with_worth(part), check_name, reads_from)
    return noted


def close_gone(*, check_name: str, reads_from: datetime, window: Window, by_day: bool) -> bool:
    """Close what a whole reading that began at `reads_from` looked for and did not find any more.

    True if something was left that somebody touched meanwhile, such as another reading that found it: which of the two
    looked later is not known.
    """
    missed = Discrepancy.objects.standing().filter(check_name=check_name, last_seen_at__lt=reads_from)
    if by_day:
        missed = missed.filter(day__gte=window.first, day__lte=window.last)
    if window.organisation_id is not None:
        missed = missed.filter(organisation=window.organisation_id)
    untouched = missed.filter(updated_at__lt=reads_from)
    untouched.update(state=Discrepancy.State.GONE, gone_at=reads_from, updated_at=clock.now())
    return missed.exists()


def _note(findings: Iterable[Finding], check_name: str, reads_from: datetime) -> bool:
    """True if some were closed as gone by a reading that began later."""
    by_name = {(finding.kind, _short(finding.subject)): finding for finding in findings}
    parameters: dict[str, Any] = {"check_name": check_name, "reads_from": reads_from, "now": clock.now()}
    rows = [_row(finding) for finding in by_name.values()]
    names = ("kinds", "subjects", "abouts", "organisations", "days", "expecteds", "founds", "worths", "facts", "gists")
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, parameters | columns)
        if cursor.rowcount == len(rows):
            return False
    gone = Discrepancy.objects.filter(check_name=check_name, state=Discrepancy.State.GONE, gone_at__gte=reads_from)
    return gone.filter(subject__in=columns["subjects"]).exists()


def _row(finding: Finding) -> tuple[object, ...]:
    return (
        finding.kind.value,
        _short(finding.subject),
        finding.about[:ABOUT_LENGTH],
        _text(finding.organisation_id),
        finding.day,
        finding.expected,
        finding.found,
        finding.worth,
        json.dumps(finding.facts),
        finding.gist or f"{finding.expected} / {finding.found}",
    )


def _text(pk: UUID | None) -> str | None:
    return str(pk) if pk else None


def _short(subject: str) -> str:
    return subject[:SUBJECT_LENGTH]
