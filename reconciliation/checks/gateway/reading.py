"""Two looks at one account and day: all that Razorpay lists, then each thing by its id that seemed not to agree.

Lists move while they are read, and messages are on their way. So nothing is believed that was seen once: what seems
missing or different is asked for by its id a while later, ours is read again, and only what differs still is a finding.
Between the looks only ids are held. No call happens in a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.batches import batches
from payments.gateways import GatewayRefused, RazorpayGateway
from reconciliation.checks.gateway.comparing import Difference
from reconciliation.findings import Finding, Tally, Window

YOUNG = timedelta(minutes=15)
"""What is younger is not judged: its message may be on its way."""
SECONDS_BETWEEN_LOOKS = 20.0
"""Longer than a message usually takes. Something old may just have been refunded."""
MOST_SUSPECTS = 2_000
"""More are not asked for one by one: who misses so many is told of these first."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """An account at Razorpay and the seconds of a UTC day, both included; of all customers, or of one."""

    gateway: RazorpayGateway
    day: date
    since: datetime
    until: datetime
    organisation_id: UUID | None


class Entity(Protocol):
    @property
    def id(self) -> str: ...


Theirs = TypeVar("Theirs", bound=Entity)


class Side(Generic[Theirs]):
    """One kind of thing. It remembers what the first look leaves for the second one."""

    moves = True
    """Whether it changes by messages."""

    def listed(self, reading: Reading) -> Iterator[Theirs]:
        """What Razorpay lists."""
        raise NotImplementedError

    def expected(self, reading: Reading) -> Iterable[str]:
        """Razorpay's ids of what we have, and what its list therefore should hold."""
        raise NotImplementedError

    def fetched(self, reading: Reading, name: str) -> Theirs:
        raise NotImplementedError

    def judge(self, reading: Reading, theirs: Mapping[str, Theirs | None]) -> Iterator[tuple[str, Finding]]:
        """What differs, by Razorpay's id. What is not ours, or of another customer than asked for, agrees."""
        raise NotImplementedError

    def after_the_list(self, reading: Reading) -> Iterable[str]:
        """More ids to look at once the whole list was read."""
        return ()


def reading_of(gateway: RazorpayGateway, window: Window, day: date) -> Reading | None:
    """The bounds are fixed before the first call. None if all of the day is too young."""
    whole = Window(day, day)
    until = min(whole.end - timedelta(seconds=1), clock.now().astimezone(UTC) - YOUNG)
    return Reading(gateway, day, whole.start, until, window.organisation_id) if until >= whole.start else None


def suspects(side: Side[Theirs], reading: Reading, tally: Tally) -> list[str]:
    """The first look."""
    seen: set[str] = set()
    found: dict[str, None] = {}
    for part in batches(side.listed(reading), AT_ONCE):
        theirs = {each.id: each for each in part}
        seen.update(theirs)
        found |= dict.fromkeys(name for name, _finding in side.judge(reading, theirs))
    tally.compared += len(seen)
    found |= dict.fromkeys(side.after_the_list(reading))
    for name in side.expected(reading):
        if name not in seen:
            found[name] = None
            tally.compared += 1
    tally.is_cut_short |= len(found) > MOST_SUSPECTS
    return list(islice(found, MOST_SUSPECTS))


def confirmed(side: Side[Theirs], reading: Reading, names: Iterable[str]) -> Iterator[Finding]:
    """The second look: Razorpay first, then ours, which follows it."""
    for name in names:
        for _name, finding in side.judge(reading, {name: _fetched(side, reading, name)}):
            yield finding


def wait_for_messages() -> None:
    time.sleep(SECONDS_BETWEEN_LOOKS)


def finding_of(
    reading: Reading, difference: Difference, *, name: str, about: str, organisation_id: UUID, facts: dict[str, str]
) -> Finding:
    return Finding(
        difference.kind,
        subject=name,
        about=about,
        day=reading.day,
        expected=difference.expected,
        found=difference.found,
        organisation_id=organisation_id,
        worth=difference.worth,
        facts=facts,
    )


def _fetched(side: Side[Theirs], reading: Reading, name: str) -> Theirs | None:
    try:
        return side.fetched(reading, name)
    except GatewayRefused as refusal:
        if not refusal.says_unknown:
            raise
        return None
