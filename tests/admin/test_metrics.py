"""Operators enter a metric's dimensions in a form."""

from __future__ import annotations

import msgspec
from django.test.client import Client
from django.urls import reverse

from events.models import Metric
from events.services.accepting import accept_events
from events.services.settling.chunks import settle_pending
from organisations.models import Project
from tests.events.language import event


def test_dimensions_are_written_one_a_line(as_admin: Client) -> None:
    form = {"name": "seats", "unit": "seat", "aggregation": "max", "dimensions": "region\r\n\r\n  plan, or tier \r\n"}
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
    answer = as_admin.post(page, {"dimensions": "region", "description": ""}, follow=True)
    assert "which would count it twice" in answer.content.decode()
    metric.refresh_from_db()
    assert metric.dimensions == []
