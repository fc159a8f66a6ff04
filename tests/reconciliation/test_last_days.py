"""The last 30 days: a day that agrees, one that does not, one whose check failed, and one that nobody looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client

from billing_platform.lib import clock
from reconciliation.findings import Finding, FindingKind
from reconciliation.models import CheckName, CheckRun, Run
from reconciliation.selectors.squares import Standing, squares
from reconciliation.services.recording import note_findings
from reconciliation.services.running import start_run
from tests.reconciliation.language import run

pytestmark = pytest.mark.django_db

SUMS = CheckName.DOCUMENT_SUMS


def yesterday(back: int = 0) -> date:
    return clock.now().astimezone(UTC).date() - timedelta(days=1 + back)


@pytest.fixture
def _days() -> None:
    run(yesterday(4), None, SUMS)
    run(yesterday(3), None, SUMS)
    finding = Finding(FindingKind.INVOICE_SUMS, "one", "Invoice 1", yesterday(3), "1", "2")
    note_findings([finding], check_name=SUMS, reads_from=clock.now())
    start_run(first_day=yesterday(1), last_day=yesterday(1), checks=[SUMS])
    CheckRun.objects.filter(run__first_day=yesterday(1)).update(status="failed", next_attempt_at=None)
    start_run(first_day=yesterday(), last_day=yesterday(), checks=[SUMS])
    Run.objects.update(cause="schedule")


def test_a_day_is_late_hours_after_it_unless_it_was_looked_at_once_it_was_over(monkeypatch: pytest.MonkeyPatch) -> None:
    run(yesterday(-1), None, SUMS)  # today: it is not over
    Run.objects.update(cause="schedule")
    end = datetime.combine(yesterday(-2), time(), tzinfo=UTC)
    for hours, stands in ((1, Standing.NOT_DUE), (7, Standing.LATE)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: end + timedelta(hours=hours))
        (sums,) = [each for each in squares() if each.check == SUMS]
        assert sums.squares[-1].standing == stands


def test_what_is_wrong_in_all_there_is_was_wrong_on_each_day_since_it_was_found() -> None:
    run(yesterday(3), yesterday(), CheckName.BALANCES)
    finding = Finding(FindingKind.PAID_TOTAL, "one", "Invoice 1", yesterday(), "1", "2")
    note_findings([finding], check_name=CheckName.BALANCES, reads_from=clock.now() - timedelta(days=2))
    (balances,) = [each for each in squares() if each.check == CheckName.BALANCES]
    assert [each.discrepancies for each in balances.squares[-4:]] == [0, 1, 1, 1]


@pytest.mark.usefixtures("_days")
def test_each_day_says_how_it_stands(client: Client, admin_user: object) -> None:
    (sums,) = [each for each in squares() if each.check == SUMS]
    assert [each.standing for each in sums.squares[-6:]] == [
        Standing.BEFORE, Standing.AGREES, Standing.DIFFERS, Standing.LATE, Standing.FAILED, Standing.AT_WORK,
    ]  # fmt: skip
    assert len(sums.squares) == 30
    client.force_login(admin_user)  # type: ignore[arg-type]
    page = client.get("/admin/reconciliation/run/actions/last_days/").content.decode()
    assert page.count(f"{Standing.DIFFERS.value}: 1") == 1
    assert f"day={yesterday(3)}" in page
