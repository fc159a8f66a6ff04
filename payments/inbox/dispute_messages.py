"""Messages about disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments.gateways import GatewayPayment
from payments.gateways.values import GatewayDispute
from payments.inbox.messages import Subject, subject_of
from payments.models import PaymentOrder
from payments.services.disputes.recording import apply_dispute, payment_of
from payments.services.payment_reports import apply_payment_report


@dataclass(frozen=True)
class DisputeMessage:
    """How a dispute stood at `told_at`, when Razorpay was asked; and its payment, as the message has it."""

    order: PaymentOrder
    payment: GatewayPayment
    dispute: GatewayDispute
    told_at: datetime

    @property
    def subject(self) -> Subject:
        return subject_of(self.order)

    def apply(self) -> str:
        """Returns what came of it, as a sentence for operators."""
        if payment_of(self.payment.id) is None:  # the payment's own message is still to come
            apply_payment_report(order_id=self.order.pk, report=self.payment)
        dispute = apply_dispute(report=self.dispute, told_at=self.told_at)
        text = f"Dispute {dispute}: {dispute.get_status_display().lower()}."
        taken = dispute.payment.shown(dispute.amount_taken)
        return f"{text} {taken} went back." if dispute.amount_taken and not dispute.returned_at else text
