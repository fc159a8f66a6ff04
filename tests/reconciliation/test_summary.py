"""What operators hear: a summary of each daily run, once; that a check failed; that nobody looks any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing_platform.lib import clock
from organisations.models import Notification
from reconciliation.findings import Finding, FindingKind
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.selectors.backlog import last_run_age_seconds, open_by_check
from reconciliation.services import running
from reconciliation.services.recording import note_findings
from reconciliation.services.running import do_check, start_daily_run
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import action_url, token

pytestmark = pytest.mark.django_db

SUMS = CheckName.DOCUMENT_SUMS


@pytest.fixture
def olga() -> Any:
    person = factories.member("olga", None, "operator")
    person.email = "olga@example.com"
    person.save()
    return person


@pytest.fixture(autouse=True)
def _two_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (SUMS, CheckName.BALANCES)
    monkeypatch.setattr(running, "CHECKS", {name: running.CHECKS[name] for name in names})


def differs(name: str, worth: int | None, ago: timedelta = timedelta(0)) -> None:
    day = clock.now().astimezone(UTC).date() - timedelta(days=40)  # no day of the run closes it
    finding = Finding(FindingKind.INVOICE_SUMS, name, f"Invoice {name}", day, "1", "2", worth=worth and Decimal(worth))
    note_findings([finding], check_name=SUMS, reads_from=clock.now() - ago)


def daily() -> Run:
    run = start_daily_run()
    assert run is not None
    return run


def ended(run: Run) -> list[Notification]:
    for _twice in range(2):
        for check in run.checks.all():
            do_check(check_id=check.pk)
        running.end_runs()
    return list(Notification.objects.all())


def test_the_daily_run_is_told_once_with_the_worst_first(olga: Any) -> None:
    differs("old", 50, timedelta(days=3))
    differs("gone", None, timedelta(days=3))
    run = daily()
    for name, worth in (("small", 5), ("large", 5000), ("unknown", None)):
        differs(name, worth)
    Discrepancy.objects.filter(subject="gone").update(state="gone", gone_at=clock.now())
    (mail,) = ended(run)
    assert (mail.recipients, mail.organisation) == (["olga@example.com"], None)
    assert mail.subject == f"Reconciliation of {run}: 3 new, 1 still stands"
    places = [mail.text.index(f"Invoice {name}") for name in ("large", "small", "unknown", "old", "gone")]
    assert places == sorted(places)
    assert "New: 3, worth about ₹5,005.00" in mail.text
    assert "about ₹50.00 · since" in mail.text
    assert "0 compared, all agree" in mail.text
    assert f"/admin/reconciliation/discrepancy/{Discrepancy.objects.get(subject='old').pk}/change/" in mail.html


@pytest.mark.parametrize(("always", "mails"), [(False, 0), (True, 1)])
def test_nothing_is_told_where_all_agrees_unless_it_is_wanted(
    olga: Any, settings: Any, always: bool, mails: int
) -> None:
    settings.RECONCILIATION_MAIL_ALWAYS = always
    settings.RECONCILIATION_MAIL_TO = ["books@example.com"]
    told = ended(daily())
    assert [(mail.recipients, mail.subject.endswith(": all agrees")) for mail in told] == [
        (["books@example.com"], True)
    ] * mails


def test_a_failed_check_is_told_stands_on_the_dashboard_and_is_run_again(olga: Any) -> None:
    run = daily()
    CheckRun.objects.filter(run=run, check_name=SUMS).update(
        status="failed", next_attempt_at=None, last_failure="The disk is full."
    )
    (mail,) = ended(run)
    assert mail.subject.endswith(": 1 check failed")
    assert "FAILED\n  The disk is full." in mail.text
    browser, url = signed_in(olga), action_url(run, "run_again")
    assert "has a check that failed" in browser.get("/admin/").content.decode()
    assert "The disk is full." in browser.get(url).content.decode()
    browser.post(url, {"once": token(browser, url)})
    assert list(Run.objects.failed()) == [run]
    again = Run.objects.exclude(pk=run.pk).get()
    assert [check.check_name for check in again.checks.all()] == [SUMS]
    ended(again)
    assert not Run.objects.failed().exists()
    assert Notification.objects.count() == 1  # who asked for a run looks at it


def test_a_daily_run_that_nobody_began_or_ended_is_late_and_told_once_a_day(
    olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = daily()
    ended(run)
    after = datetime.combine(run.last_day + timedelta(days=2), datetime.min.time(), tzinfo=UTC)
    for hours, late in ((5, 0), (7, 1), (8, 1), (31, 2)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: after + timedelta(hours=hours))
        running.tell_of_late_run()
        assert Notification.objects.filter(kind="reconciliation_late").count() == late
    assert "is late" in signed_in(olga).get("/admin/").content.decode()
    browser, url = signed_in(olga), action_url(run, "begin_daily")
    browser.post(url, {"once": token(browser, url)})
    Run.objects.exclude(pk=run.pk).update(created_at=clock.now())
    assert not Run.objects.late().exists()
    monkeypatch.setattr(clock, "now", lambda: after + timedelta(hours=50))
    assert Run.objects.late().count() == 1  # begun, and at work ever since


def test_metrics_name_each_check_and_the_age_of_the_last_whole_run(client: Client) -> None:
    assert open_by_check() == dict.fromkeys(CheckName.values, 0)
    assert last_run_age_seconds() is None
    differs("one", None)
    ended(daily())
    Run.objects.update(finished_at=clock.now() - timedelta(hours=2))
    page = client.get("/metrics").content.decode()
    assert 'billing_discrepancies_open{check="document_sums"} 1.0' in page
    assert 'billing_discrepancies_open{check="balances"} 0.0' in page
    assert 7200 <= (last_run_age_seconds() or 0) < 7300
    CheckRun.objects.update(status="failed")
    assert last_run_age_seconds() is None
