"""The one clock of the operators: the seller's time zone, in which their pages show times and cut days.

Dates of documents are the seller's too, so a page and the document beside it name one day. Months of usage stay on
each customer's own clock.
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
    """The default seller's zone; that of the settings while there is no default seller. One query at most in a
    request of theirs."""
    return _known.get() or _ask()


def operators_today() -> date:
    """The calendar day it is for the operators."""
    return clock.today(operators_zone())


@contextmanager
def on_operators_clock() -> Iterator[None]:
    """Times are shown, and days are cut, in the operators' zone; the zone is looked up once."""
    zone = _ask()
    token = _known.set(zone)
    try:
        with timezone.override(zone):
            yield
    finally:
        _known.reset(token)


class OperatorsClockMiddleware:
    """Every page of the admin is on the operators' clock. The API speaks UTC, and the usage door asks for nothing."""

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
