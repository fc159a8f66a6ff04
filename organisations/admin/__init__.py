"""Admin pages of organisations, projects, keys, people, the audit log, e-mails and webhooks."""

from organisations.admin.api_key import ApiKeyAdmin
from organisations.admin.audit import AuditEntryAdmin
from organisations.admin.billing_entity import BillingEntityAdmin
from organisations.admin.billing_hold import BillingHoldAdmin, HoldsOfCustomer
from organisations.admin.contact import ContactAdmin, ContactsOfCustomer
from organisations.admin.customer_note import CustomerNoteAdmin, NotesOfCustomer
from organisations.admin.email_kinds import KindsOfEmails
from organisations.admin.email_switches import EmailSwitchesOfCustomer
from organisations.admin.gstin_check import GstinCheckOfCustomer
from organisations.admin.notification import NotificationAdmin
from organisations.admin.organisation import OrganisationAdmin
from organisations.admin.people import MembershipAdmin, UserAdmin
from organisations.admin.project import ProjectAdmin
from organisations.admin.suppressed_address import SuppressedAddressAdmin
from organisations.admin.timeline import TimelineOfCustomer
from organisations.admin.webhook_delivery import WebhookDeliveryAdmin
from organisations.admin.webhook_endpoint import WebhookEndpointAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "BillingEntityAdmin",
    "BillingHoldAdmin",
    "ContactAdmin",
    "ContactsOfCustomer",
    "CustomerNoteAdmin",
    "EmailSwitchesOfCustomer",
    "GstinCheckOfCustomer",
    "HoldsOfCustomer",
    "KindsOfEmails",
    "MembershipAdmin",
    "NotesOfCustomer",
    "NotificationAdmin",
    "OrganisationAdmin",
    "ProjectAdmin",
    "SuppressedAddressAdmin",
    "TimelineOfCustomer",
    "UserAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
]
