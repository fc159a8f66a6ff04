"""Adds to an organisation's page: its payments, and Razorpay's messages about the payments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import Extension, extends, object_action
from billing_platform.lib.admin.charts.months import last_months, money_by_month
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import action_url, admin_url, facts
from billing_platform.lib.admin.tabs import OVERVIEW, Panel, Tab
from billing_platform.lib.admin.tiles import Tile
from billing_platform.lib.number_formats import format_sums
from invoicing.models import Invoice
from organisations.models import Organisation
from organisations.notifications.recipients import listed
from organisations.operators_clock import operators_today, operators_zone
from payments.admin.allocating import OnAccountForm
from payments.models import InboundWebhook, Mandate, Payment, Refund
from payments.receivables.paid_months import paid_by_month_of
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

    tabs = (
        Tab(
            "payments",
            "Payments and balance",
            "payments.view_payment",
            50,
            lists=(
                (Payment, "organisation__id__exact"),
                (Refund, "payment__organisation__id__exact"),
                (Mandate, "account__organisation__id__exact"),
            ),
            actions=("record_payment_on_account", "record_cheque", "ask_for_mandate", "statement", "name_ledger"),
        ),
    )
    frequent = ("record_payment_on_account", "statement")

    def panels(self, request: HttpRequest, obj: Organisation, tab: str) -> Iterator[Panel]:
        """What was paid in the last twelve months, on the operators' calendar; and how the account stands."""
        user: Any = request.user
        if not user.has_perm("payments.view_payment", obj):
            return
        if tab == "payments":
            yield Panel("Balance", facts(money_facts(request, obj)), action_url(obj, "statement"))
        if tab == OVERVIEW:
            yield from _paid(obj)

    def tiles(self, request: HttpRequest, obj: Organisation) -> Iterator[Tile]:
        user: Any = request.user
        if user.has_perm("payments.view_payment", obj):
            yield _due(obj)
            yield from _credit(obj)
        if user.has_perm("payments.view_mandate", obj):
            yield from _mandates(obj)

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


def _paid(organisation: Organisation) -> Iterator[Panel]:
    today = operators_today()
    months = last_months(today)
    found = paid_by_month_of(organisation, first=months[0], last=today, zone=operators_zone())
    href = list_address(Payment, organisation__id__exact=str(organisation.pk))
    for currency in sorted({row.currency for row in found}):
        paid = {row.month: row.received for row in found if row.currency == currency}
        title = "Paid by month"
        yield Panel(title, money_by_month(title, months, paid, currency), href, currency)


def _due(organisation: Organisation) -> Tile:
    """What is due, and for how many days the oldest of it is late, on the operators' calendar."""
    invoices = list(Invoice.objects.collectable().filter(organisation=organisation))
    today = operators_today()
    late = [(today - invoice.due_date).days for invoice in invoices if invoice.due_date and invoice.due_date < today]
    overdue = f"the oldest overdue for {max(late)} day{'' if max(late) == 1 else 's'}" if late else "nothing overdue"
    return Tile(
        "Due",
        (format_sums((invoice.currency, invoice.amount_due) for invoice in invoices) or "Nothing",),
        overdue,
        list_address(Invoice, organisation__id__exact=str(organisation.pk), attention="collectable"),
        "danger" if late else "",
        count=len(invoices),
    )


def _credit(organisation: Organisation) -> Iterator[Tile]:
    if credit := [(payment.currency, payment.unallocated) for payment in credit_of(organisation.pk)]:
        href = list_address(Payment, organisation__id__exact=str(organisation.pk), attention="problem")
        yield Tile("On account", (format_sums(credit),), "paid, and not credited to an invoice", href, "warning")


def _mandates(organisation: Organisation) -> Iterator[Tile]:
    mandates = list(Mandate.objects.standing().filter(account__organisation=organisation).order_by("-created_at"))
    if mandates:
        mandate = mandates[0]
        tone = "success" if mandate.status == Mandate.Status.CONFIRMED else "warning"
        yield Tile("Mandate", (mandate.get_status_display(),), str(mandate), admin_url(mandate), tone)
