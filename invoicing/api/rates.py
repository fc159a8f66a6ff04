"""Endpoints of tax rates and exchange rates: the same for every tenant, changed only by those who serve them all."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import NotFound
from billing_platform.lib.gst import INDIA
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import DecimalText
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.limits import MAX_PERCENT, PRICE_DIGITS, UNIT_PRICE_PLACES
from billing_platform.lib.validators import (
    validate_business_date,
    validate_country,
    validate_currency,
    validate_line,
    validate_positive,
    validate_printed_line,
    validate_sac,
)
from invoicing.api.parameters import ExchangeRatePairParameters, ExchangeRateParameters, TaxRateParameters
from invoicing.models import ExchangeRate, RateFeed, TaxRate
from invoicing.rates import RateKind
from invoicing.selectors.exchange_rates import latest_rate
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.rate_feeds import ask_for_rates
from invoicing.services.tax_rates import add_tax_rate
from organisations.api.base import AdminGenericView
from organisations.operators_clock import operators_today


class NewTaxRateSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=50, validators=[validate_line])
    country = serializers.CharField(max_length=2, default=INDIA, validators=[validate_country])
    tax_name = serializers.CharField(
        max_length=20,
        required=False,
        allow_blank=True,
        default="",
        validators=[validate_printed_line],
        help_text="What documents call the tax, outside India.",
    )
    rate = serializers.DecimalField(max_digits=6, decimal_places=3, min_value=0, max_value=MAX_PERCENT)
    sac = serializers.CharField(required=False, allow_blank=True, default="", validators=[validate_sac])
    effective_from = serializers.DateField(validators=[validate_business_date])
    effective_to = serializers.DateField(allow_null=True, default=None, validators=[validate_business_date])


class TaxRateSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    country = serializers.CharField()
    tax_name = serializers.CharField(help_text="Empty in India.")
    rate = DecimalText(help_text="In percent.")
    sac = serializers.CharField(help_text="Empty: every service without a rate of its own.")
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)


class NewExchangeRateSerializer(serializers.Serializer):
    base = serializers.CharField(max_length=3, validators=[validate_currency])
    target = serializers.CharField(max_length=3, validators=[validate_currency])
    rate = serializers.DecimalField(
        max_digits=PRICE_DIGITS, decimal_places=UNIT_PRICE_PLACES, validators=[validate_positive]
    )
    as_of = serializers.DateField(validators=[validate_business_date])
    source = serializers.CharField(max_length=100, validators=[validate_line], default="Entered by hand")  # type: ignore[assignment]  # DRF means something else by it


class ExchangeRateSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    base = serializers.CharField()
    target = serializers.CharField()
    rate = DecimalText()
    as_of = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # DRF means something else by it


class RateOfPairSerializer(serializers.Serializer):
    """A published rate, or one that follows from others: `kind` says which."""

    base = serializers.CharField()
    target = serializers.CharField()
    rate = DecimalText()
    as_of = serializers.DateField(help_text="The day on which it was published; of a cross rate, the older of two.")
    source = serializers.CharField()  # type: ignore[assignment]  # DRF means something else by it
    kind = serializers.ChoiceField(choices=[str(kind) for kind in RateKind])


class RateFeedSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField(source="__str__")
    last_fetched_at = serializers.DateTimeField(allow_null=True)
    newest_day = serializers.DateField(allow_null=True)
    last_failure = serializers.CharField()


class RateFeedsSerializer(serializers.Serializer):
    feeds = RateFeedSerializer(many=True)


class TaxRateList(ListModelMixin, AdminGenericView):
    serializer_class = TaxRateSerializer
    filterset_class = TaxRateParameters
    permission_required = {"GET": "invoicing.view_taxrate", "POST": "invoicing.add_taxrate"}

    def get_queryset(self) -> QuerySet[TaxRate]:
        return TaxRate.objects.all()

    @extend_schema(tags=["rates"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["rates"], request=NewTaxRateSerializer, responses={201: TaxRateSerializer})
    def post(self, request: Request) -> Response:
        self.check_object_permissions(request, TaxRate())
        rate = add_tax_rate(**validated(NewTaxRateSerializer, request))
        return Response(self.get_serializer(rate).data, status=201)


class ExchangeRateList(ListModelMixin, AdminGenericView):
    serializer_class = ExchangeRateSerializer
    filterset_class = ExchangeRateParameters
    permission_required = {"GET": "invoicing.view_exchangerate", "POST": "invoicing.add_exchangerate"}

    def get_queryset(self) -> QuerySet[ExchangeRate]:
        return ExchangeRate.objects.all()

    @extend_schema(tags=["rates"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["rates"], request=NewExchangeRateSerializer, responses={201: ExchangeRateSerializer})
    def post(self, request: Request) -> Response:
        self.check_object_permissions(request, ExchangeRate())
        rate = add_exchange_rate(**validated(NewExchangeRateSerializer, request))
        return Response(self.get_serializer(rate).data, status=201)


class ExchangeRateSync(AdminGenericView):
    """Have the rates of each feed that is switched on fetched by a worker. The answer is how each feed stands now."""

    serializer_class = RateFeedsSerializer
    permission_required = "invoicing.sync_ratefeed"

    @extend_schema(tags=["rates"], request=None, responses={202: RateFeedsSerializer})
    def post(self, request: Request) -> Response:
        self.check_object_permissions(request, RateFeed())
        return Response(RateFeedsSerializer({"feeds": ask_for_rates()}).data, status=202)


class ExchangeRatePair(AdminGenericView):
    """The last rate published up to a day: of the pair, else the inverse of the opposite one, else a cross rate."""

    queryset = ExchangeRate.objects.none()
    filterset_class = ExchangeRatePairParameters
    permission_required = "invoicing.view_exchangerate"

    @extend_schema(tags=["rates"], filters=True, responses=RateOfPairSerializer)
    def get(self, request: Request, base: str, target: str) -> Response:
        day = report_parameters(self).get("at") or operators_today()
        rate = latest_rate(base=base.upper(), target=target.upper(), at=day)
        if rate is None:
            raise NotFound(f"There is no {base.upper()} to {target.upper()} exchange rate up to that day.")
        return Response(RateOfPairSerializer(rate).data)
