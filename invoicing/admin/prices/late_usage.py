"""On the form of a new price: which usage of invoiced months it would bill late, as its address names it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from invoicing.selectors.revenue_leak import Asking, Leak, revenue_leak
from organisations.models import Organisation


def late_usage(request: HttpRequest) -> list[Leak]:
    """Invoiced usage of the metric without a price, from the price's first month on, oldest first. Empty where the
    address does not ask to bill late."""
    asked = request.GET
    first, owner = asked.get("effective_from", "")[:7], _owner(request)
    if "bills_late" not in asked or not asked.get("metric_name") or (asked.get("organisation") and owner is None):
        return []
    user: Any = request.user
    found = revenue_leak(Asking(user, organisation=owner, metric_name=asked["metric_name"]))
    late = [
        leak
        for leak in found
        if leak.is_invoiced
        and leak.metric.unit == asked.get("unit")
        and str(leak.month) >= first
        and leak.organisation.currency == asked.get("currency", leak.organisation.currency)
    ]
    return sorted(late, key=lambda leak: (leak.month.start, leak.organisation.name))


def _owner(request: HttpRequest) -> Organisation | None:
    user: Any = request.user
    try:
        pk = UUID(request.GET.get("organisation", ""))
    except ValueError:
        return None
    found: Organisation | None = Organisation.objects.for_organisations(user).filter(pk=pk).first()
    return found
