"""Whose months do not add up, the worst first. Of ten thousand customers it takes half a minute, and is remembered.

A page does not wait for it: until a thread has compared all customers, they are in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.slow_answers import answer_so_far, forget, is_asked, remembered
from organisations.models import Organisation
from reconciliation.selectors.completeness import Standing, Statement, statements

FEW = 300  # are compared while somebody waits, in half a second

Places = tuple[tuple[UUID, Standing | None], ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """In this order, as of a time: None until all are compared, and the places are by name without a standing."""

    as_of: datetime | None
    places: Places


class Ranked:
    """The customers of a month in their order, and the statements of some of them, which are always of now."""

    def __init__(
        self, asker: Any, month: BillingPeriod, customers: Any, *, waits: bool = True, anew: bool = False
    ) -> None:
        """`asker` is a user or a key, and `customers` a queryset of those whom it may see. Whoever does not wait has
        the order so far; with `anew`, all are compared again, whatever is remembered."""
        self._month, self._customers = month, customers
        self._known: dict[UUID, Statement] = {}
        key = f"completeness:{type(asker).__name__}:{asker.pk}:{month}"
        if waits or customers.count() <= FEW:
            if anew:
                forget(key)
            self.ranking, self.is_compared = remembered(key, self._rank, old_too=True), True
        else:
            self.ranking = answer_so_far(key, self._rank, anew=anew) or self._by_name()
            self.is_compared = not is_asked(key)

    def _by_name(self) -> Ranking:
        names = self._customers.order_by("name", "pk").values_list("pk", flat=True)
        return Ranking(None, tuple((pk, None) for pk in names))

    def _rank(self) -> Ranking:
        as_of, found = clock.now(), statements(self._month, list(self._customers))
        self._known = {each.organisation.pk: each for each in found}
        return Ranking(as_of, tuple((each.organisation.pk, each.standing) for each in found))

    def statements(self, places: Iterable[tuple[UUID, Standing | None]]) -> list[Statement]:
        """In the order of the places; without customers who left the asker's reach, or have nothing any more."""
        wanted, known = [pk for pk, _standing in places], dict(self._known)  # a thread may rank anew meanwhile
        if missing := [pk for pk in wanted if pk not in known]:
            owners: list[Organisation] = list(self._customers.filter(pk__in=missing))
            known |= {each.organisation.pk: each for each in statements(self._month, owners)}
        return [known[pk] for pk in wanted if pk in known]
