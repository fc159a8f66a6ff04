"""The API of usage answers days on the organisation's clock, as JSON and CSV."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.test.client import Client

from organisations.models import Organisation, Project
from tests.events.exploring import DAY_ONE, LATER, metric, use

pytestmark = pytest.mark.django_db


def usage_of(organisation: Organisation) -> str:
    return f"/api/v1/admin/organisations/{organisation.pk}/usage"


def test_the_api_answers_days_on_the_organisations_clock(acme: Organisation, project: Project, api: Client) -> None:
    metric(acme, "calls")
    metric(acme, "peak", aggregation="max")
    use(project, "calls", ("2026-10-04T18:30:00+00:00", 10), ("2026-10-05T18:30:00+00:00", 1000))  # the 5th and 6th
    use(project, "peak", (DAY_ONE, 7), (LATER, 3))
    days = {"start": "2026-10-05", "end": "2026-10-06"}
    answer = api.get(usage_of(acme), days).json()
    assert (answer["period"], answer["period_start"], answer["period_end"]) == (None, "2026-10-05", "2026-10-06")
    assert [(row["metric_name"], row["quantity"], row["event_count"]) for row in answer["usage"]] == [
        ("calls", "10.00000000", 1),
        ("peak", "7.00000000", 2),
    ]
    only = api.get(usage_of(acme), days | {"metric_name": "peak"}).json()["usage"]
    assert [row["metric_name"] for row in only] == ["peak"]
    answer = api.get(usage_of(acme), days | {"format": "csv", "project_id": project.pk})
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
    assert [(row["metric_name"], row["quantity"]) for row in rows] == [("calls", "10.00000000"), ("peak", "7.00000000")]


def test_the_api_refuses_odd_days_in_words(acme: Organisation, api: Client) -> None:
    for query, field in (
        ({"start": "2026-10-05"}, "end"),
        ({"start": "soon", "end": "2026-10-05"}, "start"),
        ({"start": "2026-10-05", "end": "2026-10-05"}, "end"),
        ({"start": "0001-01-01", "end": "2026-10-05"}, "start"),
        ({"start": "2026-01-01", "end": "2026-10-05"}, "end"),
        ({"start": "2026-10-01", "end": "2026-10-05", "period": "2026-10"}, "period"),
        ({"period": "2026-10", "format": "csv", "project_id": "x"}, "project_id"),
    ):
        refused = api.get(usage_of(acme), query)
        assert (refused.status_code, list(refused.json()["details"])) == (400, [field]), query
