"""Shapes of payments and payment orders, as the contract spells them: money as text with its currency's decimals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from payments.models import Payment, PaymentOrder
from payments.services.offline import OFFLINE_METHODS

MOST_ROWS = 100


class PaymentSerializer(serializers.ModelSerializer):
    amount = MoneyText()
    amount_refunded = MoneyText()
    unallocated = MoneyText(help_text="Received, but not credited to an invoice.")
    fee = MoneyText(allow_null=True)
    tax = MoneyText(allow_null=True)
    payer_fee = MoneyText(help_text="The fee, where the payer bore it on top of what was asked.")

    class Meta:
        model = Payment
        fields = [
            "id",
            "organisation",
            "invoice",
            "kind",
            "amount",
            "currency",
            "status",
            "method",
            "reference",
            "razorpay_order_id",
            "razorpay_payment_id",
            "paid_at",
            "received_on",
            "amount_refunded",
            "unallocated",
            "fee",
            "tax",
            "payer_fee",
            "error_code",
            "error_description",
            "error_reason",
            "problem",
            "reversed_at",
            "reversal_reason",
            "created_at",
        ]
        read_only_fields = fields


class PaymentOrderSerializer(serializers.ModelSerializer):
    amount = MoneyText()
    first_part = MoneyText(help_text="Of a link that may be paid in parts: the smallest first part.")
    last_error = serializers.CharField(source="last_failure")

    class Meta:
        model = PaymentOrder
        fields = [
            "id",
            "invoice",
            "kind",
            "status",
            "receipt",
            "amount",
            "amount_minor",
            "currency",
            "razorpay_order_id",
            "razorpay_link_id",
            "short_url",
            "expires_at",
            "first_part",
            "last_error",
            "created_at",
        ]
        read_only_fields = fields


class GatewayOrderSerializer(serializers.Serializer):
    """The order as Razorpay's checkout takes it."""

    id = serializers.CharField(source="razorpay_order_id")
    amount = serializers.IntegerField(source="amount_minor", help_text="In minor units: paise, cents.")
    currency = serializers.CharField()
    status = serializers.SerializerMethodField()
    receipt = serializers.CharField()

    def get_status(self, order: PaymentOrder) -> str:
        return "paid" if order.status == PaymentOrder.Status.PAID else "created"


class CreatedOrderSerializer(serializers.Serializer):
    order = GatewayOrderSerializer()
    payment_order = PaymentOrderSerializer()
    key_id = serializers.CharField(help_text="The public key that checkout is opened with.")


class CreatedLinkSerializer(serializers.Serializer):
    short_url = serializers.URLField()
    payment_order = PaymentOrderSerializer()


class InvoiceReferenceSerializer(serializers.Serializer):
    invoice_id = serializers.UUIDField()


class VerifySerializer(serializers.Serializer):
    razorpay_order_id = serializers.CharField(max_length=40)
    razorpay_payment_id = serializers.CharField(max_length=40)
    razorpay_signature = serializers.CharField(max_length=200)


class AllocatedSerializer(serializers.Serializer):
    invoice_id = serializers.UUIDField()
    amount = serializers.DecimalField(max_digits=19, decimal_places=4)


class AllocationsSerializer(serializers.Serializer):
    allocations = AllocatedSerializer(
        many=True,
        required=False,
        allow_empty=False,
        help_text="How much pays which invoice. Without it the invoices that are due first are paid first.",
    )

    def validate_allocations(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(rows) > MOST_ROWS:
            raise serializers.ValidationError(f"At most {MOST_ROWS} invoices at once.")
        if len({row["invoice_id"] for row in rows}) < len(rows):
            raise serializers.ValidationError("Name each invoice once.")
        return rows


class UnallocationSerializer(serializers.Serializer):
    invoice_id = serializers.UUIDField()
    reason = serializers.CharField(max_length=REASON_LENGTH)


class OfflinePaymentSerializer(serializers.Serializer):
    invoice_id = serializers.UUIDField(required=False, help_text="Without it the money is on account.")
    organisation_id = serializers.UUIDField(required=False, help_text="Of money on account, in place of an invoice.")
    oldest_first = serializers.BooleanField(
        required=False, help_text="Of money on account: pay the invoices that are due first."
    )
    amount = serializers.DecimalField(max_digits=19, decimal_places=4)
    method = serializers.ChoiceField(choices=[(name, name) for name in OFFLINE_METHODS])
    reference = serializers.CharField(max_length=REFERENCE_LENGTH, help_text="UTR, cheque number or TDS certificate.")
    received_on = serializers.DateField()
    currency = serializers.CharField(
        required=False,
        help_text="The invoice's. Another one is refused: an amount is never taken for one of another currency.",
    )
    tds_amount = serializers.DecimalField(
        max_digits=19,
        decimal_places=4,
        required=False,
        help_text="Tax that the customer withheld of this payment: recorded beside it, and waits for its certificate.",
    )
    section_code = serializers.CharField(
        required=False, max_length=8, help_text="Of tax withheld: 1027, for instance, or 194J up to 31 March 2026."
    )
    accept_unusual_tds = serializers.BooleanField(
        default=False, help_text="Take tax withheld that is not its code's rate of the value without GST."
    )
    accept_overpayment = serializers.BooleanField(
        default=False, help_text="Take an amount above what is due; the rest stays unallocated."
    )
    send_receipt = serializers.BooleanField(default=True, help_text="Mail the customer a receipt.")

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        if "invoice_id" in fields:
            foreign = ("organisation_id", "oldest_first")
            text = "Give this of money on account only, without an invoice."
        else:
            if "organisation_id" not in fields:
                raise serializers.ValidationError({"invoice_id": ["This field is required."]})
            foreign = ("tds_amount", "section_code")
            text = "Give this with an invoice only."
        if wrong := [name for name in foreign if name in fields]:
            raise serializers.ValidationError({name: [text] for name in wrong})
        return fields
