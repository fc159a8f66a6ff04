"""Whose months do not add up, the worst first. Of ten thousand customers it takes half a minute, and is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.slow_answers import forget, remembered
from organisations.models import Organisation
from reconciliation.selectors.completeness import Standing, Statement, statements


@dataclass(frozen=True, slots=True)
class Ranking:
    """In this order, as of a time."""

    as_of: datetime
    places: tuple[tuple[UUID, Standing], ...]


class Ranked:
    """The customers of a month in their order, and the statements of some of them, which are always of now."""

    def __init__(self, asker: Any, month: BillingPeriod, customers: Any, *, anew: bool = False) -> None:
        """`asker` is a user or a key, and `customers` a queryset of those whom it may see; with `anew`, nothing
        remembered is used."""
        self._month, self._customers = month, customers
        self._known: dict[UUID, Statement] = {}
        key = f"completeness:{type(asker).__name__}:{asker.pk}:{month}"
        if anew:
            forget(key)
        self.ranking = remembered(key, self._rank, old_too=True)

    def _rank(self) -> Ranking:
        as_of, found = clock.now(), statements(self._month, list(self._customers))
        self._known = {each.organisation.pk: each for each in found}
        return Ranking(as_of, tuple((each.organisation.pk, each.standing) for each in found))

    def statements(self, places: Iterable[tuple[UUID, Standing]]) -> list[Statement]:
        """In the order of the places; without customers who left the asker's reach, or have nothing any more."""
        wanted, known = [pk for pk, _standing in places], dict(self._known)  # a thread may rank anew meanwhile
        if missing := [pk for pk in wanted if pk not in known]:
            owners: list[Organisation] = list(self._customers.filter(pk__in=missing))
            known |= {each.organisation.pk: each for each in statements(self._month, owners)}
        return [known[pk] for pk in wanted if pk in known]
