"""Tax withheld: which certificates are still to come, the overdue ones first; recorded, asked for, added up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html, format_html_join

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    QuickFilter,
    ReadOnlyAdmin,
    badge,
    link,
    money,
    object_action,
    object_page,
    rows_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.filters import DropdownFilter
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.limits import REFERENCE_LENGTH
from billing_platform.lib.money import exponent
from billing_platform.lib.number_formats import format_money, short_text
from organisations.notifications.recipients import listed
from payments.admin.allocating import amount_of
from payments.admin.withheld_sums import WithheldSums
from payments.models import WithheldTax
from payments.services import certificates
from payments.withholding import quarter_text

State = WithheldTax.CertificateState
COLLECT, RECORD = "payments.collect_invoice", "payments.record_offline_payment"


class StateFilter(QuickFilter):
    """What is to chase comes first."""

    title = parameter_name = "state"
    all_option = ("", "To come")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("mismatched", "Another amount"), ("received", "Received"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "overdue":
            return queryset.overdue(clock.today(INDIAN_TIME))
        if value in (State.MISMATCHED, State.RECEIVED):
            return queryset.standing().filter(certificate_state=value)
        return queryset if value == "all" else queryset.to_chase()


class QuarterFilter(DropdownFilter):
    title = parameter_name = "quarter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        days = model_admin.model.objects.for_organisations(request.user).order_by("-quarter_start")
        return [(day.isoformat(), quarter_text(day)) for day in days.values_list("quarter_start", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        try:
            return queryset.filter(quarter_start=date.fromisoformat(self.value())) if self.value() else queryset
        except ValueError:
            return queryset.none()


class CertificateForm(ActionForm):
    certificate_number = forms.CharField(max_length=REFERENCE_LENGTH, label="Number of the certificate")
    certificate_on = forms.DateField(label="Its date")
    certificate_amount = forms.CharField(
        max_length=40, label="Tax that it names", help_text="As printed, also if it is not what was recorded."
    )
    file = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf"}),
        help_text=f"PDF, at most {certificates.LARGEST_FILE // 1024 // 1024} MB.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payment = self.obj.payment
        self.fields["certificate_amount"].initial = f"{payment.amount:.{exponent(payment.currency)}f}"

    def clean_certificate_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["certificate_amount"])

    @property
    def answers(self) -> dict[str, Any]:
        upload = self.cleaned_data["file"]
        file = (upload.name, upload.read(certificates.LARGEST_FILE + 1)) if upload else None
        return {**super().answers, "file": file}


def standing(_request: HttpRequest, tax: WithheldTax) -> list[tuple[str, Any]]:
    payment = tax.payment
    return [
        ("Customer", payment.organisation.name),
        ("Invoice", str(payment.invoice)),
        ("Tax withheld", payment.shown(payment.amount)),
        ("Withheld on", f"{day_text(tax.deducted_on)}, quarter {tax.quarter}"),
        ("Certificate", f"Form {tax.form}, due on {day_text(tax.due_day)}"),
    ]


def _owed(_request: HttpRequest, tax: WithheldTax) -> list[tuple[str, Any]]:
    """What the mail lists."""
    payment = tax.payment
    rows = WithheldTax.objects.to_chase().filter(
        payment__organisation=payment.organisation_id, payment__invoice__billing_entity=payment.seller_id
    )
    wanted = rows.select_related("payment__invoice").order_by("quarter_start", "deducted_on")
    lines = (
        (each.quarter, each.payment.invoice, each.payment.shown(each.payment.amount), day_text(each.due_day))
        for each in wanted[: certificates.MOST_IN_A_MAIL]
    )
    return [
        ("Customer", payment.organisation.name),
        ("It goes to", listed(payment.organisation, "payment_received")),
        ("It asks for", format_html_join("", "{}, {}: {}, due on {}<br>", lines)),
    ]


def _asked_today(_request: HttpRequest, tax: WithheldTax) -> list[str]:
    organisation = tax.payment.organisation
    today = clock.today(organisation.time_zone)
    return ["The customer was asked today already."] if certificates.was_asked_on(tax, today, organisation) else []


def _customers(_request: HttpRequest, rows: Any) -> list[tuple[str, Any]]:
    names = (
        rows.to_chase().order_by("payment__organisation__name").values_list("payment__organisation__name", flat=True)
    )
    return [("Mails go to", ", ".join(names.distinct()[:50]) or "Nobody: none of these is to come")]


@admin.register(WithheldTax)
class WithheldTaxAdmin(WithheldSums, ReadOnlyAdmin):
    empty_hint = "Tax that a customer withheld is recorded beside its payment, on the page of the invoice."
    ordering = ("quarter_start", "payment__organisation__name", "deducted_on")
    list_display = ("label", "customer", "invoice_link", "quarter_name", "code", "percent", "certificate", "asked")
    list_on_a_phone = ("label", "customer", "certificate")
    list_filter = (StateFilter, QuarterFilter, "payment__organisation", "section_code", "deducted_on")
    search_fields = (
        "certificate_number",
        "payment__reference",
        "payment__invoice__number",
        "payment__organisation__name",
    )
    list_select_related = ("payment__organisation", "payment__invoice")
    fieldsets = (
        (None, {"fields": ("label", "certificate", "customer", "invoice_link", "payment_link")}),
        ("Withheld", {"fields": ("deducted_on", "quarter_name", "code", "of_value", "percent")}),
        (
            "Certificate",
            {"fields": ("due", "certificate_number", "certificate_on", "named_amount", "file_links", "asked")},
        ),
    )

    customer = link("payment__organisation", "Customer")
    invoice_link = link("payment__invoice", "Invoice")
    payment_link = link("payment")
    of_value = money("taxable_value", "Value without GST", currency="payment__currency")
    named_amount = money("certificate_amount", "Tax that it names", currency="payment__currency")
    asked = short_time("asked_at", "Last asked for")

    @admin.display(description="Tax withheld", ordering="payment__amount")
    def label(self, tax: WithheldTax) -> str:
        return tax.payment.shown(tax.payment.amount)

    @admin.display(description="Quarter", ordering="quarter_start")
    def quarter_name(self, tax: WithheldTax) -> str:
        return tax.quarter

    @admin.display(description="Code", ordering="section_code")
    def code(self, tax: WithheldTax) -> str:
        return tax.section_code or EMPTY

    @admin.display(description="Rate")
    def percent(self, tax: WithheldTax) -> str:
        return f"{short_text(tax.rate)}%" if tax.rate else EMPTY

    @admin.display(description="Due")
    def due(self, tax: WithheldTax) -> str:
        return f"Form {tax.form}, by {day_text(tax.due_day)}"

    @admin.display(description="Certificate", ordering="quarter_start")
    def certificate(self, tax: WithheldTax) -> Any:
        if tax.payment.status == "reversed":
            return badge("Record reversed")
        if tax.certificate_state == State.RECEIVED:
            return badge("Received", "success")
        if tax.certificate_state == State.MISMATCHED:
            return badge("Names another amount", "danger")
        if tax.due_day < clock.today(INDIAN_TIME):
            return badge(f"Overdue since {day_text(tax.due_day)}", "danger")
        return badge(f"Due on {day_text(tax.due_day)}", "warning")

    @admin.display(description="Files")
    def file_links(self, tax: WithheldTax) -> Any:
        files = tax.files.defer("content")
        if not files:
            return EMPTY
        names = format_html_join(
            "", "{}, uploaded on {}<br>", ((each.name, day_text(each.created_at)) for each in files)
        )
        return format_html("{}", names)

    @object_action(
        label="Record certificate",
        permission=RECORD,
        when=lambda tax: tax.payment.status != "reversed",
        form=CertificateForm,
        confirm="Type what the certificate says. If it names another tax than was recorded, it stays on the list:"
        " the customer corrects it, or you reverse the payment and record what is right.",
        facts=standing,
        icon="task",
    )
    def record_certificate(self, request: HttpRequest, tax: WithheldTax, **answers: Any) -> str:
        found = certificates.record_certificate(withheld_tax_id=tax.pk, uploaded_by=request.user, **answers)
        if found.certificate_state == State.MISMATCHED:
            named = format_money(answers["certificate_amount"], tax.payment.currency)
            return f"The certificate names {named}: it stays on the list."
        return "The certificate is on record."

    @object_action(
        label="Ask the customer",
        permission=COLLECT,
        when=lambda tax: tax.is_to_chase,
        confirm="A mail asks for all certificates that the customer owes this seller. At most one goes a day.",
        facts=_owed,
        obstacles=_asked_today,
        icon="outgoing_mail",
    )
    def ask(self, request: HttpRequest, tax: WithheldTax) -> str:
        count = certificates.ask_for_certificates(
            organisation_id=tax.payment.organisation_id, seller_id=tax.payment.seller_id
        )
        many = "1 certificate" if count == 1 else f"{count:,} certificates"
        return f"A mail to {listed(tax.payment.organisation, 'certificates_wanted')} asks for {many}."

    @rows_action(
        label="Ask the customers",
        permission=COLLECT,
        confirm="Each customer of these gets one mail with all certificates that it owes, at most once a day.",
        facts=_customers,
        icon="outgoing_mail",
    )
    def ask_many(self, request: HttpRequest, rows: Any) -> str:
        taxes = rows.to_chase().select_related("payment__organisation", "payment__invoice")
        mailed, left = certificates.ask_many(taxes=taxes)
        said = "1 customer is asked." if mailed == 1 else f"{mailed:,} customers are asked."
        return f"{said} {left:,} were asked today already." if left else said

    @object_page(
        label="Download certificate",
        permission="payments.view_withheldtax",
        when=lambda tax: tax.files.exists(),
        icon="download",
    )
    def download(self, request: HttpRequest, tax: WithheldTax) -> HttpResponseBase:
        file: Any = tax.files.first()
        return file_response(file.name, bytes(file.content), PDF)

    @object_action(
        label="Await it again",
        permission=RECORD,
        when=lambda tax: tax.certificate_state != State.EXPECTED and tax.payment.status != "reversed",
        confirm="For a certificate that was recorded by mistake. Its file stays.",
        facts=standing,
        danger=True,
        icon="undo",
    )
    def withdraw(self, request: HttpRequest, tax: WithheldTax) -> str:
        certificates.withdraw_certificate(withheld_tax_id=tax.pk)
        return "The certificate is awaited again."
