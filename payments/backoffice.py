"""What payments adds to shared pages: money that came in, and Razorpay's messages about it."""

from __future__ import annotations

from django.db.models import F

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Waits
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.scoping import reaches_every_organisation
from payments.models import (
    Dispute,
    GatewayAccount,
    InboundWebhook,
    JournalBatch,
    JournalFile,
    JournalItem,
    Payment,
    PaymentAllocation,
    PaymentOrder,
    PaymentRetry,
    Refund,
    Reminder,
)
from payments.selectors import with_unallocated

BACKOFFICE = Contribution(
    sidebar=(
        SidebarItem(Group.PAYMENTS, Payment, "payments"),
        SidebarItem(Group.PAYMENTS, Refund, "undo"),
        SidebarItem(Group.PAYMENTS, Dispute, "gavel"),
        SidebarItem(Group.PAYMENTS, PaymentOrder, "add_link"),
        SidebarItem(Group.PAYMENTS, PaymentRetry, "autorenew"),
        SidebarItem(Group.PAYMENTS, Reminder, "notifications"),
        SidebarItem(Group.PAYMENTS, Invoice, "campaign", page="chased", page_title="Who is asked again"),
        SidebarItem(Group.ACCOUNTS, Invoice, "schedule", page="ageing", page_title="Ageing"),
        SidebarItem(Group.ACCOUNTS, JournalBatch, "menu_book", reaches_every_organisation),
        SidebarItem(Group.SYSTEM, InboundWebhook, "webhook"),
        SidebarItem(Group.SYSTEM, PaymentAllocation, "call_split"),
    ),
    waits=(
        Waits(
            kind="payment_failed",
            one="payment failed, and the invoice is still due",
            many="payments failed, and the invoices are still due",
            rows=lambda user: Payment.objects.for_organisations(user).failed_and_due(),
            model=Payment,
            filters={"attention": "failed"},
            urgency=Urgency.MONEY,
            amount=F("amount"),
            since="attempted_at",
        ),
        Waits(
            kind="retries_over",
            one="failed payment whose retries are over: call the customer",
            many="failed payments whose retries are over: call the customers",
            rows=lambda user: PaymentRetry.objects.for_organisations(user).exhausted_and_due(),
            model=PaymentRetry,
            filters={"attention": "exhausted"},
            urgency=Urgency.MONEY,
            amount=amount_due("invoice__"),
            since="ended_at",
        ),
        Waits(
            kind="paid_twice",
            one="invoice was paid twice: give the second payment back",
            many="invoices were paid twice: give the second payments back",
            rows=lambda user: Payment.objects.for_organisations(user).second_payments(),
            model=Payment,
            filters={"attention": "twice"},
            urgency=Urgency.MONEY,
            amount=F("amount"),
            since="attempted_at",
        ),
        Waits(
            kind="not_placed",
            one="payment not credited in full",
            many="payments not credited in full",
            rows=lambda user: with_unallocated(Payment.objects.for_organisations(user).not_placed()),
            model=Payment,
            filters={"attention": "problem"},
            urgency=Urgency.MONEY,
            amount=F("not_credited"),
            since="attempted_at",
        ),
        Waits(
            kind="refunds",
            one="refund to decide: credit note, or ask again?",
            many="refunds to decide: credit note, or ask again?",
            rows=lambda user: Payment.objects.for_organisations(user).refunds_to_decide(),
            model=Payment,
            filters={"attention": "refunded"},
            urgency=Urgency.MONEY,
            amount=F("amount_refunded"),
            since="attempted_at",
        ),
        Waits(
            kind="refund_failed",
            one="refund failed: try it again?",
            many="refunds failed: try them again?",
            rows=lambda user: Refund.objects.for_organisations(user).failed_and_not_tried_again(),
            model=Refund,
            filters={"attention": "failed"},
            urgency=Urgency.MONEY,
            amount=F("amount"),
            since="ended_at",
        ),
        Waits(
            kind="refund_held_up",
            one="refund could not be asked for, or about, at Razorpay",
            many="refunds could not be asked for, or about, at Razorpay",
            rows=lambda user: Refund.objects.for_organisations(user).held_up(),
            model=Refund,
            filters={"attention": "held_up"},
            urgency=Urgency.MONEY,
            amount=F("amount"),
            since="created_at",
        ),
        Waits(
            kind="refund_without_note",
            one="refund without its credit note",
            many="refunds without their credit notes",
            rows=lambda user: Refund.objects.for_organisations(user).without_their_note(),
            model=Refund,
            filters={"attention": "no_note"},
            urgency=Urgency.MONEY,
            amount=F("off_invoice"),
            since="created_at",
        ),
        Waits(
            kind="disputes",
            one="dispute to answer",
            many="disputes to answer",
            rows=lambda user: Dispute.objects.for_organisations(user).to_answer(),
            model=Dispute,
            filters={"attention": "open"},
            urgency=Urgency.MONEY,
            amount=F("amount"),
            since="raised_at",
        ),
        Waits(
            kind="webhook_failed",
            one="webhook failed",
            many="webhooks failed",
            rows=lambda user: InboundWebhook.objects.for_organisations(user).filter(
                status=InboundWebhook.Status.FAILED
            ),
            model=InboundWebhook,
            filters={"status__exact": "failed"},
            urgency=Urgency.TECHNICAL,
            since="received_at",
        ),
    ),
    operators_may=frozenset(
        {
            "collect_invoice",
            "record_offline_payment",
            "reverse_payment",
            "place_payment",
            "refund_excess",
            "answer_dispute",
            "process_inboundwebhook",
            "export_journals",
            "change_ledgername",
        }
    ),
    unwatched=frozenset({InboundWebhook, JournalFile, JournalItem}),
    # that they were replaced is noted in words (services/gateway_accounts.py)
    unlogged={GatewayAccount: ("key_secret", "webhook_secret", "previous_webhook_secret")},
)
