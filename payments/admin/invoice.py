"""Adds to an invoice's page: payment links, and the recording of offline payments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import ActionForm, ReadOnlyInline, badge, extends, money, object_action, status
from billing_platform.lib.admin.display import anchor
from billing_platform.lib.admin.opening import small_table
from billing_platform.lib.admin.tabs import Panel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.law import INDIAN_TIME, WITHHOLDING_CODES
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.money import exponent
from billing_platform.lib.number_formats import format_money
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.invoice_asking import standing
from invoicing.admin.invoice_parts import Moment
from invoicing.models import Invoice, PayPageLink
from invoicing.selectors.documents import page_address
from invoicing.selectors.pay_page_links import newest_access
from invoicing.services.pay_page_links import revoke_links
from organisations.notifications.recipients import listed
from payments.admin.allocating import amount_of
from payments.admin.payment import TONES, typed_or_told
from payments.models import Payment, PaymentAllocation, PaymentOrder
from payments.selectors import payments_of_invoice, why_not_collectable
from payments.services import collection, customer_links, offline
from payments.services.short_payments import record_short_payment
from payments.services.withheld_tax import unusual_tds, value_without_gst
from payments.withholding import tax_at

METHODS = (
    ("bank_transfer", "Bank transfer"),
    ("cheque", "Cheque that has cleared"),
    ("tds", "TDS withheld by the customer"),
)


def section_codes() -> list[tuple[str, str]]:
    """Each code once, with what it stands for; those in force today first."""
    today = clock.today(INDIAN_TIME)
    ordered = sorted(WITHHOLDING_CODES, key=lambda code: not code.holds(today))
    names = {code.code: f"{code.code} {code.name}" for code in reversed(ordered)}
    return [("", "Not known"), *reversed(names.items())]


def _rates() -> str:
    """The usual rate of each code today, in percent, for the page's script."""
    today = clock.today(INDIAN_TIME)
    return json.dumps({each.code: str(each.rates[0]) for each in WITHHOLDING_CODES if each.rates and each.holds(today)})


def is_payable_online(invoice: Invoice) -> bool:
    return why_not_collectable(invoice) is None


def asked_for(_request: HttpRequest, invoice: Invoice) -> list[tuple[str, Any]]:
    """The facts that each confirmation page about an invoice's money shows first."""
    due = format_money(invoice.amount_due, invoice.currency)
    return [*standing(invoice), ("Due now", due)]


class OfflinePaymentForm(ActionForm):
    """The page says, while it is typed, what money and tax withheld come to, and what stays due."""

    class Media:
        js = ("payments/withheld.js",)

    method = forms.ChoiceField(choices=METHODS)
    amount = forms.CharField(max_length=40)
    reference = forms.CharField(
        max_length=REFERENCE_LENGTH, help_text="UTR, cheque number or number of the TDS certificate."
    )
    received_on = forms.DateField(
        help_text="The day that the bank names; of tax withheld alone, that of the withholding."
    )
    tds_amount = forms.CharField(
        max_length=40, required=False, label="Tax withheld (TDS) beside it", help_text="Empty if nothing was withheld."
    )
    section_code = forms.ChoiceField(choices=section_codes, required=False, label="Code of the tax withheld")
    accept_unusual_tds = forms.BooleanField(required=False, label="Record this tax all the same")
    send_receipt = forms.BooleanField(required=False, initial=True, label="Mail a receipt to the customer")
    accept_overpayment = forms.BooleanField(required=False, label="Keep the rest as credit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = exponent(self.obj.currency)
        self.fields["amount"].initial = f"{self.obj.amount_due:.{places}f}"
        self.fields["amount"].help_text = f"In {self.obj.currency}."
        self.fields["received_on"].initial = clock.today(self.obj.organisation.time_zone)
        self.fields["section_code"].help_text = self._usual_tax()
        self.fields["tds_amount"].widget.attrs |= {
            "data-due": f"{self.obj.amount_due:.{places}f}",
            "data-taxable": f"{value_without_gst(self.obj, self.obj.amount_due):.{places}f}",
            "data-currency": self.obj.currency,
            "data-rates": _rates(),
        }
        if not self._is_more_than_due():
            del self.fields["accept_overpayment"]
        if not self._unusual_tds():
            del self.fields["accept_unusual_tds"]

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])

    def clean_tds_amount(self) -> Decimal | None:
        text = self.cleaned_data["tds_amount"]
        return amount_of(text) if text else None

    def clean(self) -> dict[str, Any]:
        """For an amount above the amount due, the page asks again, with a box to accept the overpayment."""
        cleaned: dict[str, Any] = super().clean() or {}
        more = "accept_overpayment" in self.fields and cleaned.get("method") != "tds"
        if more and not self.errors and not cleaned.get("accept_overpayment"):
            self.add_error("accept_overpayment", offline.overpayment(self.obj, self._settled()))
        if (unusual := self._unusual_tds()) and not cleaned.get("accept_unusual_tds"):
            self.add_error("accept_unusual_tds", unusual)
        return cleaned

    def _usual_tax(self) -> str:
        """What the rates make of what is due, to type it off."""
        due = value_without_gst(self.obj, self.obj.amount_due)
        currency = self.obj.currency
        return (
            f"TDS is withheld of the value without GST, {format_money(due, currency)}:"
            f" 2% is {format_money(tax_at(Decimal(2), due, currency), currency)},"
            f" 10% is {format_money(tax_at(Decimal(10), due, currency), currency)}."
        )

    def _unusual_tds(self) -> str:
        """What the page asks about: the tax typed is not the rate of the code typed. "" while something is missing."""
        try:
            amount, withheld = amount_of(self.data.get("amount", "")), amount_of(self.data.get("tds_amount", ""))
            day = forms.DateField().clean(self.data.get("received_on"))
            return unusual_tds(self.obj, amount, withheld, self.data.get("section_code", ""), day)
        except (forms.ValidationError, InvalidInput):
            return ""

    def _is_more_than_due(self) -> bool:
        try:
            return bool(self._settled() > self.obj.amount_due)
        except forms.ValidationError:
            return False

    def _settled(self) -> Decimal:
        withheld = self.data.get("tds_amount")
        return amount_of(self.data.get("amount", "")) + (amount_of(withheld) if withheld else Decimal(0))


