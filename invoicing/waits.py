"""What of invoicing waits for a person, and the verb that mends it: lines of the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F

from billing_platform.lib.admin.contributions import Urgency, Verb, Waits
from events.models import Metric
from invoicing.models import (
    BillingRunItem,
    CreditNote,
    EInvoice,
    Invoice,
    InvoiceQuestion,
    NumberSequence,
    PricingRule,
    RateFeed,
    ReviewItem,
)
from invoicing.models.e_invoice import EInvoiceQuerySet
from invoicing.models.invoice import amount_due
from invoicing.selectors import price_coverage
from invoicing.selectors.due_returns import returns_due
from invoicing.selectors.exchange_rates import customers_without_rate
from invoicing.selectors.indian_deadlines import credits_end_soon, exports_to_realise_soon, indian_today
from invoicing.selectors.letters import sellers_with_ending_lut
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

WAITS = (*_INVOICES, *_E_INVOICES, *_LAW, *_BILLING_RUNS, *_PRICES_AND_RATES, *_NUMBERS)

_BILL = "invoicing.retry_billingrunitem"
_RECORD_IRN = "invoicing.record_einvoice"
_PRICE = "invoicing.add_pricingrule"
_SELLER = "organisations.change_billingentity"
MENDS = {
    "unpriced_on_invoice": Verb("Review", "invoicing.finalize_invoice"),
    "old_drafts": Verb("Finalize", "invoicing.finalize_invoice", "finalize_many"),
    "to_approve": Verb("Approve", "invoicing.approve_invoice", "approve_many"),
    "questions": Verb("Answer", "invoicing.answer_invoicequestion"),
    "not_delivered": Verb("Deliver", "invoicing.send_invoice", "deliver_many"),
    "credit_note_not_delivered": Verb("Deliver", "invoicing.send_invoice"),
    "e_invoice_near_limit": Verb("Record IRN", _RECORD_IRN),
    "e_invoice_failed": Verb("Retry", _RECORD_IRN),
    "e_invoice_by_hand": Verb("Record IRN", _RECORD_IRN),
    "e_invoice_at_odds": Verb("Review", "invoicing.cancel_einvoice"),
    "lut_ends": Verb("Renew", "invoicing.add_letterofundertaking"),
    "returns_due": Verb("Export", "invoicing.export_filing"),
    "unbilled": Verb("Bill again", _BILL),
    "item_parked": Verb("Review", "invoicing.approve_invoice"),
    "item_failed": Verb("Retry", _BILL),
    "unpriced": Verb("Set prices", _PRICE),
    "price_ends": Verb("Set prices", _PRICE),
    "no_rate": Verb("Enter rates", "invoicing.add_exchangerate"),
    "rate_feed_failing": Verb("Fetch", "invoicing.sync_ratefeed"),
    "series_nearly_full": Verb("Change", _SELLER),
}
