"""Mandates and their debits, and auto-collect on a customer's page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    ReadOnlyInline,
    Undoable,
    attention_filter,
    badge,
    extends,
    link,
    money,
    object_action,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import anchor, brief
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.number_formats import format_money, short_text
from invoicing.models import Invoice
from organisations.models import BillingEntity, Organisation
from organisations.notifications.recipients import listed
from payments.models import Mandate, MandateCharge
from payments.services.mandates import charging, registering
from payments.services.mandates.choosing import is_switched_on, most_without_factor, why_not_chargeable

Status, ChargeStatus = Mandate.Status, MandateCharge.Status
TONES = {
    Status.REQUESTED: "info",
    Status.INITIATED: "info",
    Status.CONFIRMED: "success",
    Status.REJECTED: "danger",
    Status.PAUSED: "warning",
    Status.CANCELLED: "",
    Status.EXPIRED: "warning",
    Status.FAILED: "danger",
}
CHARGE_TONES = {
    ChargeStatus.ANNOUNCED: "info",
    ChargeStatus.ASKED: "info",
    ChargeStatus.CAPTURED: "success",
    ChargeStatus.FAILED: "danger",
    ChargeStatus.CANCELLED: "",
    ChargeStatus.REFUSED: "warning",
}
MANAGE = "payments.manage_mandate"
ASKING = (
    "The customer gets a link to a page of Razorpay's, and agrees there that issued invoices are debited. It hears of"
    " each debit a day before."
)


class MandateForm(ActionForm):
    method = forms.ChoiceField(
        choices=Mandate.Method.choices, help_text="The payer names the account or card on Razorpay's page."
    )
    phone = forms.CharField(max_length=20, help_text="Of the payer, with the country code: +91 98765 43210.")
    max_amount = forms.DecimalField(
        label="At most, each time",
        initial=Decimal(15_000),
        help_text="In rupees. UPI 99,999, card 15,000, bank account 10,00,000.",
    )


class NewMandateForm(MandateForm):
    """With what the ended mandate had; `obj` is that one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agreed = {"method": self.obj.method, "phone": self.obj.account.phone, "max_amount": self.obj.max_amount}
        for name, value in agreed.items():
            self.fields[name].initial = value if isinstance(value, str) else short_text(value)


def may_ask_again(mandate: Mandate) -> bool:
    organisation = mandate.account.organisation_id
    return mandate.is_over and not Mandate.objects.standing().filter(account__organisation=organisation).exists()


def who_is_asked(organisation: Organisation, seller: BillingEntity) -> list[tuple[str, Any]]:
    return [
        ("Customer", organisation.name),
        ("Seller", seller.name),
        ("The link goes to", listed(organisation, "mandate_invitation")),
    ]


class ChargeForm(ActionForm):
    """Which open invoice is debited."""

    invoice = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoice"].choices = [
            (str(invoice.pk), f"{invoice}: {format_money(invoice.amount_due, invoice.currency)} due")
            for invoice in open_invoices(self.obj)
        ]


def open_invoices(mandate: Mandate) -> list[Invoice]:
    account = mandate.account
    found = Invoice.objects.collectable().filter(
        organisation=account.organisation_id, billing_entity=account.billing_entity_id, currency=RUPEES
    )
    return list(found.order_by("due_date", "number"))


def terms(_request: HttpRequest, mandate: Mandate) -> list[tuple[str, Any]]:
    """The facts that each confirmation page of a mandate shows first."""
    return [
        ("Customer", mandate.account.organisation.name),
        ("Seller", mandate.account.billing_entity.name),
        ("Account", mandate.shown_as or mandate.get_method_display()),
        ("At most, each time", format_money(mandate.max_amount, RUPEES)),
        ("State", mandate.get_status_display()),
    ]


def charge_terms(request: HttpRequest, mandate: Mandate) -> list[tuple[str, Any]]:
    alone = most_without_factor(mandate)
    rows = terms(request, mandate)
    rows += [("Without the payer, up to", format_money(alone, RUPEES))] if alone is not None else []
    return [*rows, ("Not before", time_text(charging.charge_time(mandate.method, clock.now()), INDIAN_TIME))]


class ChargeInline(ReadOnlyInline):
    model = MandateCharge
    verbose_name_plural = "debits"
    fields = ("invoice_link", "amount_shown", "state", "charge_after", "reason")
    readonly_fields = fields
    invoice_link = link("invoice")
    amount_shown = money("amount", "Amount", currency="invoice__currency")
    state = status("status", CHARGE_TONES, "Status")


