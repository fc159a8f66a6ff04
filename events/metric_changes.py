"""Changes of metrics that another app refuses: it registers a check in its `AppConfig.ready()`.

`events.services.metrics` runs all checks before it stores a definition, for changes by the admin and by the API.
"""

from __future__ import annotations

from collections.abc import Callable

from events.models import Metric

Check = Callable[[Metric | None, Metric], None]
"""A function of the stored metric (None: a new one) and the one to be stored. It raises DomainError to refuse."""

_checks: list[Check] = []


def register(check: Check) -> None:
    if check not in _checks:
        _checks.append(check)


def check_change(before: Metric | None, after: Metric) -> None:
    for check in _checks:
        check(before, after)
