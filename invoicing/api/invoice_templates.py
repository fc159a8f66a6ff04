"""Endpoints of invoice templates: of every seller, of one, or of one organisation."""

from __future__ import annotations

import base64
import re
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.validators import (
    validate_colour,
    validate_line,
    validate_printed_line,
    validate_printed_paragraphs,
)
from invoicing.api.parameters import InvoiceTemplateParameters
from invoicing.documents import InvoiceDocument
from invoicing.documents.html import MAX_CSS, MAX_HTML
from invoicing.documents.html_values import Medium
from invoicing.documents.samples import INVOICE
from invoicing.documents.template_engine import TemplateRefused
from invoicing.look import FONTS, LANGUAGES
from invoicing.models import Invoice, InvoiceTemplate, InvoiceTemplateVersion
from invoicing.models.invoice_template import validate_source
from invoicing.selectors.documents import invoice_document
from invoicing.services import templates
from organisations import logos
from organisations.api.base import AdminGenericView
from organisations.api.serializers import OrganisationReference
from organisations.models import BillingEntity

TAG = "invoice templates"
_NO_LOGO = "A logo is a PNG or JPEG picture in base64."


@extend_schema_field(OpenApiTypes.BYTE)
class LogoField(serializers.Field):
    """A PNG or JPEG picture in base64, checked as one that is uploaded in the admin; empty takes the logo away."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError(_NO_LOGO)
        try:
            content = base64.b64decode(re.sub(r"^data:image/\w+;base64,", "", data), validate=True)
            return ContentFile(content, logos.cleaned(content)[0]) if content else ""
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from None
        except ValueError:
            raise serializers.ValidationError(_NO_LOGO) from None

    def to_representation(self, value: Any) -> str:
        return value.name or ""


class TemplateContentSerializer(serializers.Serializer):
    """What a template says."""

    logo = LogoField(required=False)
    colour = serializers.CharField(required=False, allow_blank=True, max_length=7, validators=[validate_colour])
    font = serializers.ChoiceField(choices=FONTS, required=False)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)
    footer = serializers.CharField(required=False, allow_blank=True, max_length=300, validators=[validate_printed_line])
    notes = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, validators=[validate_printed_paragraphs]
    )
    shows_quantities = serializers.BooleanField(required=False)
    shows_working = serializers.BooleanField(required=False)
    shows_bank = serializers.BooleanField(required=False)
    html = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=MAX_HTML, validators=[validate_source]
    )
    css = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=MAX_CSS, validators=[validate_source]
    )


class ChangedTemplateSerializer(TemplateContentSerializer):
    name = serializers.CharField(max_length=100, validators=[validate_line])


class NewTemplateOfOrganisationSerializer(ChangedTemplateSerializer):
    pass


class NewTemplateSerializer(ChangedTemplateSerializer):
    organisation = OrganisationReference(help_text="null: for every customer of the seller.")
    billing_entity = serializers.PrimaryKeyRelatedField(
        queryset=BillingEntity.objects.all(), allow_null=True, default=None, help_text="null: for every seller."
    )


class PreviewSerializer(TemplateContentSerializer):
    """What is left out is as the draft has it, or else the released version. Nothing is stored."""

    format = serializers.ChoiceField(choices=[*(each.value for each in Medium), "pdf"], default="page")
    invoice = serializers.UUIDField(required=False, allow_null=True, help_text="Left out: a sample.")


class ShownPreviewSerializer(serializers.Serializer):
    format = serializers.CharField()
    content = serializers.CharField(help_text="HTML; of a PDF its bytes in base64.")


class TemplateVersionSerializer(serializers.ModelSerializer):
    class Meta:
        model = InvoiceTemplateVersion
        fields = ("id", "number", "released_at", *InvoiceTemplateVersion.content_fields())
        read_only_fields = fields

    logo = serializers.CharField(source="logo.name", help_text="Made of a hash of the picture; empty: the seller's.")


class InvoiceTemplateSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id", allow_null=True)
    billing_entity = serializers.UUIDField(source="billing_entity_id", allow_null=True)
    name = serializers.CharField()
    is_in_use = serializers.BooleanField(source="is_default")
    released = TemplateVersionSerializer(allow_null=True)
    draft = TemplateVersionSerializer(allow_null=True, help_text="null: what is released was not changed.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class _TemplateView(AdminGenericView):
    serializer_class = InvoiceTemplateSerializer

    def template(self, template_id: UUID) -> InvoiceTemplate:
        found: InvoiceTemplate = self.find(InvoiceTemplate.objects.select_related("released"), pk=template_id)
        return found

    def shown(self, template: InvoiceTemplate) -> dict[str, Any]:
        return dict(self.get_serializer(template).data)


class InvoiceTemplateList(ListModelMixin, _TemplateView):
    """The templates of the key's organisations, and those that all share."""

    queryset = InvoiceTemplate.objects.select_related("released")
    filterset_class = InvoiceTemplateParameters
    permission_required = {"GET": "invoicing.view_invoicetemplate", "POST": "invoicing.add_invoicetemplate"}

    @extend_schema(tags=[TAG])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=[TAG], request=NewTemplateSerializer, responses={201: InvoiceTemplateSerializer})
    def post(self, request: Request) -> Response:
        values = validated(NewTemplateSerializer, request)
        if values["organisation"] is not None:
            values["organisation"] = self.organisation(values["organisation"].pk)
        # one that all share is for those whose role covers every organisation
        self.check_object_permissions(request, InvoiceTemplate(organisation=values["organisation"]))
        return Response(self.shown(templates.create_template(**values)), status=201)


