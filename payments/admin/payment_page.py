"""Adds to a payment's page: what happened to it, its receipt, and what can't be done with it and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html_join

from billing_platform.lib.admin.base import Extension, extends, object_action, object_page
from billing_platform.lib.http.downloads import PDF, file_response
from invoicing.models import Invoice
from payments.admin.payment import standing
from payments.admin.payment_timeline import timeline
from payments.models import Payment
from payments.selectors import invoices_for
from payments.services import customer_links
from payments.services.receipts import has_receipt, receipt_pdf
from payments.services.refunding.asking import why_not_refundable

Status = Payment.Status


def asks_again(payment: Payment) -> bool:
    """It brought no money, and something is due on its invoice: a link may help."""
    return payment.paid_at is None and _is_due(payment)


def obstacles(payment: Payment) -> list[tuple[str, str]]:
    """What an operator may look for and can't do now, with the reason."""
    rows = []
    if not asks_again(payment):
        why = "It brought its money." if payment.paid_at else "Nothing is due on its invoice."
        rows.append(("Send link", why))
    if (refusal := why_not_refundable(payment)) is not None:
        rows.append(("Refund", refusal.message))
    if payment.paid_at is None:
        why = "No money of it has arrived."
        rows += [("Receipt", why), ("Credit to invoices", why)]
    elif payment.status == Status.REVERSED:
        rows.append(("Credit to invoices", "It was reversed: it counts nowhere."))
    elif payment.unallocated <= 0:
        rows.append(("Credit to invoices", "All of it is credited or given back."))
    elif not invoices_for(payment).exists():
        rows.append(("Credit to invoices", "The customer has no other invoice on which something is due."))
    if payment.kind == Payment.Kind.GATEWAY:
        rows.append(("Reverse", "Razorpay has it: it can only be given back."))
    return rows


@extends(Payment)
class PageOfPayment(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None:
            return shown
        parts: list[Any] = [("What happened", {"fields": (self.happened,)})]
        if obstacles(obj):
            parts.append(("Not possible now", {"fields": (self.not_possible,), "classes": ("collapse",)}))
        return [*shown[:1], *parts, *shown[1:]]

    @admin.display(description="Timeline")
    def happened(self, payment: Payment) -> Any:
        return timeline(self.page, payment)

    @admin.display(description="And why not")
    def not_possible(self, payment: Payment) -> Any:
        return format_html_join("", "<p><strong>{}</strong>: {}</p>", obstacles(payment))

    @object_page(label="Receipt", permission="payments.view_payment", when=has_receipt, icon="receipt_long")
    def receipt(self, request: HttpRequest, payment: Payment) -> HttpResponseBase:
        return file_response(*receipt_pdf(payment), PDF, shown=True)

    @object_action(
        label="Send link",
        permission="payments.collect_invoice",
        when=asks_again,
        confirm="A link to the pay page goes to the customer's billing address. Links before it go on to work.",
        facts=standing,
        icon="forward_to_inbox",
    )
    def send_link(self, request: HttpRequest, payment: Payment) -> str:
        customer_links.send_link(invoice_id=payment.asked_for.pk)
        return f"A link is on its way to {payment.organisation.billing_email}."


def _is_due(payment: Payment) -> bool:
    return Invoice.objects.collectable().filter(pk=payment.invoice_id).exists()
