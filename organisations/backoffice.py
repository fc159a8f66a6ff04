"""What organisations adds to shared pages: customers, people, sellers and e-mails."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Waits
from billing_platform.lib.law import INDIAN_TIME
from organisations.models import (
    ApiKey,
    AuditEntry,
    BillingEntity,
    BillingHold,
    IdempotencyRecord,
    Membership,
    Notification,
    Organisation,
    Project,
    SeenAttention,
)
from organisations.selectors import customers_to_check

User = get_user_model()

BACKOFFICE = Contribution(
    sidebar=(
        SidebarItem(Group.CUSTOMERS, Organisation, "apartment"),
        SidebarItem(Group.CUSTOMERS, Project, "deployed_code"),
        SidebarItem(Group.CUSTOMERS, ApiKey, "key"),
        SidebarItem(Group.CUSTOMERS, BillingHold, "pause_circle"),
        SidebarItem(Group.PEOPLE, User, "person"),
        SidebarItem(Group.PEOPLE, Membership, "badge"),
        SidebarItem(Group.PEOPLE, AuditEntry, "policy"),
        SidebarItem(Group.SYSTEM, BillingEntity, "storefront"),
        SidebarItem(Group.SYSTEM, Notification, "mail"),
    ),
    waits=(
        Waits(
            kind="gstin_check",
            one="GSTIN to be looked up again",
            many="GSTINs to be looked up again",
            rows=lambda user: customers_to_check(actor=user, today=clock.today(INDIAN_TIME)),
            model=Organisation,
            filters={"gstin_check": "due"},
            urgency=Urgency.BILLING,
        ),
        Waits(
            kind="email_failed",
            one="e-mail failed",
            many="e-mails failed",
            rows=lambda user: Notification.objects.for_organisations(user).filter(status=Notification.Status.FAILED),
            model=Notification,
            filters={"status__exact": "failed"},
            urgency=Urgency.TECHNICAL,
            since="created_at",
        ),
    ),
    operators_may=frozenset(
        {
            "add_organisation",
            "change_organisation",
            "add_project",
            "change_project",
            "issue_apikey",
            "resend_notification",
        }
    ),
    administers=("auth",),
    also_watched=frozenset({User}),
    unwatched=frozenset({IdempotencyRecord, AuditEntry, SeenAttention}),
    masked={ApiKey: ("key_hash",), User: ("password",)},
    unlogged={ApiKey: ("last_used_at",), User: ("last_login",)},
)
