"""Endpoints for refunds: ask for one, and read how it stands."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import REASON_LENGTH
from organisations.api.base import AdminGenericView, api_key_of
from payments.api.parameters import RefundParameters
from payments.models import Payment, Refund
from payments.services.refunding.asking import refund_payment


class RefundSerializer(serializers.ModelSerializer):
    amount = MoneyText()
    off_invoice = MoneyText(help_text="By how much the invoice is paid less by it.")
    refund_type = serializers.SerializerMethodField()
    last_error = serializers.CharField(source="last_failure", help_text="Why the last call to Razorpay failed.")

    class Meta:
        model = Refund
        fields = [
            "id",
            "refund_number",
            "payment",
            "invoice",
            "kind",
            "asked_here",
            "status",
            "refund_type",
            "amount",
            "currency",
            "off_invoice",
            "reason",
            "afterwards",
            "credit_note",
            "note_problem",
            "razorpay_refund_id",
            "reference",
            "bank_reference",
            "refunded_on",
            "failure",
            "last_error",
            "retry_of",
            "ended_at",
            "created_at",
        ]
        read_only_fields = fields

    def get_refund_type(self, refund: Refund) -> str:
        """`full`: all that the payment brought in; otherwise `partial`."""
        return "full" if refund.is_full else "partial"


class RefundRequestSerializer(serializers.Serializer):
    amount = serializers.DecimalField(
        max_digits=19,
        decimal_places=4,
        required=False,
        help_text="In the payment's currency. Without: all that is left.",
    )
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="A credit note prints it.")
    afterwards = serializers.ChoiceField(
        choices=Refund.Afterwards.choices,
        required=False,
        help_text="What becomes of the invoice. Without: as the seller has it.",
    )


class PaymentRefundList(ListModelMixin, AdminGenericView):
    """The refunds of a payment, oldest first."""

    calls_out = True
    queryset = Refund.objects.select_related("payment")
    serializer_class = RefundSerializer
    filterset_class = RefundParameters
    permission_required = {"GET": "payments.view_refund", "POST": "payments.refund_payment"}

    def get_queryset(self) -> QuerySet[Refund]:
        return super().get_queryset().filter(payment_id=self.kwargs["payment_id"])

    def get(self, request: Request, payment_id: UUID) -> Response:
        self.find(Payment.objects.all(), pk=payment_id)
        return self.list(request)

    @extend_schema(request=RefundRequestSerializer, responses={201: RefundSerializer})
    def post(self, request: Request, payment_id: UUID) -> Response:
        """Give money of an online payment back through Razorpay.

        The refund comes back as it stands after the first call: `pending`, `processed`, or `failed` with the reason.
        """
        fields = validated(RefundRequestSerializer, request)
        payment = self.find(Payment.objects.all(), pk=payment_id)
        key = request.headers.get("Idempotency-Key", "")
        request_key = f"{api_key_of(request).pk}:{key}" if key else ""
        refund = refund_payment(payment_id=payment.pk, request_key=request_key, **fields)
        return Response(RefundSerializer(refund).data, status=201)


class RefundDetail(AdminGenericView):
    serializer_class = RefundSerializer
    permission_required = "payments.view_refund"

    def get(self, request: Request, refund_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(Refund.objects.select_related("payment"), pk=refund_id)).data)
