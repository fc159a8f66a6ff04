"""When a call that may be repeated is repeated: at once, while somebody waits for it.

What fails for longer waits on its row (`lib.work.backoff`), for minutes and hours.
"""

from __future__ import annotations

import random

from payments.gateways.errors import GatewayError

TRIES = 4
FIRST_SECONDS = 0.25
WITHIN_SECONDS = 8.0
"""No repeat begins later than this after the first try: claims and callers count on it."""
LONGEST_RETRY_AFTER = 5.0


def pause(error: GatewayError, tries: int) -> float | None:
    """Seconds until the next try after that many failed; None if no other try may help soon.

    Razorpay's own `Retry-After` counts, unless it is longer than anybody should wait. Otherwise a quarter of a second,
    doubled each time, of which up to a half is left to chance: callers that failed together don't return together.
    """
    if not error.is_passing or tries >= TRIES:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None
    full: float = FIRST_SECONDS * 2 ** (tries - 1)
    return full * (1 - random.random() / 2)  # noqa: S311  (spreads retries, keeps no secret)
