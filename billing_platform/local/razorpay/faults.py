"""Faults on demand: slow, dropped, throttled and broken answers."""

from __future__ import annotations

import fnmatch
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from billing_platform.local.razorpay.errors import RazorpayError, gateway_error, server_error, too_many_requests
from billing_platform.local.razorpay.models import Fault

Kind = Fault.Kind
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
IN_FLIGHT = "sandbox.pause_in_flight"


class FaultMiddleware:
    """Lets a trapped request go wrong; everything else passes untouched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Read even by answers that need none: the server closes on an unread body, and a
        # client still writing it would see a cut line instead of its 401 or 429.
        _ = request.body
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
        if fault.kind == Kind.DROP_BEFORE:
            return _drop(request)
        if fault.kind == Kind.DROP_AFTER_COMMIT:
            self.get_response(request)
            return _drop(request)
        if fault.kind == Kind.TIMEOUT_AFTER_COMMIT:
            response = self.get_response(request)
            time.sleep(fault.seconds)
            return response
        return _broken_answer(fault.kind)


def pause_in_flight(request: HttpRequest) -> None:
    """Wait out a `slow` fault, once; a refund does so between claiming its key and the work."""
    time.sleep(request.META.pop(IN_FLIGHT, 0))


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


def _broken_answer(kind: str) -> HttpResponse:
    errors: dict[str, Callable[[], RazorpayError]] = {
        Kind.TOO_MANY_JSON: too_many_requests,
        Kind.SERVER_ERROR: server_error,
        Kind.GATEWAY_ERROR: gateway_error,
    }
    if kind in errors:
        error = errors[kind]()
        return JsonResponse(error.envelope(), status=error.status)
    if kind == Kind.TOO_MANY_EMPTY:
        return HttpResponse(status=429)
    return HttpResponse(BAD_GATEWAY, status=502, content_type="text/html")


def _drop(request: HttpRequest) -> HttpResponse:
    """Cut the line, so that the client sees no answer at all.

    WSGI names neither the socket nor the client's port, so this cuts every open connection to
    the sandbox, as a failing network would: arm it where requests come one at a time.
    """
    own_port = int(request.META["SERVER_PORT"])
    for name in os.listdir("/dev/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as candidate:
            if candidate.getsockname()[1:2] == (own_port,):
                candidate.getpeername()  # raises on the listening socket, which must live on
                candidate.shutdown(socket.SHUT_RDWR)
    return HttpResponse(status=444)  # nobody is there to read it
