"""Only an answer that takes long is remembered, and a hundred times as long as it took."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, current_thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.utils.timezone import get_current_timezone_name, override

from billing_platform.lib import slow_answers
from billing_platform.lib.slow_answers import forget, remembered
from tests.scenarios.running import wait_for

PARTS = ("answer", "holds", "asking")
PATIENCE = 10


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
    cache.delete_many([f"{name}:{part}" for name in ("quick", "slow", "slower", "old") for part in PARTS])


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
    assert stored == {f"{key}:answer": stands_for}
    forget(key)
    seconds += [0, 0]
    assert remembered(key, lambda: next(answers)) == "b"


def test_an_old_answer_is_kept_for_half_an_hour_more(seconds: list[float], stored: dict[str, Any]) -> None:
    seconds += [0, 3]
    assert remembered("old", lambda: "a", old_too=True) == "a"
    assert stored == {"old:holds": 300, "old:answer": 300 + 1_800}


def test_an_old_answer_is_forgotten_once_asking_is_quick(seconds: list[float], stored: dict[str, Any]) -> None:
    seconds += [0, 3, 10, 10]
    answers = iter("ab")
    assert remembered("old", lambda: next(answers), old_too=True) == "a"
    cache.delete("old:holds")
    assert remembered("old", lambda: next(answers), old_too=True) == "a"
    wait_for(lambda: cache.get("old:answer") is None, seconds=PATIENCE, what="no answer")


@pytest.mark.usefixtures("stored")
def test_an_old_answer_is_given_once_more_while_a_thread_asks_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On the clock of the one who asked; one thread at a time, and again if it failed."""
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow_answers, "TIMES_AS_LONG", 1_000_000_000)
    go_on, asked = Event(), SimpleQueue[str]()

    def ask() -> str:
        asked.put(f"{get_current_timezone_name()} in {current_thread().name}")
        assert go_on.wait(PATIENCE)
        if fails:
            raise OSError("no database")
        return f"answer {next(numbers)}"

    def answer() -> str:
        return remembered("old", ask, old_too=True)

    numbers, fails = iter("123"), False
    with override("Asia/Kolkata"):
        go_on.set()
        assert [answer(), answer()] == ["answer 1", "answer 1"]
        go_on.clear()
        cache.delete("old:holds")  # its time is over
        assert [answer(), answer()] == ["answer 1", "answer 1"], "nobody waits"
        fails = True
        go_on.set()
        wait_for(lambda: "old could not be asked again" in caplog.text, seconds=PATIENCE, what="the failure")
        fails = False
        cache.delete("old:asking")  # after two minutes
        assert answer() == "answer 1"
        wait_for(lambda: answer() == "answer 2", seconds=PATIENCE, what="the new answer")
    asking = "Asia/Kolkata in asks-again"
    assert [asked.get_nowait() for _ in range(asked.qsize())] == ["Asia/Kolkata in MainThread", asking, asking]
