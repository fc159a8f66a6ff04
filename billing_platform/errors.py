"""Answers to errors outside DRF: the JSON envelope for programs, a plain page for people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from billing_platform.lib.api import error_response, wants_json


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        if isinstance(exception, RequestDataTooBig):
            return error_response("The body is too large.", status_code=413)
        return error_response("The request could not be understood.", status_code=400)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return error_response("You are not allowed to do that.", status_code=403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return error_response("There is nothing at this address.", status_code=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *_: Any) -> HttpResponse:
    if wants_json(request):
        message = "Something went wrong on our side; quote the request id to support."
        return error_response(message, status_code=500)
    return defaults.server_error(request)
