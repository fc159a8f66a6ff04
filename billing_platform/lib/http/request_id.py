"""The id that ties one request or job to its log lines, audit entries and answers (header X-Request-ID)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

_current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


def current_request_id() -> str:
    """The id of the request or job under way, or "" outside one."""
    return _current.get()


def begin_request(environment: Mapping[str, Any]) -> tuple[str, str]:
    """Start a request of this WSGI environment. Returns the header X-Request-ID, which every answer carries."""
    return "X-Request-ID", begin(environment.get("HTTP_X_REQUEST_ID", ""))


def begin(proposed: str = "") -> str:
    """Start a request or job. A caller's own id is used when it is harmless: the id may end up in logs and headers."""
    value = proposed if _ACCEPTABLE.fullmatch(proposed) else secrets.token_hex(16)
    _current.set(value)
    return value


def end() -> None:
    """Forget the id: threads are reused."""
    _current.set("")
