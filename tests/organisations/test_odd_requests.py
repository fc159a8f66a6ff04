"""Malformed and hostile requests are refused with a sentence, never with a 500."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from billing_platform.http.middleware import REQUESTS
from organisations.models import Organisation, Project
from tests import factories

pytestmark = pytest.mark.django_db


def _refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_nul_in_a_filter_is_refused(api: Client, acme: Organisation) -> None:
    _refused(api.get("/api/v1/admin/metrics?name=%00"), 400, "VALIDATION_ERROR")
    _refused(api.get(f"/api/v1/admin/organisations/{acme.pk}/invoices?status=a%00b"), 400, "VALIDATION_ERROR")


def test_a_nul_in_an_event_id_names_no_event(project_key: str) -> None:
    _refused(factories.client(project_key).get("/api/v1/events/a%00b"), 404, "NOT_FOUND")


@pytest.mark.parametrize("body", ["[" * 100_000, '{"name":' * 100_000])
def test_a_deeply_nested_body_is_refused(api: Client, acme: Organisation, body: str) -> None:
    url = f"/api/v1/admin/organisations/{acme.pk}/projects"
    _refused(api.post(url, body, content_type="application/json"), 400, "VALIDATION_ERROR")


def test_a_body_beyond_the_limit_is_too_large(api: Client, acme: Organisation) -> None:
    body = b'{"name": "' + b"x" * 11 * 1024 * 1024 + b'"}'
    url = f"/api/v1/admin/organisations/{acme.pk}/projects"
    _refused(api.post(url, body, content_type="application/json"), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("dimension", ["a\\u0000b", "a\\ud800b"])
def test_a_dimension_that_can_not_be_stored_is_refused(api: Client, dimension: str) -> None:
    body = f'{{"name": "a", "unit": "b", "dimensions": ["{dimension}"]}}'
    _refused(api.post("/api/v1/admin/metrics", body, content_type="application/json"), 400, "VALIDATION_ERROR")


def test_a_project_can_not_get_the_name_of_another_one(api: Client, acme: Organisation, project: Project) -> None:
    factories.project(acme, "Other")
    url = f"/api/v1/admin/projects/{project.pk}"
    _refused(api.patch(url, {"name": "Other"}, content_type="application/json"), 400, "VALIDATION_ERROR")
    project.refresh_from_db()
    assert project.name == "Main"


def test_an_unknown_http_method_adds_no_series_to_the_metrics(client: Client) -> None:
    for number in range(3):
        client.generic(f"X{number}", "/health")
    methods = {sample.labels["method"] for metric in REQUESTS.collect() for sample in metric.samples}
    assert not methods & {"X0", "X1", "X2"}
    assert "OTHER" in methods
