"""The message after an action on many rows."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError
from events.services.bulk_report import BulkReport


def summary(report: BulkReport, verb: str, *, if_none: str) -> str:
    """What was done; raises, to be shown in red, if that is nothing: why not, or `if_none` where none was eligible."""
    if not report.done:
        raise DomainError(report.summary(verb) if report.left else if_none)
    return report.summary(verb)
