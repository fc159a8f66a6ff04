"""TDS certificates that customers sent in: checked beside the taxes of their quarter, accepted or rejected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html_join

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    WaitingFirst,
    badge,
    extends,
    link,
    numeric,
    object_action,
    object_page,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, admin_url
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.limits import REASON_LENGTH
from organisations.models import Organisation
from payments.admin.withheld_tax import RECORD
from payments.models import SentCertificate, WithheldTax
from payments.services import sent_certificates

_TONES = {"to_check": "warning", "accepted": "success", "rejected": "danger"}


class StatusFilter(WaitingFirst):
    all_option = ("", "To check")
    endings = (("accepted", "Accepted"), ("rejected", "Rejected"))

    def waiting(self, queryset: Any) -> Any:
        return queryset.to_check()


def _words(tax: WithheldTax) -> str:
    """ "₹10,000.00 of ACME-2026-7, withheld on 20 Nov 2026: expected" """
    payment = tax.payment
    said = tax.get_certificate_state_display().lower()
    return f"{payment.shown(payment.amount)} of {payment.invoice}, withheld on {day_text(tax.deducted_on)}: {said}"


class AcceptForm(ActionForm):
    taxes = forms.ModelMultipleChoiceField(
        WithheldTax.objects.none(),
        label="It is for",
        widget=forms.CheckboxSelectMultiple,
        help_text="Together they come to what the certificate names. A single one may differ: it stays to chase.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = sent_certificates.taxes_of(self.obj)
        self.fields["taxes"].queryset = found
        self.fields["taxes"].initial = list(found.to_chase())
        self.fields["taxes"].label_from_instance = _words


class RejectForm(ActionForm):
    reason = forms.CharField(label="Why", max_length=REASON_LENGTH, help_text="The customer reads it.")


def _facts(_request: HttpRequest, sent: SentCertificate) -> Iterable[tuple[str, Any]]:
    yield "Customer", sent.organisation.name
    yield "Certificate", f"{sent.certificate_number} of {day_text(sent.certificate_on)}"
    yield "Quarter", sent.quarter
    yield "Tax that it names", sent.amount_text
    yield "File", sent.name


def _obstacles(_request: HttpRequest, sent: SentCertificate) -> list[str]:
    if sent_certificates.taxes_of(sent).exists():
        return []
    return [f"No tax withheld in {sent.quarter} is on record: record it on the page of the invoice, or reject it."]


@extends(Organisation)
class SentCertificatesOfCustomer(Extension):
    related_lists = ((SentCertificate, "organisation__id__exact"),)


@admin.register(SentCertificate)
class SentCertificateAdmin(ReadOnlyAdmin):
    empty_hint = "A customer sends its TDS certificates in its portal."
    ordering = ("created_at",)
    list_on_a_phone = ("certificate_number", "customer", "state")
    list_display = ("certificate_number", "customer", "quarter_name", "amount", "sent", "state")
    list_filter = (StatusFilter, "organisation", "created_at")
    search_fields = ("certificate_number", "organisation__name", "name")
    list_select_related = ("organisation",)
    fieldsets = (
        (None, {"fields": ("customer", "certificate_number", "certificate_on", "quarter_name", "amount", "state")}),
        ("On record for the quarter", {"fields": ("taxes",)}),
        ("Sent", {"fields": (("sent", "sent_by"), ("name", "size"))}),
        ("Decided", {"fields": (("decided_at", "decided_by"), "reason")}),
    )

    customer = link("organisation", "Customer")
    sent = short_time("created_at", "Sent")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    @numeric
    @admin.display(description="Tax that it names", ordering="certificate_amount")
    def amount(self, sent: SentCertificate) -> str:
        return sent.amount_text

    @admin.display(description="Quarter", ordering="quarter_start")
    def quarter_name(self, sent: SentCertificate) -> str:
        return sent.quarter

    @admin.display(description="State", ordering="status")
    def state(self, sent: SentCertificate) -> Any:
        return badge(sent.get_status_display(), _TONES[sent.status])

    @admin.display(description="Taxes withheld")
    def taxes(self, sent: SentCertificate) -> Any:
        rows = ((admin_url(tax), _words(tax)) for tax in sent_certificates.taxes_of(sent))
        return format_html_join("", '<a class="text-link" href="{}">{}</a><br>', rows) or EMPTY

    @object_page(label="Download certificate", permission="payments.view_sentcertificate", icon="download")
    def download(self, request: HttpRequest, sent: SentCertificate) -> HttpResponseBase:
        return file_response(sent.name, bytes(sent.content), PDF)

    @object_action(
        label="Accept",
        permission=RECORD,
        when=lambda sent: sent.is_to_check,
        form=AcceptForm,
        confirm="Look at the file first: number, quarter, amount and PAN. It is recorded with the taxes you choose,"
        " and the customer is told by e-mail.",
        facts=_facts,
        obstacles=_obstacles,
        icon="task_alt",
    )
    def accept(self, request: HttpRequest, sent: SentCertificate, *, taxes: Any) -> str:
        user: Any = request.user
        sent_certificates.accept_certificate(
            sent_id=sent.pk, tax_ids=[tax.pk for tax in taxes], decided_by=user.get_username()
        )
        return "The certificate is on record."

    @object_action(
        label="Reject",
        permission=RECORD,
        when=lambda sent: sent.is_to_check,
        form=RejectForm,
        confirm="The customer is told why by e-mail, and may send another one. The file stays here.",
        facts=_facts,
        danger=True,
        icon="block",
    )
    def reject(self, request: HttpRequest, sent: SentCertificate, *, reason: str) -> str:
        user: Any = request.user
        sent_certificates.reject_certificate(sent_id=sent.pk, reason=reason, decided_by=user.get_username())
        return f"{sent.organisation} is told why."
