"""Payment orders, payments, their allocations to invoices, refunds and Razorpay's webhooks."""

from payments.models.inbound_webhook import InboundWebhook
from payments.models.payment import Payment
from payments.models.payment_allocation import PaymentAllocation
from payments.models.payment_order import PaymentOrder
from payments.models.refund import Refund

__all__ = ["InboundWebhook", "Payment", "PaymentAllocation", "PaymentOrder", "Refund"]
