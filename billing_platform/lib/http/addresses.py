"""Where the addresses for programs begin: asked wherever the API is treated differently from pages.

billing_platform/urls.py and the apps' urls.py define the addresses; the contract gives some of them a short form.
"""

from __future__ import annotations

import re

VERSIONED = "/api/v1/"
KEYED = (VERSIONED, "/events")
"""What is answered to a key only, but for the gateway's webhooks, which are signed."""

_API = ("/api/", "/events", "/webhooks/")
_MACHINES = (*_API, "/health", "/metrics")

EVENT_POSTS = frozenset({f"{VERSIONED}events", f"{VERSIONED}events/batch", "/events", "/events/batch"})
"""Where usage is reported."""

_WEBHOOK = re.compile(rf"(?:{VERSIONED}|/)webhooks/razorpay(?:/[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})?")
"""Where Razorpay sends its messages: for all sellers, and for the account of one."""


def comes_in_bursts(path: str) -> bool:
    """Whether a POST to this address takes the fast path."""
    return path in EVENT_POSTS or _WEBHOOK.fullmatch(path) is not None


def is_api(path: str) -> bool:
    """The API, in its long and short forms."""
    return path.startswith(_API)


def is_for_programs(path: str) -> bool:
    """The API and what monitoring asks: errors are never answered with a page."""
    return path.startswith(_MACHINES)


def needs_key(path: str) -> bool:
    """Whether a request without a key is refused whatever its body says."""
    return path.startswith(KEYED) and not path.startswith(f"{VERSIONED}webhooks/")
