"""The list of the ledger: keyset pages instead of numbered ones, and filters that say which partitions to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone

from billing_platform.lib.admin.base import scoped
from billing_platform.lib.admin.filters import DayRangeFilter, DropdownFilter, parse_date_str
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.ids import read_uuid
from billing_platform.lib.periods import BillingPeriod, PeriodError
from events.models import EventBatch, Metric, UsageEvent
from events.selectors import ledger_pages
from events.services.partitions import ledger_month
from organisations.models import Project

A_DAY = timedelta(days=1)
BEFORE, AFTER = "before", "after"


class LedgerResults:
    """Mixed into the list that Django makes: pages by id, with links to older and newer ones."""

    # what Django's ChangeList has
    params: dict[str, Any]
    filter_params: dict[str, Any]
    model_admin: Any
    list_per_page: int
    query: str
    queryset: Any
    get_query_string: Any

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        self.cursors = {name: _number(self.params.pop(name, "")) for name in (BEFORE, AFTER)}
        for name in self.cursors:
            self.filter_params.pop(name, None)
        found = super().get_queryset(request, exclude_parameters)  # type: ignore[misc]  # a mixin: the page has it
        return found.filter(**_owner(request))

    def get_results(self, request: HttpRequest) -> None:
        page = self._page()
        self.result_list = list(page.events)
        self.result_count = len(self.result_list)
        self.full_result_count = self.result_count  # nobody counts them all
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all, self.multi_page = False, True
        self.paginator = self.model_admin.get_paginator(request, self.result_list, self.list_per_page)
        self.is_cut = page.is_cut
        self.newest_url = self.get_query_string() if page.newer else ""
        self.older_url = self.get_query_string({BEFORE: page.older}) if page.older else ""
        self.newer_url = self.get_query_string({AFTER: page.newer}) if page.newer else ""

    def _page(self) -> ledger_pages.LedgerPage:
        if self.query:  # by the unique key: at most one per project and month
            return ledger_pages.LedgerPage(tuple(self.queryset[: self.list_per_page]), None, None)
        if after := self.cursors[AFTER]:
            return ledger_pages.page_after(self.queryset, size=self.list_per_page, after=after)
        return ledger_pages.page_before(self.queryset, size=self.list_per_page, before=self.cursors[BEFORE])


class AddressFilter(DropdownFilter):
    """A filter that only links set, such as a number's link to its events; the user can see and remove the filter."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name, "")
        return [(value, self.words(value))] if value else []

    def words(self, value: str) -> str:
        return value

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        found = self.narrowed(queryset, self.value(), request)
        if found is None:
            messages.error(request, f"The {self.title} of this address can't be read: no events are shown.")
            return queryset.none()
        return found

    def narrowed(self, queryset: Any, value: str, request: HttpRequest) -> Any:
        """The queryset with the filter applied, or None if the value makes no sense."""
        raise NotImplementedError


class HappenedFilter(AddressFilter):
    """From an instant until another, as an ISO interval: 2026-11-01T00:00:00+05:30/2026-11-02T00:00:00+05:30."""

    title, parameter_name = "time", "happened"

    def words(self, value: str) -> str:
        span = parse_span(value)
        return value if span is None else " – ".join(time_text(end, get_current_timezone()) for end in span)

    def narrowed(self, queryset: Any, value: str, request: HttpRequest) -> Any:
        span = parse_span(value)
        if span is None:
            return None
        # The ledger is cut by UTC month of receipt, and nothing is received more than a day before it happens.
        received = ledger_month(span[0] - A_DAY)
        return queryset.filter(hour__gte=span[0], hour__lt=span[1], received_month__gte=received)


