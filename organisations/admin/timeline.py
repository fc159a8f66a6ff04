"""The timeline of a customer: everything that happened, from all apps, newest first, a page at a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import Extension, extends, object_page
from billing_platform.lib.admin.contributions import kinds_told
from billing_platform.lib.admin.tabs import Tab
from billing_platform.lib.admin.timeline import Before, page_of
from organisations.models import Organisation

SIZE = 40


@extends(Organisation)
class TimelineOfCustomer(Extension):
    tabs = (Tab("timeline", "Timeline", "organisations.view_organisation", 10, page="timeline"),)

    @object_page(label="Timeline", permission="organisations.view_organisation", icon="timeline")
    def timeline(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """With `kind`, only what is of one kind."""
        user: Any = request.user
        kinds = [kind for kind in kinds_told() if user.has_perm(kind.permission, organisation)]
        chosen = request.GET.get("kind", "")
        wanted = [kind for kind in kinds if kind.kind == chosen] or kinds
        before = Before.parse(request.GET.get("before", ""))
        shown, older = page_of(wanted, organisation, before=before, size=SIZE)
        context = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"Timeline of {organisation}",
            "object": organisation,
            "kinds": kinds,
            "chosen": wanted[0].kind if len(wanted) == 1 else "",
            "moments": shown,
            "older": older,
            "is_newest": before is None,
        }
        return TemplateResponse(request, "admin/organisations/timeline.html", context)
