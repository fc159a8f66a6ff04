"""Payouts: what arrived at the bank, and how it came about from what customers paid."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    badge,
    facts,
    link,
    list_action,
    money,
    object_page,
    short_time,
    status,
)
from billing_platform.lib.admin.display import anchor
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from organisations.scoping import reaches_every_organisation
from payments.models import BankLine, Payout, PayoutLine
from payments.services.payouts import fetching
from payments.services.payouts.sums import csv_rows, sums

Status = Payout.Status
TONES = {Status.CREATED: "info", Status.PROCESSED: "success", Status.FAILED: "danger"}


class PayoutLineInline(ReadOnlyInline):
    model = PayoutLine
    fields = ("entity_id", "kind", "payment_link", "gross", "gateway_fee", "gst", "credited", "debited")
    readonly_fields = fields
    show_change_link = False
    per_page = 50
    payment_link = link("payment")
    gross = money("amount", "Amount")
    gateway_fee = money("fee", "Fee with GST")
    gst = money("tax", "GST in it")
    credited = money("credit", "Credit")
    debited = money("debit", "Debit")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("payment")


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    empty_hint = "What Razorpay transfers to your bank stands here: fetched each day, and when it reports one."
    list_display = ("razorpay_payout_id", "begun", "transferred", "state", "utr", "account")
    list_on_a_phone = ("razorpay_payout_id", "begun", "transferred", "state")
    list_filter = ("status", "gateway_account", "begun_at")
    list_select_related = ("gateway_account",)
    search_fields = ("razorpay_payout_id", "utr", "lines__entity_id")
    fieldsets = (
        (None, {"fields": ("state", "transferred", "utr", "begun", "arrived", "account")}),
        ("From what was paid to what arrived", {"fields": ("waterfall",)}),
    )
    inlines = (PayoutLineInline,)

    begun = short_time("begun_at", "Begun")
    transferred = money("amount", "Transferred")
    state = status("status", TONES, "State")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A payout holds payments of many customers."""
        return self.may(request, "view", obj) and reaches_every_organisation(request.user)

    @admin.display(description="In the bank")
    def arrived(self, payout: Payout) -> Any:
        line = BankLine.objects.filter(payout=payout).first()
        return anchor(self, line, f"On {day_text(line.day)}") if line else "On no bank statement yet"

    @admin.display(description="Razorpay account", ordering="gateway_account")
    def account(self, payout: Payout) -> str:
        return str(payout.gateway_account or "The environment's")

    @admin.display(description="Sums")
    def waterfall(self, payout: Payout) -> Any:
        found = sums(payout)

        def rupees(amount: Any) -> str:
            return format_money(amount, BOOKS)

        rows: list[tuple[str, Any]] = [
            ("Paid by customers", rupees(found.paid)),
            ("Razorpay's fees", rupees(-found.fees)),
            ("GST on the fees", rupees(-found.gst)),
            ("Refunds", rupees(-found.refunds)),
            ("Disputes and adjustments", rupees(-found.other)),
            ("Comes to", rupees(found.net)),
        ]
        if found.missing:
            text = f"{rupees(found.missing)} of the transfer are not explained by its lines"
            rows.append(("Check", badge(text, "danger")))
        else:
            rows.append(("Check", badge("The lines add up to the transfer", "success")))
        return facts(rows)

    @list_action(
        label="Fetch payouts",
        permission="payments.fetch_payouts",
        confirm="Asks Razorpay for the payouts of the last ten days, and adds what is missing here.",
        icon="sync",
    )
    def fetch(self, request: HttpRequest) -> str:
        count = fetching.fetch_payouts()
        return f"Razorpay named {count:,} payouts of the last ten days."

    @object_page(label="Download CSV", permission="payments.view_payout", icon="download")
    def download(self, request: HttpRequest, payout: Payout) -> HttpResponseBase:
        return csv_response(f"payout-{payout.razorpay_payout_id}", csv_rows(payout))
