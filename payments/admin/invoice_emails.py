"""Adds the e-mails about an invoice's money to its page: receipts, failures, reminders, debits, refunds, new links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from billing_platform.lib.admin.base import extends
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.issued_documents import email_table
from invoicing.models import Invoice
from organisations.models import Notification
from payments.models import MandateCharge, Payment, PaymentRetry, Refund, RetryTry

_OF_PAYMENTS = ("payment_received", "payment_failed", "payment_reversed")
_OF_REFUNDS = ("refund_started", "refund_done", "refund_failed")


@extends(Invoice)
class EmailsOfInvoice(InvoiceExtension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or not obj.number:
            return shown
        return [*shown[:-1], ("E-mails about its money", {"fields": (self.other_emails,)}), *shown[-1:]]

    @admin.display(description="Reminders, receipts and others")
    def other_emails(self, invoice: Invoice) -> Any:
        about_it = Q()
        for key in _keys(invoice):
            about_it |= Q(dedupe_key__startswith=key)
        mails = Notification.objects.filter(about_it, organisation=invoice.organisation_id)
        return email_table(self.page, mails.order_by("created_at"), (), "")


def _keys(invoice: Invoice) -> Iterator[str]:
    """How the dedupe keys of these e-mails begin; that of a copy, sent again, ends with its number."""
    yield f"reminder:{invoice.pk}:"
    for kinds, rows in (
        (_OF_PAYMENTS, Payment.objects.filter(invoice=invoice)),
        (_OF_REFUNDS, Refund.objects.filter(payment__invoice=invoice)),
        (("payment_retry",), RetryTry.objects.filter(plan__invoice=invoice)),
        (("payment_given_up",), PaymentRetry.objects.filter(invoice=invoice)),
        (("not_debited",), MandateCharge.objects.filter(invoice=invoice)),
        (("pay_page_link",), invoice.pay_page_links.all()),
    ):
        yield from (f"{kind}:{row.pk}" for row in rows for kind in kinds)
    for charge in MandateCharge.objects.filter(invoice=invoice):
        yield f"debit_notice:{charge.public_token}"
