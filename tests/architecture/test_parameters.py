"""Query parameters of the API: each list and report refuses what it can't understand, and OpenAPI names what it can."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import django_filters
import pytest
from django.test.client import Client
from rest_framework.mixins import ListModelMixin

from billing_platform.lib.http.parameters import DayFilter, DayOrMomentFilter, IdFilter, MonthFilter, TruthFilter
from invoicing.api.parameters import WholeNumberFilter
from organisations.models import Membership
from tests import factories
from tests.architecture.code import ROOT, python_files
from tests.architecture.routes import Route, routes
from tests.architecture.tenants import Tenant, simulate_a_price, tenant
from tests.architecture.test_tenancy import PARAMETERS

pytestmark = pytest.mark.django_db

WRONG: dict[type[Any], str] = {
    IdFilter: "x",
    DayFilter: "2026-02-30",
    DayOrMomentFilter: "soon",
    MonthFilter: "2026-13",
    TruthFilter: "perhaps",
    WholeNumberFilter: "1.5",
    django_filters.ChoiceFilter: "nonsense",
    django_filters.IsoDateTimeFilter: "yesterday",
}


@pytest.fixture
def acme() -> Tenant:
    found = tenant("Acme")
    simulate_a_price(found)
    return found


@pytest.fixture
def api(acme: Tenant, settings: Any) -> Client:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "admin_key": "10000/m"}
    serves_all = factories.member("serves-all", None, Membership.Role.ADMIN)  # some lists are of everybody
    return factories.client(factories.admin_key(serves_all))


def admin_gets() -> Iterator[Route]:
    for route in routes("api/v1/admin/"):
        if "GET" in route.methods:
            yield route


def url_of(route: Route, tenant: Tenant) -> str:
    named = {name: PARAMETERS[name](tenant) for name in route.parameters if name in PARAMETERS}
    return route.url({**named, "run_id": tenant.organisation.pk, "base": "USD", "target": "INR"})


def refused_fields(api: Client, url: str) -> list[str]:
    answer = api.get(url)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), (url, answer.content)
    return list(answer.json()["details"])


def test_an_unknown_parameter_is_refused_by_every_endpoint(acme: Tenant, api: Client) -> None:
    for route in admin_gets():
        assert refused_fields(api, f"{url_of(route, acme)}?foo=1") == ["foo"]
    sent = api.post(f"/api/v1/admin/invoices/{acme.draft.pk}/finalize?send=false")
    assert (sent.status_code, list(sent.json()["details"])) == (400, ["send"])  # it belongs into the body
    assert refused_fields(factories.client(acme.project_key), "/api/v1/usage?period=2026-10") == ["period"]


def test_a_refusal_says_which_parameters_are_known(acme: Tenant, api: Client) -> None:
    answer = api.get(f"/api/v1/admin/organisations/{acme.organisation.pk}/payments?state=captured&invoice=x&kind=")
    assert list(answer.json()["details"]) == ["state", "kind"]
    assert "status, kind, method, invoice, page, page_size" in answer.json()["details"]["state"][0]


@pytest.mark.parametrize("size", ["null", "abc", "0", "-1", "", "1.5"])
def test_a_size_of_page_that_is_none_is_refused_by_every_list(acme: Tenant, api: Client, size: str) -> None:
    lists = [route for route in admin_gets() if issubclass(route.view_class, ListModelMixin)]
    assert len(lists) > 10
    for route in lists:
        assert refused_fields(api, f"{url_of(route, acme)}?page_size={size}") == ["page_size"]


@pytest.mark.parametrize(("page", "status"), [("1", 200), ("9", 404), ("last", 400), ("0", 400), ("9" * 5000, 400)])
def test_a_page_is_a_number_from_one(api: Client, page: str, status: int) -> None:
    assert api.get("/api/v1/admin/organisations", {"page": page}).status_code == status


def filters(tenant: Tenant) -> Iterator[tuple[str, str, Any]]:
    """Address, name and declaration of each filter there is."""
    for route in admin_gets():
        filter_set = getattr(route.view_class, "filterset_class", None)
        for name, declared in filter_set.base_filters.items() if filter_set else ():
            yield url_of(route, tenant), name, declared


@pytest.mark.parametrize("text", ["", "%00", "a&{name}=b"])
def test_every_filter_refuses_emptiness_a_nul_and_being_given_twice(acme: Tenant, api: Client, text: str) -> None:
    for url, name, _declared in filters(acme):
        assert refused_fields(api, f"{url}?{name}={text.format(name=name)}") == [name]


def test_every_filter_refuses_nonsense_of_its_kind(acme: Tenant, api: Client) -> None:
    checked = [(url, name, WRONG[type(declared)]) for url, name, declared in filters(acme) if type(declared) in WRONG]
    assert len(checked) > 20
    for url, name, wrong in checked:
        assert name in refused_fields(api, f"{url}?{name}={wrong}")


def test_a_timestamp_is_read_to_its_day_where_a_rate_is_asked_for(acme: Tenant, api: Client) -> None:
    assert api.get("/api/v1/admin/exchange-rates/USD/INR?at=2026-10-31T09:30:00Z").status_code == 404
    assert refused_fields(api, "/api/v1/admin/exchange-rates/USD/INR?at=2026-10-31nonsense") == ["at"]


BY_HAND = re.compile(r"query_params|request\.GET|\.is_valid\(")
# Usage events are reported and looked up for any id there is, by views that are not the back office's.
EXCEPT = {"events/api/ingest.py": 1, "events/api/views.py": 2}


def test_no_view_reads_parameters_or_checks_bodies_by_hand() -> None:
    found = Counter(
        str(file.relative_to(ROOT))
        for app in ("organisations", "events", "invoicing", "payments")
        for file in python_files(f"{app}/api")
        for line in file.read_text(encoding="utf-8").splitlines()
        if BY_HAND.search(line)
    )
    assert found == EXCEPT
