"""What an API key may do: by its kind, its scope, and the permissions of its owner, which the admin pages ask too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from organisations.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

_RANK = {ApiKey.Scope.READ: 1, ApiKey.Scope.WRITE: 2, ApiKey.Scope.ADMIN: 3}


class AdminKeyPermission(BasePermission):
    """Allows admin keys by scope: `read` for safe methods, `write` for others, or the view's `required_scope`.

    The key's owner must have the view's `permission_required` (a name, or {method: name}): for any organisation before
    the view runs, and for the object's organisation when the view has read the object.
    """

    message = "This key does not allow this."

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
    """Allows project keys only."""

    message = "Use a project key here."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey) and request.auth.kind == ApiKey.Kind.PROJECT
