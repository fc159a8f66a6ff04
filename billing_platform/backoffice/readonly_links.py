"""Related objects on forms that show and don't change: a link for those who may open them, a name for the others.

Django and Unfold write the link for everybody, and an operator who follows it to a user's page is refused.
"""

from __future__ import annotations

from typing import Any

from unfold.fields import UnfoldAdminReadonlyField

from billing_platform.lib.admin.contributions import view_permission
from organisations.audit import acting_user

_written_for_everybody = UnfoldAdminReadonlyField.get_admin_url


def _link_or_name(self: UnfoldAdminReadonlyField, remote_field: Any, remote_obj: Any) -> str:
    user = acting_user()
    if user is None or not user.has_perm(view_permission(remote_field.model), remote_obj):
        return str(remote_obj)
    return str(_written_for_everybody(self, remote_field, remote_obj))


def install() -> None:
    """Once, when the admin begins."""
    UnfoldAdminReadonlyField.get_admin_url = _link_or_name
