"""The buttons of actions, and the pages that ask: GET asks, POST acts once. `actions` says what an action is."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from billing_platform.lib.admin.actions import Action, ActionForm, actions_of
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.admin.display import action_url, admin_url
from billing_platform.lib.admin.display import facts as facts_table
from billing_platform.lib.admin.extensions import ExtendedMixin
from billing_platform.lib.admin.listing import ANSWER
from billing_platform.lib.admin.refusals import add_refusal, explained
from billing_platform.lib.admin.undoing import Undoable, tag_of
from billing_platform.lib.database.constraints import refusal_of
from billing_platform.lib.errors import DomainError


class ActionsMixin(ExtendedMixin):
    """Gives a ModelAdmin the pages and buttons of its actions."""

    model: Any
    opts: Any
    admin_site: Any

    @cached_property
    def admin_actions(self) -> dict[str, Action]:
        """By name, in the order in which they are written; then those of each extension."""
        return {action.name: action for owner in (self, *self.extensions) for action in actions_of(owner)}

    def style_form(self, form: forms.Form) -> None:
        """Give the form's widgets the looks of the site."""

    def may_act(self, request: HttpRequest, action: Action, obj: Any = None) -> bool:
        """A list action without a tenant of its own (a billing run) needs the permission for every organisation."""
        user: Any = request.user
        if action.on_rows:
            return bool(user.has_perm(action.permission))  # somewhere: `rows` sees to it that it is there
        target = self.model() if obj is None else obj
        return bool(user.has_perm(action.permission, target))

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        """The actions that this user may run on the object now."""
        return [
            {
                "name": action.name,
                "label": action.label,
                "icon": action.icon,
                "danger": action.danger,
                "url": self._action_url(action, obj),
            }
            for action in self.admin_actions.values()
            if action.on_list == (obj is None)
            and not action.on_rows
            and (obj is None or action.when(obj))
            and self.may_act(request, action, obj)
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's menu of what to do with ticked rows. Choosing leads to the page that asks."""
        chosen = {
            action.name: (partial(type(self)._ask_about_rows, action=action), action.name, f"{action.label} selected")
            for action in self.admin_actions.values()
            if action.on_rows and self.may_act(request, action)
        }
        return {**super().get_actions(request), **chosen}  # type: ignore[misc]  # a mixin: the page has it

    def _ask_about_rows(self, request: HttpRequest, _queryset: Any, *, action: Action) -> HttpResponse:
        """Passes the list's filters to the page; the ids of the ticked rows are one more filter."""
        query = request.GET.copy()
        query.pop(PAGE_VAR, None)
        if request.POST.get("select_across") != "1":
            query["pk__in"] = ",".join(request.POST.getlist(ACTION_CHECKBOX_NAME))
        return HttpResponseRedirect(f"{self._action_url(action, None)}?{query.urlencode()}")

    def rows(self, request: HttpRequest, action: Action) -> Any:
        """The rows of an action: those of the list for which the user has the permission. For rows that belong to all
        organisations together, it takes the permission for every organisation."""
        try:
            found = self.get_changelist_instance(request).get_queryset(request)  # type: ignore[attr-defined]  # a mixin
        except IncorrectLookupParameters:
            raise Http404 from None
        user: Any = request.user
        path = self.model.tenant_path
        owner: Any = self.model if path == "id" else get_fields_from_path(self.model, path)[-1].related_model
        owners = found.order_by().values_list(path, flat=True).distinct()
        theirs = [pk for pk in owners if user.has_perm(action.permission, owner(pk=pk))]
        named = Q(**{f"{path}__in": [pk for pk in theirs if pk is not None]})
        return found.filter(named | Q(**{f"{path}__isnull": True}) if None in theirs else named)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.action_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("actions/<slug:action_name>/", view, name=f"{name}_list_action"),
            path("<path:object_id>/actions/<slug:action_name>/", view, name=f"{name}_action"),
            *super().get_urls(),  # type: ignore[misc]  # a mixin: the page has it
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and not context.get("is_popup"):
            context["object_actions"] = self.buttons(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # a mixin

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        extra_context = {"list_actions": self.buttons(request), **(extra_context or {})}
        return super().changelist_view(request, extra_context)  # type: ignore[misc]  # a mixin: the page has it

    def action_view(self, request: HttpRequest, action_name: str, object_id: str | None = None) -> HttpResponse:
        """GET asks, POST acts; permission and state are asked of the object both times. Who may not see the page of an
        object does nothing with it either: some pages tell of all customers."""
        action = self.admin_actions.get(action_name)
        if action is None or action.on_list != (object_id is None):
            raise Http404
        obj = None
        if object_id is not None:
            obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]  # a mixin: the page has it
            if obj is None:
                return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined, no-any-return]
        if not (self.has_view_permission(request, obj) and self.may_act(request, action, obj)):  # type: ignore[attr-defined]
            raise PermissionDenied
        if not action.when(obj):
            messages.error(request, f"“{action.label}” does not apply to {obj} (any more).")
            return HttpResponseRedirect(self._home(obj))
        if action.only_shows:
            if request.method not in ("GET", "HEAD"):
                return HttpResponseNotAllowed(["GET"])
            return action.handler(request, *([] if obj is None else [obj]))  # type: ignore[return-value]  # of a page
        return self._ask_or_act(request, action, obj)

    def _ask_or_act(self, request: HttpRequest, action: Action, obj: Any) -> HttpResponse:
        rows = self.rows(request, action) if action.on_rows else None
        given = {name.removeprefix(ANSWER): value for name, value in request.GET.items() if name != "once"}
        about = rows if action.on_rows else action.about(obj)
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = action.form(*sent, obj=about, initial=given)
        self.style_form(form)
        if request.method == "POST" and form.is_valid() and not list(action.obstacles(request, about)):
            if not form.spend():
                messages.warning(request, f"“{action.label}” was sent already; it was done once.")
                return HttpResponseRedirect(self._home(obj))
            response = self._act(request, action, obj, rows, form)
            if response is not None:
                return response
        return self._ask(request, action, obj, about, form)

    def _act(self, request: HttpRequest, action: Action, obj: Any, rows: Any, form: ActionForm) -> HttpResponse | None:
        try:
            target = [given for given in (obj, rows) if given is not None]
            outcome = action.handler(request, *target, **form.answers)
        except ValidationError as error:
            form.give_back()
            form.add_error(None, error.messages)
            return None
        except DomainError as error:
            form.give_back()
            add_refusal(form, error, explained(self, request, error))
            return None
        except IntegrityError as error:  # two at once
            form.give_back()
            refusal = refusal_of(error)
            if refusal is None:
                raise
            add_refusal(form, refusal, refusal.message)
            return None
        except Exception:  # whatever it is, it goes on: the page may be sent again
            form.give_back()
            raise
        undoable = outcome if isinstance(outcome, Undoable) else None
        said = undoable.said if undoable else outcome if isinstance(outcome, str) else ""
        if obj is not None:
            self.log_change(request, obj, f"{action.label}. {said}".strip())  # type: ignore[attr-defined]  # a mixin
        if isinstance(outcome, HttpResponse):
            return outcome
        tag = tag_of(self.admin_site, request, undoable) if undoable else ""
        messages.success(request, said, extra_tags=tag)
        return HttpResponseRedirect(self._home(obj))

    def _ask(self, request: HttpRequest, action: Action, obj: Any, about: Any, form: ActionForm) -> HttpResponse:
        confirm = action.confirm(obj) if callable(action.confirm) else action.confirm
        if action.on_rows:
            count = about.count()
            names = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
            confirm = f"{count:,} {names}. {confirm}"
        known = list(action.facts(request, about))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": action.label,
            "subtitle": str(obj) if obj is not None else None,
            "action": action,
            "object": obj,
            "confirm": confirm,
            "facts": facts_table(known) if known else "",
            "warnings": list(action.warnings(request, about)),
            "obstacles": list(action.obstacles(request, about)),
            "form": form,
            "media": self.media + form.media,  # type: ignore[attr-defined]  # a mixin: the page has it
            "back_url": self._home(obj),
        }
        return TemplateResponse(request, action.template, context)

    def done(self, request: HttpRequest, message: str, target: Any) -> HttpResponse:
        """The answer of an action that made another object: say so and go there."""
        messages.success(request, message)
        return self._go(target)

    def warned(self, request: HttpRequest, message: str, target: Any) -> HttpResponse:
        """The answer of an action that was done, and left something to look at: said as a warning, at the object."""
        messages.warning(request, message)
        return self._go(target)

    def _go(self, target: Any) -> HttpResponse:
        return HttpResponseRedirect(admin_url(target))

    def show_secret(self, request: HttpRequest, obj: Any, *, title: str, secret: str) -> HttpResponse:
        """Show a secret in the answer itself: it goes into no message, session or cookie; no page here is cached."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "object": obj,
            "secret": secret,
            "back_url": self._home(obj),
        }
        response = TemplateResponse(request, "admin/secret_shown_once.html", context)
        response["Referrer-Policy"] = "no-referrer"
        return response

    def _home(self, obj: Any) -> str:
        return list_address(self.model) if obj is None else admin_url(obj)

    def _action_url(self, action: Action, obj: Any) -> str:
        return page_address(self.model, action.name) if obj is None else action_url(obj, action.name)
