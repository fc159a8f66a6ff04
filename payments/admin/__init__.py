"""Admin pages of what was paid, what we ask for, and what the gateway told us."""

from payments.admin.inbound_webhook import InboundWebhookAdmin
from payments.admin.invoice import CollectedInvoiceAdmin
from payments.admin.payment import PaymentAdmin, PaymentAllocationAdmin
from payments.admin.payment_order import PaymentOrderAdmin
from payments.admin.refund import RefundAdmin

__all__ = [
    "CollectedInvoiceAdmin",
    "InboundWebhookAdmin",
    "PaymentAdmin",
    "PaymentAllocationAdmin",
    "PaymentOrderAdmin",
    "RefundAdmin",
]
