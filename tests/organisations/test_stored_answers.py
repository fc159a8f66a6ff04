"""Stored answers hold no API key, are deleted after a day, and are not stored for a failed request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib import clock
from organisations.models import ApiKey, IdempotencyRecord, Membership, Organisation, Project
from organisations.services import onboarding
from organisations.tasks import forget_stored_answers
from tests import factories

pytestmark = pytest.mark.django_db


def _issue(api: Client, project: Project) -> Any:
    return api.post(
        f"/api/v1/admin/projects/{project.pk}/api-keys",
        {"name": "servers"},
        content_type="application/json",
        headers={"Idempotency-Key": "issue-1"},
    )


def test_an_issued_key_is_not_stored_with_the_answer(api: Client, project: Project) -> None:
    secret = _issue(api, project).json()["api_key"]
    assert secret not in str(IdempotencyRecord.objects.get().body)


def test_the_replay_names_the_key_without_showing_it_again(api: Client, project: Project) -> None:
    first, second = _issue(api, project), _issue(api, project)
    assert second["Idempotent-Replayed"] == "true"
    assert second.json() == first.json() | {"api_key": None}
    assert ApiKey.objects.filter(project=project).count() == 1


def test_a_successor_is_not_stored_with_the_answer(api: Client, project: Project) -> None:
    old = ApiKey.objects.get(prefix=factories.project_key(project).split("_")[2])
    answer = api.post(
        f"/api/v1/admin/api-keys/{old.pk}/rotate",
        {},
        content_type="application/json",
        headers={"Idempotency-Key": "rotate-1"},
    )
    assert answer.json()["api_key"] not in str(IdempotencyRecord.objects.get().body)


def test_stored_answers_are_forgotten_after_a_day(api: Client, project: Project) -> None:
    _issue(api, project)
    assert forget_stored_answers() == 0
    with clock.standing_at(clock.now() + timedelta(hours=24, seconds=1)):
        assert forget_stored_answers() == 1
    assert not IdempotencyRecord.objects.exists()


def test_a_refusal_of_the_database_is_reported_with_its_own_error(
    api: Client, acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be written any more in the broken transaction, not even the end of the claim."""

    def twice(**_: Any) -> Project:
        return Project.objects.create(organisation=acme, name=project.name)

    monkeypatch.setattr(onboarding, "create_project", twice)
    answer = api.post(
        f"/api/v1/admin/organisations/{acme.pk}/projects",
        {"name": "Any"},
        content_type="application/json",
        headers={"Idempotency-Key": "broken-1"},
    )
    assert "has a project of that name" in answer.json()["error"]
    assert not IdempotencyRecord.objects.exists()


def _create_project(client: Client, acme: Organisation) -> Any:
    return client.post(
        f"/api/v1/admin/organisations/{acme.pk}/projects",
        {"name": "Main"},
        content_type="application/json",
        headers={"Idempotency-Key": "create-1"},
    )


def test_a_stored_answer_is_not_returned_to_a_user_who_left_the_organisation(
    operator: Any, acme: Organisation, globex: Organisation
) -> None:
    client = factories.client(factories.admin_key(operator))
    assert _create_project(client, acme).status_code == 201
    Membership.objects.filter(user=operator).update(organisation=globex)
    answer = _create_project(client, acme)
    assert (answer.status_code, "Main" in answer.content.decode()) == (404, False)


def test_a_stored_answer_is_not_returned_to_a_user_who_lost_the_role(operator: Any, acme: Organisation) -> None:
    client = factories.client(factories.admin_key(operator))
    assert _create_project(client, acme).status_code == 201
    Membership.objects.filter(user=operator).update(role=Membership.Role.VIEWER)
    assert _create_project(client, acme).status_code == 403


def test_the_answer_about_a_new_organisation_is_returned_only_to_users_who_may_create_one(
    api: Client, admin_user: Any, acme: Organisation
) -> None:
    def create() -> Any:
        fields = {"name": "Initech", "billing_email": "ap@initech.example", "state_code": "29"}
        headers = {"Idempotency-Key": "create-2"}
        return api.post("/api/v1/admin/organisations", fields, content_type="application/json", headers=headers)

    assert (create().status_code, create()["Idempotent-Replayed"]) == (201, "true")
    Membership.objects.filter(user=admin_user).update(organisation=acme)
    assert create().status_code == 403
