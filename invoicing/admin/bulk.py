"""What may be done to many invoices of the list at once."""

from __future__ import annotations

from django import forms

from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.limits import REASON_LENGTH
from invoicing import bulk_verbs
from invoicing.models import BillingRunItem, CreditNote, Invoice
from organisations.admin.bulk import BulkForm, ReasonedForm, bulk_action


class CreditForm(BulkForm):
    reason = forms.ChoiceField(choices=CreditNote.Reason.choices, initial=CreditNote.Reason.CORRECTION)
    reason_text = forms.CharField(
        label="In words", max_length=REASON_LENGTH, required=False, help_text="Printed on each credit note."
    )


class VoidForm(ReasonedForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Stands on each invoice.")


@extends(Invoice)
class BulkOfInvoices(Extension):
    finalize_many = bulk_action(bulk_verbs.ISSUE)
    approve_many = bulk_action(bulk_verbs.APPROVE)
    send_many = bulk_action(bulk_verbs.SEND)
    deliver_many = bulk_action(bulk_verbs.DELIVER)
    credit_many = bulk_action(bulk_verbs.CREDIT, CreditForm)
    void_many = bulk_action(bulk_verbs.VOID, VoidForm)


@extends(BillingRunItem)
class BulkOfBillingItems(Extension):
    discard_drafts_many = bulk_action(bulk_verbs.DISCARD_DRAFTS, ReasonedForm)
