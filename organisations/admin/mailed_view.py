"""Saved views that are mailed to their owner: one's own, and everybody's for administrators of every customer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.actions import Action
from billing_platform.lib.admin.base import (
    ModelAdmin,
    Undoable,
    attention_filter,
    badge,
    object_action,
    short_time,
    when,
)
from billing_platform.lib.admin.contributions import list_address, list_named, list_title
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.work import work_column
from billing_platform.lib.dates_in_words import zone_label
from organisations.models import MailedView, SavedView
from organisations.operators_clock import operators_zone
from organisations.services import mailed_views

VIEW = "organisations.view_mailedview"


@admin.register(MailedView)
class MailedViewAdmin(ModelAdmin):
    empty_hint = "Save what a list shows under Views above it, then choose to have it mailed."
    list_on_a_phone = ("view_name", "rhythm", "state")
    list_display = ("view_name", "to", "rhythm", "state", "next_mail", "last_mailed", "last_outcome", "last_rows")
    list_filter = (
        attention_filter(stopped=("Stopped", lambda rows, _user: rows.stopped())),
        "frequency",
        "last_outcome",
    )
    search_fields = ("view__name", "view__owner__username")
    list_select_related = ("view__owner",)
    conditional_fields = {"weekday": "frequency == 'weekly'", "day_of_month": "frequency == 'monthly'"}
    deletable = True
    work = work_column()

    last_mailed = short_time("last_run_at", "Last mailed")

    # --- whose ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> Any:
        mine = mailed_views.mailed_views_for(request.user)
        return super().get_queryset(request).filter(pk__in=mine.values("pk"))

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        """Everybody who may see lists has one's own; those of colleagues are an administrator's."""
        is_new_or_own = obj is None or obj.view_id is None or obj.view.owner_id == request.user.pk
        return bool(request.user.has_perm(VIEW)) if is_new_or_own else super().may(request, verb, obj)

    def may_act(self, request: HttpRequest, action: Action, obj: Any = None) -> bool:
        return self.may(request, "change", obj)

    def choices_of(self, model: type[Any], request: HttpRequest) -> Any:
        if model is SavedView:
            user: Any = request.user
            return SavedView.objects.filter(owner=user, mailed=None)
        return super().choices_of(model, request)

    # --- the form -------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("view", *mailed_views.CHANGEABLE)}),)
        return (
            (None, {"fields": ("view_name", "list_of", "to", "state", *mailed_views.CHANGEABLE)}),
            ("Last time", {"fields": ("next_mail", "last_run_at", "last_outcome", "last_rows", "work")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        shown = ("view_name", "list_of", "to", "state", "next_mail", "last_run_at", "last_outcome", "last_rows", "work")
        return () if obj is None else shown

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        zone = zone_label(clock.now(), operators_zone())
        said = {"hour": f"On the operators' clock ({zone}). To {request.user.email or 'your address'}."}  # type: ignore[union-attr]
        return super().get_form(request, obj, change=change, help_texts=said if obj is None else {}, **kwargs)

    def create(self, request: HttpRequest, values: dict[str, Any]) -> MailedView:
        return mailed_views.mail_view_to_owner(user=request.user, **values)

    def update(self, request: HttpRequest, obj: MailedView, changes: dict[str, Any]) -> None:
        mailed_views.change_mailed_view(mailed_id=obj.pk, changes=changes)

    def delete_model(self, request: HttpRequest, obj: MailedView) -> None:
        mailed_views.delete_mailed_view(mailed_id=obj.pk)

    # --- what may be done -----------------------------------------------------------------------------------------

    @object_action(
        label="Send now",
        permission=VIEW,
        when=lambda mailed: mailed.is_on,
        confirm="It is mailed once more, beside its days.",
        icon="send",
    )
    def send_now(self, _request: HttpRequest, mailed: MailedView) -> str:
        mailed_views.send_now(mailed_id=mailed.pk)
        return "It is mailed as soon as a worker is free."

    @object_action(
        label="Try again",
        permission=VIEW,
        when=lambda mailed: mailed.is_stopped,
        confirm="It is mailed at once, and then on its days again.",
        facts=lambda _request, mailed: [("It stopped because", mailed.last_failure)],
        icon="replay",
    )
    def try_again(self, _request: HttpRequest, mailed: MailedView) -> str:
        mailed_views.send_now(mailed_id=mailed.pk)
        return "It is tried as soon as a worker is free."

    @object_action(
        label="Pause",
        permission=VIEW,
        when=lambda mailed: mailed.is_on,
        confirm="Nothing is mailed until it is resumed. Days meanwhile are left out.",
        icon="pause_circle",
    )
    def pause(self, _request: HttpRequest, mailed: MailedView) -> Undoable:
        mailed_views.pause(mailed_id=mailed.pk)
        return Undoable("It is paused.", mailed, "resume")

    @object_action(
        label="Resume",
        permission=VIEW,
        when=lambda mailed: mailed.is_paused,
        confirm="It goes on with the next of its days.",
        icon="play_circle",
    )
    def resume(self, _request: HttpRequest, mailed: MailedView) -> Undoable:
        mailed_views.resume(mailed_id=mailed.pk)
        return Undoable("It goes on with the next of its days.", mailed, "pause")

    # --- how it looks ---------------------------------------------------------------------------------------------

    @admin.display(description="View", ordering="view__name")
    def view_name(self, mailed: MailedView) -> str:
        return mailed.view.name

    @admin.display(description="List")
    def list_of(self, mailed: MailedView) -> Any:
        """With the view's filters, as its owner sees it."""
        model = list_named(mailed.view.list_of)
        if model is None:
            return "Not there any more"
        address = list_address(model) + (f"?{mailed.view.query}" if mailed.view.query else "")
        return format_html('<a class="text-link" href="{}">{}</a>', address, list_title(model))

    @admin.display(description="To", ordering="view__owner__username")
    def to(self, mailed: MailedView) -> str:
        return mailed.view.owner.email or mailed.view.owner.get_username()

    @admin.display(description="When")
    def rhythm(self, mailed: MailedView) -> str:
        return f"{mailed.rhythm}, {mailed.get_hour_display()}"

    @admin.display(description="State")
    def state(self, mailed: MailedView) -> Any:
        if mailed.is_stopped:
            return badge("Stopped", "danger")
        return badge("On", "success") if mailed.is_on else badge("Paused")

    @admin.display(description="Next", ordering="next_attempt_at")
    def next_mail(self, mailed: MailedView) -> Any:
        return when(mailed.next_attempt_at) if mailed.is_on else EMPTY
