"""Answers to errors outside DRF: the JSON envelope for programs, a plain page for people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from billing_platform.lib.http.api import error_response, wants_json
from billing_platform.lib.http.request_id import current_request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        if isinstance(exception, RequestDataTooBig):
            return error_response("The body is too large.", status_code=413)
        return error_response("The request could not be understood.", status_code=400)
    return _page(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return error_response("You are not allowed to do that.", status_code=403)
    return _page(request, "403.html", status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid CSRF token: mostly a page that was left open while somebody signed in again."""
    if wants_json(request):
        return error_response("You are not allowed to do that.", status_code=403)
    return _page(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return error_response("There is nothing at this address.", status_code=404)
    return _page(request, "404.html", status=404)


def server_error(request: HttpRequest, *_: Any) -> HttpResponse:
    if wants_json(request):
        message = "Something went wrong on our side; quote the request id to support."
        return error_response(message, status_code=500)
    return _page(request, "500.html", status=500)


def _page(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Reads neither the session nor the database: one of them may have failed.

    Customers see this page too (a link in an e-mail), so the link to the dashboard is shown on operators' pages only.
    """
    dashboard = reverse("admin:index")
    context = {
        "dashboard": dashboard if request.path.startswith(dashboard) else "",
        "path": request.path,
        "request_id": current_request_id(),
    }
    return HttpResponse(render_to_string(template, context), status=status)
