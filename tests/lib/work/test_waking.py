"""A worker gets a message for new work after the commit, and a broker that is down undoes no commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from billing_platform.lib.work import waking
from tests.broker import Broker

pytestmark = pytest.mark.django_db

ID = UUID("0b8e2f9c-7f5e-4f0e-9d53-3b8a6f3a8d11")


def test_a_worker_is_woken_by_the_commit_and_not_before(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(waking, "current_app", broker := Broker())
    with django_capture_on_commit_callbacks(execute=True):
        waking.wake_on_commit("some.task", ID, 7)
        assert broker.sent == []
    assert broker.sent == [("some.task", [str(ID), "7"])]


def test_a_rollback_wakes_nobody(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    monkeypatch.setattr(waking, "current_app", broker := Broker())
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        waking.wake_on_commit("some.task", ID)
        transaction.set_rollback(True)
    assert broker.sent == []


def test_a_broker_that_is_away_undoes_nothing_and_is_noted(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waking, "current_app", Broker(is_up=False))
    with django_capture_on_commit_callbacks(execute=True):
        waking.wake_on_commit("some.task", ID)
    assert "worker not woken" in caplog.text
    assert waking.wake("some.task", ID) is False
