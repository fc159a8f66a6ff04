"""Admin pages of payments, bank lines, cheques, refunds, disputes, payouts, mandates, orders, webhooks, journals."""

from payments.admin.ageing import AgeingOfInvoices
from payments.admin.bank_line import BankLineAdmin
from payments.admin.bulk import BulkOfPayments
from payments.admin.cheque import ChequeAdmin
from payments.admin.cheque_forms import ChequeOfInvoice, ChequeOfOrganisation
from payments.admin.dispute import DisputeAdmin
from payments.admin.dispute_document import DisputeDocumentAdmin
from payments.admin.dunning import DunningOfInvoice
from payments.admin.dunning_rules import DunningOfSeller
from payments.admin.gateway_account import GatewayOfSeller
from payments.admin.inbound_webhook import InboundWebhookAdmin
from payments.admin.invoice import PaymentOfInvoice
from payments.admin.invoice_emails import EmailsOfInvoice
from payments.admin.journals import JournalBatchAdmin, JournalItemAdmin
from payments.admin.ledgers import LedgerOfCustomer, LedgersOfSeller
from payments.admin.mandate import AutoCollectOfOrganisation, MandateAdmin
from payments.admin.mandate_charge import MandateChargeAdmin
from payments.admin.organisation import PaymentsOfOrganisation
from payments.admin.payment import PaymentAdmin
from payments.admin.payment_allocation import PaymentAllocationAdmin
from payments.admin.payment_order import PaymentOrderAdmin
from payments.admin.payment_page import PageOfPayment
from payments.admin.payment_retry import PaymentRetryAdmin, ReminderAdmin, RetryOfPayment
from payments.admin.payout import PayoutAdmin
from payments.admin.question import ReminderPauseOfQuestion
from payments.admin.refund import RefundAdmin
from payments.admin.refunding import RefundsOfPayment
from payments.admin.sent_certificate import SentCertificateAdmin, SentCertificatesOfCustomer
from payments.admin.statement import StatementOfOrganisation
from payments.admin.test_clock import ClockOfOrganisation, MovingOfClock
from payments.admin.withheld_tax import WithheldTaxAdmin

__all__ = [
    "AgeingOfInvoices",
    "AutoCollectOfOrganisation",
    "BankLineAdmin",
    "BulkOfPayments",
    "ChequeAdmin",
    "ChequeOfInvoice",
    "ChequeOfOrganisation",
    "ClockOfOrganisation",
    "DisputeAdmin",
    "DisputeDocumentAdmin",
    "DunningOfInvoice",
    "DunningOfSeller",
    "EmailsOfInvoice",
    "GatewayOfSeller",
    "InboundWebhookAdmin",
    "JournalBatchAdmin",
    "JournalItemAdmin",
    "LedgerOfCustomer",
    "LedgersOfSeller",
    "MandateAdmin",
    "MandateChargeAdmin",
    "MovingOfClock",
    "PageOfPayment",
    "PaymentAdmin",
    "PaymentAllocationAdmin",
    "PaymentOfInvoice",
    "PaymentOrderAdmin",
    "PaymentRetryAdmin",
    "PaymentsOfOrganisation",
    "PayoutAdmin",
    "RefundAdmin",
    "RefundsOfPayment",
    "ReminderAdmin",
    "ReminderPauseOfQuestion",
    "RetryOfPayment",
    "SentCertificateAdmin",
    "SentCertificatesOfCustomer",
    "StatementOfOrganisation",
    "WithheldTaxAdmin",
]
