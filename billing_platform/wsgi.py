"""WSGI entry point, served by granian."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import get_resolver

from billing_platform.http import fast_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_platform.settings")
_django = get_wsgi_application()


def _set_aside_what_is_loaded() -> None:
    """Code, models, pages and forms live as long as the process. Looking through them for garbage stopped one request
    in twenty or so for a quarter of a second."""
    _ = get_resolver().url_patterns  # loads every view
    gc.collect()
    gc.freeze()


_set_aside_what_is_loaded()


def application(wsgi: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Django, with the length of a body that came in chunks, and answers in one piece.

    Django reads as many bytes as Content-Length says. Without the header it would take the body for empty. Of a body
    above the limit, one byte more than the limit is read, so that Django refuses it like any other.

    granian sends a list at once. From another iterable it would fetch part by part, each on another thread.
    """
    if not wsgi.get("CONTENT_LENGTH") and wsgi.get("wsgi.input_terminated"):
        body = _read(wsgi["wsgi.input"])
        wsgi |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    headers = fast_path.cached_headers(wsgi)
    if headers is not None:
        return fast_path.answer(wsgi, headers, start_response)
    response = _django(wsgi, start_response)
    if not isinstance(response, HttpResponse):
        return response
    response.close()
    return [response.content]


def _read(stream: Any) -> bytes:
    limit, body = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, bytearray()
    while len(body) < limit and (part := stream.read(limit - len(body))):
        body += part
    return bytes(body)
