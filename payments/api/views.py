"""Endpoints for collecting, verifying, recording and reading payments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.list_files import ListOrFileMixin, list_answers
from invoicing.models import Invoice
from organisations.api.base import AdminGenericView, AdminView
from payments.api.parameters import PaymentParameters
from payments.api.serializers import (
    AllocationsSerializer,
    CreatedLinkSerializer,
    CreatedOrderSerializer,
    InvoiceReferenceSerializer,
    OfflinePaymentSerializer,
    PaymentOrderSerializer,
    PaymentSerializer,
    UnallocationSerializer,
    VerifySerializer,
)
from payments.models import Payment, PaymentOrder
from payments.services import allocating, checkout, collection, offline
from payments.services.gateway_accounts import gateway_of
from payments.services.on_account import record_payment_on_account
from payments.services.short_payments import record_short_payment


class OrderCreate(AdminView):
    """The Razorpay order that asks for what is due on an invoice: the same one each time."""

    calls_out = True
    permission_required = "payments.collect_invoice"

    @extend_schema(request=InvoiceReferenceSerializer, responses={201: CreatedOrderSerializer})
    def post(self, request: Request) -> Response:
        invoice = self.find(Invoice.objects.all(), pk=validated(InvoiceReferenceSerializer, request)["invoice_id"])
        order = collection.ensure_order(invoice_id=invoice.pk)
        content = {"order": order, "payment_order": order, "key_id": gateway_of(order).key_id}
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
    """Check the answer of Razorpay's checkout, and record the payment as Razorpay reports it. Safe to repeat."""

    calls_out = True
    permission_required = "payments.collect_invoice"

    @extend_schema(request=VerifySerializer, responses={200: PaymentSerializer})
    def post(self, request: Request) -> Response:
        claims = validated(VerifySerializer, request)
        self.find(PaymentOrder.objects.all(), razorpay_order_id=claims["razorpay_order_id"])
        return Response(PaymentSerializer(checkout.verify_checkout(**claims)).data)


class OfflinePaymentCreate(AdminView):
    """A bank transfer, a cheque, or tax withheld by the customer (TDS); money and the tax withheld of it in one."""

    permission_required = "payments.record_offline_payment"

    @extend_schema(request=OfflinePaymentSerializer, responses={201: PaymentSerializer})
    def post(self, request: Request) -> Response:
        fields = validated(OfflinePaymentSerializer, request)
        if "invoice_id" not in fields:
            organisation = self.organisation(fields.pop("organisation_id"))
            for name in ("accept_overpayment", "accept_unusual_tds"):
                fields.pop(name)
            payment = record_payment_on_account(organisation_id=organisation.pk, **fields)
            return Response(PaymentSerializer(payment).data, status=201)
        invoice = self.find(Invoice.objects.all(), pk=fields.pop("invoice_id"))
        if "tds_amount" in fields:
            payment = record_short_payment(invoice_id=invoice.pk, **fields)
        else:
            fields.pop("accept_unusual_tds")
            payment = offline.record_offline_payment(invoice_id=invoice.pk, **fields)
        return Response(PaymentSerializer(payment).data, status=201)


class PaymentAllocate(AdminView):
    """Credit what is left of a payment to open invoices of its customer. All or nothing."""

    permission_required = "payments.place_payment"

    @extend_schema(request=AllocationsSerializer, responses={200: PaymentSerializer})
    def post(self, request: Request, payment_id: UUID) -> Response:
        payment = self.find(Payment.objects.all(), pk=payment_id)
        rows = validated(AllocationsSerializer, request).get("allocations")
        amounts = {row["invoice_id"]: row["amount"] for row in rows} if rows else None
        allocating.allocate(payment_id=payment.pk, amounts=amounts)
        return Response(PaymentSerializer(Payment.objects.get(pk=payment.pk)).data)


class PaymentUnallocate(AdminView):
    """Take off an invoice what a payment credits to it. The invoice is due again; the money waits on the payment."""

    permission_required = "payments.place_payment"

    @extend_schema(request=UnallocationSerializer, responses={200: PaymentSerializer})
    def post(self, request: Request, payment_id: UUID) -> Response:
        payment = self.find(Payment.objects.all(), pk=payment_id)
        allocating.unallocate(payment_id=payment.pk, **validated(UnallocationSerializer, request))
        return Response(PaymentSerializer(Payment.objects.get(pk=payment.pk)).data)


class PaymentList(ListOrFileMixin, AdminGenericView):
    """The payments of an organisation, newest first."""

    queryset = Payment.objects.prefetch_related("allocations")
    serializer_class = PaymentSerializer
    filterset_class = PaymentParameters
    permission_required = "payments.view_payment"

    def get_queryset(self) -> QuerySet[Payment]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(responses=list_answers(PaymentSerializer))
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        return self.list_or_file(request, f"payments-{self.organisation(organisation_id).slug}")


class PaymentDetail(AdminGenericView):
    serializer_class = PaymentSerializer
    permission_required = "payments.view_payment"

    def get(self, request: Request, payment_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(Payment.objects.all(), pk=payment_id)).data)
