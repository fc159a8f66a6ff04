"""Adds to an organisation's page: its payments, and Razorpay's messages about the payments."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import Extension, extends, object_action
from billing_platform.lib.number_formats import format_sums
from invoicing.models import Invoice
from organisations.models import Organisation
from organisations.notifications.recipients import listed
from payments.admin.allocating import OnAccountForm
from payments.models import InboundWebhook, Payment
from payments.selectors import credit_of
from payments.services.on_account import record_payment_on_account


def money_facts(_request: HttpRequest, organisation: Organisation) -> list[tuple[str, Any]]:
    """What this customer owes and has, so that nobody records money twice."""
    credit = [(payment.currency, payment.unallocated) for payment in credit_of(organisation.pk)]
    due = [
        (invoice.currency, invoice.amount_due)
        for invoice in Invoice.objects.collectable().filter(organisation=organisation)
    ]
    return [
        ("Customer", organisation.name),
        ("Due of invoices", format_sums(due) or "Nothing"),
        ("Credit already", format_sums(credit) or "None"),
        ("A receipt goes to", listed(organisation, "payment_on_account")),
    ]


@extends(Organisation)
class PaymentsOfOrganisation(Extension):
    related_lists = ((Payment, "organisation__id__exact"), (InboundWebhook, "organisation__id__exact"))

    @object_action(
        label="Record payment",
        permission="payments.record_offline_payment",
        form=OnAccountForm,
        confirm="For a transfer or cheque that is for several invoices, or for none yet. A payment for one invoice is"
        " recorded on the invoice's page.",
        facts=money_facts,
        icon="add_card",
    )
    def record_payment_on_account(
        self, request: HttpRequest, organisation: Organisation, **answers: Any
    ) -> HttpResponse:
        payment = record_payment_on_account(organisation_id=organisation.pk, **answers)
        left = f"; {payment.shown(payment.unallocated)} waits on account" if payment.unallocated else ""
        return self.page.done(request, f"Payment {payment} is recorded{left}.", payment)
