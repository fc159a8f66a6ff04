"""The short way of usage events: from the web server to their view and back, past Django's handler and middleware.

A single event took longer to pass sessions, CSRF, messages, static files and the signals around them than to be
validated and stored. What every request has, this one has too, from the same functions: an id, a log line, a count,
the limit's headers, the headers of transport security, and an envelope when something breaks. That nobody can tell the
two ways apart is tested (tests/events/test_short_way.py). Django looks after the thread's database connection at the
start and the end of a request; here those who use it do (`accepting.py`, `authentication.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, lru_cache
from io import BytesIO
from typing import Any, cast

from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import ResolverMatch, resolve

from billing_platform.http.middleware import AnswerHeadersMiddleware, read_what_is_left, record_request
from billing_platform.http.refused_bodies import REFUSED
from billing_platform.lib.http import request_id

PATHS = {"/api/v1/events", "/api/v1/events/batch", "/events", "/events/batch"}
Headers = tuple[tuple[str, str], ...]


def standing_headers(wsgi: dict[str, Any]) -> Headers | None:
    """What Django's middleware adds to each answer of this host. None for a request that has to go the long way."""
    if wsgi["REQUEST_METHOD"] != "POST" or wsgi["PATH_INFO"] not in PATHS or "HTTP_HOST" not in wsgi or REFUSED in wsgi:
        return None
    return _standing_headers(wsgi["HTTP_HOST"], wsgi["wsgi.url_scheme"], wsgi.get("HTTP_X_FORWARDED_PROTO", ""))


def answer(wsgi: dict[str, Any], standing: Headers, start_response: Callable[..., Any]) -> list[bytes]:
    """Accept or refuse usage."""
    started = time.perf_counter()
    value = request_id.begin(wsgi.get("HTTP_X_REQUEST_ID", ""))
    try:
        request = WSGIRequest(wsgi)
        match = request.resolver_match = _resolve(wsgi["PATH_INFO"])
        try:
            response: HttpResponse = match.func(request)
        except Exception as error:
            response = response_for_exception(request, error)
        read_what_is_left(request)
        record_request(request, response.status_code, time.perf_counter() - started)
    finally:
        request_id.end()
    headers = [*response.items(), *standing, ("X-Request-ID", value)]
    if (usage := getattr(request, "rate_usage", None)) is not None:
        headers += usage.headers().items()
    body = response.content
    headers.append(("Content-Length", str(len(body))))
    start_response(f"{response.status_code} {response.reason_phrase}", headers)
    return [body]


@cache
def _resolve(path: str) -> ResolverMatch:
    return resolve(path)


@lru_cache(maxsize=100)
def _standing_headers(host: str, scheme: str, forwarded: str) -> Headers | None:
    """Asked of the middleware itself, once for each host; None if it would redirect or refuse."""
    bare = {"REQUEST_METHOD": "POST", "HTTP_HOST": host, "HTTP_X_FORWARDED_PROTO": forwarded, "wsgi.url_scheme": scheme}
    request = WSGIRequest(bare | {"wsgi.input": BytesIO()})
    try:
        request.get_host()
    except DisallowedHost:
        return None
    framed = cast(Callable[[HttpRequest], HttpResponse], XFrameOptionsMiddleware(_empty_answer))
    response = cast(HttpResponse, SecurityMiddleware(AnswerHeadersMiddleware(framed))(request))
    if response.status_code != 200:
        return None
    return tuple((name, value) for name, value in response.items() if name != "Content-Type")


def _empty_answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(content_type="application/json")
