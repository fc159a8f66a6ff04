"""Usage: the explorer in place of a list of hours, since hours by themselves answer nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import ReadOnlyAdmin
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.csv_files import csv_response
from events.admin.explorer_form import ExplorerForm
from events.admin.explorer_page import Answer, csv_rows, organisations_of, page_of
from events.admin.quantity import amount_of
from events.models import Metric, UsageAggregate

ADDED_UP = (Metric.Aggregation.SUM, Metric.Aggregation.WEIGHTED_SUM)


@admin.register(UsageAggregate)
class UsageAggregateAdmin(ReadOnlyAdmin):
    list_select_related = ("project__organisation", "metric")
    fields = ("organisation", "project", "metric", "dimensions", "hour", "counted_in", "quantity", "event_count")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The address holds the whole question, so it can be sent to another user, who sees the rows of his or her own
        organisations."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ExplorerForm(request)
        self.style_form(form)
        answer = self._answer(form)
        if answer is not None and request.GET.get("format") == "csv":
            return csv_response(f"usage-{answer.span.organisation.slug}", csv_rows(form, answer))
        context = {
            **self.admin_site.each_context(request),
            "title": "Usage explorer",
            "is_fullwidth": "1",
            "form": form,
            "organisations": organisations_of(request, form) if form.asks_for_organisation else (),
            "page": None if answer is None else page_of(form, answer),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/events/explorer.html", context)

    def _answer(self, form: ExplorerForm) -> Answer | None:
        if form.asks_for_organisation or not form.is_valid():
            return None
        try:
            return Answer.to(form)
        except InvalidInput as error:
            for name, sentences in error.details.items():
                form.add_error(name if name in form.fields else None, sentences)
        return None

    @admin.display(description="Quantity")
    def quantity(self, row: UsageAggregate) -> str:
        """The value of this hour alone: of a level, what changed it. Of a `unique` metric the number of events, because
        its values are elsewhere."""
        aggregation = row.metric.aggregation
        if aggregation == Metric.Aggregation.MAX:
            return amount_of(row.maximum or 0, row.metric)
        if aggregation == Metric.Aggregation.LATEST:
            return amount_of(row.latest or 0, row.metric)
        return amount_of(row.total if aggregation in ADDED_UP else row.event_count, row.metric)
