"""What payments adds to an invoice's page: asking for the money, and noting what came another way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib import clock
from billing_platform.lib.admin import ActionForm, ReadOnlyInline, money, object_action, short_time, status
from billing_platform.lib.money import MoneyError, exponent, parse_decimal
from invoicing.admin import InvoiceAdmin
from invoicing.models import Invoice
from payments.admin.payment import TONES
from payments.models import Payment
from payments.services import collection, offline

METHODS = (("bank_transfer", "Bank transfer"), ("cheque", "Cheque"), ("tds", "TDS withheld by the customer"))


def is_collectable(invoice: Invoice) -> bool:
    return invoice.status in (Invoice.Status.FINALIZED, Invoice.Status.PARTIALLY_PAID) and invoice.amount_due > 0


class OfflinePaymentForm(ActionForm):
    method = forms.ChoiceField(choices=METHODS)
    amount = forms.CharField(max_length=40)
    reference = forms.CharField(max_length=100, help_text="UTR, cheque number or number of the TDS certificate.")
    received_on = forms.DateField(help_text="In the customer's time zone.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = exponent(self.obj.currency)
        self.fields["amount"].initial = f"{self.obj.amount_due:.{places}f}"
        self.fields["amount"].help_text = f"In {self.obj.currency}."
        self.fields["received_on"].initial = clock.today(self.obj.organisation.time_zone)

    def clean_amount(self) -> Decimal:
        try:
            return parse_decimal(self.cleaned_data["amount"].replace(",", ""))
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("paid", "method_name", "state", "attempted", "problem")
    readonly_fields = fields
    fk_name = "invoice"
    paid = money("amount")
    state = status("status", TONES, "Status")
    attempted = short_time("attempted_at", "When")

    @admin.display(description="Method")
    def method_name(self, payment: Payment) -> str:
        return payment.get_method_display_name()


admin.site.unregister(Invoice)


@admin.register(Invoice)
class CollectedInvoiceAdmin(InvoiceAdmin):
    inlines = (*InvoiceAdmin.inlines, PaymentInline)

    @object_action(
        label="Create payment link",
        permission="payments.collect_invoice",
        when=is_collectable,
        confirm="Razorpay makes a link for what is due now. One for this amount is used again.",
        icon="link",
    )
    def create_link(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        made = collection.create_payment_link(invoice_id=invoice.pk)
        return self.done(request, f"The payment link is {made.short_url}", made)

    @object_action(
        label="Create order",
        permission="payments.collect_invoice",
        when=is_collectable,
        confirm="The pay page needs a Razorpay order for what is due now. One for this amount is used again.",
        icon="shopping_cart",
    )
    def create_order(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        made = collection.ensure_order(invoice_id=invoice.pk)
        return self.done(request, f"Order {made} asks for what is due.", made)

    @object_action(
        label="Record payment",
        permission="payments.record_offline_payment",
        when=is_collectable,
        form=OfflinePaymentForm,
        confirm="For a bank transfer, a cheque, or tax that the customer withheld.",
        icon="add_card",
    )
    def record_payment(
        self,
        request: HttpRequest,
        invoice: Invoice,
        *,
        method: str,
        amount: Decimal,
        reference: str,
        received_on: date,
    ) -> HttpResponse:
        payment = offline.record_offline_payment(
            invoice_id=invoice.pk, amount=amount, method=method, reference=reference, received_on=received_on
        )
        return self.done(request, f"Payment {payment} is recorded.", payment)
