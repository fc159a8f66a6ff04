"""Endpoints of credit notes: what was taken back of which invoice, and issuing one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.http.list_files import ListOrFileMixin, list_answers
from invoicing.api.credit_note_shapes import (
    CreditNoteDetailSerializer,
    CreditNoteSerializer,
    NewCreditNoteSerializer,
    SettledSerializer,
)
from invoicing.api.invoices import AnyAccept
from invoicing.api.parameters import CreditNoteOfInvoiceParameters, CreditNoteParameters
from invoicing.api.serializers import FinalizeSerializer
from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, Invoice
from invoicing.services.credit_notes.credit_note_delivery import read_pdf
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.credit_notes.usage_credits import credit_corrections
from organisations.api.base import AdminGenericView

Reason = CreditNote.Reason


class CreditNoteList(ListOrFileMixin, AdminGenericView):
    """The credit notes of all invoices that the key reaches."""

    queryset = CreditNote.objects.select_related("invoice").defer("document").order_by("-created_at", "pk")
    serializer_class = CreditNoteSerializer
    filterset_class = CreditNoteParameters
    permission_required = "invoicing.view_creditnote"

    @extend_schema(tags=["credit notes"], responses=list_answers(CreditNoteSerializer))
    def get(self, request: Request) -> HttpResponseBase:
        return self.list_or_file(request, "credit-notes")


class CreditNotesOfInvoice(ListModelMixin, AdminGenericView):
    """The credit notes of one invoice; issue another."""

    queryset = CreditNote.objects.select_related("invoice").defer("document").order_by("-created_at", "pk")
    serializer_class = CreditNoteSerializer
    filterset_class = CreditNoteOfInvoiceParameters
    permission_required = {"GET": "invoicing.view_creditnote", "POST": "invoicing.issue_creditnote"}

    def get_queryset(self) -> QuerySet[CreditNote]:
        return super().get_queryset().filter(invoice_id=self.kwargs["invoice_id"])

    @extend_schema(tags=["credit notes"])
    def get(self, request: Request, invoice_id: UUID) -> Response:
        self.find(Invoice.objects.all(), pk=invoice_id)
        return self.list(request)

    @extend_schema(tags=["credit notes"], request=NewCreditNoteSerializer, responses={201: CreditNoteDetailSerializer})
    def post(self, request: Request, invoice_id: UUID) -> Response:
        invoice = self.find(Invoice.objects.all(), pk=invoice_id)
        body = validated(NewCreditNoteSerializer, request)
        note = issue_credit_note(
            invoice_id=invoice.pk,
            lines=_lines(body),
            why=_why(body),
            kind=body.get("kind"),
            bill_again=body["bill_again"],
            send=body["send"],
        )
        return Response(CreditNoteDetailSerializer(note).data, status=201)


class CreditCorrections(AdminGenericView):
    """Settle a negative draft: give back corrections of usage by credit notes, and finalize the rest."""

    permission_required = "invoicing.issue_creditnote"

    @extend_schema(tags=["credit notes"], request=FinalizeSerializer, responses=SettledSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        draft = self.find(Invoice.objects.all(), pk=invoice_id)
        settled = credit_corrections(invoice_id=draft.pk, **validated(FinalizeSerializer, request))
        return Response(SettledSerializer(settled).data)


class CreditNoteDetail(AdminGenericView):
    serializer_class = CreditNoteDetailSerializer
    permission_required = "invoicing.view_creditnote"

    @extend_schema(tags=["credit notes"])
    def get(self, request: Request, note_id: UUID) -> Response:
        notes = CreditNote.objects.select_related("invoice").prefetch_related("lines__invoice_line", "taxes")
        return Response(self.get_serializer(self.find(notes, pk=note_id)).data)


class CreditNotePdf(AdminGenericView):
    content_negotiation_class = AnyAccept
    permission_required = "invoicing.view_creditnote"

    @extend_schema(
        tags=["credit notes"],
        responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="As it was issued")},
    )
    def get(self, request: Request, note_id: UUID) -> HttpResponse:
        return file_response(*read_pdf(self.find(CreditNote.objects.all(), pk=note_id)), PDF, shown=True)


def _lines(body: dict[str, Any]) -> list[Wanted] | None:
    """What is wanted of each line; None for all that is left."""
    if body["full"] == ("lines" in body):
        raise InvalidInput.field("lines", "Give either lines or full: true.")
    if body["full"]:
        return None
    for index, line in enumerate(body["lines"]):
        if ("amount" in line) == ("quantity" in line):
            raise InvalidInput.field(f"lines[{index}].amount", "Give either an amount or a quantity.")
    return [Wanted(line["line_number"], line.get("amount"), line.get("quantity")) for line in body["lines"]]


def _why(body: dict[str, Any]) -> Why:
    """The contract lets a client write any reason: what is none of the list is another reason, in these words."""
    reason, text = body["reason"], body["reason_text"]
    if reason in Reason.values:
        return Why(reason, text)
    return Why(Reason.OTHER, f"{reason}: {text}" if text else reason)
