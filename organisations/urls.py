"""Routes of organisations, projects, keys and outgoing webhooks, under /api/v1/admin."""

from __future__ import annotations

from django.urls import path

from organisations.api import (
    audit_log,
    billing_config,
    contacts,
    details_requests,
    email_notifications,
    portal_links,
    views,
    webhooks,
)
from organisations.customer.email_tracking import email_tracking
from organisations.customer.unsubscribe import unsubscribe

admin_urlpatterns = [
    path("audit-log", audit_log.AuditLog.as_view()),
    path("organisations", views.OrganisationList.as_view()),
    path("organisations/<uuid:organisation_id>", views.OrganisationDetail.as_view()),
    path("organisations/<uuid:organisation_id>/billing-config", billing_config.BillingConfig.as_view()),
    path("organisations/<uuid:organisation_id>/projects", views.ProjectList.as_view()),
    path("organisations/<uuid:organisation_id>/contacts", contacts.ContactList.as_view()),
    path("organisations/<uuid:organisation_id>/portal-links", portal_links.PortalLinkList.as_view()),
    path("organisations/<uuid:organisation_id>/portal-links/<uuid:link_id>", portal_links.PortalLinkDetail.as_view()),
    path("organisations/<uuid:organisation_id>/email-kinds", email_notifications.EmailKinds.as_view()),
    path(
        "organisations/<uuid:organisation_id>/email-notifications", email_notifications.EmailNotificationList.as_view()
    ),
    path("email-notifications/<uuid:notification_id>", email_notifications.EmailNotificationDetail.as_view()),
    path("organisations/<uuid:organisation_id>/details-requests", details_requests.DetailsRequestList.as_view()),
    path("details-requests/<uuid:request_id>/approve", details_requests.ApproveDetails.as_view()),
    path("details-requests/<uuid:request_id>/reject", details_requests.RejectDetails.as_view()),
    path("contacts/<uuid:contact_id>", contacts.ContactDetail.as_view()),
    path("projects/<uuid:project_id>", views.ProjectDetail.as_view()),
    path("projects/<uuid:project_id>/api-keys", views.ProjectKeyList.as_view()),
    path("api-keys/<uuid:key_id>/rotate", views.KeyRotate.as_view()),
    path("api-keys/<uuid:key_id>", views.KeyDetail.as_view()),
    path("webhook-endpoints", webhooks.WebhookEndpointList.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>", webhooks.WebhookEndpointDetail.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/rotate-secret", webhooks.WebhookEndpointSecret.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/test", webhooks.WebhookEndpointTest.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/replay", webhooks.WebhookEndpointReplay.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/deliveries", webhooks.WebhookDeliveryList.as_view()),
    path("webhook-endpoints/deliveries/<uuid:delivery_id>/replay", webhooks.WebhookDeliveryReplay.as_view()),
]

urlpatterns = [path("webhooks/email/<slug:provider>", email_tracking)]

# Included at the root in the namespace "organisations".
public_urlpatterns = [path("e-mails/off/<str:token>", unsubscribe, name="unsubscribe")]
