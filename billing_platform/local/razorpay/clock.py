"""The sandbox's clock: unix seconds that the control API can move forward."""

from __future__ import annotations

import threading
import time

from django.db import models

from billing_platform.local.razorpay.models import State

MINUTE = 60
DAY = 24 * 60 * MINUTE


_moved = threading.Event()


def now() -> int:
    return int(time.time()) + State.load().clock_offset


def advance(seconds: int) -> None:
    """Move it forward (or, with a negative number, back) for everybody."""
    State.load()
    State.objects.update(clock_offset=models.F("clock_offset") + seconds)
    State.forget()


def moved() -> None:
    """Tell the background thread, once the move is committed."""
    _moved.set()


def was_moved() -> bool:
    was = _moved.is_set()
    _moved.clear()
    return was
