"""The webhook inbox: Razorpay's messages, and the outcome of each."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import ReadOnlyAdmin, attention_filter, link, rows_action, short_time, status
from billing_platform.lib.admin.display import as_sent
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from payments.inbox import processing
from payments.models import InboundWebhook

Status = InboundWebhook.Status
TONES = {
    Status.PENDING: "info",
    Status.PROCESSING: "info",
    Status.PROCESSED: "success",
    Status.IGNORED: "",
    Status.FAILED: "danger",
}
AttentionFilter = attention_filter(
    downtime=("Ways to pay that are down", lambda webhooks, _user: webhooks.lasting_downtimes())
)


@admin.register(InboundWebhook)
class InboundWebhookAdmin(ReadOnlyAdmin):
    empty_hint = "Razorpay's messages about payments arrive here, once its webhook address is set to this platform."
    list_on_a_phone = ("received", "event_type", "state", "customer")
    list_display = ("received", "event_type", "state", "customer", "what_came_of_it", "attempts")
    list_filter = (AttentionFilter, "status", "organisation", "received_at")
    search_fields = ("event_id", "event_type", "body")
    list_select_related = ("organisation",)
    fieldsets = (
        (None, {"fields": ("event_type", "event_id", "organisation", "state", "outcome")}),
        ("Processing", {"fields": ("gateway_account", "received_at", "processed_at")}),
        WORK,
        ("As received", {"fields": ("message", "headers")}),
    )

    received = short_time("received_at", "Received")
    state = status("status", TONES, "State")
    customer = link("organisation", "Customer")
    work = work_column()
    try_now = try_now_action(
        permission="payments.process_inboundwebhook",
        may=processing.may_be_tried_now,
        service=lambda pk: processing.try_now(webhook_id=pk),
    )

    @rows_action(
        label="Process again",
        permission="payments.process_inboundwebhook",
        confirm="Those that failed or were ignored are tried at once. What a message reports is never counted twice.",
    )
    def try_many_now(self, request: HttpRequest, webhooks: Any) -> str:
        count = processing.try_each_now(webhook_ids=list(webhooks.values_list("pk", flat=True)))
        return f"{count:,} are tried as soon as a worker is free."

    @admin.display(description="Outcome")
    def what_came_of_it(self, webhook: InboundWebhook) -> str:
        return webhook.outcome or webhook.last_failure

    @admin.display(description="Body")
    def message(self, webhook: InboundWebhook) -> str:
        try:
            text = json.dumps(json.loads(webhook.body), indent=2, ensure_ascii=False)
        except ValueError:
            text = webhook.body
        return as_sent(text)
