"""The sandbox's clock: unix seconds that the control API can move forward."""

from __future__ import annotations

import time

from billing_platform.local.razorpay.models import State

MINUTE = 60
DAY = 24 * 60 * MINUTE


def now() -> int:
    return int(time.time()) + State.load().clock_offset
