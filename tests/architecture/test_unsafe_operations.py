"""Every operation that changes something can be repeated, and every change of one object can name what it changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib.http.versions import has_versions
from tests import factories
from tests.architecture.routes import Route, routes
from tests.architecture.tenants import Tenant, run_of_both, tenant
from tests.architecture.test_tenancy import PARAMETERS, SHARED

# Unsafe operations without an Idempotency-Key, and what makes them safe to repeat.
REPEATABLE = {
    "/api/v1/events": "the id of the event",
    "/api/v1/events/batch": "the ids of the events",
    "/api/v1/webhooks/razorpay": "the id of Razorpay's message",
    "/api/v1/webhooks/razorpay/{account_id}": "the id of Razorpay's message",
    "/api/v1/webhooks/email/{provider}": "the provider's id of what happened",
}
# Changes of an object that is shown at another address.
WITHOUT_VERSION = {
    "/api/v1/admin/api-keys/{key_id}": "a key is revoked, whatever it looks like",
    "/api/v1/admin/payments/{payment_id}/retry-config": "it is shown at retry-status, with what the job does meanwhile",
    "/api/v1/admin/organisations/{organisation_id}/portal-links": "all of them are revoked, whatever they look like",
    "/api/v1/admin/organisations/{organisation_id}/portal-links/{link_id}": "a link is revoked, whatever it looks like",
}


@pytest.fixture
def theirs(db: None, settings: Any) -> Tenant:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/m")
    found = tenant("Acmeqq")
    run_of_both(found, tenant("Zzyzxqq"))
    return found


def _address(route: Route, owner: Tenant) -> str:
    return route.url({name: of(owner) for name, of in PARAMETERS.items()} | SHARED.get(route.template, {}))


def _send(client: Client, method: str, address: str, headers: dict[str, str]) -> Any:
    return getattr(client, method.lower())(address, {}, content_type="application/json", headers=headers)


def test_every_unsafe_operation_takes_an_idempotency_key(theirs: Tenant, api: Client) -> None:
    """One that is too long is refused by whoever reads it: so each of them does, before anything else."""
    deaf = []
    for route in routes():
        for method in set(route.methods) - {"GET"}:
            if route.template in REPEATABLE:
                continue
            answer = _send(api, method, _address(route, theirs), {"Idempotency-Key": "x" * 256})
            if answer.status_code != 400 or "Idempotency-Key" not in answer.json()["details"]:
                deaf.append((method, route.template, answer.content))
    assert not deaf


def _versioned() -> list[tuple[str, Route]]:
    return [(method, route) for route in routes() for method in sorted(set(route.methods) & {"PUT", "PATCH", "DELETE"})]


def test_every_change_of_an_object_compares_versions(theirs: Tenant, api: Client) -> None:
    wrong, compared = [], 0
    for method, route in _versioned():
        if route.template in WITHOUT_VERSION:
            continue
        address = _address(route, theirs)
        shown = api.get(address)
        refused = _send(api, method, address, {"If-Match": '"another version"'})
        same = api.get(address, headers={"If-None-Match": shown["ETag"]})
        said = (shown.status_code, refused.status_code, same.status_code, same.content, refused.get("ETag"))
        if said != (200, 412, 304, b"", shown["ETag"]):
            wrong.append((method, route.template, said))
        compared += 1
    assert not wrong
    assert compared >= 20


def test_what_compares_no_version_says_so(theirs: Tenant, api: Client) -> None:
    silent = []
    for route in routes():
        for method in set(route.methods) - {"GET"}:
            if route.template in REPEATABLE or (has_versions(route.view_class) and method != "POST"):
                continue
            answer = _send(api, method, _address(route, theirs), {"If-Match": '"some version"'})
            if answer.status_code != 400 or "If-Match" not in answer.json()["details"]:
                silent.append((method, route.template, answer.content))
    assert not silent


def test_the_reasons_name_what_exists() -> None:
    templates = {route.template for route in routes()}
    assert {*REPEATABLE, *WITHOUT_VERSION} <= templates
    unversioned = {route.template for _method, route in _versioned() if not has_versions(route.view_class)}
    assert unversioned == set(WITHOUT_VERSION)


def test_a_key_that_reaches_nothing_learns_no_version(theirs: Tenant) -> None:
    """Another organisation's object is a 404, whichever version is named."""
    stranger = factories.client(tenant("Qqother").admin_key)
    for method, route in _versioned():
        if route.template not in WITHOUT_VERSION:
            assert _send(stranger, method, _address(route, theirs), {"If-Match": "*"}).status_code == 404, (
                route.template
            )
