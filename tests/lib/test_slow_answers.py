"""Only an answer that takes long is remembered, and a hundred times as long as it took."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache

from billing_platform.lib import slow_answers
from billing_platform.lib.slow_answers import remembered


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What a clock shows, from one look to the next: when a question was begun, and when it was answered."""
    shown: list[float] = []
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0.1)
    monkeypatch.setattr(slow_answers, "time", SimpleNamespace(monotonic=lambda: shown.pop(0)))
    return shown


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """For how long an answer was stored."""
    found: dict[str, Any] = {}
    really = cache.set
    monkeypatch.setattr(
        cache, "set", lambda key, value, timeout: (found.update({key: timeout}), really(key, value, timeout))
    )
    yield found
    cache.delete_many(["quick", "slow", "slower"])


def test_quick_answers_are_given_anew(seconds: list[float], stored: dict[str, Any]) -> None:
    answers = iter("ab")
    seconds += [0, 0.09, 1, 1.09]
    assert [remembered("quick", lambda: next(answers)) for _ in range(2)] == ["a", "b"]
    assert stored == {}


@pytest.mark.parametrize(("key", "took", "stands_for"), [("slow", 3, 300), ("slower", 60, 1_800)])
def test_a_slow_answer_stands_for_a_while(
    seconds: list[float], stored: dict[str, Any], key: str, took: float, stands_for: int
) -> None:
    answers = iter("ab")
    seconds += [0, took]
    assert [remembered(key, lambda: next(answers)) for _ in range(2)] == ["a", "a"]
    assert stored == {key: stands_for}
