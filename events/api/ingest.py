"""POST /events and /events/batch: the one hot path, so plain Django views without DRF.

Authentication, rate limit, error envelope and headers are the same functions that DRF's views use.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.http.api import domain_error_response, error_response
from events.services.accepting import Accepted, Form, accept_events
from events.tasks import settling
from organisations.access.authentication import authenticate_project_key
from organisations.access.throttling import check_rate

_JSON_TYPES = {"", "application/json"}
_LINE_TYPES = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_GZIP = 16 + zlib.MAX_WBITS
_TRUE = {"1", "true", "yes"}
_RETRY_AFTER = "2"  # seconds

logger = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_Handler = Callable[[HttpRequest, Any, bytes], Accepted]


@csrf_exempt
def post_event(request: HttpRequest) -> HttpResponse:
    """One event."""

    def handle(request: HttpRequest, project: Any, body: bytes) -> Accepted:
        _content_type(request, _JSON_TYPES)
        return accept_events(project=project, body=body, form=Form.SINGLE)

    return _accept(request, handle, lambda accepted: {"status": "accepted", "event_id": accepted.event_ids[0]})


@csrf_exempt
def post_batch(request: HttpRequest) -> HttpResponse:
    """Many events: `{"events": [...]}` or one a line."""

    def handle(request: HttpRequest, project: Any, body: bytes) -> Accepted:
        form = Form.LINES if _content_type(request, _JSON_TYPES | _LINE_TYPES) in _LINE_TYPES else Form.BATCH
        atomic = request.GET.get("atomic", "").lower() in _TRUE
        return accept_events(project=project, body=body, form=form, atomic=atomic)

    return _accept(request, handle, _batch_answer)


def _batch_answer(accepted: Accepted) -> dict[str, Any]:
    return {
        "status": "accepted",
        "batch_id": accepted.batch_id,
        "accepted": len(accepted.event_ids),
        "rejected": accepted.rejected,
    }


def _accept(request: HttpRequest, handle: _Handler, answer: Callable[[Accepted], dict[str, Any]]) -> HttpResponse:
    if request.method != "POST":
        return error_response("Send events by POST.", status_code=405, headers={"Allow": "GET, POST"})
    try:
        api_key = authenticate_project_key(request)
        check_rate(request, api_key)
        accepted = handle(request, api_key.project, _read_body(request))
    except DomainError as error:
        return domain_error_response(error)
    except (OperationalError, InterfaceError):
        logger.exception("usage not stored")
        message = "The request could not be stored just now. Send it again: what was stored already counts once."
        return error_response(message, code="UNAVAILABLE", status_code=503, headers={"Retry-After": _RETRY_AFTER})
    settling.wake()
    return HttpResponse(_encode(answer(accepted)), status=202, content_type="application/json")


def _content_type(request: HttpRequest, allowed: set[str]) -> str:
    found = (request.content_type or "").lower()
    if found not in allowed:
        names = " or ".join(sorted(name for name in allowed if name))
        raise DomainError(f"Send events as {names}.", code="UNSUPPORTED_MEDIA_TYPE", status=415)
    return found


def _read_body(request: HttpRequest) -> bytes:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.EVENTS_MAX_BYTES:
            raise _too_large()
        body = request.body
    except RequestDataTooBig:
        raise _too_large() from None
    except (UnreadablePostError, ValueError):
        raise InvalidInput("The body could not be read to its end.") from None
    if len(body) < length:
        raise InvalidInput("The body is shorter than its Content-Length says.")
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if encoding == "gzip":
        body = _gunzip(body)
    elif encoding != "identity":
        raise DomainError("Send the body as it is, or gzip-compressed.", code="UNSUPPORTED_MEDIA_TYPE", status=415)
    if len(body) > settings.EVENTS_MAX_BYTES:
        raise _too_large()
    return body


def _gunzip(body: bytes) -> bytes:
    """Unpack at most one byte more than is allowed, so that a small body can't fill the memory."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        text = unpacker.decompress(body, settings.EVENTS_MAX_BYTES + 1)
    except zlib.error:
        raise InvalidInput("The body is not valid gzip.") from None
    if len(text) <= settings.EVENTS_MAX_BYTES and not (unpacker.eof and not unpacker.unused_data):
        raise InvalidInput("The body is not one complete gzip member.")
    return text


def _too_large() -> DomainError:
    megabytes = settings.EVENTS_MAX_BYTES // (1024 * 1024)
    return DomainError(f"A request holds at most {megabytes} MB.", code="PAYLOAD_TOO_LARGE", status=413)
