"""What may be done to many payments of the list at once, and to the invoices that they are for."""

from __future__ import annotations

from typing import Any

from django import forms

from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.admin.listing import ANSWER
from invoicing.models import Invoice
from organisations.admin.bulk import BulkForm, ReasonedForm, bulk_action
from organisations.operators_clock import operators_today
from payments import bulk_verbs
from payments.models import Cheque, Payment


class DepositForm(BulkForm):
    """Which cheques a bank takes depends on the day."""

    day = forms.DateField(label="Given to the bank on")

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial={"day": operators_today()} | initial, **kwargs)
        self.fields["day"].widget.attrs["data-asks-again"] = f"{ANSWER}day"


@extends(Invoice)
class BulkOfInvoices(Extension):
    remind_many = bulk_action(bulk_verbs.REMIND)


@extends(Payment)
class BulkOfPayments(Extension):
    refund_many = bulk_action(bulk_verbs.REFUND, ReasonedForm)
    retry_many = bulk_action(bulk_verbs.RETRY)


@extends(Cheque)
class BulkOfCheques(Extension):
    deposit_many = bulk_action(bulk_verbs.DEPOSIT, DepositForm)
