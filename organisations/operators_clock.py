"""The operators' time zone: that of the default seller. Operators' pages show times and divide days in it.

Dates of documents are in the seller's zone too, so that a page and its document show the same day. Months of usage
are in the time zone of each customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from billing_platform.lib import clock
from organisations.models import BillingEntity

_known: ContextVar[ZoneInfo | None] = ContextVar("operators_zone", default=None)


def operators_zone() -> ZoneInfo:
    """The time zone of the default seller, or of the settings while there is no default seller.

    Costs at most one query per request of the admin.
    """
    return _known.get() or _ask()


def operators_today() -> date:
    """Today's date in the operators' time zone."""
    return clock.today(operators_zone())


@contextmanager
def on_operators_clock() -> Iterator[None]:
    """Within this block, times are shown and days are divided in the operators' time zone, which is read once."""
    zone = _ask()
    token = _known.set(zone)
    try:
        with timezone.override(zone):
            yield
    finally:
        _known.reset(token)


class OperatorsClockMiddleware:
    """Sets the operators' time zone for each page of the admin. The API uses UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.admin = ""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.admin = self.admin or reverse("admin:index")
        if not request.path_info.startswith(self.admin):
            return self.get_response(request)
        with on_operators_clock():
            return self.get_response(request)


def _ask() -> ZoneInfo:
    name = BillingEntity.objects.filter(is_default=True).values_list("time_zone", flat=True).first()
    return ZoneInfo(name or settings.TIME_ZONE)
