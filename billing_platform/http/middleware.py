"""What every request passes: an id, a log line and a count, slashes forgiven under /api, and JSON errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from prometheus_client import Counter, Histogram

from billing_platform.lib.http import request_id
from billing_platform.lib.http.addresses import is_for_programs

logger = logging.getLogger("billing_platform.access")

REQUESTS = Counter(
    "billing_http_requests_total", "HTTP requests, by route, method and status.", ["route", "method", "status"]
)
REQUEST_SECONDS = Histogram("billing_http_request_seconds", "Time to answer a request.", ["route", "method"])

# For pages that bring no policy of their own, the operators' and the API's documents: nothing from other hosts. Unfold
# evaluates the expressions in its templates and writes scripts and styles into its pages.
PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

POLLED = {"/health", "/health/ready", "/metrics"}  # asked every few seconds: counted, but not logged
TOKEN_PATHS = ("/pay/", "/debits/", "/portal/open/")  # whose next part is a key
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives the request its id, taken from the caller's X-Request-ID when that is harmless, and sends it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name, value = request_id.begin_request(request.META)
        try:
            response = self.get_response(request)
            response[name] = value
            return response
        finally:
            request_id.end()


class AccessLogMiddleware:
    """One measurement and one structured line per request. Paths only: query strings may carry customers' data."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        record_request(request, response.status_code, time.perf_counter() - started)
        return response


def record_request(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request and write its line."""
    match = request.resolver_match
    route = match.route if match else "(none)"
    method = request.method or ""
    counter, histogram = _meters(route, method if method in METHODS else "OTHER", status)  # callers invent methods
    counter.inc()
    histogram.observe(seconds)
    if request.path in POLLED:
        return
    logger.info(
        "request",
        extra={
            "method": method,
            "path": f"/{route}" if request.path.startswith(TOKEN_PATHS) else request.path,
            "status": status,
            "ms": round(seconds * 1000, 1),
        },
    )


@cache
def _meters(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Cached: Prometheus' client checks the names of labels at each look-up."""
    return REQUESTS.labels(route, method, status), REQUEST_SECONDS.labels(route, method)


class AnswerHeadersMiddleware:
    """Forbids caches to keep an answer, and pages to load anything from another host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Content-Security-Policy", PAGE_POLICY)
        return response


class SlashlessApiMiddleware:
    """Drops one trailing slash under the API: both forms answer without a redirect, which would lose a POST."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.endswith("/") and is_for_programs(path):
            request.path_info = path[:-1]
        return self.get_response(request)


class UnreadBodyMiddleware:
    """Reads the rest of the body of a request that was answered early.

    granian closes the connection when an answer is sent before the body was read. The client then sees a connection
    reset instead of our 401, 413 or 429. A body above the limit is not read: its client may see the reset.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            read_what_is_left(request)
        return response


def read_what_is_left(request: HttpRequest) -> None:
    """Read the rest of a body, up to the limit of a request. A client that disconnected meanwhile is no error."""
    if not getattr(request, "_read_started", True):
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            with suppress(UnreadablePostError):
                request.read()
