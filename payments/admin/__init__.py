"""Admin pages of payments, refunds, payment orders and Razorpay's webhooks."""

from payments.admin.inbound_webhook import InboundWebhookAdmin
from payments.admin.invoice import PaymentOfInvoice
from payments.admin.organisation import PaymentsOfOrganisation
from payments.admin.payment import PaymentAdmin, PaymentAllocationAdmin
from payments.admin.payment_order import PaymentOrderAdmin
from payments.admin.refund import RefundAdmin

__all__ = [
    "InboundWebhookAdmin",
    "PaymentAdmin",
    "PaymentAllocationAdmin",
    "PaymentOfInvoice",
    "PaymentOrderAdmin",
    "PaymentsOfOrganisation",
    "RefundAdmin",
]
