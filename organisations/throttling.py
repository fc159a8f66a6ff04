"""Rate limits, counted by django-ratelimit in Valkey, with the headers of the contract."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from billing_platform.lib.client_ip import client_ip
from billing_platform.lib.errors import DomainError
from organisations.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

IPV6_CUSTOMER = 64


@dataclass(frozen=True)
class RateUsage:
    limit: int
    remaining: int
    reset_seconds: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """`X-RateLimit-*`; Reset is the Unix second at which the window starts anew."""
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
    """Count a request of a key. Raises RateLimited; the headers go out either way, by RateLimitHeadersMiddleware."""
    group = "project_key" if api_key.kind == ApiKey.Kind.PROJECT else "admin_key"
    usage = _count(request, group=group, who=str(api_key.pk))
    if usage is not None:
        request.rate_usage = usage  # type: ignore[attr-defined]
        if usage.exceeded:
            raise RateLimited(f"More than {usage.limit} requests; try again in {usage.reset_seconds} s.")
    return usage


def check_sign_in(request: HttpRequest) -> RateUsage | None:
    """What an address has left of its failed attempts to sign in. The caller looks at `exceeded`.

    Only failures count, so that an office behind one address can sign in at nine o'clock. Attempts made at the same
    moment may pass together: at most as many as the web server has threads.
    """
    usage = _count(request, group="sign_in", who=_address(request), increment=False)
    return usage and replace(usage, exceeded=usage.remaining == 0)


def count_failed_sign_in(request: HttpRequest) -> None:
    """Count a failed attempt to sign in against its address."""
    _count(request, group="sign_in", who=_address(request))


def _address(request: HttpRequest) -> str:
    """Whom an attempt counts against: an IPv4 address, or the IPv6 network that one customer of a provider has."""
    address = client_ip(request)
    return str(ip_network(f"{address}/{IPV6_CUSTOMER}", strict=False)) if ":" in address else address or "unknown"


def _count(request: HttpRequest, *, group: str, who: str, increment: bool = True) -> RateUsage | None:
    """None when the counter is out of reach: losing the limit for a while beats refusing usage events."""
    try:
        usage = get_usage(
            request,
            group=group,
            key=lambda _group, _request: who,
            rate=settings.RATE_LIMITS[group],
            increment=increment,
        )
    except RedisError as error:
        logger.warning("rate limit not counted", extra={"reason": str(error)})
        return None
    if usage is None:
        return None
    remaining = max(0, usage["limit"] - usage["count"])
    return RateUsage(usage["limit"], remaining, max(1, usage["time_left"]), usage["should_limit"])


class ApiKeyThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, ApiKey):
            check_rate(request._request, request.auth)
        return True


class RateLimitHeadersMiddleware:
    """Writes the headers of a counted request."""

    def __init__(self, get_response: object) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)  # type: ignore[operator]
        usage: RateUsage | None = getattr(request, "rate_usage", None)
        if usage is not None:
            for name, value in usage.headers().items():
                response[name] = value
        return response
