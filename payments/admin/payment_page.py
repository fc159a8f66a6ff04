"""Adds to a payment's page: what happened to it, its receipt, and what can't be done with it and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html_join

from billing_platform.lib.admin.base import Extension, extends, object_action, object_page
from billing_platform.lib.http.downloads import PDF, file_response
from organisations.notifications.recipients import listed
from payments.admin.payment import standing
from payments.admin.payment_obstacles import is_due, obstacle_text, obstacles
from payments.admin.payment_timeline import timeline
from payments.models import Payment
from payments.services import customer_links
from payments.services.receipts import has_receipt, receipt_pdf


def asks_again(payment: Payment) -> bool:
    """It brought no money, and something is due on its invoice: a link may help."""
    return payment.paid_at is None and is_due(payment)


@extends(Payment)
class PageOfPayment(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None:
            return shown
        known = obstacles(obj)

        @admin.display(description="And why not")
        def not_possible(_payment: Payment) -> Any:
            texts = [(obstacle_text(self.page, request, obstacle),) for obstacle in known]
            return format_html_join("", "{}", texts)

        parts = [
            ("What happened", {"fields": (self.happened,)}),
            ("Not possible now", {"fields": (not_possible,), "classes": ("collapse",)}),
        ]
        return [*shown[:1], *(parts if known else parts[:1]), *shown[1:]]

    @admin.display(description="Timeline")
    def happened(self, payment: Payment) -> Any:
        return timeline(self.page, payment)

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
        return f"A link is on its way to {listed(payment.organisation, 'pay_page_link')}."
