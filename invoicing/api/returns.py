"""Endpoint of GST returns: figures and findings, or a file."""

from __future__ import annotations

from shutil import copyfileobj
from typing import IO, Any

from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.periods import PeriodError
from invoicing.api.parameters import Gstr1Parameters
from invoicing.models import Filing
from invoicing.models.filing import MEDIA_TYPES
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.returns.scratch import scratch_file
from invoicing.services.returns.files import refuse_blocked, return_files
from invoicing.services.returns.reading import figures_of
from organisations.api.base import AdminGenericView, api_key_of
from organisations.scoping import reaches_every_organisation


class RupeesSerializer(serializers.Serializer):
    taxable = serializers.CharField()
    igst = serializers.CharField()
    cgst = serializers.CharField()
    sgst = serializers.CharField(help_text="Or UTGST.")
    cess = serializers.CharField()


class FurnishedSerializer(RupeesSerializer):
    documents = serializers.IntegerField()
    value = serializers.CharField(help_text="Tax included.")


class SectionSerializer(FurnishedSerializer):
    section = serializers.CharField(help_text="As the portal names it: b2b, b2cl, …")
    title = serializers.CharField()
    takes_off = serializers.BooleanField(help_text="Its amounts reduce what is due.")


class ServiceCodeSerializer(RupeesSerializer):
    list = serializers.CharField(help_text="b2b or b2c.")
    sac = serializers.CharField()
    rate = serializers.CharField()


class NumberRangeSerializer(serializers.Serializer):
    nature = serializers.CharField()
    to = serializers.CharField()
    total = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    net = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class ReconciliationSerializer(serializers.Serializer):
    agrees = serializers.BooleanField()
    sections = RupeesSerializer()
    hsn = RupeesSerializer()
    documents = RupeesSerializer()


class LintSerializer(serializers.Serializer):
    level = serializers.CharField(help_text="block or warn.")
    code = serializers.CharField()
    sentence = serializers.CharField()
    kind = serializers.CharField(allow_null=True, help_text="invoice or credit_note.")
    document = serializers.UUIDField(allow_null=True)


class PlaceSerializer(RupeesSerializer):
    is_inter_state = serializers.BooleanField()
    place_of_supply = serializers.CharField()
    rate = serializers.CharField()


class Gstr1Serializer(serializers.Serializer):
    gstin = serializers.CharField()
    period = serializers.CharField(help_text="As the portal names it: 102026.")
    frequency = serializers.CharField()
    documents = serializers.IntegerField()
    sections = SectionSerializer(many=True)
    furnished = FurnishedSerializer(help_text="What IFFs of the quarter reported already.")
    taken_off = FurnishedSerializer(help_text="What documents come to that are void since the last return; below zero.")
    liability = RupeesSerializer()
    hsn = ServiceCodeSerializer(many=True)
    numbers = NumberRangeSerializer(many=True)
    reconciliation = ReconciliationSerializer()
    blocking = serializers.IntegerField()
    warnings = serializers.IntegerField()
    lints = LintSerializer(many=True)
    b2cs = PlaceSerializer(many=True)


class Gstr1(AdminGenericView):
    """GSTR-1 of a GSTIN and month from the documents of now; with `format` a file, which is refused while something
    blocks it. It tells of every customer: for keys that reach all organisations."""

    queryset = Filing.objects.none()
    filterset_class = Gstr1Parameters
    permission_required = "invoicing.view_filing"

    @extend_schema(
        filters=True,
        tags=["returns"],
        responses={
            (200, "application/json"): Gstr1Serializer,
            (200, "application/zip"): OpenApiTypes.BINARY,
            (200, MEDIA_TYPES["xlsx"]): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = report_parameters(self)
        if not reaches_every_organisation(api_key_of(request)):
            raise PermissionDenied("A return tells of every customer: use a key that reaches all organisations.")
        _require(asked)
        period = _period(asked)
        if "format" not in asked:
            return Response(figures_of(gstin=asked["gstin"], period=period))
        with return_files(gstin=asked["gstin"], period=period, formats=(asked["format"],)) as (reading, (file,)):
            refuse_blocked(reading)
            content = _copied(file.file)
        media_type = MEDIA_TYPES[file.name.rpartition(".")[2]]
        return FileResponse(content, as_attachment=True, filename=file.name, content_type=media_type)


def _require(asked: dict[str, Any]) -> None:
    for name in ("gstin", "period"):
        if name not in asked:
            raise InvalidInput.field(name, "Give this parameter.")


def _period(asked: dict[str, Any]) -> ReturnPeriod:
    frequency = Frequency(asked.get("frequency", Frequency.MONTHLY))
    try:
        return ReturnPeriod.of(asked["period"], frequency)
    except PeriodError as error:
        raise InvalidInput.field("period", str(error)) from None


def _copied(file: IO[bytes]) -> IO[bytes]:
    """The answer is sent after the view has ended, and closes the file itself."""
    copy = scratch_file()
    copyfileobj(file, copy)
    copy.seek(0)
    return copy
