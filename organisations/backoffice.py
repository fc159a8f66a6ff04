"""What organisations adds to shared pages: customers, people, sellers, e-mails and webhooks."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Verb, Waits
from billing_platform.lib.admin.finding import Finds
from billing_platform.lib.law import INDIAN_TIME
from organisations import set_up
from organisations.models import (
    ApiKey,
    AuditEntry,
    BillingEntity,
    BillingHold,
    BulkItem,
    BulkJob,
    Contact,
    CustomerNote,
    DetailsRequest,
    DigestChoice,
    IdempotencyRecord,
    Membership,
    Notification,
    NotificationEvent,
    Organisation,
    PortalLink,
    Project,
    SavedView,
    SeenAttention,
    SuppressedAddress,
    TestClock,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation
from organisations.selectors import customers_to_check
from organisations.timeline import TELLS

User = get_user_model()

INVOICE = "invoice_issued"
"""The kind of e-mail whose loss costs money first."""

BACKOFFICE = Contribution(
    set_up=set_up.steps,
    sidebar=(
        SidebarItem(Group.CUSTOMERS, Organisation, "apartment", key="c"),
        SidebarItem(Group.CUSTOMERS, Project, "deployed_code"),
        SidebarItem(Group.CUSTOMERS, ApiKey, "key"),
        SidebarItem(Group.CUSTOMERS, BillingHold, "pause_circle"),
        SidebarItem(Group.CUSTOMERS, DetailsRequest, "edit_note"),
        SidebarItem(Group.PEOPLE, User, "person"),
        SidebarItem(Group.PEOPLE, Membership, "badge"),
        SidebarItem(Group.PEOPLE, Contact, "contacts"),
        SidebarItem(Group.PEOPLE, CustomerNote, "sticky_note_2"),
        SidebarItem(Group.PEOPLE, AuditEntry, "policy", key="l"),
        SidebarItem(Group.SYSTEM, BillingEntity, "storefront"),
        SidebarItem(Group.SYSTEM, TestClock, "fast_forward"),
        SidebarItem(Group.SYSTEM, BulkJob, "library_add_check"),
        SidebarItem(Group.SYSTEM, Notification, "mail", key="m"),
        SidebarItem(Group.SYSTEM, SuppressedAddress, "unsubscribe", reaches_every_organisation),
        SidebarItem(Group.SYSTEM, WebhookEndpoint, "podcasts"),
        SidebarItem(Group.SYSTEM, WebhookDelivery, "outbox"),
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
            kind="invoice_email_lost",
            one="e-mail with an invoice did not arrive",
            many="e-mails with invoices did not arrive",
            rows=lambda user: Notification.objects.for_organisations(user).did_not_arrive().filter(kind=INVOICE),
            model=Notification,
            filters={"attention": "invoices"},
            urgency=Urgency.MONEY,
            since="created_at",
        ),
        Waits(
            kind="email_lost",
            one="other e-mail did not arrive",
            many="other e-mails did not arrive",
            rows=lambda user: Notification.objects.for_organisations(user).did_not_arrive().exclude(kind=INVOICE),
            model=Notification,
            filters={"attention": "others"},
            urgency=Urgency.BILLING,
            since="created_at",
        ),
        Waits(
            kind="follow_ups",
            one="note to follow up",
            many="notes to follow up",
            rows=lambda user: CustomerNote.objects.for_organisations(user).due(operators_today()),
            model=CustomerNote,
            filters={"attention": "due"},
            urgency=Urgency.BILLING,
            since="follow_up_on",
            owner="written_by",
        ),
        Waits(
            kind="details_requests",
            one="change of details to decide",
            many="changes of details to decide",
            rows=lambda user: DetailsRequest.objects.for_organisations(user).to_decide(),
            model=DetailsRequest,
            filters={},
            urgency=Urgency.BILLING,
            since="created_at",
        ),
        Waits(
            kind="email_failed",
            one="e-mail failed",
            many="e-mails failed",
            rows=lambda user: Notification.objects.for_organisations(user).in_state("failed"),
            model=Notification,
            filters={"state": "failed"},
            urgency=Urgency.TECHNICAL,
            since="created_at",
        ),
        Waits(
            kind="webhook_endpoint_disabled",
            one="webhook endpoint was disabled: its receiver took nothing",
            many="webhook endpoints were disabled: their receivers took nothing",
            rows=lambda user: WebhookEndpoint.objects.for_organisations(user).taken_out_of_use(),
            model=WebhookEndpoint,
            filters={"attention": "disabled"},
            urgency=Urgency.TECHNICAL,
            since="disabled_at",
        ),
        Waits(
            kind="webhook_endpoint_failing",
            one="webhook endpoint is failing: its receiver takes nothing",
            many="webhook endpoints are failing: their receivers take nothing",
            rows=lambda user: WebhookEndpoint.objects.for_organisations(user).failing(),
            model=WebhookEndpoint,
            filters={"attention": "failing"},
            urgency=Urgency.TECHNICAL,
            since="failing_since",
        ),
        Waits(
            kind="webhook_message_unmade",
            one="webhook message could not be made: a fault of the platform",
            many="webhook messages could not be made: a fault of the platform",
            rows=lambda user: WebhookDelivery.objects.for_organisations(user).unmade(),
            model=WebhookDelivery,
            filters={"attention": "unmade"},
            urgency=Urgency.TECHNICAL,
            since="created_at",
        ),
        Waits(
            kind="webhook_delivery_failed",
            one="webhook delivery was given up",
            many="webhook deliveries were given up",
            rows=lambda user: WebhookDelivery.objects.for_organisations(user).given_up(),
            model=WebhookDelivery,
            filters={"attention": "given_up"},
            urgency=Urgency.TECHNICAL,
            since="created_at",
        ),
    ),
    mends={
        "gstin_check": Verb("Check", "organisations.change_organisation", "mark_many_checked"),
        "invoice_email_lost": Verb("Send again", "organisations.resend_notification", "send_again_many"),
        "email_lost": Verb("Send again", "organisations.resend_notification", "send_again_many"),
        "follow_ups": Verb("Follow up", "organisations.change_customernote"),
        "details_requests": Verb("Decide", "organisations.change_organisation"),
        "email_failed": Verb("Send again", "organisations.resend_notification", "send_again_many"),
        "webhook_endpoint_disabled": Verb("Enable", "organisations.change_webhookendpoint"),
        "webhook_endpoint_failing": Verb("Review", "organisations.change_webhookendpoint"),
        "webhook_message_unmade": Verb("Replay", "organisations.replay_webhookendpoint", "replay_many"),
        "webhook_delivery_failed": Verb("Replay", "organisations.replay_webhookendpoint", "replay_many"),
    },
    finds=(
        Finds(
            Organisation,
            "apartment",
            within=("name", "legal_name", "slug", "billing_email", "gstin"),
            about=lambda customer: customer.gstin or customer.billing_email,
        ),
        Finds(
            Project,
            "deployed_code",
            within=("name",),
            related=("organisation",),
            name=lambda project: project.name,
            about=lambda project: f"Project of {project.organisation}",
        ),
        Finds(BillingEntity, "storefront", within=("name", "legal_name", "gstin"), about=lambda _seller: "Seller"),
        Finds(User, "person", within=("username", "email"), about=lambda _user: "User"),
    ),
    tells=TELLS,
    operators_may=frozenset(
        {
            "add_customernote",
            "change_customernote",
            "add_organisation",
            "change_organisation",
            "add_project",
            "change_project",
            "issue_apikey",
            "manage_portallink",
            "add_contact",
            "change_contact",
            "delete_contact",
            "resend_notification",
            "lift_suppressedaddress",
            "replay_webhookendpoint",
            "advance_testclock",
            "steer_bulkjob",
        }
    ),
    administers=("auth",),
    also_watched=frozenset({User}),
    unwatched=frozenset(
        {
            IdempotencyRecord,
            AuditEntry,
            BulkItem,
            DigestChoice,
            NotificationEvent,
            SavedView,
            SeenAttention,
            WebhookAttempt,
            WebhookDelivery,
            WebhookMessage,
        }
    ),
    masked={ApiKey: ("key_hash",), PortalLink: ("token_hash",), User: ("password",)},
    # that a secret was changed is noted in words (webhooks/endpoints.py)
    unlogged={
        WebhookEndpoint: ("secret", "previous_secret", "older_secret", "failing_since", "quiet_until"),
        ApiKey: ("last_used_at",),
        PortalLink: ("last_used_at",),
        User: ("last_login",),
        BulkJob: ("claimed_until", "attempts", "next_attempt_at"),
    },
)
