"""Changes of metrics that another app refuses: it registers a check in its `AppConfig.ready()`.

`events.services.metrics` runs all checks before it stores a definition, for changes by the admin and by the API.
"""

from __future__ import annotations

from collections.abc import Callable

from billing_platform.lib.registry import Registry
from events.models import Metric

Check = Callable[[Metric | None, Metric], None]
"""A function of the stored metric (None: a new one) and the one to be stored. It raises DomainError to refuse."""

checks: Registry[Check] = Registry()


def check_change(before: Metric | None, after: Metric) -> None:
    for check in checks:
        check(before, after)