class DimensionsFilter(AddressFilter):
    """Values by key, as JSON: {"region": "in"}; null stands for a key that was not sent."""

    title, parameter_name = "dimensions", "dimensions"

    def words(self, value: str) -> str:
        wanted = _dimensions(value)
        return value if wanted is None else ", ".join(f"{key} = {text or '–'}" for key, text in wanted.items())

    def narrowed(self, queryset: Any, value: str, request: HttpRequest) -> Any:
        wanted = _dimensions(value)
        if wanted is None:
            return None
        missing = [key for key, text in wanted.items() if text is None]
        if missing:
            queryset = queryset.exclude(dimensions__has_any_keys=missing)
        return queryset.filter(dimensions__contains={key: text for key, text in wanted.items() if text is not None})


class UsageMonthFilter(AddressFilter):
    title, parameter_name = "month billed in", "counted_in"

    def narrowed(self, queryset: Any, value: str, request: HttpRequest) -> Any:
        try:
            month = BillingPeriod.parse(value[:7])
        except PeriodError:
            return None
        # No usage is billed before its month, whose end is not the same instant in every time zone.
        after = datetime.combine(month.end, time(), tzinfo=UTC) + A_DAY
        return queryset.filter(counted_in=month.start, hour__lt=after)


class BatchFilter(AddressFilter):
    """A batch determines the organisation of its events and the month's partition that holds the events."""

    title, parameter_name = "batch", "batch_id"

    def narrowed(self, queryset: Any, value: str, request: HttpRequest) -> Any:
        pk = read_uuid(value)
        batch = scoped(EventBatch.objects.all(), request).filter(pk=pk).defer("packed_events").first() if pk else None
        if batch is None:
            return None
        return queryset.filter(
            batch_id=batch.pk,
            organisation_id=batch.organisation_id,
            project_id=batch.project_id,
            received_month=ledger_month(batch.received_at),
        )


class ReceivedFilter(DayRangeFilter):
    """Filters by day of receipt, which also limits the partitions that PostgreSQL reads."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        bounds = {}
        for end, lookup in (("from", "gte"), ("to", "lte")):
            day = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}", ""))
            if day is not None:
                bounds[f"received_month__{lookup}"] = day.replace(day=1)
        return super().queryset(request, queryset).filter(**bounds)


def by_event_id(events: QuerySet[UsageEvent], request: HttpRequest, event_id: str) -> QuerySet[UsageEvent]:
    """An event by its id. The unique key begins with organisation and project: which projects have such an event is
    asked first, project by project, and not by a join that may read the ledger."""
    if "\x00" in event_id:
        return events.none()
    theirs = UsageEvent.objects.filter(
        organisation_id=OuterRef("organisation_id"), project_id=OuterRef("pk"), event_id=event_id
    )
    projects = scoped(Project.objects.all(), request).alias(found=Subquery(theirs.order_by().values("id")[:1]))
    owners = list(projects.filter(found__isnull=False).order_by().values_list("organisation_id", "pk"))
    return events.filter(
        event_id=event_id,
        organisation_id__in={organisation for organisation, _project in owners},
        project_id__in=[project for _organisation, project in owners],
    )


def parse_span(value: str) -> tuple[datetime, datetime] | None:
    try:
        start, end = (parse_datetime(part) for part in value.split("/"))
    except ValueError:
        return None
    return (start, end) if start and end and start.tzinfo and end.tzinfo and 1 < start.year < 9999 else None


def span_text(start: datetime, end: datetime) -> str:
    return f"{start.isoformat()}/{end.isoformat()}"


def _owner(request: HttpRequest) -> dict[str, Any]:
    """The organisation of a chosen project or metric: the unique key can't be used without it."""
    for model, name in ((Project, "project__id__exact"), (Metric, "metric__id__exact")):
        pk = read_uuid(request.GET.get(name, ""))
        owner = pk and scoped(model.objects.filter(pk=pk), request).values_list("organisation_id", flat=True).first()
        if owner:
            return {"organisation_id": owner}
    return {}


def _dimensions(value: str) -> dict[str, str | None] | None:
    try:
        found = json.loads(value)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair can't be
    except (ValueError, RecursionError):
        return None
    is_flat = isinstance(found, dict) and all(text is None or isinstance(text, str) for text in found.values())
    return found if is_flat and "\\u0000" not in value else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None
