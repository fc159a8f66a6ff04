"""Test clocks: what test customers take for now, and how far they are on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse

from billing_platform.lib.admin.base import ReadOnlyAdmin, badge, link
from billing_platform.lib.admin.work import WORK, work_column
from billing_platform.lib.dates_in_words import time_text
from organisations.models import TestClock
from organisations.models.test_clock import ClockStatus

TONES = {ClockStatus.READY: "success", ClockStatus.ADVANCING: "info", ClockStatus.FAILED: "danger"}


def shown_time(row: TestClock, moment: datetime | None) -> str:
    """On the customer's own clock, with its zone."""
    return time_text(moment, row.organisation.zone) if moment is not None else ""


@admin.register(TestClock)
class TestClockAdmin(ReadOnlyAdmin):
    empty_hint = "A customer of a test seller has a clock of its own: add a test seller, and a customer of it."
    list_on_a_phone = ("label", "state", "shows")
    list_display = ("label", "state", "shows", "moved_to", "seller", "moved_by")
    list_filter = ("organisation", "organisation__billing_entity")
    search_fields = ("organisation__name",)
    list_select_related = ("organisation__billing_entity",)
    fieldsets = (
        (None, {"fields": ("progress", "customer", "seller")}),
        WORK,
    )
    readonly_fields = ("progress", "work", "customer", "seller")

    class Media:
        js = ("billing_platform/run_progress.js",)

    work = work_column()
    customer = link("organisation", "Customer")
    seller = link("organisation__billing_entity", "Seller")

    @admin.display(description="Customer", ordering="organisation__name")
    def label(self, row: TestClock) -> str:
        return str(row.organisation)

    @admin.display(description="State")
    def state(self, row: TestClock) -> Any:
        return badge(row.status.value.capitalize(), TONES[row.status])

    @admin.display(description="Shows", ordering="now")
    def shows(self, row: TestClock) -> str:
        return shown_time(row, row.now)

    @admin.display(description="Last moved to", ordering="advance_to")
    def moved_to(self, row: TestClock) -> str:
        return shown_time(row, row.advance_to)

    def get_urls(self) -> list[URLPattern]:
        """The progress alone, which the open page asks for again and again."""
        view = self.admin_site.admin_view(self.progress_view)
        return [
            path("<path:object_id>/progress/", view, name="organisations_testclock_progress"),
            *super().get_urls(),
        ]

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return HttpResponse(self.progress(row))

    @admin.display(description="Clock")
    def progress(self, row: TestClock) -> Any:
        way = (row.advance_to or row.now) - row.moved_from
        context = {
            "row": row,
            "shows": shown_time(row, row.now),
            "to": shown_time(row, row.advance_to),
            "is_moving": row.status == ClockStatus.ADVANCING,
            "has_failed": row.status == ClockStatus.FAILED,
            "percent": int((row.now - row.moved_from) * 100 / way) if way else 100,
            "url": reverse("admin:organisations_testclock_progress", args=[row.pk]),
        }
        return render_to_string("admin/organisations/test_clock_progress.html", context)