AttentionFilter = attention_filter(
    ended=("Ended, and no other one stands", lambda mandates, _user: mandates.ended_without_successor()),
)


@admin.register(Mandate)
class MandateAdmin(ReadOnlyAdmin):
    empty_hint = (
        "A customer is asked for a mandate on its page, with Ask for a mandate; or sets one up on the pay page."
    )
    list_on_a_phone = ("label", "customer", "state", "most")
    list_display = ("label", "customer", "method", "state", "most", "confirmed", "remark")
    list_filter = (AttentionFilter, "status", "method", "account__organisation", "created_at")
    search_fields = ("receipt", "razorpay_token_id", "shown_as", "account__email", "account__organisation__name")
    list_select_related = ("account__organisation", "account__billing_entity")
    fieldsets = (
        (None, {"fields": ("customer", "seller", "method", "shown_as", "state", "failure_reason")}),
        ("What is agreed", {"fields": ("most", "alone", "how_often", "expires_at", "confirmed_at", "ended_at")}),
        ("Registration", {"fields": ("asked_by", "payer", "address", "link_expires_at", "rupee")}),
        (
            "At Razorpay",
            {"fields": ("razorpay_customer", "razorpay_token_id", "razorpay_order_id", "receipt", "created_at")},
        ),
        WORK,
    )
    inlines = (ChargeInline,)
    related_lists = ((MandateCharge, "mandate__id__exact"),)

    most = money("max_amount", "At most, each time", currency="currency")
    state = status("status", TONES, "Status")
    customer = link("account__organisation", "Customer")
    seller = link("account__billing_entity", "Seller")
    confirmed = short_time("confirmed_at", "Confirmed")
    work = work_column()
    try_now = try_now_action(
        permission=MANAGE,
        may=registering.may_be_tried_now,
        service=lambda pk: registering.try_now(mandate_id=pk),
        facts=terms,
    )

    @admin.display(description="Mandate", ordering="created_at")
    def label(self, mandate: Mandate) -> str:
        return str(mandate)

    @admin.display(description="Remark")
    def remark(self, mandate: Mandate) -> Any:
        if mandate.cancel_requested_at is not None and not mandate.is_over:
            return badge("Is being cancelled", "warning")
        return brief(mandate.failure_reason or mandate.last_failure)

    @admin.display(description="Without the payer, up to")
    def alone(self, mandate: Mandate) -> str:
        most = most_without_factor(mandate)
        return "No limit of RBI's" if most is None else format_money(most, RUPEES)

    @admin.display(description="How often")
    def how_often(self, mandate: Mandate) -> str:
        return "Whenever an invoice is issued" if mandate.frequency == "as_presented" else mandate.frequency

    @admin.display(description="Payer")
    def payer(self, mandate: Mandate) -> str:
        return str(mandate.account)

    @admin.display(description="Razorpay customer")
    def razorpay_customer(self, mandate: Mandate) -> str:
        return mandate.account.razorpay_customer_id or "–"

    @admin.display(description="Registration link")
    def address(self, mandate: Mandate) -> Any:
        if not mandate.short_url:
            return "–"
        return format_html(
            '<a class="text-link" href="{}" rel="noreferrer">{}</a>', mandate.short_url, mandate.short_url
        )

    @admin.display(description="Rupee of the registration")
    def rupee(self, mandate: Mandate) -> Any:
        if mandate.returned_at is not None:
            return format_html("Given back {}", when(mandate.returned_at))
        return "To be given back" if mandate.owes_the_rupee else "–"

    @object_action(
        label="Debit an invoice",
        permission=MANAGE,
        when=lambda mandate: mandate.status == Status.CONFIRMED,
        form=ChargeForm,
        confirm="The customer gets the notice that RBI wants, and is debited a day later. The switch and a hold do not"
        " stop a debit that you ask for.",
        facts=charge_terms,
        obstacles=lambda _request, mandate: _obstacles(mandate),
        icon="bolt",
    )
    def charge(self, request: HttpRequest, mandate: Mandate, *, invoice: str) -> HttpResponse:
        made = charging.charge_invoice(invoice_id=UUID(invoice), cause=MandateCharge.Cause.OPERATOR.value)
        at = time_text(made.charge_after, INDIAN_TIME) if made.charge_after else ""
        return self.done(request, f"The debit of invoice {made.invoice} is announced: {at}.", made)

    @object_action(
        label="Ask for a new mandate",
        permission=MANAGE,
        when=may_ask_again,
        form=NewMandateForm,
        confirm=ASKING,
        facts=lambda _request, mandate: who_is_asked(mandate.account.organisation, mandate.account.billing_entity),
        icon="autorenew",
    )
    def ask_again(self, request: HttpRequest, mandate: Mandate, **answers: Any) -> HttpResponse:
        account = mandate.account
        made = registering.request_mandate(
            organisation=account.organisation, seller=account.billing_entity, asked_by=str(request.user), **answers
        )
        return self.done(
            request, f"The registration link goes to {listed(account.organisation, 'mandate_invitation')}.", made
        )

    @object_action(
        label="Cancel mandate",
        permission=MANAGE,
        when=lambda mandate: mandate.may_be_cancelled,
        confirm="Razorpay cancels it for good. Debits that are announced are not made. A new mandate needs the payer.",
        facts=terms,
        danger=True,
        icon="block",
    )
    def cancel(self, request: HttpRequest, mandate: Mandate) -> str:
        registering.cancel_mandate(mandate_id=mandate.pk)
        return "It is cancelled at Razorpay as soon as a worker is free."


