"""E-mails: sent, waiting and failed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, object_action, short_time, status
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from organisations.models import Notification
from organisations.notifications import email

TONES = {"pending": "info", "sending": "info", "sent": "success", "failed": "danger"}


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    empty_hint = "E-mails are written when an invoice is issued, a payment is received or a payment fails."
    list_on_a_phone = ("subject", "state", "customer", "sent")
    show_full_result_count = False
    list_display = ("created", "subject", "state", "customer", "to", "attempts", "sent")
    list_display_links = ("subject",)
    list_filter = ("status", "kind", "organisation", "created_at")
    search_fields = ("subject", "dedupe_key", "recipients")
    list_select_related = ("organisation",)
    fieldsets = (
        (None, {"fields": ("subject", "state", "customer", "kind", "to", "sender")}),
        ("Message", {"fields": ("message", "files")}),
        WORK,
        ("Times and key", {"fields": ("created_at", "sent_at", "dedupe_key")}),
    )

    created = short_time("created_at", "Created")
    sent = short_time("sent_at", "Sent")
    state = status("status", TONES)
    customer = link("organisation", "Customer")
    work = work_column()
    try_now = try_now_action(
        permission="organisations.resend_notification", service=lambda pk: email.try_now(notification_id=pk)
    )

    @object_action(
        label="Send again",
        permission="organisations.resend_notification",
        when=lambda notification: notification.status == Notification.Status.SENT,
        confirm=lambda notification: f"It goes to {', '.join(notification.recipients)} once more.",
        icon="send",
    )
    def resend(self, request: HttpRequest, notification: Notification) -> HttpResponse:
        again = email.resend(notification_id=notification.pk)
        return self.done(request, "The e-mail is on its way again.", again)

    @admin.display(description="To")
    def to(self, notification: Notification) -> str:
        return ", ".join(notification.recipients)

    @admin.display(description="Text")
    def message(self, notification: Notification) -> str:
        return format_html('<pre class="payload">{}</pre>', notification.text)

    @admin.display(description="Attachments")
    def files(self, notification: Notification) -> str:
        return ", ".join(attachment["filename"] for attachment in notification.attachments) or "–"
