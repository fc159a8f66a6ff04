"""What organisations tells of a customer: notes, holds, changes of details, e-mails and webhooks."""

from __future__ import annotations

from collections.abc import Iterable

from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.admin.timeline import Before, Moment, Tells, told
from billing_platform.lib.dates_in_words import day_text
from organisations.models import BillingHold, CustomerNote, DetailsRequest, Notification, Organisation, WebhookDelivery

Moments = Iterable[Moment]


def _notes(customer: Organisation, before: Before | None, most: int) -> Moments:
    def moment(note: CustomerNote) -> Moment:
        follow_up = f" Follow up on {day_text(note.follow_up_on)}." if note.is_waiting and note.follow_up_on else ""
        text = f"{note.written_by}: {note.text}{follow_up}"
        return Moment(note.created_at, str(note.pk), text, admin_url(note), "warning" if note.is_waiting else "")

    return told(customer.notes.all(), "created_at", before, most, moment)


def _holds(customer: Organisation, before: Before | None, most: int) -> Moments:
    def moment(hold: BillingHold) -> Moment:
        text = f"Held by {hold.placed_by}: {hold.sentence}"
        return Moment(hold.starts_at, str(hold.pk), text, admin_url(hold), "warning" if hold.is_standing else "")

    rows = customer.billing_holds.select_related("organisation__billing_entity")
    return told(rows, "starts_at", before, most, moment)


def _details_requests(customer: Organisation, before: Before | None, most: int) -> Moments:
    def moment(asked: DetailsRequest) -> Moment:
        text = f"Change of details asked for by {asked.asked_by}: {asked.get_status_display().lower()}"
        return Moment(asked.created_at, str(asked.pk), text, admin_url(asked), "warning" if asked.is_open else "")

    return told(customer.details_requests.all(), "created_at", before, most, moment)


def _emails(customer: Organisation, before: Before | None, most: int) -> Moments:
    def moment(mail: Notification) -> Moment:
        text = f"{mail.subject}, to {', '.join(mail.recipients)}: {mail.state_label.lower()}"
        tone = "danger" if mail.state in ("failed", "bounced", "complained") else ""
        return Moment(mail.created_at, str(mail.pk), text, admin_url(mail), tone)

    return told(customer.notifications.all(), "created_at", before, most, moment)


def _webhooks(customer: Organisation, before: Before | None, most: int) -> Moments:
    def moment(delivery: WebhookDelivery) -> Moment:
        text = f"{delivery.message.type} to {delivery.endpoint}: {delivery.get_status_display().lower()}"
        tone = "danger" if delivery.status == WebhookDelivery.Status.FAILED else ""
        return Moment(delivery.created_at, str(delivery.pk), text, admin_url(delivery), tone)

    rows = WebhookDelivery.objects.filter(endpoint__organisation=customer).select_related("message", "endpoint")
    return told(rows, "created_at", before, most, moment)


TELLS = (
    Tells("notes", "Notes", "sticky_note_2", "organisations.view_customernote", _notes),
    Tells("holds", "Holds", "pause_circle", "organisations.view_billinghold", _holds),
    Tells(
        "details_requests", "Changes of details", "edit_note", "organisations.view_detailsrequest", _details_requests
    ),
    Tells("emails", "E-mails", "mail", "organisations.view_notification", _emails),
    Tells("webhooks", "Webhooks", "podcasts", "organisations.view_webhookdelivery", _webhooks),
)
