"""Which organisations an actor reaches: by memberships for users, by owner for admin keys, by project for others."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from organisations.models import ApiKey, Membership, Organisation, Project
from organisations.scoping import EVERY_ORGANISATION, reachable_organisations
from organisations.services import api_keys
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_member_sees_only_the_organisations_of_the_memberships(
    acme: Organisation, globex: Organisation, viewer: object
) -> None:
    assert list(Organisation.objects.for_organisations(viewer)) == [acme]


def test_a_membership_without_organisation_reaches_all(
    acme: Organisation, globex: Organisation, admin_user: object
) -> None:
    assert set(Organisation.objects.for_organisations(admin_user)) == {acme, globex}


def test_every_organisation_cannot_be_mistaken_for_none(acme: Organisation, admin_user: object, viewer: object) -> None:
    assert reachable_organisations(admin_user) is EVERY_ORGANISATION
    assert reachable_organisations(viewer) == {acme.pk}
    mistakes = (bool, list, set, len, lambda reach: acme.pk in reach, lambda reach: reach or set())
    for mistake in mistakes:
        with pytest.raises(TypeError):
            mistake(EVERY_ORGANISATION)
    with pytest.raises(TypeError):
        list(Organisation.objects.filter(pk__in=EVERY_ORGANISATION))


def test_anonymous_and_inactive_users_see_nothing(acme: Organisation, viewer: object) -> None:
    viewer.is_active = False
    assert not Organisation.objects.for_organisations(viewer).exists()
    assert not Organisation.objects.for_organisations(AnonymousUser()).exists()


def test_a_project_key_reaches_its_own_organisation(acme: Organisation, globex: Organisation, project: Project) -> None:
    api_key = api_keys.issue_project_key(project=project, name="app").api_key
    assert list(Organisation.objects.for_organisations(api_key)) == [acme]


def test_an_admin_key_reaches_what_its_owner_reaches(acme: Organisation, globex: Organisation, viewer: object) -> None:
    api_key = api_keys.issue_admin_key(owner=viewer, name="back office", scope="read").api_key
    assert list(Organisation.objects.for_organisations(ApiKey.objects.get(pk=api_key.pk))) == [acme]


def test_another_organisations_object_is_a_404_like_one_that_does_not_exist(
    acme: Organisation, globex: Organisation, operator: object
) -> None:
    client = factories.client(factories.admin_key(operator))
    theirs = client.get(f"/api/v1/admin/organisations/{globex.pk}")
    nothing = client.get(f"/api/v1/admin/organisations/{factories.project(acme).pk}")
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.json()["error"] == nothing.json()["error"]


def test_a_role_counts_only_for_the_organisation_of_the_membership(acme: Organisation, globex: Organisation) -> None:
    user = factories.member("mixed", acme, Membership.Role.OPERATOR)
    Membership.objects.create(user=user, organisation=globex, role=Membership.Role.VIEWER)
    client = factories.client(factories.admin_key(user))
    at_acme = client.post(
        f"/api/v1/admin/organisations/{acme.pk}/projects", {"name": "A"}, content_type="application/json"
    )
    at_globex = client.post(
        f"/api/v1/admin/organisations/{globex.pk}/projects", {"name": "B"}, content_type="application/json"
    )
    assert (at_acme.status_code, at_globex.status_code) == (201, 403)


def test_only_a_key_for_every_organisation_creates_one(acme: Organisation, api: object) -> None:
    body = {"name": "Initech", "billing_email": "a@initech.example", "state_code": "29"}
    limited = factories.client(factories.admin_key(factories.member("one", acme, Membership.Role.ADMIN)))
    url = "/api/v1/admin/organisations"
    assert limited.post(url, body, content_type="application/json").status_code == 403
    created = api.post(url, body, content_type="application/json")
    assert created.status_code == 201, created.json()
    assert created.json()["slug"] == "initech"