class NewLinkForm(ActionForm):
    reason = forms.CharField(
        required=False, max_length=REASON_LENGTH, help_text="Why the old link should open nothing; may stay empty."
    )


class RevokeLinkForm(ActionForm):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=REASON_LENGTH, help_text="Stored with the link."
    )


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("paid", "method_name", "state", "attempted", "problem")
    readonly_fields = fields
    fk_name = "invoice"
    paid = money("amount")
    state = status("status", TONES, "Status")

    @admin.display(description="Method")
    def method_name(self, payment: Payment) -> str:
        return payment.get_method_display_name()

    @admin.display(description="When")
    def attempted(self, payment: Payment) -> Any:
        return typed_or_told(payment, payment.attempted_at)


def _credited_name(credited: PaymentAllocation) -> str:
    return "Paid" if credited.kind == PaymentAllocation.Kind.CREDIT else credited.get_kind_display()


def _failed_text(failed: Payment) -> str:
    method = failed.get_method_display_name()
    return " · ".join(filter(None, (failed.shown(failed.amount), method, failed.error_description)))


def _credited_text(credited: PaymentAllocation, invoice: Invoice) -> str:
    """How much, and the day the bank names: the moment beside it is when somebody recorded the payment."""
    amount = format_money(abs(credited.amount), invoice.currency)
    received_on = credited.payment.received_on if credited.amount > 0 else None
    return f"{amount}, received on {day_text(received_on)}" if received_on else amount


def is_first(link: PayPageLink) -> bool:
    """The document's own link, which is as old as the document: its row was written when it was revoked."""
    return link.cause == PayPageLink.Cause.DOCUMENT


