"""How reconciliation stands, for metrics."""

from __future__ import annotations

from django.db.models import Count

from billing_platform.lib import clock
from reconciliation.models import CheckName, Discrepancy, Run


def open_by_check() -> dict[str, int]:
    """How many discrepancies wait for a person, for every check that there is."""
    rows = Discrepancy.objects.standing().order_by().values_list("check_name").annotate(Count("pk"))
    return dict.fromkeys(CheckName.values, 0) | dict(rows)


def last_run_age_seconds() -> int | None:
    """Since the last daily run ended whose checks all came to their end. None: there has been none."""
    daily = Run.objects.filter(cause=Run.Cause.SCHEDULE, finished_at__isnull=False).exclude(checks__status="failed")
    last = daily.order_by("-finished_at").values_list("finished_at", flat=True).first()
    return None if last is None else int((clock.now() - last).total_seconds())
