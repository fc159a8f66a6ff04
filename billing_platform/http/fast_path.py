"""The fast path of usage events and Razorpay's webhooks: from the web server to their view and back, past Django's
handler and middleware.

A single event took longer to pass sessions, CSRF, messages, static files and the signals around them than to be
validated and stored. The fast path gives each request what the middleware path does, by the same functions: an id, a
log line, a count, the rate limit's headers, the headers of transport security, and an error envelope. A test sends the
same requests along both paths and compares the answers (tests/events/test_fast_path.py). Django renews a broken
database connection at the start and the end of a request; here the views and what stores for them do that.

`FAST_PATH=off` in the environment turns this path off, and with it what else makes single events fast (settings.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

from django.conf import settings
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
from billing_platform.lib.http.addresses import comes_in_bursts

Headers = tuple[tuple[str, str], ...]


def cached_headers(wsgi: dict[str, Any]) -> Headers | None:
    """The response headers that Django's middleware adds for this host. None: the request takes the middleware path."""
    is_hot = wsgi["REQUEST_METHOD"] == "POST" and comes_in_bursts(wsgi["PATH_INFO"])
    if not (settings.FAST_PATH and is_hot and "HTTP_HOST" in wsgi) or REFUSED in wsgi:
        return None
    return _headers_of_middleware(wsgi["HTTP_HOST"], wsgi["wsgi.url_scheme"], wsgi.get("HTTP_X_FORWARDED_PROTO", ""))


def answer(wsgi: dict[str, Any], cached: Headers, start_response: Callable[..., Any]) -> list[bytes]:
    """Accept or refuse usage or a webhook."""
    started = time.perf_counter()
    id_header = request_id.begin_request(wsgi)
    try:
        request = WSGIRequest(wsgi)
        match = request.resolver_match = _resolve(wsgi["PATH_INFO"])
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except Exception as error:  # as Django does around a view: it becomes the answer
            response = response_for_exception(request, error)
        read_what_is_left(request)
        record_request(request, response.status_code, time.perf_counter() - started)
    finally:
        request_id.end()
    headers = [*response.items(), *cached, id_header]
    if (usage := getattr(request, "rate_usage", None)) is not None:
        headers += usage.headers().items()
    body = response.content
    headers.append(("Content-Length", str(len(body))))
    start_response(f"{response.status_code} {response.reason_phrase}", headers)
    return [body]


@lru_cache(maxsize=1000)
def _resolve(path: str) -> ResolverMatch:
    return resolve(path)


@lru_cache(maxsize=100)
def _headers_of_middleware(host: str, scheme: str, forwarded: str) -> Headers | None:
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
