"""To create a row that belongs to all, a user needs the permission for every organisation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from events.models import Metric
from organisations.models import ApiKey, Membership, Organisation
from organisations.scoping import Actor
from tests import factories

pytestmark = pytest.mark.django_db
ORGANISATIONS = "/api/v1/admin/organisations"
METRICS = "/api/v1/admin/metrics"


@pytest.fixture
def onlooker_api(acme: Organisation) -> Client:
    """A key of a user who is viewer for every organisation and operator for one."""
    onlooker = factories.member("onlooker", None, Membership.Role.VIEWER)
    Membership.objects.create(user=onlooker, organisation=acme, role=Membership.Role.OPERATOR)
    return factories.client(factories.admin_key(onlooker))


def _post(api: Client, url: str, **body: Any) -> Any:
    return api.post(url, body, content_type="application/json")


def test_a_viewer_of_every_organisation_can_not_create_one(onlooker_api: Client) -> None:
    answer = _post(onlooker_api, ORGANISATIONS, name="Mine", billing_email="me@example.com", state_code="29")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert not Organisation.objects.filter(name="Mine").exists()


def test_an_operator_of_one_organisation_can_not_define_a_shared_metric(onlooker_api: Client) -> None:
    answer = _post(onlooker_api, METRICS, name="api_calls", unit="call")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert not Metric.objects.exists()


def test_an_operator_of_one_organisation_defines_its_metrics(onlooker_api: Client, acme: Organisation) -> None:
    assert _post(onlooker_api, METRICS, organisation=str(acme.pk), name="api_calls", unit="call").status_code == 201


def test_head_asks_for_the_same_permission_as_get(acme: Organisation) -> None:
    nobody = factories.client(factories.admin_key(_without_role(), ApiKey.Scope.READ))
    assert nobody.get(ORGANISATIONS).status_code == 403
    assert nobody.head(ORGANISATIONS).status_code == 403


def _without_role() -> Actor:
    user = factories.member("nobody", None, Membership.Role.VIEWER)
    Membership.objects.filter(user=user).delete()
    return user
