"""The one thread behind the server: it lets time pass and empties the webhook queue."""

from __future__ import annotations

import fcntl
import logging
import threading
import time

from django.conf import settings
from django.db import close_old_connections

from billing_platform.local.razorpay import clock, delivery
from billing_platform.local.razorpay.models import State
from billing_platform.local.razorpay.services import timers

POLL_SECONDS = 1

log = logging.getLogger(__name__)
_started = threading.Lock()


def start() -> None:
    """Start the thread, once per process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_run, name="sandbox-background", daemon=True).start()


def _run() -> None:
    # The file lock keeps it at one thread even if somebody serves with two workers.
    with (settings.SANDBOX_DIR / "background.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        looked_at_clock = 0.0
        while True:
            delivery.something_due.wait(timeout=POLL_SECONDS)
            delivery.something_due.clear()
            close_old_connections()
            State.forget()
            try:
                if clock.was_moved() or time.monotonic() - looked_at_clock >= POLL_SECONDS:
                    looked_at_clock = time.monotonic()
                    timers.run_due()
                delivery.deliver_due()
            except Exception:
                log.exception("the background thread stumbled; it goes on")
