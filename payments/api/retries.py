"""Endpoints of retries: try a failed payment again, see where it stands, and give it other pauses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminView
from payments.dunning.retry_schedule import MAX_ATTEMPTS, MAX_FACTOR, MAX_HOURS
from payments.models import Payment, PaymentRetry, RetryTry
from payments.services.dunning.retry_orders import configure_retries, new_plan, plan_of, retry_now


class RetryTrySerializer(serializers.ModelSerializer):
    payment_order = serializers.UUIDField(source="order_id", allow_null=True)

    class Meta:
        model = RetryTry
        fields = ["number", "way", "outcome", "asked_at", "asked_by", "payment_order", "error"]
        read_only_fields = fields


class RetryStatusSerializer(serializers.Serializer):
    """`status` is `none` for a payment that nobody plans to try again: then the numbers are those that the seller would
    have it tried by, and nothing has happened yet."""

    payment = serializers.UUIDField(source="asked_about")
    invoice = serializers.UUIDField(source="invoice_id", allow_null=True)
    status = serializers.ChoiceField(choices=["none", *PaymentRetry.Status.values])
    attempts = serializers.IntegerField(source="max_retries", help_text="How many there are in all.")
    attempts_made = serializers.IntegerField(source="made")
    base_hours = serializers.IntegerField()
    factor = serializers.DecimalField(max_digits=4, decimal_places=2)
    cap_hours = serializers.IntegerField()
    failed_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField()
    last_error = serializers.CharField(source="last_failure")
    history = RetryTrySerializer(many=True, source="tries")


class RetryConfigSerializer(serializers.Serializer):
    """What is left out stays as it is."""

    enabled = serializers.BooleanField(required=False, help_text="false ends the plan.")
    attempts = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ATTEMPTS, source="max_retries")
    base_hours = serializers.IntegerField(required=False, min_value=1, max_value=MAX_HOURS)
    factor = serializers.DecimalField(
        required=False, max_digits=4, decimal_places=2, min_value=Decimal(1), max_value=MAX_FACTOR
    )
    cap_hours = serializers.IntegerField(required=False, min_value=1, max_value=MAX_HOURS)


def _shown(payment: Payment) -> dict[str, Any]:
    plan = plan_of(payment)
    if plan is None:
        plan = new_plan(payment)
        plan.status, plan.next_attempt_at = "none", None
        if payment.status != Payment.Status.FAILED:
            plan.failed_at = None  # type: ignore[assignment]  # it is shown, not stored
    plan.asked_about = payment.pk  # type: ignore[attr-defined]  # read by the serializer
    return dict(RetryStatusSerializer(plan).data)


class Retry(AdminView):
    """Try to collect a failed payment's invoice again, at once: by its mandate, or else by a link in an e-mail."""

    permission_required = "payments.collect_invoice"

    @extend_schema(request=None, responses={202: RetryStatusSerializer})
    def post(self, request: Request, payment_id: UUID) -> Response:
        payment = self.find(Payment.objects.all(), pk=payment_id)
        retry_now(payment_id=payment.pk, by=str(request.user))
        return Response(_shown(payment), status=202)


class RetryStatus(AdminView):
    """Where the retry of a payment stands, and each attempt."""

    permission_required = "payments.view_payment"

    @extend_schema(responses={200: RetryStatusSerializer})
    def get(self, request: Request, payment_id: UUID) -> Response:
        return Response(_shown(self.find(Payment.objects.all(), pk=payment_id)))


class RetryConfig(AdminView):
    """Give the retry of one payment its own numbers, or end it."""

    permission_required = "payments.collect_invoice"

    @extend_schema(request=RetryConfigSerializer, responses={200: RetryStatusSerializer})
    def patch(self, request: Request, payment_id: UUID) -> Response:
        payment = self.find(Payment.objects.all(), pk=payment_id)
        changes = validated(RetryConfigSerializer, request)
        if not changes:
            raise InvalidInput("Send at least one of enabled, attempts, base_hours, factor and cap_hours.")
        configure_retries(payment_id=payment.pk, changes=changes)
        return Response(_shown(payment))
