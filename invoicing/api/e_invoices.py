"""Endpoints of e-invoices: where the IRN of a document stands, its JSON, and what the portal would refuse in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import DomainError, NotFound
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.number_formats import plain_text
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.returns.e_invoice_answer import Registered
from invoicing.returns.signed_texts import LONGEST
from invoicing.selectors.e_invoices import checked, e_invoice_of
from invoicing.services.e_invoices.recording import record
from organisations.api.base import AdminGenericView


class FindingSerializer(serializers.Serializer):
    field = serializers.CharField(help_text="The path in the JSON.")
    code = serializers.CharField(help_text="The portal's own number; empty where it has none.")
    message = serializers.CharField()
    blocks = serializers.BooleanField(help_text="true: nothing is sent while it stands.")


class EInvoiceSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=EInvoice.Status.choices)
    irn = serializers.CharField()
    ack_number = serializers.CharField()
    ack_date = serializers.DateTimeField(source="ack_at", allow_null=True)
    signed_qr = serializers.CharField()
    signature_checked = serializers.BooleanField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF has an attribute of this name
        choices=[("", "None yet"), *EInvoice.Source.choices]
    )
    last_day = serializers.DateField(allow_null=True, help_text="The portal takes it until then; null: no limit.")
    cancellable_until = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    not_needed_reason = serializers.CharField()
    last_failure = serializers.CharField()
    holds_mail = serializers.BooleanField(help_text="true: the document is not e-mailed before it has its IRN.")
    findings = serializers.SerializerMethodField()
    payload = serializers.SerializerMethodField(help_text="INV-01, version 1.1, as the portal takes it.")

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, found: EInvoice) -> Any:
        """Only while an IRN is needed."""
        pending = found.status == EInvoice.Status.PENDING
        return FindingSerializer(checked(found).findings, many=True).data if pending else []

    @extend_schema_field(serializers.DictField())
    def get_payload(self, found: EInvoice) -> Any:
        return _with_texts(checked(found).payload)


def _with_texts(value: Any) -> Any:
    """Amounts as texts, as everywhere in this API; the file of the admin has them as the portal's numbers."""
    if isinstance(value, dict):
        return {name: _with_texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_texts(inner) for inner in value]
    return value if isinstance(value, str | int) else plain_text(value)


class RegisteredSerializer(serializers.Serializer):
    """What the portal gave."""

    irn = serializers.RegexField(r"^[0-9a-fA-F]{64}$")
    ack_number = serializers.RegexField(r"^[0-9]{1,20}$")
    ack_date = serializers.DateTimeField(default_timezone=INDIAN_TIME, help_text="Without a zone it is Indian time.")
    signed_qr = serializers.CharField(max_length=LONGEST)
    signed_invoice = serializers.CharField(max_length=LONGEST, default="", allow_blank=True)


class _EInvoiceView(AdminGenericView):
    serializer_class = EInvoiceSerializer
    permission_required = {"GET": "invoicing.view_einvoice", "POST": "invoicing.record_einvoice"}

    def answer(self, document: Invoice | CreditNote) -> Response:
        return Response(self.get_serializer(_of(document)).data)

    def record(self, request: Request, document: Invoice | CreditNote) -> Response:
        body = validated(RegisteredSerializer, request)
        registered = Registered(
            irn=body["irn"].lower(),
            ack_number=body["ack_number"],
            acknowledged_at=body["ack_date"],
            signed_qr=body["signed_qr"],
            signed_invoice=body["signed_invoice"],
        )
        record(e_invoice_id=_of(document).pk, registered=registered, source=EInvoice.Source.TYPED)
        return self.answer(document)


class EInvoiceOfInvoice(_EInvoiceView):
    @extend_schema(tags=["invoices"])
    def get(self, request: Request, invoice_id: UUID) -> Response:
        return self.answer(self.find(Invoice.objects.all(), pk=invoice_id))

    @extend_schema(tags=["invoices"], request=RegisteredSerializer)
    def post(self, request: Request, invoice_id: UUID) -> Response:
        """Record the IRN that the portal gave for the invoice."""
        return self.record(request, self.find(Invoice.objects.all(), pk=invoice_id))


class EInvoiceOfCreditNote(_EInvoiceView):
    @extend_schema(tags=["credit notes"])
    def get(self, request: Request, note_id: UUID) -> Response:
        return self.answer(self.find(CreditNote.objects.all(), pk=note_id))

    @extend_schema(tags=["credit notes"], request=RegisteredSerializer)
    def post(self, request: Request, note_id: UUID) -> Response:
        """Record the IRN that the portal gave for the credit note."""
        return self.record(request, self.find(CreditNote.objects.all(), pk=note_id))


def _of(document: Invoice | CreditNote) -> EInvoice:
    if isinstance(document, Invoice) and document.is_draft:
        raise DomainError("The invoice is a draft: finalize it first.", code="INVOICE_NOT_FINALIZED")
    found = e_invoice_of(document)
    if found is None:
        raise NotFound(f"{document} needs no e-invoice.")
    return found
