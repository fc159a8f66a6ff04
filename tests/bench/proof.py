"""A day's statement of so many ledger entries, made and proven: seconds, and the most memory of a process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tests.bench.billing import hear, processes, tell

_STATE_AND_PROVE = """
import django, sys, time
from datetime import datetime
django.setup()
from billing_platform.lib import clock
from reconciliation.proof.signatures import believed_keys
from reconciliation.proving.comparing import Proven
from reconciliation.proving.proving import Asked, prove, statements_of
from reconciliation.services.stating import state_days
print("ready", flush=True)
now = datetime.fromisoformat(sys.stdin.readline().strip())
begun = time.perf_counter()
with clock.standing_at(now):
    made = state_days()
stated = time.perf_counter() - begun
asked, proven = Asked(made[-1].day, made[-1].day, keys=believed_keys()), Proven()
begun = time.perf_counter()
assert not list(prove(asked, proven, statements=statements_of(asked)))
seconds = time.perf_counter() - begun
status = open("/proc/self/status").read()  # of this program alone: what getrusage says may be its parent's
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print("done", proven.entries, stated, seconds, peak, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Figures:
    entries: int
    stated_s: float
    proven_s: float
    peak_mb: float


def state_and_prove(days_later: int) -> Figures:
    """State what was counted until the end of today, or of so many days later, and prove the last of these days."""
    at = datetime.combine(datetime.now(UTC).date() + timedelta(days=days_later + 1), time(3), UTC)
    with processes([_STATE_AND_PROVE]) as (process,):
        tell(process, at.isoformat())
        entries, stated, seconds, peak = hear(process, "done")
    return Figures(int(entries), float(stated), float(seconds), float(peak))
