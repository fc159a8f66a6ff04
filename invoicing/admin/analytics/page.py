"""Analytics: usage and costs as charts and tables, of all customers that the user may see, or of one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import Extension, extends, list_page
from billing_platform.lib.http.csv_files import csv_response
from events.models import UsageAggregate
from invoicing.admin.analytics.form import AnalyticsForm
from invoicing.admin.analytics.of_all import cells_of_all, of_all
from invoicing.admin.analytics.of_customer import cells_of_customer, of_customer


@extends(UsageAggregate)
class Analytics(Extension):
    @list_page(label="Analytics", permission="invoicing.view_invoice", icon="insights")
    def analytics(self, request: HttpRequest) -> HttpResponseBase:
        """The address holds the whole question, so it can be sent to another user."""
        form = AnalyticsForm(request)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": "Analytics",
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            if request.GET.get("format") == "csv":
                return _file(request, form)
            owner = form.owner
            context |= of_customer(form, owner) if owner else of_all(request, form)
        return TemplateResponse(request, "admin/invoicing/analytics.html", context)


def _file(request: HttpRequest, form: AnalyticsForm) -> HttpResponseBase:
    user: Any = request.user
    if form.owner is None:
        return csv_response("analytics", cells_of_all(user))
    rows = cells_of_customer(form, form.owner, request.GET.get("of", ""))
    return csv_response(f"analytics-{form.owner.slug}", rows)
