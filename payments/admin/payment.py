"""Payments: online attempts, transfers, cheques and TDS certificates, and the invoices they are credited to."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    link,
    money,
    object_action,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY, anchor, brief
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.money import exponent
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.periods import BillingPeriod
from organisations.models import Notification
from organisations.notifications.recipients import listed
from organisations.operators_clock import operators_zone
from payments.admin.allocating import AllocateForm, UnallocateForm, amount_of, credited_to
from payments.models import Cheque, Dispute, Payment, PaymentAllocation, PayoutLine, Refund, WithheldTax
from payments.selectors import invoices_for, not_paid_out
from payments.services import allocating, checkout, offline, refunds

Status = Payment.Status
TONES = {
    Status.CREATED: "",
    Status.FAILED: "danger",
    Status.AUTHORIZED: "info",
    Status.CAPTURED: "success",
    Status.REFUNDED: "warning",
    Status.REVERSED: "",
}
REFUND_TONES = {
    Refund.Status.PENDING: "info",
    Refund.Status.PROCESSED: "success",
    Refund.Status.FAILED: "danger",
}


AttentionFilter = attention_filter(
    problem=("Not credited in full", lambda payments, _user: payments.not_placed()),
    not_taken=("Authorised, and not captured", lambda payments, _user: payments.not_taken()),
    twice=("Paid twice", lambda payments, _user: payments.second_payments()),
    refunded=("Given back: credit note, or ask again?", lambda payments, _user: payments.refunds_to_decide()),
    credit=("Credited to no invoice", lambda payments, _user: payments.with_credit()),
    not_paid_out=("In no payout", lambda payments, _user: not_paid_out(payments)),
    failed=("Failed, and the invoice is still due", lambda payments, _user: payments.failed_and_due()),
)


class CollectedFilter(DropdownFilter):
    """Exactly the payments that `selectors.collected` counts."""

    title = "collected"
    parameter_name = "collected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("month", "This month"), ("last_month", "Last month")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        zone = operators_zone()
        month = BillingPeriod.of(clock.today(zone))
        if self.value() == "last_month":
            month = month.previous()
        elif self.value() != "month":
            return queryset
        return queryset.real().collected(month.start, month.end - timedelta(days=1), zone)


class PaymentAllocationInline(ReadOnlyInline):
    model = PaymentAllocation
    fields = ("invoice_link", "kind", "credited", "answer", "reason", "created_at")
    readonly_fields = fields
    show_change_link = False
    invoice_link = link("invoice")
    credited = money("amount", "Credited", currency="invoice__currency")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice")


class WithheldTaxInline(ReadOnlyInline):
    model = WithheldTax
    fields = ("section_code", "of_value", "percent", "quarter", "certificate_state", "certificate_number")
    readonly_fields = fields
    show_change_link = False
    of_value = money("taxable_value", "Value without GST", currency="payment__currency")

    @admin.display(description="Rate")
    def percent(self, tax: WithheldTax) -> str:
        return f"{short_text(tax.rate)}%" if tax.rate else "–"


class DisputeInline(ReadOnlyInline):
    model = Dispute
    fields = ("razorpay_dispute_id", "disputed", "status", "phase", "respond_by", "lost")
    readonly_fields = fields
    disputed = money("amount", "Amount")
    lost = money("amount_taken", "Went back")


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("refund_number", "returned", "state", "kind", "credit_note", "refunded_on")
    readonly_fields = fields
    returned = money("amount", "Amount")
    state = status("status", REFUND_TONES, "Status")


def standing(_request: HttpRequest, payment: Payment) -> list[tuple[str, Any]]:
    """The facts that each confirmation page of a payment shows first."""
    rows = [
        ("Customer", payment.organisation.name),
        ("Invoice", str(payment.invoice or "None: on account")),
        ("Amount", payment.shown(payment.amount)),
        ("Received", day_text(payment.received_day)),
        ("Credited", payment.shown(payment.allocated)),
    ]
    rows += [("Given back", payment.shown(payment.amount_refunded))] if payment.amount_refunded else []
    rows += [("Lost in disputes", payment.shown(payment.amount_lost))] if payment.amount_lost else []
    rows += [("Not credited", payment.shown(payment.unallocated))] if payment.unallocated else []
    return rows


def _nothing_open(payment: Payment) -> str:
    return f"{payment.organisation.name} has no invoice in {payment.currency} on which something is due."


def _reversed_with_it(payment: Payment) -> list[str]:
    """What else a reversal does, or leaves."""
    said = []
    told = [f"payment_received:{payment.pk}", f"payment_on_account:{payment.pk}"]
    if Notification.objects.filter(dedupe_key__in=told).exists():
        said.append(f"{listed(payment.organisation, 'payment_received')} got a receipt, and will get a correction.")
    if cheque := Cheque.objects.filter(payment=payment, status=Cheque.Status.CLEARED).first():
        said.append(f"{cheque} waits to clear again. If the bank sent it back, say on its page that it bounced.")
    beside = Payment.objects.received().filter(
        kind=Payment.Kind.TDS, invoice=payment.invoice_id, reference=payment.reference, received_on=payment.received_on
    )
    for tax in beside.exclude(pk=payment.pk):
        said.append(f"{tax.shown(tax.amount)} of tax withheld, recorded beside it, stays: reverse that payment too.")
    return said


class RefundForm(ActionForm):
    amount = forms.CharField(max_length=40)
    reference = forms.CharField(max_length=REFERENCE_LENGTH, help_text="UTR of the transfer.")
    refunded_on = forms.DateField(help_text="The day of the transfer.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].initial = f"{self.obj.unallocated:.{exponent(self.obj.currency)}f}"
        self.fields["amount"].help_text = f"In {self.obj.currency}."
        self.fields["refunded_on"].initial = clock.today(self.obj.organisation.time_zone)

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])


class ReverseForm(ActionForm):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=REASON_LENGTH, help_text="Stored with the payment."
    )


def typed_or_told(payment: Payment, told: datetime | None) -> Any:
    """The day that an operator typed, in no time zone; for an online payment the time that Razorpay reported."""
    return day_text(payment.received_on) if payment.received_on else when(told)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    empty_hint = "Payments come from the pay page of an invoice, or from Record payment on an invoice."
    list_on_a_phone = ("label", "customer", "paid", "state")
    list_display = ("label", "customer", "invoice_link", "paid", "method_name", "state", "attempted", "remark")
    list_filter = (AttentionFilter, CollectedFilter, "status", "kind", "organisation", "currency", "paid_at")
    search_fields = (
        "razorpay_payment_id__exact",
        "razorpay_order_id__exact",
        "reference__exact",
        "invoice__number__exact",
        "organisation__name",
    )
    search_help_text = "A part of the customer's name, or the whole id, order, reference or number of an invoice."
    list_select_related = ("organisation", "invoice")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "label",
                    "state",
                    "organisation",
                    "receiver",
                    "invoice",
                    "paid",
                    "method_name",
                    "reference",
                    "received",
                )
            },
        ),
        ("Reversed", {"fields": ("reversed_at", "reversal_reason")}),
        ("Money", {"fields": ("refunded", "lost", "not_credited", "problem", "not_captured")}),
        (
            "At Razorpay",
            {
                "fields": (
                    "razorpay_payment_id",
                    "razorpay_order_id",
                    "order",
                    "gateway_fee",
                    "gateway_tax",
                    "fee_borne_by",
                    "payout",
                )
            },
        ),
        ("Failure", {"fields": ("error_code", "error_description", "error_source", "error_step", "error_reason")}),
    )
    inlines = (PaymentAllocationInline, WithheldTaxInline, RefundInline, DisputeInline)

    paid = money("amount")
    refunded = money("amount_refunded", "Refunded")
    lost = money("amount_lost", "Lost in disputes")
    gateway_fee = money("fee", "Fee")
    gateway_tax = money("tax", "GST in the fee")
    state = status("status", TONES, "Status")
    customer = link("organisation", "Customer")
    receiver = link("seller", "Received by")
    invoice_link = link("invoice")
    not_credited = money("unallocated", "Not credited")

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = {
            "Failure": obj is None or not (obj.error_code or obj.error_description),
            "Reversed": obj is None or obj.reversed_at is None,
            "At Razorpay": obj is not None and obj.kind != Payment.Kind.GATEWAY,
        }
        return [fieldset for fieldset in self.fieldsets if not hidden.get(fieldset[0] or "")]

    @admin.display(description="When", ordering="attempted_at")
    def attempted(self, payment: Payment) -> Any:
        return typed_or_told(payment, payment.attempted_at)

    @admin.display(description="Received")
    def received(self, payment: Payment) -> Any:
        return typed_or_told(payment, payment.paid_at)

    @admin.display(description="Fee borne by")
    def fee_borne_by(self, payment: Payment) -> str:
        if payment.payer_fee:
            asked = payment.shown(payment.amount - payment.payer_fee)
            return f"The payer: {payment.shown(payment.payer_fee)} on top of {asked}"
        return "The seller" if payment.fee else "–"

    @admin.display(description="Payout")
    def payout(self, payment: Payment) -> Any:
        if payment.paid_at is None:
            return EMPTY
        line = payment.payout_lines.filter(kind=PayoutLine.Kind.PAYMENT).select_related("payout").first()
        return anchor(self, line.payout, str(line.payout)) if line else "Not yet paid out"

    @admin.display(description="Payment", ordering="created_at")
    def label(self, payment: Payment) -> str:
        return str(payment)

    @admin.display(description="Method", ordering="method")
    def method_name(self, payment: Payment) -> str:
        return payment.get_method_display_name()

    @admin.display(description="Remark")
    def remark(self, payment: Payment) -> Any:
        if payment.not_captured:
            return badge("Not captured", "warning")
        return badge("Not credited in full", "warning") if payment.problem else brief(payment.error_description)

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_action(
        label="Ask Razorpay",
        permission="payments.collect_invoice",
        when=checkout.may_be_captured,
        confirm="Captures the payment if all of it is still due, and asks how it stands. It is never taken twice.",
        facts=standing,
        icon="sync",
    )
    def ask_razorpay(self, request: HttpRequest, payment: Payment) -> str:
        found = checkout.capture_payment(payment_id=payment.pk)
        return f"Payment {found} is {found.get_status_display().lower()}."

    @object_action(
        label="Credit to invoices",
        permission="payments.place_payment",
        when=lambda payment: payment.unallocated > 0,
        form=AllocateForm,
        confirm="What is not credited yet pays open invoices of this customer: those that are due first, unless you"
        " type other amounts. What is left waits for the next invoice.",
        facts=standing,
        obstacles=lambda _request, payment: [] if invoices_for(payment).exists() else [_nothing_open(payment)],
        icon="call_split",
    )
    def allocate(self, request: HttpRequest, payment: Payment, *, amounts: dict[UUID, Decimal]) -> str:
        made = allocating.allocate(payment_id=payment.pk, amounts=amounts)
        return "; ".join(f"{payment.shown(row.amount)} is credited to invoice {row.invoice}" for row in made) + "."

    @object_action(
        label="Take off an invoice",
        permission="payments.place_payment",
        when=lambda payment: bool(credited_to(payment)),
        form=UnallocateForm,
        confirm="For money that was credited to the wrong invoice. The invoice is due again; the money waits on the"
        " payment, to credit it elsewhere or to give it back.",
        facts=standing,
        icon="remove_circle",
    )
    def unallocate(self, request: HttpRequest, payment: Payment, *, invoice: str, reason: str) -> str:
        row = allocating.unallocate(payment_id=payment.pk, invoice_id=UUID(invoice), reason=reason)
        return f"{payment.shown(-row.amount)} is taken off invoice {row.invoice}."

    @object_action(
        label="Record refund",
        permission="payments.place_payment",
        when=lambda payment: payment.unallocated > 0,
        form=RefundForm,
        confirm="Money that you gave back by bank transfer, of the part that is not credited. Nothing is sent from"
        " here: it is a record.",
        facts=standing,
        icon="undo",
    )
    def record_refund(self, request: HttpRequest, payment: Payment, **answers: Any) -> str:
        refund = refunds.record_refund(payment_id=payment.pk, **answers)
        return f"The refund of {payment.shown(refund.amount)} is on record."

    @object_action(
        label="Ask again for the money",
        permission="payments.place_payment",
        when=lambda payment: payment.allocations.filter(answer__in=["open", "left"]).exists(),
        confirm="The invoice asks for what was given back: it is due again, and the pay page takes it.",
        facts=standing,
        icon="replay",
    )
    def ask_again(self, request: HttpRequest, payment: Payment) -> str:
        refunds.answer_refund(payment_id=payment.pk, ask_again=True)
        return "The invoice asks for the money again."

    @object_action(
        label="Leave refunded",
        permission="payments.place_payment",
        when=lambda payment: payment.allocations.filter(answer="open").exists(),
        confirm="The invoice stays as it is and asks for nothing more. Where the supply itself is taken back, GST wants"
        " a credit note.",
        facts=standing,
        icon="done",
    )
    def leave_refunded(self, request: HttpRequest, payment: Payment) -> str:
        refunds.answer_refund(payment_id=payment.pk, ask_again=False)
        return "The refund is left as it is."

    @object_action(
        label="Reverse",
        permission="payments.reverse_payment",
        when=lambda payment: payment.kind != Payment.Kind.GATEWAY and payment.status != Status.REVERSED,
        form=ReverseForm,
        confirm="For a payment that was recorded by mistake. The invoice is due again, the payment counts nowhere, and"
        " its reference may be used again. There is no way back: record it anew.",
        facts=standing,
        warnings=lambda _request, payment: _reversed_with_it(payment),
        danger=True,
        icon="settings_backup_restore",
    )
    def reverse(self, request: HttpRequest, payment: Payment, *, reason: str) -> str:
        offline.reverse_payment(payment_id=payment.pk, reason=reason)
        return f"Payment {payment} is reversed."
