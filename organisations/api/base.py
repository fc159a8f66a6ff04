"""The base of every admin endpoint: scoped look-ups, idempotent unsafe requests, permissions on objects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from billing_platform.lib.errors import NotFound
from billing_platform.lib.http.parameters import check_parameters
from billing_platform.lib.http.versions import VersionedMixin
from organisations.access.backends import organisation_id_of
from organisations.idempotency import run_once
from organisations.models import ApiKey, Organisation, Project
from organisations.scoping import TenantQuerySet


class AdminMixin(VersionedMixin):
    """What all admin views share. A view that calls Razorpay sets `calls_out = True`: it can't be one transaction."""

    calls_out = False
    secret_fields: tuple[str, ...] = ()  # of the answer, shown once: left out of the answer stored for a replay
    permission_required: str | dict[str, str] | None = None
    owners: set[str | None]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.owners = set()
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # a mixin: the view has it
        check_parameters(self, request)
        method = (request.method or "").lower()
        if request.method not in SAFE_METHODS and hasattr(self, method):
            handler = getattr(self, method)
            # DRF picks the handler from the instance after initial(): this is the place to wrap it
            setattr(
                self,
                method,
                lambda request, *a, **kw: run_once(
                    request,
                    partial(self.changed_if_unchanged, request, partial(handler, request, *a, **kw)),
                    reach=self,
                    calls_out=self.calls_out,
                    secret_fields=self.secret_fields,
                ),
            )

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        shown = self.with_version(request, response)
        return super().finalize_response(request, shown, *args, **kwargs)  # type: ignore[misc]  # a mixin

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """DRF's check. Notes the object's organisation, so that a replayed answer can check the permission again."""
        super().check_object_permissions(request, obj)  # type: ignore[misc]  # a mixin: the view has it
        is_new = isinstance(obj, Organisation) and obj._state.adding  # not stored yet: it has an id, but no owner
        owner = None if is_new else organisation_id_of(obj)
        self.owners.add(owner and str(owner))

    def check_again(self, owners: Iterable[str | None]) -> None:
        """Check that the caller may still act on these organisations, before a stored answer is replayed.

        Raises NotFound for an organisation out of reach, PermissionDenied where the permission is gone.
        """
        for owner in owners:
            if owner is None:
                self.check_object_permissions(self.request, Organisation())  # type: ignore[attr-defined]  # a mixin
            else:
                self.organisation(owner)

    def find(self, queryset: QuerySet[Any], **lookup: Any) -> Any:
        """One object of the caller's organisations, after its permission check.

        Raises NotFound for one that does not exist and for one of another organisation alike.
        """
        rows = queryset.for_organisations(self.request.auth).filter(**lookup)  # type: ignore[attr-defined]  # a mixin
        obj = (rows.select_for_update(of=("self",), no_key=True) if self.locks_rows else rows).first()
        if obj is None:
            raise NotFound(f"There is no such {_spelled(queryset.model.__name__)}.")
        self.check_object_permissions(self.request, obj)  # type: ignore[attr-defined]  # a mixin: the view has it
        return obj

    def organisation(self, organisation_id: Any) -> Organisation:
        """The organisation that the URL names."""
        found: Organisation = self.find(Organisation.objects.all(), pk=organisation_id)
        return found


class AdminView(AdminMixin, APIView):
    pass


class AdminGenericView(AdminMixin, GenericAPIView):
    """Lists and objects. A list names its rows in `queryset` and its query parameters in `filterset_class`."""

    def get_queryset(self) -> QuerySet[Any]:
        """The rows of `queryset` that the key reaches. Lists of rows that belong to nobody override it."""
        rows = cast(TenantQuerySet, super().get_queryset())
        return rows.for_organisations(api_key_of(self.request))


def api_key_of(request: Request) -> ApiKey:
    """The key of a request that has passed authentication."""
    return cast(ApiKey, request.auth)


def project_of(request: Request) -> Project:
    """The project of a project key (ProjectKeyPermission)."""
    return cast(Project, api_key_of(request).project)


def _spelled(class_name: str) -> str:
    """The name of a kind of object in the API's words, which are those of its addresses: "billing entity"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", class_name).lower()
