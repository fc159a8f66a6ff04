"""The pages of billing items: one customer of a billing run, and what may be done when it is not billed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    attention_filter,
    link,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.dates_in_words import month_text
from invoicing.admin.runs.run_preview import estimated
from invoicing.models import BillingRunItem
from invoicing.services.runs import billing_run
from invoicing.services.runs.billing_run_preview import preview_run

Status = BillingRunItem.Status
TONES = {
    Status.PENDING: "info",
    Status.CLAIMED: "info",
    Status.DRAFTED: "info",
    Status.APPROVAL: "warning",
    Status.DONE: "success",
    Status.SKIPPED: "",
    Status.FAILED: "danger",
    Status.PARKED: "warning",
    Status.VOIDED: "danger",
    Status.LEFT_UNBILLED: "",
}


class ReasonForm(ActionForm):
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="Stored with the item.")


AttentionFilter = attention_filter(unbilled=("Without a live invoice", lambda items, _user: items.unbilled()))


def item_facts(_request: HttpRequest, item: BillingRunItem) -> list[tuple[str, Any]]:
    """The customer, the reason of the item's status, and the total that billing would give now."""
    preview = preview_run(period=item.run.period, organisations=[item.organisation])
    return [
        ("Customer", item.organisation.name),
        ("Month", month_text(item.run.period_start)),
        ("State", item.get_status_display()),
        ("Reason", item.reason),
        ("Estimated total", estimated(preview)),
    ]


@admin.register(BillingRunItem)
class BillingRunItemAdmin(ReadOnlyAdmin):
    empty_hint = "A billing run has an item for each customer."
    list_on_a_phone = ("customer", "month", "state", "invoice_link")
    list_display = ("customer", "month", "state", "invoice_link", "reason", "attempts", "finished")
    list_display_links = ("month",)
    list_filter = (AttentionFilter, "status", "organisation", "run__period_start")
    search_fields = ("organisation__name", "reason")
    list_select_related = ("run", "organisation", "invoice")
    ordering = ("-run__period_start", "organisation__name")
    fieldsets = ((None, {"fields": ("run", "organisation", "state", "invoice", "reason", "finished_at")}), WORK)

    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    state = status("status", TONES, "State")
    finished = short_time("finished_at", "Finished")
    work = work_column()
    retry = try_now_action(
        name="retry",
        permission="invoicing.retry_billingrunitem",
        may=lambda item: item.status in (Status.FAILED, Status.DRAFTED, Status.APPROVAL, Status.PARKED),
        service=lambda pk: billing_run.retry_item(item_id=pk),
        facts=item_facts,
    )

    @object_action(
        label="Bill again",
        permission="invoicing.retry_billingrunitem",
        when=lambda item: item.status in (Status.VOIDED, Status.LEFT_UNBILLED),
        confirm="The month is drafted, finalized and e-mailed with a new number; a void invoice stays as it is.",
        facts=item_facts,
        icon="replay",
    )
    def bill_again(self, request: HttpRequest, item: BillingRunItem) -> str:
        billing_run.retry_item(item_id=item.pk)
        return "The month is billed again as soon as a worker is free."

    @object_action(
        label="Leave unbilled",
        permission="invoicing.leave_unbilled_billingrunitem",
        when=lambda item: item.status in (Status.VOIDED, Status.DRAFTED, Status.APPROVAL),
        form=ReasonForm,
        confirm="The month stays without an invoice: a draft is thrown away. It can still be billed again.",
        facts=item_facts,
        danger=True,
        icon="money_off",
    )
    def leave_unbilled(self, request: HttpRequest, item: BillingRunItem, *, reason: str) -> str:
        billing_run.leave_unbilled(item_id=item.pk, reason=reason)
        return "The month is left unbilled."

    @admin.display(description="Month", ordering="run__period_start")
    def month(self, item: BillingRunItem) -> str:
        return month_text(item.run.period_start)
