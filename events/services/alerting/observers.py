"""Who reads what a rule is about: an observer of each kind of rule. Those of usage are here; invoicing registers cost.

An observer reads for many rules at once, with a number of queries that does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing_platform.lib.registry import Registry
from events.alerts.judging import Look, Reading
from events.models import AlertRule


@dataclass(frozen=True)
class Asked:
    """What one rule wants to know at a moment. `is_past`: as it would have been known then."""

    rule: AlertRule
    looks: tuple[Look, ...]
    now: datetime
    is_past: bool = False


@dataclass(frozen=True)
class Observer:
    """`read` answers each question with a reading for each of its looks. `subject` is what the rule is about, in words,
    and `amount` a number of it."""

    kinds: frozenset[str]
    read: Callable[[Sequence[Asked]], list[list[Reading]]]
    subject: Callable[[AlertRule], str]
    amount: Callable[[AlertRule, Decimal], str]


OBSERVERS: Registry[Observer] = Registry()


def observer_of(kind: str) -> Observer:
    """Raises LookupError for a kind that no app has registered."""
    for observer in OBSERVERS:
        if kind in observer.kinds:
            return observer
    raise LookupError(f"Nobody observes {kind}.")


def read_all(asked: Sequence[Asked]) -> list[list[Reading]]:
    """The readings of many questions of whatever kinds, in their order."""
    found: dict[int, list[Reading]] = {}
    for observer in OBSERVERS:
        mine = [place for place, each in enumerate(asked) if each.rule.kind in observer.kinds]
        if mine:
            found.update(zip(mine, observer.read([asked[place] for place in mine]), strict=True))
    return [found[place] for place in range(len(asked))]
