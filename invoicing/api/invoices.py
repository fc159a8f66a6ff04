"""Endpoints of invoices: drafting, the upcoming one, and every step of their life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.http.list_files import ListOrFileMixin, list_answers
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.periods import BillingPeriod
from invoicing.api.parameters import InvoiceParameters, InvoicePdfParameters, UpcomingInvoiceParameters
from invoicing.api.serializers import (
    ApproveSerializer,
    FinalizeSerializer,
    InvoiceDetailSerializer,
    InvoiceSerializer,
    NewInvoiceSerializer,
    SendSerializer,
    UpcomingInvoiceSerializer,
    VoidSerializer,
)
from invoicing.models import Invoice
from invoicing.services import approving, drafting, issuing, sending, stored_pdfs, voiding
from invoicing.services.locking import lock_items
from organisations.api.base import AdminGenericView


class InvoiceList(ListOrFileMixin, AdminGenericView):
    """An organisation's invoices; draft one for a month, or a one-off."""

    queryset = Invoice.objects.with_exchange().order_by("-created_at", "pk")
    serializer_class = InvoiceSerializer
    filterset_class = InvoiceParameters
    permission_required = {"GET": "invoicing.view_invoice", "POST": "invoicing.create_invoice"}
    more_than_a_cell = frozenset({"exchange", "warnings", "approval_needed"})

    def get_queryset(self) -> QuerySet[Invoice]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=["invoices"], responses=list_answers(InvoiceSerializer))
    def get(self, request: Request, organisation_id: UUID) -> HttpResponseBase:
        return self.list_or_file(request, f"invoices-{self.organisation(organisation_id).slug}")

    @extend_schema(tags=["invoices"], request=NewInvoiceSerializer, responses={201: InvoiceDetailSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        body = validated(NewInvoiceSerializer, request)
        if ("period" in body) == ("lines" in body):
            raise InvalidInput.field("period", "Give either a period or lines.")
        if "period" in body:
            invoice = drafting.create_draft(organisation=organisation, period=body["period"])
        else:
            invoice = drafting.create_one_off_draft(organisation=organisation, lines=body["lines"])
        return Response(InvoiceDetailSerializer(invoice).data, status=201)


class UpcomingInvoice(AdminGenericView):
    """What the invoice of a month would be by now. Nothing is stored."""

    queryset = Invoice.objects.none()
    filterset_class = UpcomingInvoiceParameters
    permission_required = "invoicing.view_invoice"

    @extend_schema(tags=["invoices"], filters=True, responses=UpcomingInvoiceSerializer)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        current = BillingPeriod.containing(clock.now(), organisation.zone)
        period = report_parameters(self).get("period", current)
        computed = drafting.compute_month(organisation=organisation, period=period)
        return Response(UpcomingInvoiceSerializer.of(organisation, period, computed))


class InvoiceDetail(AdminGenericView):
    serializer_class = InvoiceDetailSerializer
    permission_required = {"GET": "invoicing.view_invoice", "DELETE": "invoicing.create_invoice"}

    def lock_first(self) -> None:
        lock_items(self.kwargs["invoice_id"])

    @extend_schema(tags=["invoices"])
    def get(self, request: Request, invoice_id: UUID) -> Response:
        return Response(self.get_serializer(self.find(_detailed(), pk=invoice_id)).data)

    @extend_schema(tags=["invoices"], responses={204: None})
    def delete(self, request: Request, invoice_id: UUID) -> Response:
        """Discard a draft; its month can be drafted again."""
        drafting.delete_draft(invoice_id=self.find(Invoice.objects.all(), pk=invoice_id).pk)
        return Response(status=204)


class _InvoiceStep(AdminGenericView):
    """One step of an invoice's life, answered with the invoice as it is afterwards."""

    serializer_class = InvoiceDetailSerializer

    def step(self, request: Request, invoice: Invoice) -> Any:
        raise NotImplementedError

    @extend_schema(tags=["invoices"], request=None, responses=InvoiceDetailSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        self.step(request, self.find(Invoice.objects.all(), pk=invoice_id))
        return Response(self.get_serializer(_detailed().get(pk=invoice_id)).data)


class FinalizeInvoice(_InvoiceStep):
    permission_required = "invoicing.finalize_invoice"

    @extend_schema(tags=["invoices"], request=FinalizeSerializer, responses=InvoiceDetailSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        return super().post(request, invoice_id)

    def step(self, request: Request, invoice: Invoice) -> Any:
        return issuing.finalize_invoice(invoice_id=invoice.pk, **validated(FinalizeSerializer, request))


class ApproveInvoice(_InvoiceStep):
    permission_required = "invoicing.approve_invoice"

    @extend_schema(tags=["invoices"], request=ApproveSerializer, responses=InvoiceDetailSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        return super().post(request, invoice_id)

    def step(self, request: Request, invoice: Invoice) -> Any:
        fingerprint = validated(ApproveSerializer, request)["fingerprint"]
        return approving.approve_invoice(invoice_id=invoice.pk, approver=request.user, fingerprint=fingerprint)


class SendInvoice(_InvoiceStep):
    permission_required = "invoicing.send_invoice"

    @extend_schema(tags=["invoices"], request=SendSerializer, responses=InvoiceDetailSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        return super().post(request, invoice_id)

    def step(self, request: Request, invoice: Invoice) -> Any:
        return sending.send_invoice(invoice_id=invoice.pk, **validated(SendSerializer, request))


class RecomputeInvoice(_InvoiceStep):
    permission_required = "invoicing.create_invoice"

    def step(self, request: Request, invoice: Invoice) -> Any:
        return drafting.recompute_draft(invoice_id=invoice.pk)


class VoidInvoice(_InvoiceStep):
    permission_required = "invoicing.void_invoice"

    @extend_schema(tags=["invoices"], request=VoidSerializer, responses=InvoiceDetailSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        return super().post(request, invoice_id)

    def step(self, request: Request, invoice: Invoice) -> Any:
        return voiding.void_invoice(invoice_id=invoice.pk, reason=validated(VoidSerializer, request)["reason"])


class AnyAccept(BaseContentNegotiation):
    """A PDF is a PDF whatever the client says it accepts; errors stay JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class InvoicePdf(AdminGenericView):
    content_negotiation_class = AnyAccept
    queryset = Invoice.objects.none()
    filterset_class = InvoicePdfParameters
    permission_required = "invoicing.view_invoice"

    @extend_schema(
        tags=["invoices"],
        filters=True,
        responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="As it stands now")},
    )
    def get(self, request: Request, invoice_id: UUID) -> HttpResponse:
        invoice = self.find(Invoice.objects.all(), pk=invoice_id)
        read = stored_pdfs.original_pdf if report_parameters(self).get("original") else stored_pdfs.read_pdf
        return file_response(*read(invoice), PDF, shown=True)


def _detailed() -> QuerySet[Invoice]:
    return Invoice.objects.with_exchange().prefetch_related("lines", "taxes")
