"""Saved views on the site: above their list, and, if pinned, in the sidebar with how many rows they have now."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from billing_platform.lib.admin.contributions import list_address, list_named, sidebar_items
from billing_platform.lib.admin.counting import MoreThan
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_number
from organisations.models import MailedView, SavedView
from organisations.scoping import reaches_every_organisation
from organisations.services import saved_views

REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class ListView:
    """A view as its list shows it. `mails` is the page on which its owner has it mailed."""

    view: SavedView
    address: str
    is_pinned: bool
    is_own: bool
    is_mailed: bool
    mails: str


@dataclass(frozen=True)
class ListViews:
    """The saved views of the list that is shown, and what its form needs to save one more."""

    list_of: str
    query: str
    views: tuple[SavedView, ...]
    may_share: bool
    user: Any

    @property
    def rows(self) -> Iterator[ListView]:
        mailed = {each.view_id: each for each in MailedView.objects.filter(view__in=self.views)}
        for view in self.views:
            yield ListView(
                view=view,
                address=address_of(view),
                is_pinned=self.user in view.pinned_by.all(),
                is_own=view.owner_id == self.user.pk,
                is_mailed=view.pk in mailed,
                mails=_mailing_address(view, mailed.get(view.pk)),
            )


def of_list(request: HttpRequest) -> ListViews | None:
    """For a page that is a list; None for any other."""
    name = request.resolver_match.url_name if request.resolver_match else None
    model = next(
        (model for model in _lists() if f"{model._meta.label_lower.replace('.', '_')}_changelist" == name), None
    )
    if model is None:
        return None
    list_of = model._meta.label_lower
    query = request.GET.copy()
    for left_out in (PAGE_VAR, ERROR_FLAG):
        query.pop(left_out, None)
    views = saved_views.views_for(request.user).filter(list_of=list_of)
    views = views.select_related("owner").prefetch_related("pinned_by")
    may_share = reaches_every_organisation(request.user)
    return ListViews(list_of, query.urlencode(), tuple(views), may_share, request.user)


def save(request: HttpRequest) -> HttpResponse:
    """The answer to the form above a list."""
    sent = request.POST
    model = list_named(sent.get("list_of", ""))
    if model is None:
        raise Http404
    if not request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
        raise PermissionDenied
    query = QueryDict(sent.get("query", "")).urlencode()
    try:
        view = saved_views.save_view(
            user=request.user,
            list_of=model._meta.label_lower,
            name=sent.get("name", ""),
            query=query,
            is_shared="shared" in sent,
            is_pinned="pinned" in sent,
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        cache.delete(_key(request.user))
        messages.success(request, f"The view “{view}” is saved.")
        if "mail" in sent:
            return HttpResponseRedirect(_mailing_address(view, MailedView.objects.filter(view=view).first()))
    return HttpResponseRedirect(f"{list_address(model)}?{query}")


def change(request: HttpRequest, view_id: UUID, verb: str) -> HttpResponse:
    """Pin, unpin or delete a view; leads back to its list."""
    view = saved_views.views_for(request.user).filter(pk=view_id).first()
    if verb not in ("pin", "unpin", "delete") or view is None or (model := list_named(view.list_of)) is None:
        raise Http404
    if verb == "delete":
        saved_views.delete_view(user=request.user, view_id=view_id)
    else:
        saved_views.pin(user=request.user, view_id=view_id, pinned=verb == "pin")
    cache.delete(_key(request.user))
    return HttpResponseRedirect(list_address(model))


def pinned(site: AdminSite, request: HttpRequest) -> list[dict[str, Any]]:
    """The entries of the sidebar, counted at most a minute ago."""
    known: list[dict[str, Any]] | None = cache.get(_key(request.user))
    if known is None:
        known = list(_entries(site, request))
        cache.set(_key(request.user), known, REMEMBERED_SECONDS)
    here = request.get_full_path()
    return [{**entry, "active": entry["link"] == here} for entry in known]


def address_of(view: SavedView) -> str:
    model = apps.get_model(view.list_of)
    return list_address(model) + (f"?{view.query}" if view.query else "")


def _mailing_address(view: SavedView, mailed: MailedView | None) -> str:
    """Where its owner has a view mailed, or changes when it is."""
    return admin_url(mailed) if mailed else f"{reverse('admin:organisations_mailedview_add')}?view={view.pk}"


def _entries(site: AdminSite, request: HttpRequest) -> Iterator[dict[str, Any]]:
    user: Any = request.user
    for view in saved_views.views_for(user).filter(pinned_by=user):
        model = list_named(view.list_of)
        page = site._registry.get(model) if model else None
        if page is not None and page.has_view_permission(request):
            yield {
                "title": view.name,
                "icon": "push_pin",
                "link": address_of(view),
                "badge": _count(page, request, view),
                "has_permission": True,
            }


def _count(page: Any, request: HttpRequest, view: SavedView) -> str:
    """How many rows the list would have; nothing for a list that nobody counts, or filters that fit no more."""
    asked = copy(request)
    asked.GET = QueryDict(view.query)
    if not page.counts_rows:
        return ""
    try:
        found = page.get_changelist_instance(asked).result_count
        return f"{format_number(int(found))}{'+' if isinstance(found, MoreThan) else ''}"
    except (IncorrectLookupParameters, SuspiciousOperation):  # the latter: of a column that the list filters by no more
        return ""


def _lists() -> list[type[Model]]:
    return [item.model for item in sidebar_items()]


def _key(user: Any) -> str:
    return f"pinned-views:{user.pk}"
