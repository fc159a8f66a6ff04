"""What the last daily run came to, for those who decide: what was compared, what is new, gone, and still stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from billing_platform.lib.dates_in_words import age_text
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from reconciliation.models import CheckRun, Discrepancy, Run

MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check of the run. `failure` is empty for one that came to its end."""

    title: str
    compared: int
    found: int
    failure: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A discrepancy in words. `worth` is empty where it is not known."""

    discrepancy: Discrepancy
    worth: str
    age: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some discrepancies: how many, what they are worth together, and the worst of them."""

    count: int
    worth: str
    worst: tuple[Listed, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.worst)


@dataclass(frozen=True, slots=True)
class Summary:
    outcomes: tuple[Outcome, ...]
    new: Part
    standing: Part
    gone: Part

    @property
    def failed(self) -> int:
        return sum(bool(each.failure) for each in self.outcomes)

    @property
    def is_quiet(self) -> bool:
        """Nothing is to be done, and nothing has changed."""
        return not (self.failed or self.new.count or self.standing.count or self.gone.count)

    @property
    def headline(self) -> str:
        """ "1 check failed, 3 new, 2 still stand"; "all agrees"."""
        said = [
            f"{self.failed} check{'' if self.failed == 1 else 's'} failed" if self.failed else "",
            f"{self.new.count:,} new" if self.new.count else "",
            f"{self.standing.count:,} still stand{'s' if self.standing.count == 1 else ''}"
            if self.standing.count
            else "",
        ]
        return ", ".join(each for each in said if each) or "all agrees"


def summary_of(run: Run) -> Summary:
    """Of a run of all customers that has ended. Discrepancies of all checks, also of those that people asked for."""
    standing = Discrepancy.objects.standing()
    return Summary(
        outcomes=tuple(_outcome(check) for check in run.checks.order_by("created_at", "check_name")),
        new=_part(standing.filter(first_seen_at__gte=run.created_at)),
        standing=_part(standing.filter(first_seen_at__lt=run.created_at)),
        gone=_part(Discrepancy.objects.filter(state=Discrepancy.State.GONE, gone_at__gte=run.created_at)),
    )


def _outcome(check: CheckRun) -> Outcome:
    failure = check.last_failure or "It was given up." if check.status == CheckRun.Status.FAILED else ""
    return Outcome(check.get_check_name_display(), check.compared, check.found, failure)


def _part(rows: QuerySet[Discrepancy]) -> Part:
    """Worst first: what is worth most, then the oldest."""
    worst = rows.order_by(F("worth").desc(nulls_last=True), "first_seen_at")[:MOST_LISTED]
    return Part(rows.count(), _money(rows.aggregate(worth=Sum("worth"))["worth"]), tuple(_listed(worst)))


def _listed(rows: Sequence[Discrepancy] | QuerySet[Discrepancy]) -> list[Listed]:
    return [Listed(each, _money(each.worth), age_text(each.age_days)) for each in rows]


def _money(worth: Decimal | None) -> str:
    return "" if worth is None else format_money(worth, BOOKS)
