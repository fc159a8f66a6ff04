"""The page of the set-up checklist."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from billing_platform.backoffice import set_up
from billing_platform.lib.admin.display import badge
from billing_platform.lib.admin.set_up import State

TONES = {State.DONE: "success", State.MISSING: "danger", State.ADVISED: "warning", State.NOT_NEEDED: ""}


def set_up_page(site: Any, request: HttpRequest) -> HttpResponse:
    if not set_up.may_see(request.user):
        raise PermissionDenied
    stages = [
        (stage, [{"step": line, "label": badge(line.state, TONES[line.state])} for line in lines])
        for stage, lines in set_up.stages()
    ]
    context = {**site.each_context(request), "title": "Set-up", "stages": stages, "summary": set_up.summary()}
    return TemplateResponse(request, "admin/set_up.html", context)
