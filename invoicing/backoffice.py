"""What invoicing adds to shared pages: invoices, the monthly run, prices and rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Waits
from billing_platform.lib.admin.finding import Finds
from events.models import Metric, UsageAggregate
from invoicing import set_up
from invoicing.models import (
    BillingRun,
    BillingRunItem,
    CreditNote,
    Discount,
    DiscountRedemption,
    EInvoice,
    ExchangeRate,
    Filing,
    FilingFile,
    Invoice,
    InvoiceDelivery,
    InvoiceQuestion,
    InvoiceTemplate,
    LetterOfUndertaking,
    MinimumCharge,
    NumberSequence,
    PayPageLink,
    PriceSimulation,
    PricingRule,
    RateFeed,
    RecurringFee,
    ReviewItem,
    SafetyBounds,
    SimulatedCustomer,
    TaxRate,
    UsageWriteOff,
)
from invoicing.models.e_invoice import EInvoiceQuerySet
from invoicing.models.invoice import amount_due
from invoicing.selectors import price_coverage
from invoicing.selectors.due_returns import returns_due
from invoicing.selectors.exchange_rates import customers_without_rate
from invoicing.selectors.indian_deadlines import credits_end_soon, exports_to_realise_soon, indian_today
from invoicing.selectors.letters import sellers_with_ending_lut
from invoicing.timeline import TELLS
from organisations.models import BillingEntity, Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation

_INVOICES = (
    Waits(
        kind="overdue",
        one="invoice overdue",
        many="invoices overdue",
        rows=lambda user: Invoice.objects.for_organisations(user).overdue(on=operators_today()),
        model=Invoice,
        filters={"attention": "overdue"},
        urgency=Urgency.MONEY,
        amount=amount_due(),
        since="due_date",
    ),
    Waits(
        kind="unpriced_on_invoice",
        one="invoice with warnings",
        many="invoices with warnings",
        rows=lambda user: Invoice.objects.for_organisations(user).with_warnings(on=operators_today()),
        model=Invoice,
        filters={"attention": "warnings"},
        urgency=Urgency.BILLING,
        since="created_at",
    ),
    Waits(
        kind="old_drafts",
        one="draft of a past month",
        many="drafts of past months",
        rows=lambda user: Invoice.objects.for_organisations(user).drafts_of_past_months(on=operators_today()),
        model=Invoice,
        filters={"attention": "old_drafts"},
        urgency=Urgency.BILLING,
        amount=F("total"),
        since="period_end",
    ),
    Waits(
        kind="to_approve",
        one="draft to approve",
        many="drafts to approve",
        rows=lambda user: Invoice.objects.for_organisations(user).to_approve(),
        model=Invoice,
        filters={"attention": "to_approve"},
        urgency=Urgency.BILLING,
        amount=F("total"),
        since="created_at",
    ),
    Waits(
        kind="questions",
        one="customer's question to answer",
        many="customers' questions to answer",
        rows=lambda user: InvoiceQuestion.objects.for_organisations(user).to_answer(),
        model=InvoiceQuestion,
        filters={},
        urgency=Urgency.BILLING,
        since="waits_since",
    ),
    Waits(
        kind="not_delivered",
        one="invoice could not be delivered",
        many="invoices could not be delivered",
        rows=lambda user: Invoice.objects.for_organisations(user).not_delivered(),
        model=Invoice,
        filters={"attention": "not_delivered"},
        urgency=Urgency.TECHNICAL,
        since="finalized_at",
    ),
    Waits(
        kind="credit_note_not_delivered",
        one="credit note could not be delivered",
        many="credit notes could not be delivered",
        rows=lambda user: CreditNote.objects.for_organisations(user).not_delivered(),
        model=CreditNote,
        filters={"attention": "not_delivered"},
        urgency=Urgency.TECHNICAL,
        since="created_at",
    ),
)


def _e_invoices(kind: str, one: str, many: str, attention: str, rows: Callable[[EInvoiceQuerySet], Any]) -> Waits:
    return Waits(
        kind=f"e_invoice_{kind}",
        one=one,
        many=many,
        rows=lambda user: rows(EInvoice.objects.for_organisations(user)),
        model=EInvoice,
        filters={"attention": attention},
        urgency=Urgency.BILLING,
        since="issue_date",
    )


_E_INVOICES = (
    _e_invoices(
        "near_limit",
        "document without IRN near the 30 days, or past them",
        "documents without IRN near the 30 days, or past them",
        "near",
        lambda found: found.near_the_limit(indian_today()),
    ),
    _e_invoices("failed", "e-invoice failed", "e-invoices failed", "failed", lambda found: found.failed()),
    _e_invoices(
        "by_hand",
        "document needs its IRN",
        "documents need their IRN",
        "by_hand",
        lambda found: found.by_hand(indian_today()),
    ),
    _e_invoices(
        "at_odds",
        "invoice at odds with its IRN",
        "invoices at odds with their IRN",
        "at_odds",
        lambda found: found.at_odds(),
    ),
)
_LAW = (
    Waits(
        kind="lut_ends",
        one="seller whose LUT has expired or ends within 30 days",
        many="sellers whose LUT has expired or ends within 30 days",
        rows=lambda _user: sellers_with_ending_lut(today=indian_today()),
        model=BillingEntity,
        filters={"attention": "lut"},
        urgency=Urgency.BILLING,
    ),
    Waits(
        kind="returns_due",
        one="seller whose GSTR-1 is due or late",
        many="sellers whose GSTR-1 is due or late",
        rows=lambda user: returns_due(actor=user),
        model=BillingEntity,
        filters={"returns": "due"},
        urgency=Urgency.BILLING,
        also_needs="invoicing.view_filing",
    ),
    Waits(
        kind="credits_end",
        one="unpaid invoice whose GST can be taken back for 30 days at most",
        many="unpaid invoices whose GST can be taken back for 30 days at most",
        rows=lambda user: credits_end_soon(actor=user, today=indian_today()),
        model=Invoice,
        filters={"attention": "credits_end"},
        urgency=Urgency.BILLING,
        amount=amount_due(),
        since="issue_date",
    ),
    Waits(
        kind="realise",
        one="unpaid export whose money must come in within 60 days, or is late",
        many="unpaid exports whose money must come in within 60 days, or is late",
        rows=lambda user: exports_to_realise_soon(actor=user, today=indian_today()),
        model=Invoice,
        filters={"attention": "realise"},
        urgency=Urgency.BILLING,
        amount=amount_due(),
        since="issue_date",
    ),
)
_BILLING_RUNS = (
    Waits(
        kind="unbilled",
        one="month without a live invoice",
        many="months without a live invoice",
        rows=lambda user: BillingRunItem.objects.for_organisations(user).unbilled(),
        model=BillingRunItem,
        filters={"attention": "unbilled"},
        urgency=Urgency.BILLING,
        since="finished_at",
    ),
    Waits(
        kind="item_parked",
        one="month to review",
        many="months to review",
        rows=lambda user: ReviewItem.objects.for_organisations(user),
        model=ReviewItem,
        filters={},
        urgency=Urgency.BILLING,
        since="finished_at",
    ),
    Waits(
        kind="item_failed",
        one="billing item failed",
        many="billing items failed",
        rows=lambda user: BillingRunItem.objects.for_organisations(user).filter(status="failed"),
        model=BillingRunItem,
        filters={"status__exact": "failed"},
        urgency=Urgency.BILLING,
        since="finished_at",
    ),
)
_PRICES_AND_RATES = (
    Waits(
        kind="unpriced",
        one="metric with usage and no price this month",
        many="metrics with usage and no price this month",
        rows=lambda user: price_coverage.unpriced_metrics(actor=user),
        model=Metric,
        filters={"price": "missing"},
        urgency=Urgency.BILLING,
        also_needs="invoicing.view_pricingrule",
    ),
    Waits(
        kind="price_ends",
        one="price ends within 30 days, and none follows",
        many="prices end within 30 days, and none follows",
        rows=lambda user: price_coverage.ending_prices(actor=user, today=operators_today()),
        model=PricingRule,
        filters={"attention": "ending"},
        urgency=Urgency.BILLING,
    ),
    Waits(
        kind="no_rate",
        one="customer who needs an exchange rate of the last 7 days",
        many="customers who need an exchange rate of the last 7 days",
        rows=lambda user: customers_without_rate(actor=user, today=operators_today()),
        model=Organisation,
        filters={"attention": "no_rate"},
        urgency=Urgency.BILLING,
        also_needs="invoicing.view_exchangerate",
        named="currency",
    ),
    Waits(
        kind="rate_feed_failing",
        one="exchange rate feed failed",
        many="exchange rate feeds failed",
        rows=lambda _user: RateFeed.objects.failing(),
        model=RateFeed,
        filters={"attention": "failing"},
        urgency=Urgency.TECHNICAL,
        since="updated_at",
    ),
)

_TERMS = ("recurringfee", "minimumcharge", "discount")
_NUMBERS = (
    Waits(
        kind="series_nearly_full",
        one="number series nearly full",
        many="number series nearly full",
        rows=lambda user: (
            NumberSequence.objects.nearly_full(on=operators_today())
            if reaches_every_organisation(user)
            else NumberSequence.objects.none()
        ),
        model=NumberSequence,
        filters={"attention": "nearly_full"},
        urgency=Urgency.BILLING,
    ),
)

_FINDS = (
    Finds(
        Invoice,
        "receipt_long",
        whole=("number",),
        numbers=("sequence_number",),
        related=("organisation",),
        about=lambda invoice: f"Invoice to {invoice.organisation}, {invoice.get_status_display().lower()}",
    ),
    Finds(
        CreditNote,
        "assignment_return",
        whole=("number",),
        numbers=("sequence_number",),
        related=("organisation",),
        about=lambda note: f"Credit note to {note.organisation}",
    ),
    Finds(
        EInvoice,
        "qr_code",
        whole=("irn",),
        looks_like="[0-9a-f]{64}",
        related=("organisation",),
        about=lambda e_invoice: f"E-invoice of {e_invoice.organisation}",
    ),
)

BACKOFFICE = Contribution(
    set_up=set_up.steps,
    sidebar=(
        SidebarItem(Group.INVOICES, Invoice, "receipt_long", key="i"),
        SidebarItem(Group.USAGE, UsageAggregate, "insights", page="analytics", page_title="Analytics"),
        SidebarItem(Group.INVOICES, CreditNote, "assignment_return", key="n"),
        SidebarItem(Group.INVOICES, InvoiceQuestion, "contact_support"),
        SidebarItem(Group.INVOICES, EInvoice, "qr_code"),
        SidebarItem(Group.INVOICES, BillingRun, "event_repeat", key="b"),
        SidebarItem(Group.INVOICES, ReviewItem, "rule"),
        SidebarItem(Group.ACCOUNTS, Invoice, "list_alt", page="register", page_title="Invoice register"),
        SidebarItem(Group.ACCOUNTS, CreditNote, "list_alt", page="register", page_title="Credit note register"),
        SidebarItem(Group.ACCOUNTS, Filing, "account_balance", reaches_every_organisation),
        SidebarItem(Group.PRICES, PricingRule, "sell", key="r"),
        SidebarItem(Group.PRICES, PriceSimulation, "science", reaches_every_organisation),
        SidebarItem(Group.PRICES, UsageWriteOff, "water_drop", page="leak", page_title="Revenue leak"),
        SidebarItem(Group.PRICES, RecurringFee, "autorenew"),
        SidebarItem(Group.PRICES, MinimumCharge, "vertical_align_bottom"),
        SidebarItem(Group.PRICES, Discount, "loyalty"),
        SidebarItem(Group.PRICES, TaxRate, "percent"),
        SidebarItem(Group.PRICES, ExchangeRate, "currency_exchange"),
        SidebarItem(Group.SYSTEM, RateFeed, "rss_feed"),
        SidebarItem(Group.SYSTEM, LetterOfUndertaking, "flight_takeoff"),
        SidebarItem(Group.SYSTEM, InvoiceTemplate, "palette"),
        SidebarItem(Group.SYSTEM, BillingRunItem, "checklist"),
        SidebarItem(Group.SYSTEM, SafetyBounds, "height"),
        # a series tells how many documents the seller has issued to all customers
        SidebarItem(Group.SYSTEM, NumberSequence, "tag", reaches_every_organisation),
    ),
    finds=_FINDS,
    waits=(*_INVOICES, *_E_INVOICES, *_LAW, *_BILLING_RUNS, *_PRICES_AND_RATES, *_NUMBERS),
    tells=TELLS,
    operators_may=frozenset(
        {
            "create_invoice",
            "approve_invoice",
            "finalize_invoice",
            "send_invoice",
            "answer_invoicequestion",
            "record_einvoice",
            "start_billingrun",
            "retry_billingrunitem",
            "add_pricingrule",
            "change_pricingrule",
            "delete_pricingrule",
            "add_pricesimulation",
            "add_exchangerate",
            "sync_ratefeed",
            "export_filing",
            "decide_usagewriteoff",
            "add_safetybounds",
            "change_safetybounds",
            "add_invoicetemplate",
            "change_invoicetemplate",
            "delete_invoicetemplate",
            *(f"{verb}_{term}" for verb in ("add", "change", "delete") for term in _TERMS),
        }
    ),
    # written by workers; what a person does to a delivery is noted on its invoice
    unwatched=frozenset({FilingFile, InvoiceDelivery, ReviewItem, DiscountRedemption, SimulatedCustomer}),
    unlogged={
        Invoice: ("public_token",),  # who has it opens the page
        PayPageLink: ("token",),
        Filing: (
            "claimed_until",
            "attempts",
            "next_attempt_at",
            "summary",
            "invoices",
            "void_invoices",
            "credit_notes",
        ),
        EInvoice: ("claimed_until", "attempts", "next_attempt_at", "is_unclear", "signed_qr", "signed_invoice"),
        BillingRunItem: ("claimed_until",),
        PriceSimulation: (
            "claimed_until",
            "attempts",
            "next_attempt_at",
            "customers_done",
            "done_up_to",
        ),
        RateFeed: ("claimed_until", "attempts", "next_attempt_at", "last_failure", "last_fetched_at", "newest_day"),
        CreditNote: ("claimed_until", "attempts", "next_attempt_at", "send_to", "document"),
    },
)
