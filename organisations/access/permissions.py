"""What a key may do: its kind, its scope, and its owner's permissions, the same ones that the admin pages ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from organisations.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

_RANK = {ApiKey.Scope.READ: 1, ApiKey.Scope.WRITE: 2, ApiKey.Scope.ADMIN: 3}


class AdminKeyPermission(BasePermission):
    """Admin keys, by scope: read for safe methods, write for the others, or what the view's `required_scope` says.

    `permission_required` on the view, one name or {method: name}, is asked of the key's owner: without an object
    before the view runs, and for the object's organisation when the view has found it.
    """

    message = "This key does not allow that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        api_key = request.auth
        if not isinstance(api_key, ApiKey) or api_key.kind != ApiKey.Kind.ADMIN:
            return False
        default = ApiKey.Scope.READ if request.method in SAFE_METHODS else ApiKey.Scope.WRITE
        needed = getattr(view, "required_scope", None) or default
        if request.method in SAFE_METHODS:
            needed = ApiKey.Scope.READ
        if _RANK[ApiKey.Scope(api_key.scope)] < _RANK[ApiKey.Scope(needed)]:
            self.message = f"This needs a key of scope “{needed}”; this one has “{api_key.scope}”."
            return False
        return self._owner_may(request, view)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return self._owner_may(request, view, obj)

    def _owner_may(self, request: Request, view: APIView, obj: Any = None) -> bool:
        required = getattr(view, "permission_required", None)
        method = "GET" if request.method == "HEAD" else request.method  # DRF answers HEAD with the GET handler
        name = required.get(method) if isinstance(required, dict) else required
        if name is None or request.user.has_perm(name, obj):
            return True
        self.message = f"The owner of this key lacks the permission “{name}”."
        return False


class ProjectKeyPermission(BasePermission):
    """Project keys only."""

    message = "Use a project key here."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey) and request.auth.kind == ApiKey.Kind.PROJECT
