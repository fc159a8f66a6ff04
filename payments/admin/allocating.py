"""Forms for crediting a payment: to several invoices at once, off an invoice again, and for money on account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Sum
from django.forms.widgets import Script

from billing_platform.lib import clock
from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.money import ZERO, exponent
from billing_platform.lib.number_formats import NumberError, format_money, parse_decimal
from invoicing.models import Invoice
from payments.models import Payment
from payments.selectors import invoices_for

MOST_INVOICES = 100
"""On one page. The rest follows on the next one."""


def amount_of(text: str) -> Decimal:
    """An amount as people type it, with or without thousands separators."""
    try:
        return parse_decimal(text.replace(",", ""))
    except NumberError as error:
        raise forms.ValidationError(str(error)) from error


class AllocateForm(ActionForm):
    """A field for each open invoice, named by its id as refusals are, and filled so that those due first are paid
    first. The page adds up what is typed."""

    class Media:
        js = (Script("payments/allocate.js", defer=True),)  # it looks for the fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left, places = self.obj.unallocated, exponent(self.obj.currency)
        self.invoices = list(invoices_for(self.obj)[:MOST_INVOICES])
        for invoice in self.invoices:
            amount = min(left, invoice.amount_due)
            left -= amount
            until = f" on {day_text(invoice.due_date)}" if invoice.due_date else ""
            self.fields[str(invoice.pk)] = forms.CharField(
                max_length=40,
                required=False,
                label=str(invoice),
                initial=f"{amount:.{places}f}" if amount else "",
                help_text=f"{format_money(invoice.amount_due, invoice.currency)} due{until}",
                widget=forms.TextInput(
                    attrs={
                        "data-allocate": f"{self.obj.unallocated:.{places}f}",
                        "data-currency": self.obj.currency,
                        "inputmode": "decimal",
                    }
                ),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        amounts: dict[UUID, Decimal] = {}
        for invoice in self.invoices:
            if text := cleaned.pop(str(invoice.pk), ""):
                try:
                    amounts[invoice.pk] = amount_of(text)
                except forms.ValidationError as error:
                    self.add_error(str(invoice.pk), error)
        if not amounts and not self.errors:
            raise forms.ValidationError("Type an amount beside at least one invoice.")
        if sum(amounts.values(), ZERO) > self.obj.unallocated:
            raise forms.ValidationError(
                f"{self.obj.shown(sum(amounts.values(), ZERO))} is more than"
                f" {self.obj.shown(self.obj.unallocated)}, which is left of the payment."
            )
        return {**cleaned, "amounts": amounts}


def credited_to(payment: Payment) -> list[tuple[Invoice, Decimal]]:
    """The invoices to which some of a payment is credited now."""
    sums = payment.allocations.order_by().values("invoice").annotate(credited=Sum("amount")).filter(credited__gt=0)
    amounts = {row["invoice"]: row["credited"] for row in sums}
    return [(invoice, amounts[invoice.pk]) for invoice in Invoice.objects.filter(pk__in=amounts).order_by("number")]


class UnallocateForm(ActionForm):
    invoice = forms.ChoiceField()
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=REASON_LENGTH, help_text="Stored with the payment."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoice"].choices = [
            (str(invoice.pk), f"{invoice}: {self.obj.shown(amount)}") for invoice, amount in credited_to(self.obj)
        ]


class OnAccountForm(ActionForm):
    method = forms.ChoiceField(choices=[("bank_transfer", "Bank transfer"), ("cheque", "Cheque")])
    amount = forms.CharField(max_length=40)
    reference = forms.CharField(max_length=REFERENCE_LENGTH, help_text="UTR or cheque number.")
    received_on = forms.DateField(help_text="The day that the bank names.")
    oldest_first = forms.BooleanField(
        required=False, label="Pay the invoices that are due first", help_text="Otherwise it waits on account."
    )
    send_receipt = forms.BooleanField(required=False, initial=True, label="Mail a receipt to the customer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"In {self.obj.currency}."
        self.fields["received_on"].initial = clock.today(self.obj.time_zone)

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])
