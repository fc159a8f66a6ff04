"""What invoicing adds to shared pages: invoices, the monthly run, prices and rates."""

from __future__ import annotations

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem
from billing_platform.lib.admin.finding import Finds
from events.models import UsageAggregate
from invoicing import set_up, waits
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
from invoicing.timeline import TELLS
from organisations.scoping import reaches_every_organisation

_TERMS = ("recurringfee", "minimumcharge", "discount")

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
    waits=waits.WAITS,
    mends=waits.MENDS,
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
