"""Rate limits, counted by django-ratelimit in Valkey, with the headers of the contract.

Requests of a project key are counted in blocks of one per cent of its limit (10 requests of 1000/m): a process takes a
block from Valkey and then lets that many requests pass without asking. More than the limit never pass; up to one block
per process may be refused early, because another process holds the block.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from billing_platform.lib.errors import DomainError
from organisations.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

_MOST_IN_A_BLOCK = 100
_MOST_BLOCKS = 10_000  # held at once


@dataclass(frozen=True)
class RateUsage:
    limit: int
    remaining: int
    reset_seconds: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """The `X-RateLimit-*` headers. Reset is the Unix time in seconds at which the next window starts."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(time.time()) + self.reset_seconds),
        }
        return headers | {"Retry-After": str(self.reset_seconds)} if self.exceeded else headers


class RateLimited(DomainError):
    code = "RATE_LIMITED"
    status = 429


def check_rate(request: HttpRequest, api_key: ApiKey) -> RateUsage | None:
    """Count a request of a key. Raises RateLimited. RateLimitHeadersMiddleware adds the headers in both cases.

    Returns None if the counter can't be reached; then the request passes.
    """
    group = "project_key" if api_key.kind == ApiKey.Kind.PROJECT else "admin_key"
    in_blocks = settings.FAST_PATH and group == "project_key"
    usage = (_count_in_blocks if in_blocks else count)(request, group=group, who=str(api_key.pk))
    if usage is not None:
        request.rate_usage = usage  # type: ignore[attr-defined]  # read by the middleware
        if usage.exceeded:
            raise RateLimited(f"More than {usage.limit} requests; try again in {usage.reset_seconds} s.")
    return usage


def count(request: HttpRequest, *, group: str, who: str, rate: str = "", increment: bool = True) -> RateUsage | None:
    """Count one more request of `who` in a group, or with `increment=False` only read the count.

    Returns None if the counter can't be reached: for that time there is no limit, which is better than to refuse usage.
    """
    try:
        usage = get_usage(
            request,
            group=group,
            key=lambda _group, _request: who,
            rate=rate or settings.RATE_LIMITS[group],
            increment=increment,
        )
    except RedisError as error:
        logger.warning("rate limit not counted", extra={"reason": str(error)})
        return None
    if usage is None:
        return None
    remaining = max(0, usage["limit"] - usage["count"])
    return RateUsage(usage["limit"], remaining, max(1, usage["time_left"]), usage["should_limit"])


@dataclass(slots=True)
class _Block:
    """Requests that are counted already: this process may let them pass until the window ends."""

    left: int
    beyond: int
    """Remaining requests of the limit for all processes when the block was taken."""
    ends: int
    is_last: bool = False
    """The limit was reached when the block was taken: there are no further blocks in this window."""


_blocks: dict[tuple[str, str, str], _Block] = {}
_blocks_lock = threading.Lock()


def _count_in_blocks(request: HttpRequest, *, group: str, who: str) -> RateUsage | None:
    rate = settings.RATE_LIMITS[group]
    limit, size, rate_of_blocks = _in_blocks(rate)
    key = (group, who, rate)
    while (usage := _take(key, limit)) is None:
        asked = int(
            time.time()
        )  # read before the call: if Valkey answers in the next second, the block must not outlive its window
        blocks = count(request, group=group, who=who, rate=rate_of_blocks)
        if blocks is None:
            return None
        _put(key, blocks, size, ends=asked + blocks.reset_seconds)
    return usage


@cache
def _in_blocks(rate: str) -> tuple[int, int, str]:
    """The limit, the requests of a block, and the rate of blocks: for "1000/m" 1000, 10 and "100/m"."""
    number, slash, period = rate.partition("/")
    limit = int(number)
    size = max(1, min(limit // 100, _MOST_IN_A_BLOCK))
    return limit, size, f"{limit // size}{slash}{period}"


def _take(key: tuple[str, str, str], limit: int) -> RateUsage | None:
    """Take one request from this process's block; None if there is no block, or the block is used up or over."""
    now = int(time.time())
    with _blocks_lock:
        block = _blocks.get(key)
        if block is None or block.ends <= now or not (block.left or block.is_last):
            return None
        exceeded = not block.left
        block.left -= not exceeded
        return RateUsage(limit, block.beyond + block.left, block.ends - now, exceeded)


def _put(key: tuple[str, str, str], blocks: RateUsage, size: int, *, ends: int) -> None:
    """Store a block. If two threads took a block at the same time, the second is added to the first."""
    left = 0 if blocks.exceeded else size
    with _blocks_lock:
        held = _blocks.get(key)
        if held is not None and held.ends == ends:
            left += held.left
        elif len(_blocks) >= _MOST_BLOCKS:
            _blocks.clear()
        _blocks[key] = _Block(left, blocks.remaining * size, ends, is_last=blocks.exceeded)


class ApiKeyThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, ApiKey):
            check_rate(request._request, request.auth)
        return True


class RateLimitHeadersMiddleware:
    """Adds the rate limit headers to the answer of a counted request."""

    def __init__(self, get_response: object) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)  # type: ignore[operator]  # set by Django
        usage: RateUsage | None = getattr(request, "rate_usage", None)
        if usage is not None:
            for name, value in usage.headers().items():
                response[name] = value
        return response
