"""The HTTP session that the Razorpay SDK is given: a time-out on every call, no redirects, and the answer remembered.

The SDK (2.0.1) waits for ever by default, follows redirects as if they were answers, and throws the HTTP status
and all of the error but its description away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Answer:
    """What came back last: the status, the error object if the body had one, and the seconds of `Retry-After`."""

    status: int
    error: Mapping[str, Any] | None
    retry_after: float | None = None


class RecordingAdapter(HTTPAdapter):
    """Belongs to one thread, like the session it is mounted on."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__()
        self.timeout = timeout
        self.last: Answer | None = None

    def forget(self) -> None:
        """Before a call: what came back last is no answer to it."""
        self.last = None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.forget()
        kwargs["timeout"] = kwargs.get("timeout") or self.timeout
        response = super().send(request, *args, **kwargs)
        self.last = Answer(response.status_code, _error_of(response), _retry_after_of(response))
        return response


def _error_of(response: requests.Response) -> Mapping[str, Any] | None:
    if response.ok:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else None


def _retry_after_of(response: requests.Response) -> int | None:
    """Seconds only: the header's other form, a date, would trust two clocks."""
    value = response.headers.get("Retry-After", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else None


def new_session(base_url: str, timeout: tuple[float, float]) -> tuple[requests.Session, RecordingAdapter]:
    session = requests.Session()
    adapter = RecordingAdapter(timeout)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.max_redirects = 0
    # proxies of the environment are for the way out, not for the sandbox on this machine
    session.trust_env = urlsplit(base_url).hostname not in _LOOPBACK
    return session, adapter
