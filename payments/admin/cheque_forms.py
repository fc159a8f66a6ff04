"""What is asked about a cheque, and the button with which it is recorded on the page of its invoice or customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyInline,
    extends,
    money,
    object_action,
)
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import exponent
from billing_platform.lib.validators import validate_sac
from invoicing.admin.invoice import InvoiceExtension
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.admin.allocating import amount_of
from payments.admin.invoice import asked_for
from payments.admin.organisation import money_facts
from payments.models import Cheque
from payments.models.cheque import BANK_LENGTH, NUMBER_LENGTH
from payments.services import cheques


class DayForm(ActionForm):
    """`obj` is a cheque."""

    day = forms.DateField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = clock.today(self.obj.organisation.time_zone)


class DepositForm(DayForm):
    day = forms.DateField(label="Given to the bank on")


class ClearForm(DayForm):
    day = forms.DateField(label="Cleared on", help_text="The day on which the bank credited it.")
    oldest_first = forms.BooleanField(
        required=False, label="Pay the invoices that are due first", help_text="Otherwise it waits on account."
    )
    send_receipt = forms.BooleanField(required=False, initial=True, label="Mail a receipt to the customer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.obj.invoice is not None and self.obj.invoice.is_collectable:
            del self.fields["oldest_first"]


class BounceForm(DayForm):
    day = forms.DateField(label="Sent back on")
    reason = forms.CharField(
        max_length=REASON_LENGTH, label="The bank's reason", help_text="The customer reads it: funds insufficient."
    )
    charge = forms.CharField(
        max_length=40, required=False, label="Bounce charge", help_text="On the next invoice. Empty for none."
    )
    charge_sac = forms.CharField(
        max_length=6,
        required=False,
        validators=[validate_sac],
        label="Service code of the charge",
        help_text="A charge for a cheque that bounced is not taxed (CBIC Circular 178/10/2022): name a code whose tax"
        " rate is 0%. Without one it is taxed as other services are.",
    )
    with_mail = forms.BooleanField(required=False, initial=True, label="Tell the customer by mail")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.obj.organisation.currency
        self.fields["charge"].help_text = f"In {currency}, before tax, on the next invoice. Empty for none."

    def clean_charge(self) -> Decimal | None:
        text = self.cleaned_data["charge"]
        return amount_of(text) if text else None


class CancelForm(ActionForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="For the log; no customer sees it.")


class RecordForm(ActionForm):
    """`obj` is an invoice or a customer."""

    number = forms.CharField(max_length=NUMBER_LENGTH, label="Number of the cheque")
    bank = forms.CharField(max_length=BANK_LENGTH, label="Bank", help_text="On which it is drawn.")
    dated = forms.DateField(label="Date on it", help_text="May be to come. A bank takes it for three months from then.")
    received_on = forms.DateField(label="It came on")
    amount = forms.CharField(max_length=40)
    with_mail = forms.BooleanField(required=False, initial=True, label="Tell the customer that it came")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        customer, currency = self.obj, self.obj.currency
        if isinstance(self.obj, Invoice):
            customer = self.obj.organisation
            self.fields["amount"].initial = f"{self.obj.amount_due:.{exponent(currency)}f}"
        self.fields["amount"].help_text = f"In {currency}."
        self.fields["received_on"].initial = clock.today(customer.time_zone)

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])


class ChequeInline(ReadOnlyInline):
    model = Cheque
    fields = ("label", "bank", "of", "dated", "status", "reason")
    readonly_fields = fields
    fk_name = "invoice"
    of = money("amount", "Amount")

    @admin.display(description="Cheque")
    def label(self, cheque: Cheque) -> str:
        return str(cheque)


_CONFIRM = "It waits under Cheques, and counts as paid once the bank has cleared it."


@extends(Invoice)
class ChequeOfInvoice(InvoiceExtension):
    inlines = (ChequeInline,)

    @object_action(
        label="Record cheque",
        permission="payments.record_offline_payment",
        when=lambda invoice: invoice.is_collectable,
        form=RecordForm,
        confirm=_CONFIRM,
        facts=asked_for,
        icon="request_quote",
    )
    def record_cheque(self, request: HttpRequest, invoice: Invoice, **answers: Any) -> HttpResponse:
        cheque = cheques.record_cheque(invoice_id=invoice.pk, **answers)
        return self.page.done(request, f"{cheque} is recorded, and waits to clear.", cheque)


@extends(Organisation)
class ChequeOfOrganisation(Extension):
    @object_action(
        label="Record cheque",
        permission="payments.record_offline_payment",
        form=RecordForm,
        confirm=f"For a cheque that is for several invoices, or for none yet. {_CONFIRM}",
        facts=money_facts,
        icon="request_quote",
    )
    def record_cheque(self, request: HttpRequest, organisation: Organisation, **answers: Any) -> HttpResponse:
        cheque = cheques.record_cheque(organisation_id=organisation.pk, **answers)
        return self.page.done(request, f"{cheque} is recorded, and waits to clear.", cheque)
