"""Helpers for tests of reconciliation: run checks over some days, and change rows behind the triggers' back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection

from reconciliation.checks import CHECKS
from reconciliation.findings import Finding, Tally, Window
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.services.running import do_check, start_run

OURS = [name for name in CheckName if name not in (CheckName.GATEWAY, CheckName.PAYOUTS)]
"""The checks that do not ask Razorpay."""


def found(check: CheckName, first: date, last: date | None = None, **window: Any) -> list[Finding]:
    """What a check finds."""
    return list(CHECKS[check].find(Window(first, last or first, **window), Tally()))


def run(first: date, last: date | None = None, *checks: str) -> Run:
    """A run that is done."""
    started = start_run(first_day=first, last_day=last or first, checks=checks)
    for check in started.checks.all():
        do_check(check_id=check.pk)
    started.refresh_from_db()
    return started


def states(check: CheckName) -> list[str]:
    return list(Discrepancy.objects.filter(check_name=check).order_by("subject").values_list("state", flat=True))


def check_run(of: Run, check: CheckName) -> CheckRun:
    return of.checks.get(check_name=check)


@contextmanager
def without_triggers() -> Iterator[None]:
    """As a superuser might: triggers, and with them foreign keys, do not run."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin; SET CONSTRAINTS ALL DEFERRED")


def tamper(statement: str, *values: Any) -> None:
    """Change exactly one row or more, behind the triggers' back."""
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "nothing was changed"
