"""E-mails: sent, waiting and failed, and what became of them at each recipient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    link,
    object_action,
    short_time,
    when,
)
from billing_platform.lib.admin.display import EMPTY, anchor, as_sent
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.limits import REASON_LENGTH
from organisations import bulk_verbs
from organisations.admin.bulk import bulk_action
from organisations.audit import acting_person
from organisations.models import EmailState, Notification, NotificationEvent
from organisations.notifications import email
from organisations.notifications.kinds import KINDS, Audience
from organisations.notifications.recipients import recipients
from organisations.notifications.sending_again import copies_of, resend
from organisations.notifications.suppressing import suppressed
from organisations.notifications.tracking import have_it
from organisations.services import bounces

Status = Notification.Status
TONES = {
    "pending": "info",
    "sending": "info",
    "sent": "success",
    "failed": "danger",
    "not_sent": "warning",
    "delivered": "success",
    "opened": "success",
    "bounced": "danger",
    "complained": "danger",
}
_OF_INVOICES = ("invoice_issued",)
AttentionFilter = attention_filter(
    invoices=(
        "Invoices that did not arrive",
        lambda rows, _user: rows.did_not_arrive().filter(kind__in=_OF_INVOICES),
    ),
    others=("Others that did not arrive", lambda rows, _user: rows.did_not_arrive().exclude(kind__in=_OF_INVOICES)),
)


class StateFilter(DropdownFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(EmailState.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.in_state(self.value()) if self.value() in EmailState.values else queryset


class EventInline(ReadOnlyInline):
    model = NotificationEvent
    fields = ("happened_at", "kind", "recipient", "detail", "provider")
    readonly_fields = fields
    verbose_name_plural = "what became of it"


def addresses_now(notification: Notification) -> list[str]:
    """Those of the customer as they are now; of other e-mails, those that it went to."""
    kind = next((each for each in KINDS if each.name == notification.kind), None)
    if kind is None or notification.organisation is None or kind.audience is not Audience.CUSTOMER:
        return list(notification.recipients)
    return recipients(notification.organisation, kind.name)


def where_it_went(copies: Iterable[Notification]) -> Iterable[tuple[str, Any]]:
    """Each copy so far: to whom, when, and what became of it."""
    for copy in copies:
        told = badge(copy.state_label, TONES[copy.state])
        yield (
            "Sent" if copy.sent_at else "Not sent",
            format_html(
                "{} {} {}", ", ".join(copy.recipients) or EMPTY, told, when(copy.sent_at) if copy.sent_at else ""
            ),
        )


class AgainForm(ActionForm):
    """Whoever has it gets it a second time only when that is ticked."""

    to = forms.CharField(label="To", max_length=3000, help_text="One address, or up to ten with commas between them.")
    once_more = forms.BooleanField(required=False, label="Also to those who have it already")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].initial = ", ".join(addresses_now(self.obj))

    def clean_to(self) -> list[str]:
        return [each for each in self.cleaned_data["to"].replace(",", " ").replace(";", " ").split() if each]

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        has_it = {address.casefold() for address in have_it(copies_of(self.obj))}
        again = [each for each in answers.get("to", []) if each.casefold() in has_it]
        if again and not answers.get("once_more"):
            self.add_error("once_more", f"{', '.join(again)} has it already. Tick this to send it there once more.")
        return answers


class CorrectForm(ActionForm):
    """`obj` is the e-mail that did not arrive."""

    address = forms.ChoiceField(label="Address that it did not reach")
    corrected = forms.EmailField(label="Right address")
    is_deliverable = forms.BooleanField(
        required=False,
        label="The address is right, and takes e-mails again",
        help_text="Only for the same address: it is taken off the list of suppressed ones.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lost = lost_addresses(self.obj)
        self.fields["address"].choices = [(each, each) for each in lost]
        self.fields["corrected"].initial = lost[0] if lost else ""


def lost_addresses(notification: Notification) -> list[str]:
    """Those of its recipients that it came back from, or that are suppressed."""
    has_it = {address.casefold() for address in have_it([notification])}
    dead = suppressed(notification.recipients)
    lost = [each for each in notification.recipients if each.casefold() not in has_it or each in dead]
    return lost or list(notification.recipients)


class ReasonForm(ActionForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Stands in the e-mail's history.")


def _did_not_arrive(notification: Notification) -> bool:
    lost = notification.bounced_at or notification.complained_at or notification.is_suppressed
    return bool(lost) and notification.seen_to_at is None


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    empty_hint = "E-mails are written when an invoice is issued, a payment is received or a payment fails."
    list_on_a_phone = ("subject", "state", "customer", "sent")
    list_display = ("created", "subject", "state", "customer", "to", "attempts", "sent")
    list_display_links = ("subject",)
    list_filter = (AttentionFilter, StateFilter, "kind", "organisation", "created_at")
    search_fields = ("subject", "dedupe_key", "recipients")
    list_select_related = ("organisation",)
    fieldsets = (
        (None, {"fields": ("subject", "state", "became", "customer", "told", "to", "sender")}),
        ("Message", {"fields": ("message", "files")}),
        WORK,
        ("Times and key", {"fields": ("created_at", "sent_at", "times", "copies", "dedupe_key")}),
    )
    inlines = (EventInline,)

    created = short_time("created_at", "Created")
    sent = short_time("sent_at", "Sent")
    customer = link("organisation", "Customer")
    work = work_column()
    try_now = try_now_action(
        permission="organisations.resend_notification", service=lambda pk: email.try_now(notification_id=pk)
    )

    send_again_many = bulk_action(bulk_verbs.SEND_AGAIN)

    @object_action(
        label="Correct the address and send again",
        permission="organisations.resend_notification",
        when=_did_not_arrive,
        form=CorrectForm,
        confirm="The right address takes the place of the wrong one at the customer, and the e-mail goes there.",
        facts=lambda _request, notification: [
            ("E-mail", notification.subject),
            *((f"{row.get_reason_display()}", f"{row.sentence}. {row.detail}") for row in _suppressed(notification)),
            *where_it_went(copies_of(notification)),
        ],
        icon="forward_to_inbox",
    )
    def correct(self, request: HttpRequest, notification: Notification, **answers: Any) -> HttpResponse:
        again = bounces.correct_and_resend(notification_id=notification.pk, by=acting_person(), **answers)
        return self.done(request, f"The e-mail is on its way to {', '.join(again.recipients)}.", again)

    @object_action(
        label="Send again",
        permission="organisations.resend_notification",
        when=lambda notification: notification.status in (Status.SENT, Status.FAILED, Status.NOT_SENT),
        form=AgainForm,
        confirm="The same text goes out once more, as a new message.",
        facts=lambda _request, notification: [
            ("E-mail", notification.subject),
            *where_it_went(copies_of(notification)),
        ],
        icon="send",
    )
    def resend(
        self, request: HttpRequest, notification: Notification, *, to: list[str], once_more: bool
    ) -> HttpResponse:
        again = resend(notification_id=notification.pk, to=to, once_more=once_more)
        return self.done(request, f"The e-mail is on its way to {', '.join(again.recipients)}.", again)

    @object_action(
        label="Put aside",
        permission="organisations.resend_notification",
        when=_did_not_arrive,
        form=ReasonForm,
        confirm="It stays as it is, and nobody is asked to see to it any more.",
        facts=lambda _request, notification: [("E-mail", notification.subject)],
        icon="done",
    )
    def put_aside(self, request: HttpRequest, notification: Notification, *, reason: str) -> str:
        bounces.put_aside(notification_id=notification.pk, reason=reason)
        return "Nobody is asked to see to it any more."

    @admin.display(description="State", ordering="status")
    def state(self, notification: Notification) -> Any:
        return badge(notification.state_label, TONES[notification.state])

    @admin.display(description="What became of it")
    def became(self, notification: Notification) -> Any:
        """Why it is not sent, or what was told last of each recipient."""
        if notification.not_sent_because:
            return notification.not_sent_because
        last = {event.recipient: event for event in notification.events.all()}
        rows = ((each.recipient, each.get_kind_display().lower(), each.detail) for each in last.values())
        return format_html_join(SafeString("<br>"), "{}: {}. {}", rows) or EMPTY

    @admin.display(description="Kind")
    def told(self, notification: Notification) -> str:
        return next((kind.label for kind in KINDS if kind.name == notification.kind), notification.kind)

    @admin.display(description="To")
    def to(self, notification: Notification) -> str:
        return ", ".join(notification.recipients)

    @admin.display(description="Text")
    def message(self, notification: Notification) -> str:
        return as_sent(notification.text_for_operators)

    @admin.display(description="Attachments")
    def files(self, notification: Notification) -> str:
        return ", ".join(attachment["filename"] for attachment in notification.attachments) or "–"

    @admin.display(description="Told by the provider")
    def times(self, notification: Notification) -> Any:
        told = [
            (name.capitalize(), when(at))
            for name in ("delivered", "opened", "bounced", "complained")
            if (at := getattr(notification, f"{name}_at"))
        ]
        return format_html_join(" · ", "{} {}", told) or EMPTY

    @admin.display(description="Sent in its place, or before")
    def copies(self, notification: Notification) -> Any:
        others = [copy for copy in copies_of(notification) if copy.pk != notification.pk]
        rows = ((anchor(self, copy, ", ".join(copy.recipients) or "nobody"), copy.state_label) for copy in others)
        return format_html_join(" · ", "{}: {}", rows) or EMPTY


def _suppressed(notification: Notification) -> list[Any]:
    return list(suppressed(notification.recipients).values())
