"""The fast path answers usage requests exactly as the middleware does, and one setting turns it off."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from prometheus_client import REGISTRY

from billing_platform import wsgi
from billing_platform.http import fast_path
from billing_platform.lib.http.addresses import EVENT_POSTS
from tests.events.language import event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connection_outlives_requests")]


class HungUp:
    def read(self, size: int = -1) -> bytes:
        raise OSError("connection reset")

    readline = read


GOOD = json.dumps(event("e1")).encode()
BATCH = b'{"events": [' + GOOD + b"]}"
CASES = {
    "accepted": {},
    "no key": {"HTTP_AUTHORIZATION": ""},
    "a wrong key": {"HTTP_AUTHORIZATION": "Bearer mbp_live_AAAAAAAA_" + "x" * 40},
    "not JSON": {"body": b"{"},
    "another type": {"CONTENT_TYPE": "text/csv"},
    "another encoding": {"HTTP_CONTENT_ENCODING": "br"},
    "too long": {"body": b" " * (settings.EVENTS_MAX_BYTES + 1)},
    "a host that is not ours": {"HTTP_HOST": "elsewhere.example"},
    "an id of the caller's": {"HTTP_X_REQUEST_ID": "caller-0815"},
    "an id that would end its header": {"HTTP_X_REQUEST_ID": "caller-0815\n"},
    "a caller who hung up": {"wsgi.input": HungUp()},
    "a stranger who hung up": {"wsgi.input": HungUp(), "HTTP_AUTHORIZATION": ""},
}


def ask(key: str, path: str, body: bytes, changes: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
    """Status, headers and answer, as granian gets them."""
    answered: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "wsgi.url_scheme": "http",
    } | {name: value for name, value in changes.items() if name != "body"}
    body = changes.get("body", body)
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)} | environ
    parts = wsgi.application(environ, lambda *answer: answered.extend(answer))
    return answered[0], dict(answered[1]), json.loads(b"".join(parts))


def _stable(status: str, headers: dict[str, str], answer: Any) -> Any:
    """Without what differs from one request to the next."""
    changing = {"X-Request-ID", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    known = {name: value for name, value in headers.items() if name not in changing}
    return status, known, {name: value for name, value in answer.items() if name not in {"request_id", "batch_id"}}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize(("path", "body"), [("/api/v1/events", GOOD), ("/api/v1/events/batch", BATCH)])
def test_both_paths_give_the_same_answer(
    project_key: str, path: str, body: bytes, changes: dict[str, Any], settings: Any
) -> None:
    fast = ask(project_key, path, body, changes)
    settings.FAST_PATH = False
    slow = ask(project_key, path, body, changes)
    assert _stable(*fast) == _stable(*slow)
    assert set(fast[1]) == set(slow[1])
    assert {"X-Request-ID", "X-Content-Type-Options"} <= set(fast[1])


def test_the_switch_turns_off_all_of_it(project_key: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unused(*_: Any, **__: Any) -> None:
        raise AssertionError("a part of the fast path was used")

    settings.FAST_PATH = False
    for part in (
        "billing_platform.http.fast_path.answer",
        "events.services.accepting._group.submit",
        "events.services.accepting._insert_prepared",
        "organisations.access.throttling._count_in_blocks",
    ):
        monkeypatch.setattr(part, unused)
    status, headers, _answer = ask(project_key, "/api/v1/events", GOOD, {})
    assert (status, headers["X-RateLimit-Remaining"]) == ("202 Accepted", "999")


@pytest.mark.parametrize("path", sorted(EVENT_POSTS))
def test_the_fast_path_is_logged_counted_and_limited_as_well(
    project_key: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"route": path.removeprefix("/"), "method": "POST", "status": "202"}
    before = REGISTRY.get_sample_value("billing_http_requests_total", labels) or 0
    with caplog.at_level("INFO", "billing_platform.access"):
        status, headers, _ = ask(project_key, path, BATCH if path.endswith("batch") else GOOD, {})
    assert status == "202 Accepted"
    assert headers["X-RateLimit-Remaining"] == "999"
    assert REGISTRY.get_sample_value("billing_http_requests_total", labels) == before + 1
    (line,) = [record for record in caplog.records if record.name == "billing_platform.access"]
    assert (line.path, line.status, line.method) == (path, 202, "POST")  # type: ignore[attr-defined]


def test_a_fault_of_ours_is_an_envelope_too(project_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("events.api.ingest.accept_events", fail)
    status, headers, answer = ask(project_key, "/api/v1/events", GOOD, {})
    assert (status, answer["code"]) == ("500 Internal Server Error", "INTERNAL_ERROR")
    assert answer["request_id"] == headers["X-Request-ID"]


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_in_the_way_the_sender_is_asked_to_try_again(
    project_key: str, transactional_db: None
) -> None:
    with connection.cursor() as cursor, psycopg.connect(**connection.get_connection_params()) as other:
        assert ask(project_key, "/api/v1/events", GOOD, {})[0] == "202 Accepted"
        other.execute("LOCK TABLE events_eventbatch IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '50ms'")
        status, headers, answer = ask(project_key, "/api/v1/events", GOOD, {})
        cursor.execute("RESET lock_timeout")
    assert (status, answer["code"], headers["Retry-After"]) == ("503 Service Unavailable", "UNAVAILABLE", "2")


def test_only_what_django_would_let_pass_takes_the_fast_path(settings: Any) -> None:
    def headers(**changes: str) -> dict[str, str] | None:
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/events",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
        }
        fast_path._headers_of_middleware.cache_clear()
        found = fast_path.cached_headers(request | changes)
        fast_path._headers_of_middleware.cache_clear()
        return None if found is None else dict(found)

    plain = headers()
    assert plain is not None
    assert plain["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in plain
    assert headers(REQUEST_METHOD="GET") is None
    assert headers(PATH_INFO="/usage") is None
    assert headers(HTTP_HOST="elsewhere.example") is None
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    assert headers() is None  # Django redirects it
    secure = headers(**{"wsgi.url_scheme": "https"})
    assert secure is not None
    assert secure["Strict-Transport-Security"] == "max-age=3600"
