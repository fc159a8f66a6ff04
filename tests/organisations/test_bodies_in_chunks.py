"""A chunked body has no Content-Length. Django alone takes it for empty; the platform reads it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings

from billing_platform.lib import clock
from billing_platform.wsgi import application
from organisations.models import ApiKey, Project
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connection_outlives_requests")]


def post_in_chunks(key: str, path: str, body: bytes) -> tuple[str, Any]:
    """As granian hands it over: no length, and an input that ends by itself."""
    answered: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
    }
    parts = application(environ, lambda status, _headers: answered.append(status))
    return answered[0], json.loads(b"".join(parts))


def test_events_sent_in_chunks_are_accepted(project_key: str) -> None:
    events = {"events": [{"event_id": "a", "metric_name": "api_calls", "metric_value": 1, "unit": "call"}]}
    status, answer = post_in_chunks(project_key, "/api/v1/events/batch", json.dumps(events).encode())
    assert (status, answer.get("accepted")) == ("202 Accepted", 1)


def test_a_chunked_body_of_an_admin_request_is_read(admin_key: str, project: Project) -> None:
    """Without its body this request would end the old key at once."""
    old = ApiKey.objects.get(prefix=factories.project_key(project).split("_")[2])
    status, _answer = post_in_chunks(admin_key, f"/api/v1/admin/api-keys/{old.pk}/rotate", b'{"grace_seconds": 3600}')
    assert status == "201 Created"
    old.refresh_from_db()
    assert old.is_usable(clock.now())


def test_more_than_the_limit_is_not_read(project_key: str) -> None:
    body = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 5_000_000)
    status, answer = post_in_chunks(project_key, "/api/v1/events/batch", body)
    assert (status[:3], answer["code"]) == ("413", "PAYLOAD_TOO_LARGE")
