"""Idempotency-Key: a retried request changes nothing the second time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test.client import Client

from billing_platform.lib import clock
from organisations.models import IdempotencyRecord, Membership, Organisation, Project
from tests import factories

URL = "/api/v1/admin/organisations"


def _post(client: Client, acme: Organisation, name: str, key: str = "retry-1") -> object:
    return client.post(
        f"{URL}/{acme.pk}/projects", {"name": name}, content_type="application/json", headers={"Idempotency-Key": key}
    )


@pytest.mark.django_db
def test_the_stored_answer_is_replayed(api: Client, acme: Organisation) -> None:
    first, second = _post(api, acme, "Main"), _post(api, acme, "Main")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert Project.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_a_conflict(api: Client, acme: Organisation) -> None:
    _post(api, acme, "Main")
    other = _post(api, acme, "Other")
    assert other.status_code == 409
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.django_db
def test_a_refused_request_may_be_corrected_under_the_same_key(api: Client, acme: Organisation) -> None:
    assert _post(api, acme, "").status_code == 400
    assert _post(api, acme, "Main").status_code == 201


@pytest.mark.django_db
def test_two_tenants_may_use_the_same_key(api: Client, acme: Organisation, globex: Organisation) -> None:
    other = factories.client(factories.admin_key(factories.member("g", globex, Membership.Role.ADMIN)))
    assert _post(api, acme, "Main").status_code == 201
    answer = _post(other, globex, "Main")
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer


@pytest.mark.django_db
def test_after_a_day_the_key_is_free_again(api: Client, acme: Organisation) -> None:
    _post(api, acme, "Main")
    IdempotencyRecord.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert _post(api, acme, "Second").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_ten_simultaneous_requests_create_one_project(api: Client, admin_key: str, acme: Organisation) -> None:
    statuses: list[int] = []
    start = threading.Barrier(10)

    def post() -> None:
        start.wait()
        statuses.append(_post(factories.client(admin_key), acme, "Main").status_code)
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Project.objects.count() == 1
    assert set(statuses) <= {201, 409}
    assert statuses.count(201) >= 1
