"""Customers, sellers, projects, keys, memberships, and the e-mails and webhooks to them."""

from organisations.models.api_key import ApiKey
from organisations.models.audit import AuditEntry
from organisations.models.billing_entity import BillingEntity
from organisations.models.billing_hold import BillingHold, held
from organisations.models.bulk_job import BulkItem, BulkJob
from organisations.models.contact import Contact
from organisations.models.customer_note import CustomerNote
from organisations.models.details_request import DetailsRequest
from organisations.models.digest_choice import DigestChoice
from organisations.models.email_purpose import Purpose
from organisations.models.idempotency import IdempotencyRecord
from organisations.models.job_day import JobDay
from organisations.models.mailed_view import MailedView
from organisations.models.membership import Membership
from organisations.models.note_mention import NoteMention
from organisations.models.notification import EmailState, Notification
from organisations.models.notification_event import NotificationEvent
from organisations.models.organisation import Organisation
from organisations.models.portal_link import PortalLink
from organisations.models.project import Project
from organisations.models.saved_view import SavedView
from organisations.models.seen_attention import SeenAttention
from organisations.models.suppressed_address import SuppressedAddress
from organisations.models.switched_off_email import SwitchedOffEmail
from organisations.models.test_clock import TestClock, now_of
from organisations.models.webhook_delivery import WebhookAttempt, WebhookDelivery
from organisations.models.webhook_endpoint import WebhookEndpoint
from organisations.models.webhook_message import WebhookMessage

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BillingEntity",
    "BillingHold",
    "BulkItem",
    "BulkJob",
    "Contact",
    "CustomerNote",
    "DetailsRequest",
    "DigestChoice",
    "EmailState",
    "IdempotencyRecord",
    "JobDay",
    "MailedView",
    "Membership",
    "NoteMention",
    "Notification",
    "NotificationEvent",
    "Organisation",
    "PortalLink",
    "Project",
    "Purpose",
    "SavedView",
    "SeenAttention",
    "SuppressedAddress",
    "SwitchedOffEmail",
    "TestClock",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "held",
    "now_of",
]
