"""Viewer, operator, admin: each a Django group with its permissions, kept in step at every migration.

Admin pages and API ask the same `user.has_perm(permission, object)`; organisations.access.backends answers it from the
user's memberships. This file is the only list of who may do what.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate

from organisations.audit import OUR_APPS
from organisations.models import Membership

Role = Membership.Role

# The daily work: verbs of the models' Meta.permissions, and what operators may add or change by form.
OPERATOR_VERBS = {
    "issue_apikey",
    "resend_notification",
    "create_invoice",
    "finalize_invoice",
    "send_invoice",
    "start_billingrun",
    "retry_billingrunitem",
    "collect_invoice",
    "record_offline_payment",
    "reverse_payment",
    "place_payment",
    "process_inboundwebhook",
    "replay_deadletter",
    "discard_deadletter",
    "retry_eventbatch",
    "verify_hotlogday",
}
OPERATOR_FORMS = {
    ("add", "organisation"),
    ("change", "organisation"),
    ("add", "project"),
    ("change", "project"),
    ("add", "metric"),
    ("change", "metric"),
    ("add", "usagecorrection"),
    ("add", "pricingrule"),
    ("change", "pricingrule"),
    ("add", "exchangerate"),
}
ADMIN_APPS = (*OUR_APPS, "auth", "django_celery_beat")


def register() -> None:
    """Keep the groups in step: after migrations, when new permissions may exist."""
    for label in OUR_APPS:
        post_migrate.connect(
            sync_groups,
            sender=apps.get_app_config(label),
            dispatch_uid=f"organisations.access.roles.sync_groups.{label}",
        )


def sync_groups(**_: Any) -> None:
    """Give each role's group its permissions, no more and no fewer."""
    permissions = list(Permission.objects.select_related("content_type"))
    for role in Role.values:
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set([permission for permission in permissions if _grants(role, permission)])


def _grants(role: str, permission: Permission) -> bool:
    app, codename = permission.content_type.app_label, permission.codename
    if role == Role.ADMIN:
        return app in ADMIN_APPS
    if app not in OUR_APPS:
        return False
    verb, _separator, model = codename.partition("_")
    if verb == "view":
        return True
    return role == Role.OPERATOR and (codename in OPERATOR_VERBS or (verb, model) in OPERATOR_FORMS)
