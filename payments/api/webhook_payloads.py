"""What outgoing webhooks say of payments, refunds and disputes: what the API answers with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from billing_platform.lib.http.fields import MoneyText
from payments.api.refunds import RefundSerializer
from payments.api.serializers import PaymentSerializer
from payments.models import Dispute, Payment, Refund

Shapes = Mapping[UUID, Mapping[str, Any]]


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


def payments(ids: Collection[UUID]) -> Shapes:
    return {row.pk: PaymentSerializer(row).data for row in Payment.objects.filter(pk__in=ids)}


def refunds(ids: Collection[UUID]) -> Shapes:
    rows = Refund.objects.select_related("payment").filter(pk__in=ids)
    return {row.pk: RefundSerializer(row).data for row in rows}


def disputes(ids: Collection[UUID]) -> Shapes:
    return {row.pk: DisputeSerializer(row).data for row in Dispute.objects.filter(pk__in=ids)}
