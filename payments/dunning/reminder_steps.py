"""Which reminder of an invoice is due on a day, and which ones are too late to be sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DEFAULT_STEPS = (-3, 0, 3, 7, 14, 30)
"""Days after the due date; below zero: before it."""
MAX_STEPS = 12
FIRST_STEP, LAST_STEP = -30, 365


@dataclass(frozen=True)
class StepsNow:
    """What a day asks for: one step to send, or none, and the missed ones before it, which are never sent."""

    send: int | None
    skip: tuple[int, ...] = ()


def steps_now(*, steps: Iterable[int], issued: date, due: date, today: date, known: Collection[int]) -> StepsNow:
    """Late rather than never: of the steps whose day has come, only the latest is sent, and none before a sent one.

    `known` are the steps that were sent or skipped before. A step on the day of issue or earlier is no reminder: the
    invoice itself has just come. All days are the customer's.
    """
    reached = [step for step in sorted(steps) if issued < due + timedelta(days=step) <= today]
    open_steps = [step for step in reached if step not in known and step > max(known, default=FIRST_STEP - 1)]
    if not open_steps:
        return StepsNow(None)
    return StepsNow(open_steps[-1], tuple(open_steps[:-1]))


def next_step(*, steps: Iterable[int], issued: date, due: date, today: date, known: Collection[int]) -> date | None:
    """The day of the next reminder, today if it is late; None after the last one."""
    now = steps_now(steps=steps, issued=issued, due=due, today=today, known=known)
    if now.send is not None:
        return max(today, due + timedelta(days=now.send))
    coming = (due + timedelta(days=step) for step in sorted(steps) if step not in known)
    return next((day for day in coming if day > max(today, issued)), None)
