"""The progress of billing runs, and who started them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count

from billing_platform.lib import clock
from billing_platform.lib.money import with_places
from invoicing.models import BillingRun, BillingRunItem
from organisations.scoping import Actor, reaches_every_organisation

STAFF = "the seller's staff"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The number of items of a billing run in each state, of the items that an actor may see."""

    pending: int
    claimed: int
    drafted: int
    approval: int
    done: int
    skipped: int
    failed: int
    parked: int
    voided: int
    left_unbilled: int

    @property
    def is_finished(self) -> bool:
        return not self.waiting

    @property
    def waiting(self) -> int:
        return self.pending + self.claimed

    @property
    def troubled(self) -> int:
        """The number of items without invoice that need an operator."""
        return self.failed + self.parked + self.voided + self.approval

    @property
    def total(self) -> int:
        return self.waiting + self.drafted + self.done + self.skipped + self.troubled + self.left_unbilled

    @property
    def percent(self) -> int:
        """How much of the run has ended, one way or another; below 100 while something waits."""
        return 100 * (self.total - self.waiting) // self.total if self.total else 100


MEASURED = timedelta(minutes=1)
"""How far back the pace of a run is measured."""


@dataclass(frozen=True, slots=True)
class RunPace:
    """Customers a second over the last minute, to one decimal, and the seconds that the rest takes at that pace. Both
    are None while nothing has ended in that minute, and when nothing waits."""

    per_second: Decimal | None = None
    seconds_left: int | None = None


BY_API, BY_SCHEDULE, BY_COMMAND = "API", "schedule", "command"


def names_people(actor: Actor) -> bool:
    """Whether an actor may see who started a run. A run is shared, so only users of every organisation may."""
    return reaches_every_organisation(actor)


def requester(run: BillingRun, *, named: bool) -> str:
    """Who last started or continued the run. A person's name is shown only if `named`."""
    return run.requested_by if named or run.requested_by in (BY_API, BY_SCHEDULE, BY_COMMAND) else STAFF


def latest_run() -> BillingRun | None:
    """The run of the latest month, or None."""
    return BillingRun.objects.order_by("-period_start").first()


def run_progress(*, run: BillingRun, actor: Actor) -> RunProgress:
    visible = BillingRunItem.objects.for_organisations(actor).filter(run=run)
    counts = Counter(dict(visible.order_by().values_list("status").annotate(Count("pk"))))
    return RunProgress(**{status: counts[status] for status in BillingRunItem.Status.values})


def run_pace(*, run: BillingRun, progress: RunProgress, actor: Actor) -> RunPace:
    """How fast the items that an actor may see come to their end. A run that was given more to do is measured from then
    on."""
    now = clock.now()
    since = max(now - MEASURED, run.updated_at)
    seconds = (now - since) // timedelta(seconds=1)
    ended = BillingRunItem.objects.for_organisations(actor).filter(run=run, finished_at__gt=since).count()
    if progress.is_finished or not ended or not seconds:
        return RunPace()
    return RunPace(with_places(Decimal(ended) / seconds, 1), -(-progress.waiting * seconds // ended))
