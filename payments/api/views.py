"""Endpoints for collecting, verifying, recording and reading payments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.api import ExactJSONParser
from invoicing.api.base import filters, validated
from invoicing.models import Invoice
from organisations.api.base import AdminGenericView, AdminView
from payments.api.serializers import (
    CreatedLinkSerializer,
    CreatedOrderSerializer,
    InvoiceReferenceSerializer,
    OfflinePaymentSerializer,
    PaymentOrderSerializer,
    PaymentSerializer,
    VerifySerializer,
)
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection, offline


class OrderCreate(AdminView):
    """The gateway order that asks for what is due on an invoice: the same one each time."""

    calls_out = True
    permission_required = "payments.collect_invoice"

    @extend_schema(request=InvoiceReferenceSerializer, responses={201: CreatedOrderSerializer})
    def post(self, request: Request) -> Response:
        invoice = self.find(Invoice.objects.all(), pk=validated(InvoiceReferenceSerializer, request)["invoice_id"])
        order = collection.ensure_order(invoice_id=invoice.pk)
        content = {"order": order, "payment_order": order, "key_id": settings.RAZORPAY_KEY_ID}
        return Response(CreatedOrderSerializer(content).data, status=201)


class LinkCreate(AdminView):
    """A payment link that asks for what is due on an invoice: the same one each time."""

    calls_out = True
    permission_required = "payments.collect_invoice"

    @extend_schema(request=InvoiceReferenceSerializer, responses={201: CreatedLinkSerializer})
    def post(self, request: Request) -> Response:
        invoice = self.find(Invoice.objects.all(), pk=validated(InvoiceReferenceSerializer, request)["invoice_id"])
        link = collection.create_payment_link(invoice_id=invoice.pk)
        content = {"short_url": link.short_url, "payment_order": PaymentOrderSerializer(link).data}
        return Response(content, status=201)


class Verify(AdminView):
    """Check what checkout handed back, and record the payment as the gateway knows it. Safe to repeat."""

    calls_out = True
    permission_required = "payments.collect_invoice"

    @extend_schema(request=VerifySerializer, responses={200: PaymentSerializer})
    def post(self, request: Request) -> Response:
        claims = validated(VerifySerializer, request)
        self.find(PaymentOrder.objects.all(), razorpay_order_id=claims["razorpay_order_id"])
        return Response(PaymentSerializer(checkout.verify_checkout(**claims)).data)


class OfflinePaymentCreate(AdminView):
    """A bank transfer, a cheque, or tax withheld by the customer (TDS)."""

    parser_classes = [ExactJSONParser]
    permission_required = "payments.record_offline_payment"

    @extend_schema(request=OfflinePaymentSerializer, responses={201: PaymentSerializer})
    def post(self, request: Request) -> Response:
        fields = validated(OfflinePaymentSerializer, request)
        invoice = self.find(Invoice.objects.all(), pk=fields.pop("invoice_id"))
        payment = offline.record_offline_payment(invoice_id=invoice.pk, **fields)
        return Response(PaymentSerializer(payment).data, status=201)


FILTERS = ("status", "kind", "method", "invoice")


@extend_schema(parameters=[OpenApiParameter(name, str) for name in FILTERS])
class PaymentList(ListModelMixin, AdminGenericView):
    """The payments of an organisation, newest first; narrowed by status, kind, method and invoice."""

    serializer_class = PaymentSerializer
    permission_required = "payments.view_payment"

    def get_queryset(self) -> QuerySet[Payment]:
        rows = Payment.objects.for_organisations(self.request.auth)
        rows = rows.filter(organisation_id=self.kwargs["organisation_id"]).prefetch_related("allocations")
        return rows.filter(**_clean(filters(self.request, *FILTERS)))

    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)


def _clean(wanted: dict[str, str]) -> dict[str, Any]:
    if "invoice" in wanted:
        try:
            UUID(wanted["invoice"])
        except ValueError:
            raise InvalidInput.field("invoice", "Write the id of the invoice, which is a UUID.") from None
    return wanted


class PaymentDetail(AdminGenericView):
    serializer_class = PaymentSerializer
    permission_required = "payments.view_payment"

    def get(self, request: Request, payment_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(Payment.objects.all(), pk=payment_id)).data)
