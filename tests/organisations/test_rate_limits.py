"""Rate limits per key, with their headers. While Valkey is away there is no limit, and requests are served."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from django.test.client import Client

from organisations.access import throttling
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"


@pytest.fixture
def two_a_minute(settings: object) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "admin_key": "2/m"}


def test_every_answer_carries_the_limit(api: Client) -> None:
    answer = api.get(URL)
    assert answer["X-RateLimit-Limit"] == "30"
    assert answer["X-RateLimit-Remaining"] == "29"
    assert int(answer["X-RateLimit-Reset"]) > 1_700_000_000


def test_the_request_over_the_limit_is_429_with_the_time_to_wait(api: Client, two_a_minute: None) -> None:
    statuses = [api.get(URL).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = api.get(URL)
    assert refused.json()["code"] == "RATE_LIMITED"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["X-RateLimit-Remaining"] == "0"


def test_each_key_has_a_count_of_its_own(api: Client, admin_user: object, two_a_minute: None) -> None:
    for _ in range(3):
        api.get(URL)
    assert factories.client(factories.admin_key(admin_user)).get(URL).status_code == 200


def test_without_the_counter_requests_are_served(api: Client, settings: object) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert api.get(URL).status_code == 200


def test_a_hanging_counter_delays_requests_only_briefly(api: Client, settings: object) -> None:
    """It takes the connection and never answers, as a machine does that swaps."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        location = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}
        started = time.monotonic()
        assert api.get(URL).status_code == 200
        assert time.monotonic() - started < 5


def test_a_large_limit_is_never_exceeded_and_almost_used_up(
    client: Client, project_key: str, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes take turns; each counts ahead of time by blocks of two, one per cent of the limit."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "project_key": "200/h"}
    processes: list[dict[Any, Any]] = [{}, {}, {}]
    statuses = []
    for number in range(230):
        monkeypatch.setattr(throttling, "_blocks", processes[number % 7 % 3])
        answer = client.get("/api/v1/usage", headers={"Authorization": f"Bearer {project_key}"})
        statuses.append(answer.status_code)
    assert 198 <= statuses.count(200) <= 200
    assert set(statuses[-20:]) == {429}


def test_the_answer_has_the_remaining_requests(client: Client, project_key: str, settings: object) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "project_key": "1000/m"}
    headers = {"Authorization": f"Bearer {project_key}"}
    remaining = [client.get("/api/v1/usage", headers=headers)["X-RateLimit-Remaining"] for _ in range(12)]
    assert remaining == [str(number) for number in range(999, 987, -1)]


def test_a_block_ends_with_its_window(client: Client, project_key: str, settings: object) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "project_key": "200/s"}
    headers = {"Authorization": f"Bearer {project_key}"}
    resets = set()
    for _ in range(3):
        resets.add(client.get("/api/v1/usage", headers=headers)["X-RateLimit-Reset"])
        time.sleep(1.05)
    assert len(resets) == 3


def test_a_block_that_comes_late_does_not_outlive_its_window(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in the last second of a window, answered in the first of the next one."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "project_key": "200/m"}
    answers = [throttling.RateUsage(100, 99, 60, exceeded=False), throttling.RateUsage(100, 0, 1, exceeded=False)]
    seconds = [1000]

    def count(*_: object, **__: object) -> throttling.RateUsage:
        seconds[0] += 1
        return answers.pop()

    monkeypatch.setattr(throttling.time, "time", lambda: seconds[0])
    monkeypatch.setattr(throttling, "count", count)
    monkeypatch.setattr(throttling, "_blocks", {})
    usage = throttling._count_in_blocks(None, group="project_key", who="a")  # type: ignore[arg-type]
    assert usage is not None
    assert (usage.remaining, answers) == (199, [])
