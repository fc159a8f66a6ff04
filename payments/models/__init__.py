"""Accounts at Razorpay, payment orders, payments, allocations, refunds, disputes, webhooks, journals for the books."""

from payments.models.dispute import Dispute
from payments.models.dunning_rules import DunningRules
from payments.models.gateway_account import GatewayAccount
from payments.models.inbound_webhook import InboundWebhook
from payments.models.journal_batch import JournalBatch, JournalFile, JournalItem
from payments.models.late_fee import LateFee
from payments.models.ledger_name import LedgerName, PartyLedger
from payments.models.payment import Payment
from payments.models.payment_allocation import PaymentAllocation
from payments.models.payment_order import PaymentOrder
from payments.models.payment_retry import PaymentRetry, RetryTry
from payments.models.refund import Refund
from payments.models.reminder import Reminder
from payments.models.reminder_pause import ReminderPause
from payments.models.withheld_tax import WithheldTax

__all__ = [
    "Dispute",
    "DunningRules",
    "GatewayAccount",
    "InboundWebhook",
    "JournalBatch",
    "JournalFile",
    "JournalItem",
    "LateFee",
    "LedgerName",
    "PartyLedger",
    "Payment",
    "PaymentAllocation",
    "PaymentOrder",
    "PaymentRetry",
    "Refund",
    "Reminder",
    "ReminderPause",
    "RetryTry",
    "WithheldTax",
]
