"""API keys of requests: read the header, look the key up, compare it, or refuse. For DRF and the event endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from billing_platform.lib import clock
from billing_platform.lib.database.connections import renew_connection
from billing_platform.lib.errors import DomainError
from organisations import audit
from organisations.models import ApiKey
from organisations.services.api_keys import KEY_FORMAT, matches

CACHE_SECONDS = 5.0
"""Seconds that a process caches a key: half of the ten seconds within which a revocation must take effect."""
_USED_EVERY = timedelta(minutes=1)

_cache: dict[str, tuple[float, ApiKey]] = {}
_CACHE_LIMIT = 10_000


class Unauthenticated(DomainError):
    code = "UNAUTHENTICATED"
    status = 401


def authenticate_project_key(request: HttpRequest) -> ApiKey:
    """The project key of a request, read at most CACHE_SECONDS ago.

    Raises Unauthenticated without a usable key, and DomainError FORBIDDEN for another kind of key.
    """
    api_key = _authenticate(request, _find_cached)
    if api_key is None:
        raise Unauthenticated("Send a project key: Authorization: Bearer mbp_live_…")
    if api_key.kind != ApiKey.Kind.PROJECT:
        raise DomainError("This is not a project key.", code="FORBIDDEN", status=403)
    return api_key


def _authenticate(request: HttpRequest, find: Callable[[str], ApiKey | None]) -> ApiKey | None:
    """The usable key of a request, or None without an Authorization header. Raises Unauthenticated for a bad key."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    scheme, _space, secret = header.partition(" ")
    form = KEY_FORMAT.match(secret.strip())
    if scheme.lower() != "bearer" or form is None:
        raise Unauthenticated("The Authorization header must be: Bearer mbp_{live|test}_{prefix}_{secret}.")
    api_key = find(form.group(2))
    if api_key is None or not matches(api_key, secret.strip()):
        raise Unauthenticated("This API key is unknown.")
    _refuse_unusable(api_key)
    _note_use(api_key)
    return api_key


def carries_known_key(header: str) -> bool:
    """Whether an Authorization header has a usable key of any kind."""
    request = HttpRequest()
    request.META["HTTP_AUTHORIZATION"] = header
    try:
        return _authenticate(request, _find_cached) is not None
    except DomainError:
        return False


def forget_cached_keys() -> None:
    """Empty the cache of this process (for tests)."""
    _cache.clear()


def _find_cached(prefix: str) -> ApiKey | None:
    cached = _cache.get(prefix)
    if cached is not None and time.monotonic() - cached[0] < CACHE_SECONDS:
        return cached[1]
    renew_connection()
    api_key = _find(prefix)
    if len(_cache) >= _CACHE_LIMIT:
        _cache.clear()
    if api_key is not None:
        _cache[prefix] = (time.monotonic(), api_key)
    return api_key


def _find(prefix: str) -> ApiKey | None:
    return ApiKey.objects.select_related("project__organisation", "owner").filter(prefix=prefix).first()


def _note_use(api_key: ApiKey) -> None:
    """Note the time of the last use, at most once a minute, so that not every request writes."""
    now = clock.now()
    if api_key.last_used_at is None or now - api_key.last_used_at > _USED_EVERY:
        renew_connection()
        ApiKey.objects.filter(pk=api_key.pk).update(last_used_at=now)
        api_key.last_used_at = now


def _refuse_unusable(api_key: ApiKey) -> None:
    if not api_key.is_usable(clock.now()):
        raise Unauthenticated("This API key is revoked or expired.")
    if api_key.project is not None and not (api_key.project.is_active and api_key.project.organisation.is_active):
        raise Unauthenticated("The project of this API key is not active.")
    if api_key.owner is not None and not api_key.owner.is_active:
        raise Unauthenticated("The owner of this API key is not active.")


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the ApiKey and `request.user` to its owner (AnonymousUser for a project key). No cache."""

    def authenticate(self, request: Request) -> tuple[object, ApiKey] | None:
        api_key = _authenticate(request._request, _find)
        if api_key is None:
            return None
        audit.act_as(user=api_key.owner, api_key=api_key)
        return api_key.owner or AnonymousUser(), api_key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    """How the OpenAPI document describes the authentication."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mbp_live_…"}
