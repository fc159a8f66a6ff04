"""What the actions of an e-invoice ask for, and the facts that they show first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.dates_in_words import day_text, time_text
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money
from invoicing.models import EInvoice
from invoicing.returns.e_invoice_answer import AnswerError, Registered, read_time
from invoicing.returns.signed_texts import LONGEST
from invoicing.selectors.e_invoices import Checked, checked
from invoicing.services.e_invoices.recording import REMARK_LENGTH
from invoicing.services.voiding import why_not_voidable_but_for_its_irn

AS_THE_PORTAL = "As the portal writes it, in Indian time: 2026-10-05 14:03:00."


class TimeOfThePortal(forms.CharField):
    """A moment as the portal writes it."""

    def clean(self, value: Any) -> datetime:
        try:
            return read_time(super().clean(value))
        except AnswerError as error:
            raise forms.ValidationError(str(error)) from None


class RecordForm(ActionForm):
    irn = forms.CharField(label="IRN", min_length=64, max_length=64, help_text="64 letters and digits.")
    ack_number = forms.CharField(label="Acknowledgement number", max_length=20)
    acknowledged_at = TimeOfThePortal(label="Acknowledgement date", max_length=19, help_text=AS_THE_PORTAL)
    signed_qr = forms.CharField(
        label="Signed QR code",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="The whole text that the portal gives as SignedQRCode: it is printed as a code.",
    )

    @property
    def answers(self) -> dict[str, Any]:
        given = self.cleaned_data
        registered = Registered(
            irn=given["irn"].strip().lower(),
            ack_number=given["ack_number"].strip(),
            acknowledged_at=given["acknowledged_at"],
            signed_qr=given["signed_qr"].strip(),
        )
        return {"registered": registered}


class NotNeededForm(ActionForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Such as: the seller is exempt from e-invoices.")


class CancelForm(ActionForm):
    reason = forms.ChoiceField(choices=EInvoice.CancelReason.choices)
    remark = forms.CharField(max_length=REMARK_LENGTH, help_text="Sent to the portal.")


class CancelledForm(ActionForm):
    at = TimeOfThePortal(label="Cancelled at", max_length=19, help_text=AS_THE_PORTAL)
    reason = forms.ChoiceField(choices=EInvoice.CancelReason.choices)
    remark = forms.CharField(max_length=REMARK_LENGTH, required=False)


def document_facts(_request: HttpRequest, found: EInvoice) -> list[tuple[str, Any]]:
    """The document, and how long the portal takes it."""
    rows = _document_rows(found)
    return [*rows, ("Last day to report", day_text(found.last_day))] if found.last_day else rows


def _document_rows(found: EInvoice) -> list[tuple[str, Any]]:
    document = found.document
    return [
        ("Document", f"{kind_of(found)} {found.number} of {day_text(found.issue_date)}"),
        ("Customer", document.organisation.name),
        ("Total", format_money(document.total, document.currency)),
    ]


def irn_facts(_request: HttpRequest, found: EInvoice) -> list[tuple[str, Any]]:
    until = found.cancellable_until
    return [
        *_document_rows(found),
        ("IRN", format_html('<span class="break-all text-xs">{}</span>', found.irn)),
        ("Can be cancelled until", time_text(until, INDIAN_TIME) if until else ""),
    ]


def cancel_obstacles(_request: HttpRequest, found: EInvoice) -> Iterable[str]:
    """An invoice that can't be voided afterwards would stand without an IRN."""
    if obstacle := why_not_void_next(found):
        yield f"{obstacle} Its IRN stays."


def cancelled_warnings(_request: HttpRequest, found: EInvoice) -> Iterable[str]:
    obstacle = why_not_void_next(found)
    next_step = "Void the invoice next." if found.invoice is not None and not obstacle else obstacle
    yield f"The number stays used and never gets another IRN. {next_step}".rstrip()


def why_not_void_next(found: EInvoice) -> str:
    """Why the invoice can't be voided once its IRN is cancelled; empty where it can, and where it is void."""
    if found.invoice is None or found.is_void:
        return ""
    return why_not_voidable_but_for_its_irn(found.invoice)


def kind_of(found: EInvoice) -> str:
    return "Invoice" if found.invoice_id else "Credit note"


def mail_words(found: EInvoice) -> str:
    """What becomes of the document's e-mail while it lacks its IRN."""
    if found.document.sent_at is not None:
        return "was sent without the IRN" + ("; another one waits for it" if found.holds_mail else "")
    return "waits for the IRN" if found.holds_mail else "is sent without the IRN"


def checked_once(found: EInvoice) -> Checked:
    """What a page asks several times is made once for each request."""
    known: Checked | None = getattr(found, "_checked", None)
    if known is None:
        known = found._checked = checked(found)  # type: ignore[attr-defined]  # remembered on it
    return known
