"""The name of a metric in texts, and its unit in singular and plural."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from django.test.client import Client
from django.urls import reverse

from events.models import Metric
from events.selectors.metric_words import WordBook
from events.services.accepting import accept_events
from events.services.settling.chunks import settle_pending
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import event

EXPLORER = "/admin/events/usageaggregate/"

pytestmark = pytest.mark.django_db


def words(organisation: Organisation, quantity: str, name: str = "api_calls", unit: str = "call") -> tuple[str, str]:
    found = WordBook(organisation).words(name, unit)
    return found.title, found.quantity_text(Decimal(quantity))


def test_a_metric_without_a_name_on_invoices_is_printed_by_its_metric_name(acme: Organisation) -> None:
    Metric.objects.create(name="api_calls", unit="call")
    assert words(acme, "2") == ("api_calls (call)", "2 call")
    assert words(acme, "5", "storage", "GB") == ("storage (GB)", "5 GB")


def test_a_quantity_takes_the_singular_for_one_and_the_plural_for_all_else(acme: Organisation) -> None:
    Metric.objects.create(name="api_calls", unit="call", display_name="API calls", unit_name_plural="calls")
    assert [words(acme, quantity)[1] for quantity in ("1", "-1", "0", "0.5", "7087252")] == [
        "1 call", "-1 call", "0 calls", "0.5 calls", "7,087,252 calls",
    ]  # fmt: skip
    assert words(acme, "1")[0] == "API calls"


def test_an_organisations_own_words_go_before_the_shared_ones_and_its_blanks_are_filled_by_them(
    acme: Organisation,
) -> None:
    Metric.objects.create(name="api_calls", unit="call", display_name="API calls", unit_name_plural="calls")
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", display_name="Requests")
    umbrella = factories.organisation("Umbrella")
    assert words(acme, "2") == ("Requests", "2 calls")
    assert words(umbrella, "2") == ("API calls", "2 calls")


def test_the_words_are_set_by_the_api(acme: Organisation, api: Client) -> None:
    body = {
        "name": "exports", "unit": "export", "display_name": "PDF exports",
        "unit_name": "PDF", "unit_name_plural": "PDFs",
    }  # fmt: skip
    answer = api.post("/api/v1/admin/metrics", body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json() | body == answer.json()
    assert words(acme, "3", "exports", "export") == ("PDF exports", "3 PDFs")


def test_the_words_are_set_in_the_admin_and_read_in_the_explorer(admin_client: Client, project: Project) -> None:
    accept_events(project=project, body=msgspec.json.encode({"events": [event("a"), event("b")]}))
    settle_pending()
    metric = Metric.objects.get(organisation=project.organisation)
    page = reverse("admin:events_metric_change", args=[metric.pk])
    form = admin_client.get(page).context["adminform"].form.initial
    form |= {"display_name": "API calls", "unit_name": "call", "unit_name_plural": "calls"}
    form = {name: value for name, value in form.items() if value is not None and name != "organisation"}
    assert admin_client.post(page, form).status_code == 302
    explorer = admin_client.get(EXPLORER, {"organisation": project.organisation.pk, "metric": metric.pk})
    assert "API calls by" in explorer.content.decode()
    assert "2 calls" in explorer.content.decode()
