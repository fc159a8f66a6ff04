"""The progress of billing runs, and who started them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from invoicing.models import BillingRun, BillingRunItem
from organisations.scoping import Actor, reaches_every_organisation

STAFF = "the seller's staff"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The number of items of a billing run in each state, of the items that an actor may see."""

    pending: int
    claimed: int
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
        return self.failed + self.parked + self.voided

    @property
    def total(self) -> int:
        return self.waiting + self.done + self.skipped + self.troubled + self.left_unbilled


BY_API, BY_SCHEDULE = "API", "schedule"


def names_people(actor: Actor) -> bool:
    """Whether an actor may see who started a run. A run is shared, so only users of every organisation may."""
    return reaches_every_organisation(actor)


def requester(run: BillingRun, *, named: bool) -> str:
    """Who last started or continued the run. A person's name is shown only if `named`."""
    return run.requested_by if named or run.requested_by in (BY_API, BY_SCHEDULE) else STAFF


def latest_run() -> BillingRun | None:
    """The run of the latest month, or None."""
    return BillingRun.objects.order_by("-period_start").first()


def run_progress(*, run: BillingRun, actor: Actor) -> RunProgress:
    visible = BillingRunItem.objects.for_organisations(actor).filter(run=run)
    counts = Counter(dict(visible.order_by().values_list("status").annotate(Count("pk"))))
    return RunProgress(**{status: counts[status] for status in BillingRunItem.Status.values})
