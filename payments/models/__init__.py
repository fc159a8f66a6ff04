"""Razorpay accounts, payment orders, mandates, payments, cheques, refunds, disputes, payouts, webhooks and journals."""

from payments.models.bank_statement import BankColumns, BankLine, BankStatement
from payments.models.cheque import Cheque
from payments.models.dispute import Dispute
from payments.models.dispute_document import DisputeDocument
from payments.models.dunning_rules import DunningRules
from payments.models.gateway_account import GatewayAccount
from payments.models.inbound_webhook import InboundWebhook
from payments.models.journal_batch import JournalBatch, JournalFile, JournalItem
from payments.models.late_fee import LateFee
from payments.models.ledger_name import LedgerName, PartyLedger
from payments.models.mandate import Mandate
from payments.models.mandate_charge import MandateCharge
from payments.models.payer_account import AutoCollect, PayerAccount
from payments.models.payment import Payment
from payments.models.payment_allocation import PaymentAllocation
from payments.models.payment_order import PaymentOrder
from payments.models.payment_retry import PaymentRetry, RetryTry
from payments.models.payout import Payout, PayoutLine
from payments.models.refund import Refund
from payments.models.reminder import Reminder
from payments.models.reminder_pause import ReminderPause
from payments.models.sent_certificate import SentCertificate
from payments.models.withheld_tax import CertificateFile, WithheldTax

__all__ = [
    "AutoCollect",
    "BankColumns",
    "BankLine",
    "BankStatement",
    "CertificateFile",
    "Cheque",
    "Dispute",
    "DisputeDocument",
    "DunningRules",
    "GatewayAccount",
    "InboundWebhook",
    "JournalBatch",
    "JournalFile",
    "JournalItem",
    "LateFee",
    "LedgerName",
    "Mandate",
    "MandateCharge",
    "PartyLedger",
    "PayerAccount",
    "Payment",
    "PaymentAllocation",
    "PaymentOrder",
    "PaymentRetry",
    "Payout",
    "PayoutLine",
    "Refund",
    "Reminder",
    "ReminderPause",
    "RetryTry",
    "SentCertificate",
    "WithheldTax",
]
