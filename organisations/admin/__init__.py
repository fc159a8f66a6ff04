"""Admin pages of organisations, projects, keys, people, the audit log, e-mails and webhooks."""

from organisations.admin.api_key import ApiKeyAdmin
from organisations.admin.audit import AuditEntryAdmin
from organisations.admin.billing_entity import BillingEntityAdmin
from organisations.admin.billing_hold import BillingHoldAdmin, HoldsOfCustomer
from organisations.admin.bulk_job import BulkJobAdmin
from organisations.admin.contact import ContactAdmin, ContactsOfCustomer
from organisations.admin.customer_note import CustomerNoteAdmin, NotesOfCustomer
from organisations.admin.details_request import DetailsRequestAdmin, DetailsRequestsOfCustomer
from organisations.admin.email_kinds import KindsOfEmails
from organisations.admin.email_switches import EmailSwitchesOfCustomer
from organisations.admin.gstin_check import GstinCheckOfCustomer
from organisations.admin.mailed_view import MailedViewAdmin
from organisations.admin.notification import NotificationAdmin
from organisations.admin.organisation import OrganisationAdmin
from organisations.admin.overview import OverviewOfCustomer
from organisations.admin.people import MembershipAdmin, UserAdmin
from organisations.admin.portal_link import PortalOfCustomer
from organisations.admin.project import ProjectAdmin
from organisations.admin.suppressed_address import SuppressedAddressAdmin
from organisations.admin.test_clock import TestClockAdmin
from organisations.admin.timeline import TimelineOfCustomer
from organisations.admin.webhook_delivery import WebhookDeliveryAdmin
from organisations.admin.webhook_endpoint import WebhookEndpointAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "BillingEntityAdmin",
    "BillingHoldAdmin",
    "BulkJobAdmin",
    "ContactAdmin",
    "ContactsOfCustomer",
    "CustomerNoteAdmin",
    "DetailsRequestAdmin",
    "DetailsRequestsOfCustomer",
    "EmailSwitchesOfCustomer",
    "GstinCheckOfCustomer",
    "HoldsOfCustomer",
    "KindsOfEmails",
    "MailedViewAdmin",
    "MembershipAdmin",
    "NotesOfCustomer",
    "NotificationAdmin",
    "OrganisationAdmin",
    "OverviewOfCustomer",
    "PortalOfCustomer",
    "ProjectAdmin",
    "SuppressedAddressAdmin",
    "TestClockAdmin",
    "TimelineOfCustomer",
    "UserAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
]
