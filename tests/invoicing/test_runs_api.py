"""The API of billing runs: started and read by whoever may bill these customers."""

from __future__ import annotations

import pytest
from django.test.client import Client

from organisations.models import Membership, Organisation, Project
from tests import factories
from tests.invoicing.asking import get, key_of, post
from tests.invoicing.language import after_october, per_unit, used

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


def test_a_run_is_started_and_read(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    with after_october():
        started = post(api, "/billing-runs", {"period": "2026-10"})
        again = post(api, "/billing-runs", {"period": "2026-10"})
    assert (started.status_code, started.json()["status"]) == (201, "running")
    assert again.json()["id"] == started.json()["id"]
    body = get(api, f"/billing-runs/{started.json()['id']}").json()
    assert (body["period"], body["counts"]["pending"]) == ("2026-10", 1)
    assert body["progress"] == {"total": 1, "waiting": 1, "percent": 0, "per_second": None, "seconds_left": None}
    assert [(item["organisation"], item["status"]) for item in body["items"]] == [(str(acme.pk), "pending")]
    assert post(api, "/billing-runs", {"period": "nonsense"}).status_code == 400


def test_a_run_bills_and_shows_only_whom_the_key_reaches(api: Client, acme: Organisation) -> None:
    umbrella = factories.organisation("Umbrella")
    mine = key_of(acme, Membership.Role.OPERATOR)
    with after_october():
        run = post(mine, "/billing-runs", {"period": "2026-10"}).json()
        assert [item["organisation"] for item in run["items"]] == [str(acme.pk)]
        everyone = post(api, "/billing-runs", {"period": "2026-10"}).json()
    assert {item["organisation"] for item in everyone["items"]} == {str(acme.pk), str(umbrella.pk)}
    seen = get(mine, f"/billing-runs/{run['id']}").json()
    assert [item["organisation"] for item in seen["items"]] == [str(acme.pk)]
    assert sum(seen["counts"].values()) == 1


def test_a_viewer_of_everything_bills_only_where_also_operator(acme: Organisation) -> None:
    factories.organisation("Umbrella")
    user = factories.member("both", None, Membership.Role.VIEWER)
    Membership.objects.create(user=user, organisation=acme, role=Membership.Role.OPERATOR)
    with after_october():
        run = post(factories.client(factories.admin_key(user)), "/billing-runs", {"period": "2026-10"}).json()
    assert [item["organisation"] for item in run["items"]] == [str(acme.pk)]


def test_a_viewer_starts_no_run(acme: Organisation) -> None:
    assert post(key_of(acme, Membership.Role.VIEWER), "/billing-runs", {"period": "2026-10"}).status_code == 403
