"""API keys are shown once, stored as hashes, and refused when they are revoked, expired or of the wrong kind."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.client import Client

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from organisations.models import ApiKey, Organisation, Project
from organisations.services import api_keys, onboarding
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"


def test_only_the_hash_of_a_key_is_stored(project: Project) -> None:
    issued = api_keys.issue_project_key(project=project, name="app")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM organisations_apikey k")
        (stored,) = cursor.fetchone()
    assert issued.secret not in stored
    assert hashlib.sha256(issued.secret.encode()).hexdigest() in stored


def test_a_key_has_the_documented_form(acme: Organisation) -> None:
    testing = onboarding.create_project(organisation=acme, name="Staging", mode="test")
    secret = api_keys.issue_project_key(project=testing, name="app").secret
    marker, mode, prefix, rest = secret.split("_")
    assert (marker, mode, len(prefix)) == ("mbp", "test", 8)
    assert len(rest) >= 32


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer mbp_live_aaaaaaaa_" + "b" * 40, "Bearer ключ"],
)
def test_a_missing_or_wrong_key_is_401(header: str) -> None:
    answer = Client(HTTP_AUTHORIZATION=header.encode().decode("latin-1")).get(URL) if header else Client().get(URL)
    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHENTICATED"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_right_prefix_with_another_secret_is_refused(admin_key: str) -> None:
    other = admin_key[:-1] + ("a" if admin_key[-1] != "a" else "b")
    assert factories.client(other).get(URL).status_code == 401


def test_an_expired_key_is_refused(admin_user: object) -> None:
    issued = api_keys.issue_admin_key(
        owner=admin_user, name="short", scope="read", expires_at=clock.now() + timedelta(1)
    )
    client = factories.client(issued.secret)
    assert client.get(URL).status_code == 200
    ApiKey.objects.filter(pk=issued.api_key.pk).update(
        created_at=clock.now() - timedelta(2), expires_at=clock.now() - timedelta(1)
    )
    assert client.get(URL).status_code == 401


def test_a_revoked_key_is_refused_and_revoking_twice_keeps_the_first_time(admin_user: object) -> None:
    issued = api_keys.issue_admin_key(owner=admin_user, name="gone", scope="read")
    first = api_keys.revoke_key(api_key_id=issued.api_key.pk).revoked_at
    assert api_keys.revoke_key(api_key_id=issued.api_key.pk).revoked_at == first
    assert factories.client(issued.secret).get(URL).status_code == 401


def test_rotation_gives_a_new_key_and_ends_the_old(api: Client, project: Project) -> None:
    old = api_keys.issue_project_key(project=project, name="app")
    answer = api.post(f"/api/v1/admin/api-keys/{old.api_key.pk}/rotate", {}, content_type="application/json")
    assert answer.status_code == 201
    new = answer.json()
    assert new["api_key"] != old.secret
    old.api_key.refresh_from_db()
    assert old.api_key.revoked_at is not None
    assert str(old.api_key.replaced_by_id) == new["id"]
    with pytest.raises(DomainError, match="rotated already"):
        api_keys.rotate_key(api_key_id=old.api_key.pk)


def test_a_rotated_key_works_through_its_grace_period(project: Project) -> None:
    old = api_keys.issue_project_key(project=project, name="app")
    api_keys.rotate_key(api_key_id=old.api_key.pk, grace=timedelta(hours=1))
    old.api_key.refresh_from_db()
    assert old.api_key.is_usable(clock.now() + timedelta(minutes=59))
    assert not old.api_key.is_usable(clock.now() + timedelta(minutes=61))


def test_an_api_key_is_in_the_answer_that_issued_it_and_nowhere_else(api: Client, project: Project) -> None:
    url = f"/api/v1/admin/projects/{project.pk}/api-keys"
    issued = api.post(url, {"name": "app"}, content_type="application/json")
    assert issued.status_code == 201
    secret = issued.json()["api_key"]
    assert set(issued.json()) == {"id", "api_key", "prefix", "name", "expires_at"}
    assert secret not in api.get(url).content.decode()


def test_a_project_key_is_refused_by_admin_endpoints(project_key: str) -> None:
    assert factories.client(project_key).get(URL).status_code == 403


def test_a_read_key_is_refused_by_endpoints_that_write(admin_user: object, acme: Organisation) -> None:
    client = factories.client(factories.admin_key(admin_user, "read"))
    assert client.get(URL).status_code == 200
    answer = client.post(f"{URL}/{acme.pk}/projects", {"name": "New"}, content_type="application/json")
    assert answer.status_code == 403
    assert "scope" in answer.json()["error"]
    assert not Project.objects.exists()


def test_a_write_key_can_not_issue_keys(admin_user: object, project: Project) -> None:
    client = factories.client(factories.admin_key(admin_user, "write"))
    answer = client.post(
        f"/api/v1/admin/projects/{project.pk}/api-keys", {"name": "x"}, content_type="application/json"
    )
    assert answer.status_code == 403


def test_the_last_use_of_a_key_is_noted(api: Client, admin_key: str) -> None:
    api.get(URL)
    assert ApiKey.objects.get(prefix=admin_key.split("_")[2]).last_used_at is not None


def test_an_operator_can_not_rotate_an_admins_key(admin_user: object) -> None:
    theirs = api_keys.issue_admin_key(owner=admin_user, name="powerful", scope="admin").api_key
    operator = factories.member("everywhere", None, "operator")
    client = factories.client(factories.admin_key(operator))
    answer = client.post(f"/api/v1/admin/api-keys/{theirs.pk}/rotate", {}, content_type="application/json")
    assert answer.status_code == 403
    theirs.refresh_from_db()
    assert theirs.replaced_by_id is None


def test_an_operator_can_not_revoke_an_admins_key(admin_user: object) -> None:
    theirs = api_keys.issue_admin_key(owner=admin_user, name="powerful", scope="admin").api_key
    client = factories.client(factories.admin_key(factories.member("everywhere", None, "operator")))
    assert client.delete(f"/api/v1/admin/api-keys/{theirs.pk}").status_code == 403
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_an_operator_revokes_a_projects_key_and_their_own(project: Project) -> None:
    operator = factories.member("everywhere", None, "operator")
    client = factories.client(factories.admin_key(operator))
    of_project = api_keys.issue_project_key(project=project, name="app").api_key
    own = api_keys.issue_admin_key(owner=operator, name="export", scope="read").api_key
    assert [client.delete(f"/api/v1/admin/api-keys/{key.pk}").status_code for key in (of_project, own)] == [204, 204]


def test_a_request_with_a_wrong_secret_does_not_count_as_use_of_the_key(project_key: str) -> None:
    prefix = project_key.split("_")[2]
    guess = f"mbp_live_{prefix}_{'x' * 40}"
    assert factories.client(guess).get("/api/v1/usage").status_code == 401
    assert factories.client(guess).post("/api/v1/events", "{}", content_type="application/json").status_code == 401
    assert ApiKey.objects.get(prefix=prefix).last_used_at is None
    factories.client(project_key).post("/api/v1/events", "{}", content_type="application/json")
    assert ApiKey.objects.get(prefix=prefix).last_used_at is not None
