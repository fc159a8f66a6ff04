"""The operators' admin site: sign-in with a limit, and a dashboard of numbers."""

from __future__ import annotations

import time
from functools import update_wrapper
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from unfold.fields import UnfoldAdminReadonlyField
from unfold.sites import UnfoldAdminSite

from billing_platform.backoffice import attention, dashboard, saved_views, set_up
from billing_platform.backoffice.digest_page import digest_page
from billing_platform.backoffice.finding import find, shortcuts
from billing_platform.backoffice.set_up_page import set_up_page
from billing_platform.lib.admin.contributions import view_permission
from billing_platform.lib.admin.display import EMPTY
from organisations.access import sign_in
from organisations.access.throttling import RateUsage
from organisations.audit import acting_user
from organisations.services.attention import mark_seen, show_again

SECONDS_PER_MINUTE = 60
LONGEST_KIND, LONGEST_FINGERPRINT = 40, 60


_link_for_everybody = UnfoldAdminReadonlyField.get_admin_url


def _link_or_name(self: UnfoldAdminReadonlyField, remote_field: Any, remote_obj: Any) -> str:
    """A related object on a form: a link for those who may open it, its name for the others. Django and Unfold write
    the link for everybody, and an operator who follows it to a user's page is refused."""
    user = acting_user()
    if user is None or not user.has_perm(view_permission(remote_field.model), remote_obj):
        return str(remote_obj)
    return str(_link_for_everybody(self, remote_field, remote_obj))


UnfoldAdminReadonlyField.get_admin_url = _link_or_name


class OperatorSite(UnfoldAdminSite):
    site_title = site_header = "Metrics Billing"
    index_title = "Today"
    empty_value_display = EMPTY
    enable_nav_sidebar = True

    @method_decorator(never_cache)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Only a POST signs out. Whoever types the address, or reads the page again, is shown no bare error."""
        if request.method == "GET":
            return HttpResponseRedirect(reverse("admin:index"))
        return super().logout(request, extra_context)  # type: ignore[no-any-return]  # Unfold has no types

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Failed attempts are counted; beyond the limit no password is looked at."""
        if request.method != "POST":
            return super().login(request, extra_context)  # type: ignore[no-any-return]  # Unfold has no types
        with sign_in.attempt(request) as attempt:
            if attempt.refused is not None:
                return self._refuse(request, attempt.refused)
            response: HttpResponse = super().login(request, extra_context)
            if response.status_code == HTTPStatus.FOUND:
                attempt.succeeded(response)
            else:
                attempt.failed()
        return response

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        if not self.has_permission(request):
            return context
        views = SimpleLazyObject(lambda: saved_views.of_list(request))
        return {**context, "shortcuts": shortcuts(request), "saved_views": views}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Empty: no page shows Django's list of models, the sidebar is ours. To make it took a third of each page's
        time."""
        return []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        numbers: dict[str, Any] = {"dashboard": dashboard.of(request.user)}
        if set_up.may_see(request.user):
            numbers["set_up"] = set_up.summary()
        shown: TemplateResponse = super().index(request, {**numbers, **(extra_context or {})})
        return shown

    def get_urls(self) -> list[Any]:
        def by_post(view: Any) -> Any:
            return self.admin_view(require_POST(view))

        return [
            path("digest/", self.admin_view(self.digest_view), name="digest"),
            path("set-up/", self.admin_view(self.set_up_view), name="set_up"),
            path("attention/<slug:kind>/", by_post(self.attention_view), name="attention"),
            path("views/save/", by_post(saved_views.save), name="save_view"),
            path("views/<uuid:view_id>/<slug:verb>/", by_post(saved_views.change), name="change_view"),
            *super().get_urls(),
        ]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A POST may have dealt with something that waited, so the next page counts again."""
        inner = super().admin_view(view, cacheable)

        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            response = inner(request, *args, **kwargs)
            if request.method == "POST":
                dashboard.forget(request.user)
                set_up.forget()
            return response

        return update_wrapper(counted, inner)

    @method_decorator(require_http_methods(["GET", "POST"]))
    def digest_view(self, request: HttpRequest) -> HttpResponse:
        return digest_page(self, request)

    def set_up_view(self, request: HttpRequest) -> HttpResponse:
        return set_up_page(self, request)

    def attention_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Marks a line of the dashboard as seen by this user, or shows it again."""
        if fingerprint := request.POST.get("fingerprint", "")[:LONGEST_FINGERPRINT]:
            mark_seen(user=request.user, kind=kind[:LONGEST_KIND], fingerprint=fingerprint)
        else:
            show_again(user=request.user, kind=kind)
        return HttpResponseRedirect(reverse(f"{self.name}:index"))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The answer within the theme's box for Ctrl-K. Nothing is remembered: what one may see can change."""
        started = time.perf_counter()
        text = request.GET.get("s", "")
        if not text.strip():
            return HttpResponse()
        found = find(self, request, text)
        took = time.perf_counter() - started
        context = {"results": found, "page_obj": {"count": len(found)}, "page_counter": 0, "execution_time": took}
        return TemplateResponse(request, "unfold/helpers/command_results.html", context)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Beside each list, how many of its rows wait for a person."""
        groups: list[dict[str, Any]] = super().get_sidebar_list(request)
        waiting = attention.badges(request)
        for item in (item for group in groups for item in group["items"]):
            item["badge"] = waiting.get(str(item["link"]), "")
        for group in groups:
            if group.get("collapsible"):
                group["badge"] = sum(item["badge"] or 0 for item in group["items"] if item["has_permission"]) or ""
        front, *rest = groups
        return [front, {"title": "My views", "items": saved_views.pinned(self, request)}, *rest]

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Operators need not know the code's apps: Django's page of one app leads to the dashboard."""
        return HttpResponseRedirect(reverse("admin:index"))

    def _refuse(self, request: HttpRequest, usage: RateUsage) -> HttpResponse:
        minutes = -(-usage.reset_seconds // SECONDS_PER_MINUTE)
        context = {
            **self.each_context(request),
            "title": "Log in",
            "form": self.login_form(request),
            "app_path": request.get_full_path(),
            "limited": (
                f"There were {usage.limit} failed attempts to sign in from your address or to this account. "
                f"Try again in {minutes} minute{'' if minutes == 1 else 's'}."
            ),
        }
        return TemplateResponse(request, "admin/login.html", context, status=429, headers=usage.headers())