class InvoiceTemplatesOfOrganisation(ListModelMixin, _TemplateView):
    """The templates that are only for this organisation."""

    queryset = InvoiceTemplate.objects.select_related("released")
    permission_required = {"GET": "invoicing.view_invoicetemplate", "POST": "invoicing.add_invoicetemplate"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(organisation=self.kwargs["organisation_id"])

    @extend_schema(tags=[TAG])
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(tags=[TAG], request=NewTemplateOfOrganisationSerializer, responses={201: InvoiceTemplateSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        values = validated(NewTemplateOfOrganisationSerializer, request)
        return Response(self.shown(templates.create_template(organisation=organisation, **values)), status=201)


class InvoiceTemplateDetail(_TemplateView):
    """One template. PATCH changes its draft; one that was released can't be deleted."""

    permission_required = {
        "GET": "invoicing.view_invoicetemplate",
        "PATCH": "invoicing.change_invoicetemplate",
        "DELETE": "invoicing.delete_invoicetemplate",
    }

    @extend_schema(tags=[TAG])
    def get(self, request: Request, template_id: UUID) -> Response:
        return Response(self.shown(self.template(template_id)))

    @extend_schema(tags=[TAG], request=ChangedTemplateSerializer)
    def patch(self, request: Request, template_id: UUID) -> Response:
        template = self.template(template_id)
        changes = validated(ChangedTemplateSerializer, request, change_of=template)
        return Response(self.shown(templates.change_template(template_id=template.pk, **changes)))

    @extend_schema(tags=[TAG], responses={204: None})
    def delete(self, request: Request, template_id: UUID) -> Response:
        templates.delete_template(template_id=self.template(template_id).pk)
        return Response(status=204)


class PreviewInvoiceTemplate(_TemplateView):
    """Show a document of the template, with changes that are not stored."""

    permission_required = "invoicing.view_invoicetemplate"

    @extend_schema(tags=[TAG], request=PreviewSerializer, responses={200: ShownPreviewSerializer})
    def post(self, request: Request, template_id: UUID) -> Response:
        template = self.template(template_id)
        values = validated(PreviewSerializer, request)
        wanted, invoice_id = values.pop("format"), values.pop("invoice", None)
        document = INVOICE if invoice_id is None else self._document(invoice_id)
        version = InvoiceTemplateVersion(template=template, **{**template.newest.content, **values})
        return Response({"format": wanted, "content": _content(version, document, wanted)})

    def _document(self, invoice_id: UUID) -> InvoiceDocument:
        return invoice_document(self.find(Invoice.objects.all(), pk=invoice_id))


def _content(version: InvoiceTemplateVersion, document: InvoiceDocument, wanted: str) -> str:
    if wanted == "pdf":
        return base64.b64encode(templates.preview_pdf(version, document)).decode()
    try:
        return templates.preview(version, document, medium=Medium(wanted))
    except TemplateRefused as error:
        raise InvalidInput.field(error.field, error.in_words) from None


class _TemplateStep(_TemplateView):
    permission_required = "invoicing.release_invoicetemplate"

    def step(self, template_id: UUID) -> InvoiceTemplate:
        raise NotImplementedError

    @extend_schema(tags=[TAG], request=None)
    def post(self, request: Request, template_id: UUID) -> Response:
        return Response(self.shown(self.step(self.template(template_id).pk)))


class ReleaseInvoiceTemplate(_TemplateStep):
    """Release the draft. It is tried on samples before: 400 names the line that fails."""

    def step(self, template_id: UUID) -> InvoiceTemplate:
        return templates.release_template(template_id=template_id)


class UseInvoiceTemplate(_TemplateStep):
    """Issue the next documents with it: of its organisation, of its seller, or of every seller."""

    def step(self, template_id: UUID) -> InvoiceTemplate:
        return templates.use_template(template_id=template_id)


class StopUsingInvoiceTemplate(_TemplateStep):
    """Issue the next documents without it."""

    def step(self, template_id: UUID) -> InvoiceTemplate:
        return templates.stop_using_template(template_id=template_id)
