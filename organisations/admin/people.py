"""People: who may sign in, and the role each has for each organisation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.actions import Action
from billing_platform.lib.admin.base import (
    ActionForm,
    AdminPasswordChangeForm,
    ModelAdmin,
    TabularInline,
    UserChangeForm,
    UserCreationForm,
    badge,
    object_action,
    short_time,
)
from billing_platform.lib.errors import DomainError
from organisations.access.backends import would_lose_access
from organisations.models import ApiKey, Membership
from organisations.scoping import reaches_every_organisation
from organisations.services import api_keys, people

User = get_user_model()
TONES = {"viewer": "", "operator": "info", "admin": "warning"}

admin.site.unregister(User)
admin.site.unregister(Group)  # each migration sets them from organisations.access.roles; an edit here would not last


class AdminKeyForm(ActionForm):
    name = forms.CharField(max_length=100, help_text="What uses it, such as “nightly export”.")
    scope = forms.ChoiceField(choices=ApiKey.Scope.choices, initial=ApiKey.Scope.READ)
    mode = forms.ChoiceField(choices=ApiKey.Mode.choices, initial=ApiKey.Mode.LIVE)


class MembershipInline(TabularInline):
    model = Membership
    fields = ("organisation", "role")
    autocomplete_fields = ("organisation",)


class KeepsOwnAccess:
    """Refuses a user who would remove their own access: the last administrator would lock everybody out."""

    def save_related(self, request: HttpRequest, *args: Any) -> None:
        super().save_related(request, *args)  # type: ignore[misc]  # a mixin: the page has it
        if would_lose_access(request.user):
            raise DomainError(
                "This would take away your own access. Ask another administrator to change it.", code="OWN_ACCESS"
            )


@admin.register(User)
class UserAdmin(KeepsOwnAccess, ModelAdmin, DjangoUserAdmin):  # type: ignore[misc, type-arg]  # Django's page is generic to mypy only
    """Users belong to no organisation: changing one takes `auth` permissions for all of them."""

    empty_hint = "Users are added here; what they may do is said by their memberships."
    list_on_a_phone = ("username", "email", "roles", "is_active")
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "roles", "is_active", "last_seen")
    list_filter = ("is_active", "is_staff", "is_superuser", "memberships__role")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name", "is_staff")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    inlines = (MembershipInline,)
    related_lists = ((ApiKey, "owner__id__exact"),)

    last_seen = short_time("last_login", "Last sign-in")

    def get_queryset(self, request: HttpRequest) -> Any:
        """The user, and the people with a role in one of the user's organisations; of their roles, only those there."""
        memberships = Membership.objects.for_organisations(request.user)
        users = super().get_queryset(request)
        if not self._reaches_everyone(request):
            users = users.filter(Q(pk=request.user.pk) | Q(pk__in=memberships.values("user_id")))
        visible = memberships.select_related("organisation")
        return users.prefetch_related(Prefetch("memberships", visible, to_attr="visible_memberships"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        people.save_user(user=obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The roles typed on the user's page."""
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            people.remove_membership(membership=membership)
        for membership in changed:
            people.save_membership(membership=membership)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers are changed by superusers: else a password change would make one."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, "is_superuser")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    def may_act(self, request: HttpRequest, action: Action, obj: Any = None) -> bool:
        return super().may_act(request, action, obj) and self.has_change_permission(request, obj)

    @object_action(
        label="Issue admin API key",
        permission="auth.change_user",
        form=AdminKeyForm,
        when=lambda user: user.is_active,
        confirm="The key reaches this person's customers with this person's permissions, up to its scope.",
        icon="key",
    )
    def issue_key(self, request: HttpRequest, user: Any, **answers: Any) -> HttpResponse:
        issued = api_keys.issue_admin_key(owner=user, **answers)
        return self.show_secret(request, user, title=f"New back-office key of {user}", secret=issued.secret)

    @admin.display(description="Roles")
    def roles(self, user: Any) -> str:
        if user.is_superuser:
            return badge("Superuser", "danger")
        return "; ".join(f"{m.get_role_display()}: {m.organisation or 'all'}" for m in user.visible_memberships) or "–"

    def _reaches_everyone(self, request: HttpRequest) -> bool:
        return reaches_every_organisation(request.user)


@admin.register(Membership)
class MembershipAdmin(KeepsOwnAccess, ModelAdmin):
    empty_hint = "A membership gives a user a role for one customer, or for all."
    deletable = True
    list_display = ("user", "organisation_name", "role_label", "created")
    list_filter = ("role", "organisation", "user")
    search_fields = ("user__username", "user__email", "organisation__name")
    list_select_related = ("user", "organisation")
    autocomplete_fields = ("user", "organisation")
    fields = ("user", "organisation", "role")

    created = short_time("created_at", "Since")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A link to the user only for those who may open the user's page."""
        if self.has_change_permission(request, obj) or request.user.has_perm("auth.view_user"):
            return self.fields
        return ("person", *self.fields[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("person",)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        people.save_membership(membership=obj)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        people.remove_membership(membership=obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not one's own: see KeepsOwnAccess."""
        return (obj is None or obj.user_id != request.user.pk) and super().has_delete_permission(request, obj)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = super().get_list_filter(request)
        if request.user.has_perm("auth.view_user"):
            return filters
        return [item for item in filters if item[0] != "user"]

    @admin.display(description="Customer", ordering="organisation__name")
    def organisation_name(self, membership: Membership) -> str:
        return str(membership.organisation or "Every customer")

    @admin.display(description="User")
    def person(self, membership: Membership) -> str:
        return str(membership.user)

    @admin.display(description="Role", ordering="role")
    def role_label(self, membership: Membership) -> Any:
        return badge(membership.get_role_display(), TONES[membership.role])
