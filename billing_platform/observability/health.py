"""The health endpoints: whether the process answers, and whether all that the platform needs is there."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from billing_platform.celery import app
from billing_platform.lib import clock
from billing_platform.tasks import HEARTBEAT_KEY
from events.selectors.backlog import settle_backlog

BEAT_MAX_AGE = 120
BACKLOG_MAX_AGE = 300


def alive(request: HttpRequest) -> JsonResponse:
    """Answer 200. Nothing else is checked, so that web processes are not restarted while the database is away."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if database, cache, broker, beat and settling work, and 503 with the reasons otherwise."""
    checks = {name: _outcome(check) for name, check in CHECKS.items()}
    is_ready = all(outcome == "ok" for outcome in checks.values())
    status = "ok" if is_ready else "unavailable"
    response = JsonResponse({"status": status, "checks": checks}, status=200 if is_ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # a 503 is the answer here, not an error
    return response


def _outcome(check: Callable[[], str | None]) -> str:
    try:
        return check() or "ok"
    except (DatabaseError, RedisError, OperationalError, OSError) as error:
        return type(error).__name__  # the message may name addresses; only the log shows it


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> str | None:
    cache.set("health", "1", timeout=10)
    return None if cache.get("health") == "1" else "does not keep values"


def _broker() -> None:
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)


def _beat() -> str | None:
    """Beat sends the heartbeat and a worker runs it, so an old heartbeat means that one of them is down."""
    last: float | None = cache.get(HEARTBEAT_KEY)
    if last is None:
        return "no heartbeat yet"
    age = clock.now().timestamp() - last
    return None if age <= BEAT_MAX_AGE else f"last heartbeat {age:.0f} s ago"


def _settling() -> str | None:
    age = settle_backlog().oldest_age_seconds
    return None if age <= BACKLOG_MAX_AGE else f"the oldest unsettled batch is {age} s old"


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": _database,
    "cache": _cache,
    "broker": _broker,
    "beat": _beat,
    "settling": _settling,
}
