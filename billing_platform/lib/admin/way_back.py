"""The way back: a form that was opened from another page to mend something leads back there once it is saved."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

PARAMETER = "next"


def with_way_back(form: str, page: str) -> str:
    """The address of a form that leads back to `page`, an address of the admin, when it is saved."""
    return f"{form}{'&' if '?' in form else '?'}{urlencode({PARAMETER: page})}"


def way_back(request: HttpRequest) -> str | None:
    """Where a form was opened from. Anybody can write an address, so only pages of our admin count."""
    address = request.GET.get(PARAMETER, "")
    is_ours = address.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None
    )
    return address if is_ours else None


class WayBackMixin:
    """Gives the forms of a ModelAdmin the way back, in place of the list of its rows."""

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return _back(request) or super().response_post_save_add(request, obj)  # type: ignore[misc]  # a mixin: the page has it

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return _back(request) or super().response_post_save_change(request, obj)  # type: ignore[misc]  # a mixin: the page has it


def _back(request: HttpRequest) -> HttpResponse | None:
    address = way_back(request)
    return HttpResponseRedirect(address) if address else None
