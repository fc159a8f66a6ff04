"""Operators enter a metric's dimensions in a form."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from django.test.client import Client
from django.urls import reverse

from events.models import Metric
from events.services.accepting import accept_events
from events.services.settling.chunks import settle_pending
from organisations.models import Project
from tests.events.language import event
from tests.invoicing.language import issued, per_unit, used

UNCONVERTED = {"multiplier": "1", "divisor": "1", "rounding": "none", "rounding_places": "0"}


def test_dimensions_are_written_one_a_line(as_admin: Client) -> None:
    form = UNCONVERTED | {"name": "seats", "unit": "seat", "aggregation": "max"}
    form["dimensions"] = "region\r\n\r\n  plan, or tier \r\n"
    assert as_admin.post(reverse("admin:events_metric_add"), form).status_code == 302
    metric = Metric.objects.get(name="seats")
    assert metric.dimensions == ["region", "plan, or tier"]
    page = reverse("admin:events_metric_change", args=[metric.pk])
    assert as_admin.get(page).context["adminform"].form["dimensions"].value() == "region\nplan, or tier"
    assert as_admin.post(page, form | {"dimensions": ""}).status_code == 302
    metric.refresh_from_db()
    assert metric.dimensions == []


def test_a_dimension_given_twice_is_refused_with_a_sentence(as_admin: Client) -> None:
    form = {"name": "seats", "unit": "seat", "aggregation": "max", "dimensions": "region\nregion"}
    answer = as_admin.post(reverse("admin:events_metric_add"), form)
    assert answer.context["adminform"].form.errors["dimensions"] == ["Give at most 8 different metadata keys."]


def test_a_definition_that_would_split_the_month_is_refused_with_a_sentence(as_admin: Client, project: Project) -> None:
    metric = Metric.objects.create(organisation=project.organisation, name="api_calls", unit="call", aggregation="max")
    accept_events(project=project, body=msgspec.json.encode({"events": [event("a")]}))
    settle_pending()
    page = reverse("admin:events_metric_change", args=[metric.pk])
    answer = as_admin.post(page, UNCONVERTED | {"dimensions": "region", "description": ""}, follow=True)
    assert "which would count it twice" in answer.content.decode()
    metric.refresh_from_db()
    assert metric.dimensions == []


def test_a_conversion_names_the_unit_it_makes_and_stays_once_it_is_billed(as_admin: Client, project: Project) -> None:
    form = UNCONVERTED | {
        "name": "api_calls",
        "unit": "call",
        "aggregation": "sum",
        "dimensions": "",
        "divisor": "1000",
    }
    add = reverse("admin:events_metric_add")
    refused = as_admin.post(add, form).context["adminform"].form.errors
    assert refused["billed_unit"] == [
        "Name the unit that the conversion makes: it stands beside the quantity on invoices."
    ]
    assert as_admin.post(add, form | {"billed_unit": "thousand calls"}).status_code == 302
    metric = Metric.objects.get()
    per_unit("5")
    used(project, 2000)
    (line,) = issued(project.organisation).lines.all()
    assert (line.quantity, line.amount) == (Decimal(2), Decimal("10.00"))
    page = reverse("admin:events_metric_change", args=[metric.pk])
    assert as_admin.get(page).context["adminform"].form["divisor"].value() == "1000"
    answer = as_admin.post(page, form | {"billed_unit": "thousand calls", "divisor": "100"}, follow=True)
    assert "is invoiced already: Acme for October 2026" in answer.content.decode()
    metric.refresh_from_db()
    assert metric.divisor == 1000
