"""One GET of a public file: a time-out on every call and for the whole, a size limit, no redirects."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from invoicing.exchange.publisher import PublisherError

TIMEOUT_SECONDS = (5, 20)  # to connect; between two pieces of the answer
WHOLE_SECONDS = 60
LARGEST_ANSWER = 2 * 1024 * 1024  # bytes: a year of FBIL's rates is a quarter of it
_PIECE = 64 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def fetched(url: str, parameters: Mapping[str, str] | None = None) -> bytes:
    """The body of a 200. Raises PublisherError for any other answer, and for one that is too large or too slow."""
    host = urlsplit(url).hostname or url
    try:
        with requests.Session() as session:
            session.trust_env = host not in _LOOPBACK  # proxies are for the way out
            headers = {"Accept": "application/json, application/xml, text/xml"}
            with session.get(
                url,
                params=dict(parameters or {}),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    raise PublisherError(f"{host} answered {answer.status_code} instead of its rates.")
                return _body(answer, host)
    except requests.RequestException as error:
        raise PublisherError(f"{host} could not be asked: {type(error).__name__}.") from error


def _body(answer: requests.Response, host: str) -> bytes:
    """Piece by piece: what is said of the length beforehand need not be true, and a packed answer may be a bomb."""
    end, pieces, size = time.monotonic() + WHOLE_SECONDS, [], 0
    for piece in answer.iter_content(_PIECE):
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise PublisherError(f"The answer of {host} is larger than {LARGEST_ANSWER // 1024 // 1024} MB.")
        if time.monotonic() > end:
            raise PublisherError(f"The answer of {host} took more than {WHOLE_SECONDS} seconds.")
        pieces.append(piece)
    return b"".join(pieces)
