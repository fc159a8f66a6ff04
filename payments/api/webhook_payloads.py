"""What outgoing webhooks say of payments, refunds and disputes: what the API answers with."""

from __future__ import annotations

from rest_framework import serializers

from billing_platform.lib.http.fields import MoneyText
from organisations.webhooks.payloads import PayloadMaker
from payments.api.refunds import RefundSerializer
from payments.api.serializers import PaymentSerializer
from payments.models import Dispute, Payment, Refund


class DisputeSerializer(serializers.ModelSerializer):
    amount = MoneyText()
    amount_deducted = MoneyText()

    class Meta:
        model = Dispute
        fields = [
            "id",
            "payment",
            "razorpay_dispute_id",
            "status",
            "phase",
            "amount",
            "currency",
            "amount_deducted",
            "reason",
            "raised_at",
            "respond_by",
            "created_at",
        ]
        read_only_fields = fields


PAYMENTS = PayloadMaker("payment", Payment.objects.all, lambda row: PaymentSerializer(row).data)
REFUNDS = PayloadMaker(
    "refund", lambda: Refund.objects.select_related("payment"), lambda row: RefundSerializer(row).data
)
DISPUTES = PayloadMaker("dispute", Dispute.objects.all, lambda row: DisputeSerializer(row).data)
