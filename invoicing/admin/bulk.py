"""What may be done to many invoices of the list at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import F
from django.http import HttpRequest
from django.utils.html import format_html_join

from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money
from invoicing import bulk_verbs
from invoicing.admin.runs.review import last_months, ratio
from invoicing.models import BillingRunItem, CreditNote, Invoice, ReviewItem
from invoicing.selectors.review import reviewed
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


def largest(_request: HttpRequest, rows: Any) -> Iterator[tuple[str, Any]]:
    """The five largest months, each with its multiple of the usual and the months before."""
    chosen = rows.order_by(F("invoice__total").desc(nulls_last=True))[:5]
    found = reviewed(list(chosen.select_related("organisation", "invoice", "run")))
    told = ((each.name, format_money(each.total, each.currency), ratio(each), last_months(each)) for each in found)
    if found:
        yield "The largest", format_html_join("", "<div>{}: {} {} {}</div>", told)


@extends(ReviewItem)
class BulkOfMonthsToReview(Extension):
    approve_many = bulk_action(bulk_verbs.LET_OUT, facts=largest)
    recompute_many = bulk_action(bulk_verbs.RECOMPUTE, facts=largest)
