"""Faults on demand: slow, dropped, throttled and broken answers."""

from __future__ import annotations

import fnmatch
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from billing_platform.local.razorpay.errors import (
    RazorpayError,
    gateway_error,
    server_error,
    too_many_requests,
    unavailable,
)
from billing_platform.local.razorpay.models import Fault, State
from billing_platform.local.razorpay.services import payments

Kind = Fault.Kind
AFTER_COMMIT = frozenset(
    {
        Kind.TIMEOUT_AFTER_COMMIT,
        Kind.DROP_AFTER_COMMIT,
        Kind.BAD_GATEWAY_AFTER_COMMIT,
        Kind.SERVER_ERROR_AFTER_COMMIT,
        Kind.GATEWAY_ERROR_AFTER_COMMIT,
        Kind.CUT_JSON_AFTER_COMMIT,
        Kind.NEW_PAYMENT,
    }
)
ERRORS: dict[str, Callable[[], RazorpayError]] = {
    Kind.TOO_MANY_JSON: too_many_requests,
    Kind.TOO_MANY_RETRY_AFTER: too_many_requests,
    Kind.SERVER_ERROR: server_error,
    Kind.SERVER_ERROR_AFTER_COMMIT: server_error,
    Kind.UNAVAILABLE: unavailable,
    Kind.GATEWAY_ERROR: gateway_error,
    Kind.GATEWAY_ERROR_AFTER_COMMIT: gateway_error,
}
IN_FLIGHT = "sandbox.pause_in_flight"


class FaultMiddleware:
    """Lets a trapped request go wrong; everything else passes untouched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Read even by answers that need none: the server closes on an unread body, and a
        # client still writing it would see a cut line instead of its 401 or 429.
        _ = request.body
        State.forget()
        if request.path.startswith("/_sim/"):
            return self.get_response(request)
        fault = _spring(f"{request.method} {request.path}")
        if fault is None:
            return self.get_response(request)
        if fault.kind == Kind.SLOW:
            request.META[IN_FLIGHT] = fault.seconds
            response = self.get_response(request)
            pause_in_flight(request)  # unless it already paused where it matters
            return response
        return self._go_wrong(request, fault)

    def _go_wrong(self, request: HttpRequest, fault: Fault) -> HttpResponse:
        """Before the work nothing happens but the trouble; after it, the trouble hides that it is done."""
        response = self.get_response(request) if fault.kind in AFTER_COMMIT else None
        if fault.kind in (Kind.DROP_BEFORE, Kind.DROP_AFTER_COMMIT):
            return _drop(request)
        if fault.kind == Kind.TIMEOUT_BEFORE:
            time.sleep(fault.seconds)
            return _edge_page(504, "Gateway Time-out")
        if response is None:
            return _broken_answer(fault)
        if fault.kind == Kind.TIMEOUT_AFTER_COMMIT:
            time.sleep(fault.seconds)
            return response
        if fault.kind == Kind.NEW_PAYMENT:
            payments.pay_for_something_else()
            return response
        if fault.kind == Kind.CUT_JSON_AFTER_COMMIT:
            half = response.content[: len(response.content) // 2]
            return HttpResponse(half, status=response.status_code, content_type="application/json")
        return _broken_answer(fault)


def pause_in_flight(request: HttpRequest) -> None:
    """Wait out a `slow` fault, once; a refund does so between claiming its key and the work."""
    time.sleep(request.META.pop(IN_FLIGHT, 0))
    State.forget()


def _spring(request_line: str) -> Fault | None:
    """The first armed trap that this request steps on, used up once."""
    armed = Fault.objects.filter(remaining__gt=0)
    if not armed.exists():  # the usual case takes no write lock
        return None
    return _use_up(request_line, armed)


@transaction.atomic
def _use_up(request_line: str, armed: QuerySet[Fault]) -> Fault | None:
    for fault in armed.all():
        if fnmatch.fnmatchcase(request_line, fault.match):
            fault.remaining -= 1
            fault.save(update_fields=["remaining"])
            return fault
    return None


def _broken_answer(fault: Fault) -> HttpResponse:
    if fault.kind in ERRORS:
        error = ERRORS[fault.kind]()
        response: HttpResponse = JsonResponse(error.envelope(), status=error.status)
        if fault.kind == Kind.TOO_MANY_RETRY_AFTER:
            response["Retry-After"] = str(fault.seconds)
        return response
    if fault.kind == Kind.TOO_MANY_EMPTY:
        return HttpResponse(status=429)
    if fault.kind == Kind.GATEWAY_TIMEOUT_HTML:
        return _edge_page(504, "Gateway Time-out")
    return _edge_page(502, "Bad Gateway")


def _edge_page(status: int, name: str) -> HttpResponse:
    """What the proxies before Razorpay say, in HTML."""
    text = f"<html><head><title>{status} {name}</title></head><body>nginx</body></html>"
    return HttpResponse(text, status=status, content_type="text/html")


def _drop(request: HttpRequest) -> HttpResponse:
    """Cut the line, so that the client sees no answer at all.

    WSGI names neither the socket nor the client's port, so this cuts every open connection to
    the sandbox, as a failing network would: arm it where requests come one at a time. Those to cut are
    collected first: a client that comes back at once on a new connection is not cut a second time.
    """
    with ExitStack() as opened:
        for connection in [opened.enter_context(each) for each in _connections(int(request.META["SERVER_PORT"]))]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
    return HttpResponse(status=444)  # nobody is there to read it


def _connections(own_port: int) -> Iterator[socket.socket]:
    """Duplicates of the sockets on which clients are connected to `own_port`."""
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):  # the listing's own descriptor is closed by now
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            candidate = socket.socket(fileno=os.dup(int(name)))
            if candidate.getsockname()[1:2] == (own_port,) and _is_connected(candidate):
                yield candidate
            else:
                candidate.close()


def _is_connected(candidate: socket.socket) -> bool:
    """False of the listening socket, which must live on."""
    try:
        candidate.getpeername()
    except OSError:
        return False
    return True
