"""E-invoices: what needs an IRN and how long there is for it, the IRN of each document, and what may be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    attention_filter,
    badge,
    facts,
    link,
    object_action,
    object_page,
    status,
)
from billing_platform.lib.admin.display import EMPTY, anchor, when
from billing_platform.lib.admin.work import try_now_action, work_column
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.law import INDIAN_TIME
from invoicing.admin.e_invoices.e_invoice_files import EInvoiceFiles, file_of
from invoicing.admin.e_invoices.e_invoice_form import (
    CancelForm,
    CancelledForm,
    NotNeededForm,
    RecordForm,
    cancel_obstacles,
    cancelled_warnings,
    checked_once,
    document_facts,
    irn_facts,
    kind_of,
    mail_words,
)
from invoicing.models import EInvoice
from invoicing.models.e_invoice import SOON_DAYS
from invoicing.returns.e_invoice_answer import Registered
from invoicing.returns.e_invoice_finding import Finding, Mend
from invoicing.services.e_invoices import needed, recording, registering
from organisations.models import AuditEntry

Status = EInvoice.Status
TONES: dict[str, str] = {
    Status.PENDING: "warning",
    Status.GENERATED: "success",
    Status.CANCELLED: "danger",
    Status.NOT_NEEDED: "",
}

AttentionFilter = attention_filter(
    waiting=("Needs IRN", lambda rows, _user: rows.waiting()),
    by_hand=("IRN to be uploaded", lambda rows, _user: rows.by_hand(clock.today(INDIAN_TIME))),
    failed=("Failed", lambda rows, _user: rows.failed()),
    near=("Few days left, or too late", lambda rows, _user: rows.near_the_limit(clock.today(INDIAN_TIME))),
    at_odds=("IRN cancelled, or invoice void", lambda rows, _user: rows.at_odds()),
)


def is_pending(found: EInvoice) -> bool:
    return found.status == Status.PENDING and not found.is_void


def is_fetched(found: EInvoice) -> bool:
    """The platform itself asks the portal."""
    return found.billing_entity.e_invoices_by_client and bool(settings.IRP_URL)


@admin.register(EInvoice)
class EInvoiceAdmin(EInvoiceFiles, ReadOnlyAdmin):
    empty_hint = "Documents need an IRN from the day that the seller's page names under E-invoices."
    list_on_a_phone = ("number", "customer_link", "state_and_trouble", "days_left")
    list_display = ("number", "kind", "customer_link", "issue_date", "state_and_trouble", "days_left", "acknowledged")
    list_filter = (AttentionFilter, "status", "organisation", "billing_entity", "issue_date")
    search_fields = ("number", "irn", "organisation__name")
    list_select_related = ("organisation", "billing_entity", "invoice", "credit_note")
    fieldsets = (
        ("What the portal may refuse", {"fields": ("finding_list",), "classes": ("warnings",)}),
        (None, {"fields": ("about", "registration")}),
        ("Fetching it", {"fields": ("work",)}),
    )
    related_lists = ((AuditEntry, "object_pk"),)

    customer_link = link("organisation", "Customer")
    state = status("status", TONES, "State")
    work = work_column(description="Asking the portal")
    try_now = try_now_action(
        permission="invoicing.record_einvoice",
        service=lambda pk: registering.try_now(e_invoice_id=pk),
        may=lambda found: is_pending(found) and is_fetched(found) and found.may_be_tried_now,
        facts=document_facts,
    )

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is found and the work only where there is something to say."""
        pending = obj is not None and is_pending(obj)
        hidden = set() if pending and checked_once(obj).findings else {"What the portal may refuse"}
        hidden |= set() if pending and is_fetched(obj) else {"Fetching it"}
        return [fieldset for fieldset in self.fieldsets if fieldset[0] not in hidden]

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_page(label="JSON", permission="invoicing.view_einvoice", when=is_pending, icon="download")
    def download_json(self, request: HttpRequest, found: EInvoice) -> HttpResponse:
        return file_of([checked_once(found).payload], found.number)

    @object_action(
        label="Record IRN",
        permission="invoicing.record_einvoice",
        when=is_pending,
        form=RecordForm,
        confirm="What the portal gave for this document. It is compared with the document, and never changes again.",
        facts=document_facts,
        icon="qr_code",
    )
    def record(self, request: HttpRequest, found: EInvoice, *, registered: Registered) -> str:
        recording.record_typed(e_invoice_id=found.pk, registered=registered)
        if found.document.sent_at is not None:
            return f"{found} has its IRN. It was sent without it: send it again."
        return f"{found} has its IRN. What waited for it is sent."

    @object_action(
        label="Not needed",
        permission="invoicing.record_einvoice",
        when=is_pending,
        form=NotNeededForm,
        confirm="The document stands without an IRN, and is sent. Only a supply that is exempt from e-invoices may.",
        facts=document_facts,
        icon="do_not_disturb_on",
    )
    def not_needed(self, request: HttpRequest, found: EInvoice, *, reason: str) -> str:
        needed.mark_not_needed(e_invoice_id=found.pk, reason=reason)
        return f"{found} needs no IRN. What waited for it is sent."

    @object_action(
        label="Needs IRN after all",
        permission="invoicing.record_einvoice",
        when=lambda found: found.status == Status.NOT_NEEDED and not found.is_void,
        confirm="The document waits for its IRN again.",
        facts=document_facts,
        icon="undo",
    )
    def demand(self, request: HttpRequest, found: EInvoice) -> str:
        needed.demand_again(e_invoice_id=found.pk)
        return f"{found} waits for its IRN."

    @object_action(
        label="Cancel IRN",
        permission="invoicing.cancel_einvoice",
        when=lambda found: found.may_be_cancelled and found.invoice_id is not None and is_fetched(found),
        form=CancelForm,
        confirm="The portal is asked at once. The number stays used; the invoice is voided next.",
        facts=irn_facts,
        obstacles=cancel_obstacles,
        danger=True,
        icon="block",
    )
    def cancel(self, request: HttpRequest, found: EInvoice, *, reason: str, remark: str) -> HttpResponse:
        registering.cancel(e_invoice_id=found.pk, reason=reason, remark=remark)
        return self.done(request, "The IRN is cancelled. Void the invoice now.", found.document)

    @object_action(
        label="Record cancellation",
        permission="invoicing.cancel_einvoice",
        when=lambda found: found.status == Status.GENERATED,
        form=CancelledForm,
        confirm="The IRN was cancelled on the portal's own pages.",
        facts=irn_facts,
        warnings=cancelled_warnings,
        danger=True,
        icon="event_busy",
    )
    def record_cancellation(
        self, request: HttpRequest, found: EInvoice, *, at: datetime, reason: str, remark: str
    ) -> HttpResponse:
        recording.record_cancellation(e_invoice_id=found.pk, at=at, reason=reason, remark=remark)
        return self.done(request, f"The IRN of {found} is cancelled.", found.document)

    # --- how it looks -------------------------------------------------------------------------------------------

    @admin.display(description="Kind")
    def kind(self, found: EInvoice) -> str:
        return kind_of(found)

    @admin.display(description="State", ordering="status")
    def state_and_trouble(self, found: EInvoice) -> Any:
        marks = [self.state(found)]
        marks += [badge("Void", "danger")] if found.is_void else []
        marks += [badge("Failed", "danger")] if is_pending(found) and found.last_failure else []
        return format_html_join(" ", "{}", ((mark,) for mark in marks))

    @admin.display(description="Days left", ordering="issue_date")
    def days_left(self, found: EInvoice) -> Any:
        left = found.days_left(clock.today(INDIAN_TIME)) if is_pending(found) else None
        if left is None:
            return EMPTY
        if left < 1:
            return badge("Too late", "danger")
        return badge(f"{left} days" if left > 1 else "Last day", "danger" if left <= SOON_DAYS else "")

    @admin.display(description="Acknowledged", ordering="ack_at")
    def acknowledged(self, found: EInvoice) -> Any:
        return when(found.ack_at) if found.ack_at else EMPTY

    @admin.display(description="Findings")
    def finding_list(self, found: EInvoice) -> Any:
        rows = (
            (
                badge("Blocks", "danger") if each.blocks else badge("Warns", "warning"),
                each.message,
                self._way(found, each),
            )
            for each in checked_once(found).findings
        )
        items = format_html_join("", "<li>{} {} {}</li>", rows)
        return format_html('<ul class="warning-list warning-box">{}</ul>', items)

    def _way(self, found: EInvoice, finding: Finding) -> Any:
        """Where the cause is mended. The document is frozen: where it blocks, it is taken back, and issued anew."""
        ways: dict[Mend, Any] = {Mend.SELLER: found.billing_entity, Mend.CUSTOMER: found.organisation}
        party = ways.get(finding.mend)
        if party is None:
            return ""
        if not finding.blocks:
            return format_html("Look at {}.", anchor(self, party))
        return format_html("Correct {}, take the document back and issue it anew.", anchor(self, party))

    @admin.display(description="Document")
    def about(self, found: EInvoice) -> Any:
        rows = [
            ("E-invoice", format_html("{} {}", anchor(self, found.document), self.state(found))),
            ("Customer", anchor(self, found.organisation)),
            ("Seller", format_html("{} · {}", anchor(self, found.billing_entity), found.seller_gstin)),
            ("Issued", day_text(found.issue_date)),
            ("Why not", found.not_needed_reason),
            ("Said by", found.not_needed_by),
        ]
        if is_pending(found) and found.last_day:
            rows.append(("Last day to report", format_html("{} {}", day_text(found.last_day), self.days_left(found))))
        if is_pending(found):
            rows.append(("E-mail", mail_words(found)))
        return facts((name, value) for name, value in rows if value)

    @admin.display(description="IRN")
    def registration(self, found: EInvoice) -> Any:
        if not found.irn:
            return "None yet: upload the portal's file on the list, or record it here." if is_pending(found) else EMPTY
        until = found.cancellable_until if found.may_be_cancelled else None
        by = found.recorded_by or "a job"
        rows = [
            ("IRN", format_html('<span class="break-all text-xs">{}</span>', found.irn)),
            ("Acknowledgement", format_html("{} {}", found.ack_number, when(found.ack_at))),
            ("Recorded", format_html("{} by {}: {}", when(found.recorded_at), by, found.get_source_display())),
            (
                "Signature",
                "The portal's key signed it." if found.signature_checked else "Not checked: no key is set up.",
            ),
            ("Can be cancelled until", when(until) if until else ""),
        ]
        if found.cancelled_at:
            remark = f"{found.get_cancel_reason_display()}. {found.cancel_remark}"
            rows.append(
                ("Cancelled", format_html("{} by {}: {}", when(found.cancelled_at), found.cancelled_by, remark))
            )
        return facts((name, value) for name, value in rows if value)