def _obstacles(mandate: Mandate) -> list[str]:
    """Why nothing can be debited; a reason that holds for one invoice only is told when that one is chosen."""
    invoices = open_invoices(mandate)
    if not invoices:
        return [f"{mandate.account.organisation.name} has no open invoice in rupees."]
    reasons = [why_not_chargeable(invoice, mandate, by_hand=True) for invoice in invoices]
    return [] if None in reasons else [f"{i}: {r.message}" for i, r in zip(invoices, reasons, strict=True) if r]


@extends(Organisation)
class AutoCollectOfOrganisation(Extension):
    related_lists = (
        (Mandate, "account__organisation__id__exact"),
        (MandateCharge, "invoice__organisation__id__exact"),
    )

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or not request.user.has_perm("payments.view_mandate", obj):
            return shown
        return [*shown[:1], ("Auto-collect", {"fields": (self.auto_collect,)}), *shown[1:]]

    @admin.display(description="Mandate")
    def auto_collect(self, organisation: Organisation) -> Any:
        mandates = Mandate.objects.filter(account__organisation=organisation).select_related("account")[:3]
        if not mandates:
            return "None. The customer pays on the pay page, or by transfer."
        switch = badge("On", "success") if is_switched_on(organisation) else badge("Off", "warning")
        rows = (
            (anchor(self.page, each, str(each)), badge(each.get_status_display(), TONES[Status(each.status)]))
            for each in mandates
        )
        return format_html("{} {}", switch, format_html_join(" · ", "{} {}", rows))

    @object_action(
        label="Ask for a mandate",
        permission=MANAGE,
        form=MandateForm,
        confirm=ASKING,
        facts=lambda _request, organisation: who_is_asked(organisation, organisation.billing_entity),
        obstacles=lambda _request, organisation: _asked_already(organisation),
        icon="autorenew",
    )
    def ask_for_mandate(self, request: HttpRequest, organisation: Organisation, **answers: Any) -> HttpResponse:
        mandate = registering.request_mandate(
            organisation=organisation,
            seller=organisation.billing_entity,
            asked_by=str(request.user),
            **answers,
        )
        return self.page.done(
            request, f"The registration link goes to {listed(organisation, 'mandate_invitation')}.", mandate
        )

    @object_action(
        label="Switch auto-collect off",
        permission="payments.switch_autocollect",
        when=lambda organisation: _has_mandate(organisation) and is_switched_on(organisation),
        confirm="Nothing more is debited by itself, also what is announced. The mandate stands at the bank.",
        icon="toggle_off",
    )
    def switch_off(self, request: HttpRequest, organisation: Organisation) -> Undoable:
        registering.switch_auto_collect(organisation=organisation, is_on=False)
        return Undoable("Auto-collect is off.", organisation, "switch_on")

    @object_action(
        label="Switch auto-collect on",
        permission="payments.switch_autocollect",
        when=lambda organisation: not is_switched_on(organisation),
        confirm="Issued and unpaid invoices are announced and debited, the open ones first.",
        icon="toggle_on",
    )
    def switch_on(self, request: HttpRequest, organisation: Organisation) -> Undoable:
        registering.switch_auto_collect(organisation=organisation, is_on=True)
        return Undoable("Auto-collect is on.", organisation, "switch_off")


def _has_mandate(organisation: Organisation) -> bool:
    return Mandate.objects.filter(account__organisation=organisation).exists()


def _asked_already(organisation: Organisation) -> list[str]:
    waiting = Mandate.objects.waiting_for_the_payer().filter(account__organisation=organisation).first()
    return (
        [f"The customer has not answered the last link yet ({waiting}): cancel that mandate first."] if waiting else []
    )
