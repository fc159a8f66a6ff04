"""The cast, and what every test may count on: a clean cache, no forgotten API keys, tasks that run when asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test.client import Client

from billing_platform.celery import app
from billing_platform.lib import slow_answers
from organisations.access import authentication
from organisations.admin import overview
from organisations.models import ApiKey, Membership, Organisation, Project
from payments.models.payment_allocation import PaidInvoice
from tests import factories, fresh_tables
from tests.mailbox import Mailbox, smtp_server


@pytest.fixture(autouse=True)
def _fresh_process_state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches of the process and of Valkey don't leak from one test into the next. On a busy machine no answer takes so
    long that the next question gets it as well."""
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 3_600)
    authentication.forget_cached_keys()
    overview.forget_statements()
    if {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker("django_db"):
        cache.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        fresh_tables.keep()


@pytest.fixture
def connection_outlives_requests() -> Iterator[None]:
    """For tests that call the WSGI application: the end of a request would close the connection with the test's rows.
    Django's own test client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers where tasks are sent to."""
    for name in ("broker_write_url", "broker_url"):  # in this order: the first reads as the second unless it is set
        monkeypatch.setattr(app.conf, name, "redis://127.0.0.1:1/0")
    app._after_fork()  # forgets the pools of connections, which keep the address they were made with
    yield
    monkeypatch.undo()
    app._after_fork()


@pytest.fixture
def own_media(settings: Any, tmp_path: Path) -> None:
    """Documents and logos of this test alone, by the names that it expects."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def paid_by_nobody(db: None) -> None:
    """Paid totals that stand alone: what payments promise about them is not looked at. The test's end rolls it back."""
    (promise,) = PaidInvoice._meta.triggers
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE invoicing_invoice DISABLE TRIGGER {promise.get_pgid(PaidInvoice)}")


@pytest.fixture
def acme(db: None) -> Organisation:
    """Karnataka, GSTIN, rupees: same State as the seller."""
    return factories.organisation("Acme")


@pytest.fixture
def globex(db: None) -> Organisation:
    """A customer in the United States, billed in dollars."""
    return factories.organisation("Globex", country="US", state_code="", currency="USD", time_zone="America/New_York")


@pytest.fixture
def project(acme: Organisation) -> Project:
    return factories.project(acme)


@pytest.fixture
def project_key(project: Project) -> str:
    """Acme's project key, in clear."""
    return factories.project_key(project)


@pytest.fixture
def viewer(acme: Organisation) -> Any:
    return factories.member("viewer", acme, Membership.Role.VIEWER)


@pytest.fixture
def operator(acme: Organisation) -> Any:
    return factories.member("operator", acme, Membership.Role.OPERATOR)


@pytest.fixture
def admin_user(db: None) -> Any:
    """Admin of every organisation."""
    return factories.member("admin", None, Membership.Role.ADMIN)


@pytest.fixture
def admin_key(admin_user: Any) -> str:
    """A back-office key for everything, in clear."""
    return factories.admin_key(admin_user, ApiKey.Scope.ADMIN)


@pytest.fixture
def api(admin_key: str) -> Client:
    """An HTTP client that carries the back-office key."""
    return factories.client(admin_key)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """What a real SMTP server was given during the test."""
    with smtp_server(settings) as box:
        yield box
