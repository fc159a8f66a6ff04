"""The hot-log days in the admin: who sees them, which need attention, and the link of a dropped batch."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.backoffice import dashboard
from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.work import waking
from events.models import EventBatch, HotLogDay, UsageEvent
from events.services.proof.verifying import verify_day
from organisations.models import Membership, Organisation, Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url
from tests.admin.test_verbs_are_audited import entry_of
from tests.events.language import batch_of, event, send, settle

LIST = "admin:events_hotlogday_changelist"


@pytest.fixture
def retained(db: None) -> HotLogDay:
    return HotLogDay.objects.create(day=date(2026, 11, 1), retained_because="3 batches are not settled.")


@pytest.fixture
def operator_of_all(db: None) -> Any:
    return factories.member("operator-of-all", None, Membership.Role.OPERATOR)


def listed(client: Client, **filters: str) -> str:
    return client.get(reverse(LIST), filters).content.decode()


def test_a_day_that_is_not_dropped_needs_attention(retained: HotLogDay, operator_of_all: Any) -> None:
    HotLogDay.objects.create(day=date(2026, 11, 2))
    (item,) = dashboard.of(operator_of_all).attention
    assert (item.label, item.count) == ("day of accepted usage retained past its time", 1)
    page = signed_in(operator_of_all).get(item.href).content.decode()
    assert "1 Nov 2026" in page
    assert "3 batches are not settled." in page
    assert "2026-11-02" not in page


def test_prometheus_counts_the_days_that_are_not_dropped(retained: HotLogDay, client: Client) -> None:
    assert "billing_hot_log_days_retained 1.0" in client.get("/metrics").content.decode()


def test_a_hot_log_day_is_shown_only_to_users_of_every_organisation(
    retained: HotLogDay, as_operator: Client, operator: Any, as_admin: Client
) -> None:
    assert "1 Nov 2026" not in listed(as_operator)
    assert as_operator.get(reverse("admin:events_hotlogday_change", args=[retained.pk])).status_code == 302
    assert as_operator.get(action_url(retained, "verify")).status_code in (302, 403, 404)
    assert dashboard.of(operator).attention == ()
    front = reverse("admin:index")
    assert "Days accepted" not in as_operator.get(front).content.decode()
    assert "Days accepted" in as_admin.get(front).content.decode()


def test_the_list_is_filtered_by_state(db: None, as_admin: Client) -> None:
    now = clock.now()
    HotLogDay.objects.create(day=date(2026, 1, 1))
    HotLogDay.objects.create(day=date(2026, 1, 2), checked_at=now, discrepancies=1)
    HotLogDay.objects.create(day=date(2026, 1, 3), checked_at=now, verified_at=now)
    HotLogDay.objects.create(day=date(2026, 1, 4), checked_at=now, verified_at=now, dropped_at=now)
    for number, state in enumerate(["waiting", "differs", "verified", "dropped"], start=1):
        page = listed(as_admin, state=state)
        assert [f">{day} Jan 2026<" in page for day in range(1, 5)] == [day == number for day in range(1, 5)], state
        assert HotLogDay.objects.get(day=date(2026, 1, number)).state == state


def test_verifying_again_is_a_job_and_is_audited(
    retained: HotLogDay, operator_of_all: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(waking, "current_app", SimpleNamespace(send_task=lambda *task: sent.append(task)))
    with django_capture_on_commit_callbacks(execute=True):
        page = act(signed_in(operator_of_all), action_url(retained, "verify"))
    assert "A worker verifies the day" in page.content.decode()
    assert sent == [("events.tasks.verify_hot_log_day", ["2026-11-01", "operator-of-all"])]
    entry = entry_of(retained)
    assert (entry.actor, entry.additional_data["reason"]) == (operator_of_all, "Verify again")


def test_a_day_that_was_dropped_is_not_verified_again(db: None, as_admin: Client) -> None:
    now = clock.now()
    gone = HotLogDay.objects.create(day=date(2026, 11, 1), checked_at=now, verified_at=now, dropped_at=now)
    page = as_admin.get(reverse("admin:events_hotlogday_change", args=[gone.pk])).content.decode()
    assert "Verify again" not in page


def test_findings_are_told_with_their_batch(project: Project, as_admin: Client) -> None:
    yesterday = clock.now() - timedelta(days=1)
    accepted = send(project, event("<b>a</b>", "5"), at=yesterday)
    settle()
    EventBatch.objects.filter(pk=accepted.batch_id).update(counted=0, duplicates=1)
    assert not verify_day(day=yesterday.date()).is_verified
    day = HotLogDay.objects.get()
    page = as_admin.get(reverse("admin:events_hotlogday_change", args=[day.pk])).content.decode()
    assert "Counts of a batch" in page
    assert "0 counted, 1 duplicates, 0 dead-lettered<br>Found: 1 counted" in page
    assert reverse("admin:events_eventbatch_change", args=[accepted.batch_id]) in page
    day.findings[0]["event_id"] = "<b>a</b>"
    day.save()
    page = as_admin.get(reverse("admin:events_hotlogday_change", args=[day.pk])).content.decode()
    assert "&lt;b&gt;a&lt;/b&gt;" in page


def test_an_event_names_the_batch_that_was_dropped_without_a_link(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    accepted = send(project, event("a"), at=clock.now() - timedelta(days=20))
    settle()
    counted = UsageEvent.objects.get()
    address = reverse("admin:events_usageevent_change", args=[counted.pk])
    link = reverse("admin:events_eventbatch_change", args=[accepted.batch_id])
    assert f'href="{link}"' in as_viewer.get(address).content.decode()
    day = batch_of(accepted).received_at.date()
    batch_of(accepted).delete()
    assert f"{accepted.batch_id}: dropped from the hot log." in as_viewer.get(address).content.decode()
    now = clock.now()
    HotLogDay.objects.create(day=day, checked_at=now, verified_at=now, dropped_at=now)
    page = as_viewer.get(address).content.decode()
    today = day_text(now.astimezone(acme.zone))
    assert f"dropped on {today}, after it was verified on {today}." in page
    assert link not in page


def test_the_address_of_a_batch_that_was_dropped_says_so(as_viewer: Client) -> None:
    address = reverse("admin:events_eventbatch_change", args=[uuid4()])
    page = as_viewer.get(address, follow=True)
    assert page.redirect_chain == [(reverse("admin:events_eventbatch_changelist"), 302)]
    assert "Accepted batches are dropped after 7 days" in page.content.decode()
