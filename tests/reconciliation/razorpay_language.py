"""Helpers for tests of Razorpay's side: change rows in the sandbox behind its back, and let time pass for messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

from billing_platform.lib import clock
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services import resolving
from reconciliation.services.running import do_check
from tests.local.razorpay.harness import SandboxProcess
from tests.reconciliation.language import run


@contextmanager
def later(hours: int) -> Iterator[datetime]:
    """So long from now: what was just done is old enough to be judged."""
    then = clock.now() + timedelta(hours=hours)
    with clock.standing_at(then):
        yield then


def there(razorpay: SandboxProcess, statement: str, *values: Any) -> int:
    """Change rows of the sandbox; how many. `{payment}` and its like are tables."""
    tables = {name: f"razorpay_sandbox_{name}" for name in ("order", "payment", "refund", "paymentlink", "settlement")}
    with closing(sqlite3.connect(razorpay.directory / "sandbox.sqlite3", timeout=10)) as database, database:
        return database.execute(statement.format(**tables), values).rowcount


def lose(razorpay: SandboxProcess, table: str, name: str) -> Callable[[], None]:
    """Take a row out of the sandbox; what is returned puts it back."""
    with closing(sqlite3.connect(razorpay.directory / "sandbox.sqlite3", timeout=10)) as database, database:
        query = f"SELECT * FROM razorpay_sandbox_{table} WHERE public_id = ?"
        row = database.execute(query, [name]).fetchone()
        database.execute(f"DELETE FROM razorpay_sandbox_{table} WHERE public_id = ?", [name])
    marks = ", ".join("?" * len(row))
    return lambda: _executed(razorpay, f"INSERT INTO razorpay_sandbox_{table} VALUES ({marks})", row)


def _executed(razorpay: SandboxProcess, statement: str, values: Any) -> None:
    there(razorpay, statement, *values)


def found_once(check: CheckName, kind: str) -> Discrepancy:
    """A run over the day of what was just done finds exactly this."""
    today = clock.now().date()
    with later(1):
        run(today, None, check)
    assert list(Discrepancy.objects.values_list("kind", flat=True)) == [kind]
    return Discrepancy.objects.get()


def closed_by_repair(discrepancy: Discrepancy, by: Any) -> str:
    """The state after its repair, and after the run that it begins."""
    with later(2):
        again = resolving.repair(discrepancy_id=discrepancy.pk, by=by)
    with later(3):
        for check in again.checks.all():
            do_check(check_id=check.pk)
    discrepancy.refresh_from_db()
    return str(discrepancy.state)


def closed_by_itself(discrepancy: Discrepancy) -> str:
    with later(2):
        run(discrepancy.day, None, discrepancy.check_name)
    discrepancy.refresh_from_db()
    return str(discrepancy.state)
