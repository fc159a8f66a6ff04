"""The set-up checklist: what a new installation lacks, in order; who sees it; what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_platform.backoffice import set_up
from billing_platform.lib import clock
from billing_platform.lib.admin.set_up import State
from billing_platform.tasks import HEARTBEAT_KEY
from organisations.models import Notification, Organisation, Project
from tests import factories
from tests.events.language import event, send
from tests.invoicing.language import per_unit

PAGE = "/admin/set-up/"

pytestmark = pytest.mark.django_db


def states() -> dict[str, State]:
    return {line.title: line.state for line in set_up.steps()}


def test_an_empty_platform_begins_with_the_seller(as_admin: Client) -> None:
    found = states()
    assert next(iter(found)) == "Seller"
    missing = {title for title, state in found.items() if state == State.MISSING}
    assert missing >= {"Seller", "Prices", "First customer", "Project", "API key", "First event", "Jobs", "E-mail"}
    assert found["Razorpay's messages"] == State.NOT_NEEDED or "Razorpay keys" not in missing
    first_page = as_admin.get("/admin/").content.decode()
    assert "Go on with the set-up" in first_page
    page = as_admin.get(PAGE).content.decode()
    assert reverse("admin:organisations_billingentity_add") in page
    assert "Next: Seller." in page


def test_each_line_turns_green_by_what_it_asks_for(
    settings: Any, acme: Organisation, project: Project, admin_user: Any
) -> None:
    settings.PROOF_SIGNING_KEY = ""
    before = states()
    factories.project_key(project)
    per_unit("1.00")
    send(project, event("a"))
    cache.set(HEARTBEAT_KEY, clock.now().timestamp())
    settings.PROOF_SIGNING_KEY = "set"
    acme.billing_entity.bank_account_number = "1"
    acme.billing_entity.save()
    factories.member("second", None, "admin")
    Notification.objects.create(
        kind="alert_test", dedupe_key="t", recipients=["a@b.example"], subject="s", text="t", status="sent"
    )
    changed = {title for title, state in states().items() if state == State.DONE and before[title] != State.DONE}
    assert changed == {
        *("API key", "Prices", "First event", "Jobs", "Signing key", "Bank account", "Second admin", "E-mail")
    }


def test_a_letter_is_asked_for_only_when_customers_are_abroad(acme: Organisation) -> None:
    acme.billing_entity.letters.all().delete()
    assert states()["Letter of undertaking"] == State.NOT_NEEDED
    factories.organisation("Globex", country="US", state_code="", currency="USD")
    assert states()["Letter of undertaking"] == State.MISSING


def test_it_costs_the_same_for_many_customers(acme: Organisation) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            set_up.steps()
        return len(queries)

    first = cost()
    for number in range(5):
        factories.project(factories.organisation(f"More {number}"))
    assert cost() <= first + 1  # a project is there now, and so is its customer


def test_only_who_may_change_sellers_for_all_customers_sees_it(
    as_acme_admin: Client, as_operator: Client, as_viewer: Client
) -> None:
    for client in (as_acme_admin, as_operator, as_viewer):
        assert client.get(PAGE).status_code == 403
        assert "set-up" not in client.get("/admin/").content.decode()
