"""TDS certificates that customers sent in: listed, fetched, accepted and rejected."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.downloads import PDF, file_response
from billing_platform.lib.http.fields import MoneyText
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from invoicing.api.invoices import AnyAccept
from organisations.api.base import AdminGenericView
from organisations.audit import acting_person
from payments.api.parameters import SentCertificateParameters
from payments.models import SentCertificate
from payments.services import sent_certificates

_TAGS = ["requests of customers"]
RECORD = "payments.record_offline_payment"


class SentCertificateSerializer(serializers.ModelSerializer):
    quarter = serializers.CharField(help_text="26-27 Q3")
    certificate_amount = MoneyText(help_text="In rupees.")
    taxes = serializers.SerializerMethodField(help_text="The taxes withheld of its quarter that it may be for.")

    class Meta:
        model = SentCertificate
        fields = [
            "id", "organisation", "quarter", "quarter_start", "certificate_number", "certificate_on",
            "certificate_amount", "name", "size", "sha256", "taxes", "sent_by", "status", "reason", "decided_at",
            "decided_by", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_taxes(self, sent: SentCertificate) -> list[UUID]:
        return [tax.pk for tax in sent_certificates.taxes_of(sent)]


class AcceptCertificateSerializer(serializers.Serializer):
    taxes = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=100, help_text="Of those that the certificate names."
    )


class RejectCertificateSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, validators=[validate_line])


class SentCertificateList(ListModelMixin, AdminGenericView):
    """The certificates that a customer sent in, newest first."""

    queryset = SentCertificate.objects.defer("content")
    serializer_class = SentCertificateSerializer
    filterset_class = SentCertificateParameters
    permission_required = "payments.view_sentcertificate"

    def get_queryset(self) -> QuerySet[SentCertificate]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)


class SentCertificatePdf(AdminGenericView):
    content_negotiation_class = AnyAccept
    queryset = SentCertificate.objects.none()
    permission_required = "payments.view_sentcertificate"

    @extend_schema(tags=_TAGS, responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, certificate_id: UUID) -> HttpResponse:
        sent = self.find(SentCertificate.objects.all(), pk=certificate_id)
        return file_response(sent.name, bytes(sent.content), PDF)


class AcceptCertificate(AdminGenericView):
    """Record it with the taxes withheld that it is for."""

    permission_required = RECORD

    @extend_schema(tags=_TAGS, request=AcceptCertificateSerializer, responses={200: SentCertificateSerializer})
    def post(self, request: Request, certificate_id: UUID) -> Response:
        sent = self.find(SentCertificate.objects.defer("content"), pk=certificate_id)
        wanted = validated(AcceptCertificateSerializer, request)["taxes"]
        decided = sent_certificates.accept_certificate(sent_id=sent.pk, tax_ids=wanted, decided_by=acting_person())
        return Response(SentCertificateSerializer(decided).data)


class RejectCertificate(AdminGenericView):
    permission_required = RECORD

    @extend_schema(tags=_TAGS, request=RejectCertificateSerializer, responses={200: SentCertificateSerializer})
    def post(self, request: Request, certificate_id: UUID) -> Response:
        sent = self.find(SentCertificate.objects.defer("content"), pk=certificate_id)
        values = validated(RejectCertificateSerializer, request)
        decided = sent_certificates.reject_certificate(sent_id=sent.pk, decided_by=acting_person(), **values)
        return Response(SentCertificateSerializer(decided).data)