@extends(Invoice)
class PaymentOfInvoice(InvoiceExtension):
    inlines = (PaymentInline,)
    related_lists = ((Payment, "invoice__id__exact"), (PaymentOrder, "invoice__id__exact"))

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        """How the amount due can be paid. If Razorpay does not take the amount, this is a fact and no error."""
        if obj is None or not obj.is_collectable:
            return shown
        ways = ("How it is paid", {"fields": (self.pay_page, self.online_payment)})
        return [*shown[:1], ways, *shown[1:]]

    @admin.display(description="Pay page")
    def pay_page(self, invoice: Invoice) -> str:
        access = newest_access(invoice)
        if not access.is_open:
            return "Its links have ended or are revoked. The next e-mail has a new one; so has Mail a new link."
        url = page_address(access.token)
        shown = format_html('<a class="text-link" href="{}" target="_blank" rel="noreferrer">{}</a>', url, url)
        zone = ZoneInfo(invoice.billing_entity.time_zone)
        return format_html("{}<br>Good until {}.", shown, day_text(access.expires_at.astimezone(zone)))

    @admin.display(description="Online payment")
    def online_payment(self, invoice: Invoice) -> str:
        known = why_not_collectable(invoice)
        if known is None:
            return "The customer can pay on the pay page."
        return f"Not possible: {known.message} The pay page says so, and how else to pay."

    def opened(self, request: HttpRequest, obj: Invoice) -> Iterator[Panel]:
        """What was paid, or tried, and how much of it is credited to this invoice."""
        user: Any = request.user
        if not user.has_perm("payments.view_payment", obj.organisation):
            return
        rows = [
            (
                typed_or_told(payment, payment.attempted_at),
                anchor(self.page, payment, payment.get_method_display_name()),
                badge(payment.get_status_display(), TONES.get(payment.status, "")),
                payment.shown(payment.amount),
                format_money(payment.credited_here, obj.currency),
            )
            for payment in payments_of_invoice(obj)
        ]
        heads = ("When", "Payment", "Status", "Amount", "Credited to this invoice")
        yield Panel("Payments", small_table(heads, rows, numbers_from=3) if rows else "None so far.")

    def moments(self, invoice: Invoice) -> list[Moment]:
        links = invoice.pay_page_links.all()
        return [
            *(
                (credit.created_at, _credited_name(credit), _credited_text(credit, invoice))
                for credit in invoice.allocations.select_related("payment")
            ),
            *(
                (failed.attempted_at, "Payment failed", _failed_text(failed))
                for failed in invoice.payments.filter(status=Payment.Status.FAILED)
            ),
            *((link.created_at, "New pay page link", link.get_cause_display()) for link in links if not is_first(link)),
            *((link.revoked_at, "Pay page link revoked", link.revoke_reason) for link in links if link.revoked_at),
        ]

    @object_action(
        label="Mail a new link",
        permission="payments.collect_invoice",
        when=lambda invoice: bool(invoice.number),
        form=NewLinkForm,
        confirm="A new link to the pay page goes to the customer's billing address. Links that are out there, the one"
        " on the PDF too, open nothing any more: who follows one is offered a new link by mail.",
        facts=lambda _request, invoice: [
            *standing(invoice),
            ("It goes to", listed(invoice.organisation, "pay_page_link")),
        ],
        icon="forward_to_inbox",
    )
    def mail_link(self, request: HttpRequest, invoice: Invoice, *, reason: str) -> str:
        customer_links.replace_link(invoice_id=invoice.pk, reason=reason)
        return f"A new link is on its way to {listed(invoice.organisation, 'pay_page_link')}."

    @object_action(
        label="Revoke the link",
        permission="payments.collect_invoice",
        when=lambda invoice: bool(invoice.number) and newest_access(invoice).is_open,
        form=RevokeLinkForm,
        confirm="For a link that is in the wrong hands. No link to this invoice's pay page opens it any more. Who"
        " follows one is offered a new link, which is mailed to the customer's billing address only.",
        facts=lambda _request, invoice: standing(invoice),
        danger=True,
        icon="link_off",
    )
    def revoke_link(self, request: HttpRequest, invoice: Invoice, *, reason: str) -> str:
        revoke_links(invoice_id=invoice.pk, reason=reason)
        return "The link is revoked."

    @object_action(
        label="Make a Razorpay link",
        permission="payments.collect_invoice",
        when=is_payable_online,
        confirm="A page at Razorpay for what is due now, to send by chat or SMS. A customer can pay without it:"
        " the invoice's e-mail links to our pay page. A link for this amount is used again.",
        facts=asked_for,
        icon="link",
    )
    def create_link(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        made = collection.create_payment_link(invoice_id=invoice.pk)
        return self.page.done(request, f"The payment link is {made.short_url}", made)

    @object_action(
        label="Get the pay page ready",
        permission="payments.collect_invoice",
        when=is_payable_online,
        confirm="Tells Razorpay now what the pay page will ask for. This happens by itself within minutes, and at the"
        " latest when the customer presses Pay; do it by hand to see that Razorpay answers.",
        facts=asked_for,
        icon="shopping_cart",
    )
    def create_order(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        made = collection.ensure_order(invoice_id=invoice.pk)
        return self.page.done(request, f"The pay page is ready: Razorpay's order {made} asks for what is due.", made)

    @object_action(
        label="Record payment",
        permission="payments.record_offline_payment",
        when=lambda invoice: invoice.is_collectable,
        form=OfflinePaymentForm,
        confirm="For a bank transfer, a cheque that has cleared, or tax that the customer withheld. A mistake can be"
        " reversed.",
        facts=lambda request, invoice: [
            *asked_for(request, invoice),
            ("A receipt goes to", listed(invoice.organisation, "payment_received")),
        ],
        icon="add_card",
    )
    def record_payment(self, request: HttpRequest, invoice: Invoice, **answers: Any) -> HttpResponse:
        if answers["tds_amount"]:
            payment = record_short_payment(invoice_id=invoice.pk, **answers)
        else:
            del answers["tds_amount"]
            answers.pop("accept_unusual_tds", None)
            payment = offline.record_offline_payment(invoice_id=invoice.pk, **answers)
        if payment.unallocated > 0:
            rest = payment.shown(payment.unallocated)
            said = f"Payment {payment} is recorded; {rest} of it is not credited: credit it elsewhere, or give it back."
            return self.page.warned(request, said, payment)
        return self.page.done(request, f"Payment {payment} is recorded.", payment)
