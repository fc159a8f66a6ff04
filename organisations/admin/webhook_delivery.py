"""Webhook deliveries: each message at each endpoint, with what was sent and what came back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    facts,
    link,
    object_action,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY, as_sent, brief
from billing_platform.lib.admin.work import WORK, work_column
from organisations import bulk_verbs
from organisations.admin.bulk import bulk_action
from organisations.admin.webhook_endpoint import DELIVERY_TONES
from organisations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from organisations.webhooks import replaying
from organisations.webhooks.signing import body_of

AttentionFilter = attention_filter(
    given_up=("Given up", lambda rows, _user: rows.given_up()),
    unmade=("Could not be made", lambda rows, _user: rows.unmade()),
)


class TryInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = ("sent_at", "answer_status", "milliseconds", "failure", "body", "sent_headers")
    readonly_fields = fields

    @admin.display(description="Answer's body")
    def body(self, attempt: WebhookAttempt) -> Any:
        return as_sent(attempt.answer) if attempt.answer else EMPTY

    @admin.display(description="Request's headers")
    def sent_headers(self, attempt: WebhookAttempt) -> Any:
        lines = "\n".join(f"{name}: {value}" for name, value in attempt.headers.items())
        return as_sent(lines)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    empty_hint = "Messages are written here when something happens that an endpoint hears of."
    list_on_a_phone = ("created", "event", "state", "to")
    list_display = ("created", "event", "state", "to", "customer", "attempts", "problem")
    list_display_links = ("event",)
    list_filter = (AttentionFilter, "status", "endpoint", "created_at")
    search_fields = ("message__type", "endpoint__url", "object_id")
    list_select_related = ("endpoint__organisation", "message__organisation")
    fieldsets = (
        (None, {"fields": ("event", "state", "to", "customer", "message_id", "object_id")}),
        ("Last try", {"fields": ("last_try",)}),
        ("As sent", {"fields": ("body",)}),
        WORK,
        ("Times", {"fields": ("created_at", "delivered_at")}),
    )
    inlines = (TryInline,)

    created = short_time("created_at", "Created")
    state = status("status", DELIVERY_TONES, "State")
    to = link("endpoint", "Endpoint")
    customer = link("message__organisation", "Customer")
    work = work_column()

    def name_of(self, delivery: WebhookDelivery) -> str:
        return f"{delivery.message.type} to {delivery.endpoint}"

    @admin.display(description="What came back")
    def last_try(self, delivery: WebhookDelivery) -> Any:
        attempt = delivery.tries.first()
        if attempt is None:
            return "Not tried yet."
        rows = [
            ("Sent", when(attempt.sent_at)),
            ("Answer", attempt.answer_status or "None"),
            ("Time", f"{attempt.milliseconds:,} ms"),
            ("Problem", attempt.failure),
            ("Body", as_sent(attempt.answer) if attempt.answer else ""),
        ]
        return facts(rows)

    @admin.display(description="Event", ordering="message__type")
    def event(self, delivery: WebhookDelivery) -> str:
        return delivery.message.type

    @admin.display(description="Message")
    def message_id(self, delivery: WebhookDelivery) -> str:
        return delivery.message.message_id

    @admin.display(description="Problem")
    def problem(self, delivery: WebhookDelivery) -> Any:
        return brief(delivery.last_failure)

    @admin.display(description="Body")
    def body(self, delivery: WebhookDelivery) -> Any:
        if delivery.message.payload is None and delivery.payload == WebhookEndpoint.Payload.FULL:
            return f"It could not be made: {delivery.message.failure} Replay makes it again, as of the time above."
        text = json.dumps(json.loads(body_of(delivery)), indent=2, ensure_ascii=False)
        return as_sent(text)

    replay_many = bulk_action(bulk_verbs.REPLAY)

    @object_action(
        label="Replay",
        permission="organisations.replay_webhookendpoint",
        when=lambda delivery: delivery.endpoint.is_active and replaying.may_be_replayed(delivery),
        confirm="The receiver gets the same message once more, under the same id.",
        icon="replay",
    )
    def replay(self, request: HttpRequest, delivery: WebhookDelivery) -> str:
        replaying.replay(delivery_id=delivery.pk)
        return "It is on its way again: look at this page again in a moment."
