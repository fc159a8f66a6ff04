"""Endpoints of price simulations: what customers would have paid under draft prices, and making the drafts real."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput, NotFound
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.fields import DecimalText, MoneyText
from billing_platform.lib.http.list_files import list_answers
from billing_platform.lib.http.parameters import report_parameters
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_business_date, validate_line
from invoicing.api.parameters import SimulatedCustomerParameters
from invoicing.api.prices import PRICE_FIELDS, PricingRuleSerializer
from invoicing.models import PriceSimulation, PricingRule, SimulatedCustomer
from invoicing.models.price_simulation import MOST_MONTHS
from invoicing.selectors.price_simulations import csv_rows, histogram, sums_of
from invoicing.services.prices import simulating
from invoicing.services.prices.drafts import draft
from organisations.api.base import AdminGenericView, api_key_of
from organisations.models import Organisation

_OF_A_DRAFT = ("organisation", "metric_name", "unit", "currency", "may_be_exchanged", "dimensions", "pool")
MOST_DRAFTS, MOST_CUSTOMERS = 50, 10_000


class DraftPriceSerializer(PricingRuleSerializer):
    """A rule body without days: a draft holds on all days of the months."""

    id = None  # type: ignore[assignment]
    effective_from = None  # type: ignore[assignment]
    effective_to = None  # type: ignore[assignment]
    bills_late = None  # type: ignore[assignment]
    reason = None  # type: ignore[assignment]
    created_at = None  # type: ignore[assignment]
    updated_at = None  # type: ignore[assignment]


class NewPriceSimulationSerializer(serializers.Serializer):
    prices = serializers.ListField(child=DraftPriceSerializer(), min_length=1, max_length=MOST_DRAFTS)
    months = serializers.IntegerField(
        min_value=1, max_value=MOST_MONTHS, default=3, help_text="The last closed months, so many."
    )
    organisations = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MOST_CUSTOMERS,
        help_text="Left out: all whom a price reaches.",
    )


class SimulatedSumsSerializer(serializers.Serializer):
    currency = serializers.CharField()
    customers = serializers.IntegerField()
    pay_more = serializers.IntegerField(source="more")
    pay_less = serializers.IntegerField(source="less")
    pay_the_same = serializers.IntegerField(source="same")
    failed = serializers.IntegerField(help_text="Could not be worked out, and are in no sum.")
    without_price = serializers.IntegerField(source="left_out", help_text="Used what no price covers.")
    before = MoneyText(help_text="By the prices in force, before tax.")
    after = MoneyText(help_text="By the draft prices, before tax.")
    delta = MoneyText()
    percent = DecimalText(help_text="null where nothing was charged.", allow_null=True)


class PriceSimulationSerializer(serializers.ModelSerializer):
    prices = serializers.JSONField(source="drafts", help_text="The draft prices, as rule bodies without days.")
    organisations = serializers.ListField(
        source="chosen", child=serializers.UUIDField(), allow_null=True, help_text="null: all whom a price reaches."
    )
    last_error = serializers.CharField(source="last_failure")

    class Meta:
        model = PriceSimulation
        fields = [
            "id", "prices", "first_month", "months", "organisations", "customers", "customers_done", "last_error",
            "created_at", "finished_at", "scheduled_from",
        ]  # fmt: skip
        read_only_fields = fields


class BillChangeSerializer(serializers.Serializer):
    step = serializers.CharField(source="label")
    customers = serializers.IntegerField()


class PriceSimulationDetailSerializer(PriceSimulationSerializer):
    totals = serializers.SerializerMethodField(help_text="By currency, the one with most customers first.")
    bill_changes = serializers.SerializerMethodField(help_text="By currency: how many bills change by how much.")

    class Meta(PriceSimulationSerializer.Meta):
        fields = [*PriceSimulationSerializer.Meta.fields, "totals", "bill_changes"]
        read_only_fields = fields

    @extend_schema(responses=SimulatedSumsSerializer(many=True))
    def get_totals(self, simulation: PriceSimulation) -> list[dict[str, Any]]:
        return [dict(SimulatedSumsSerializer(each).data) for each in sums_of(simulation)]

    def get_bill_changes(self, simulation: PriceSimulation) -> dict[str, list[dict[str, Any]]]:
        return {
            each.currency: [dict(BillChangeSerializer(step).data) for step in histogram(simulation, each.currency)]
            for each in sums_of(simulation)
        }


class SimulatedCustomerSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="organisation.name")
    before, after, delta = MoneyText(), MoneyText(), MoneyText()
    usage_before, usage_after = MoneyText(), MoneyText()
    percent = DecimalText(allow_null=True, read_only=True)
    without_price = serializers.IntegerField(
        source="left_out_after", help_text="Metrics in months that no price covers, with the drafts either."
    )

    class Meta:
        model = SimulatedCustomer
        fields = [
            "organisation", "name", "currency", "months", "before", "after", "delta", "percent", "usage_before",
            "usage_after", "without_price", "failure",
        ]  # fmt: skip
        read_only_fields = fields


class SchedulePricesSerializer(serializers.Serializer):
    effective_from = serializers.DateField(validators=[validate_business_date], help_text="First day of the prices.")
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=REASON_LENGTH, validators=[validate_line], default=""
    )


class _SimulationView(AdminGenericView):
    """Simulations tell of all customers: only keys that reach every organisation see them."""

    def simulation(self, simulation_id: UUID) -> PriceSimulation:
        found: PriceSimulation = self.find(PriceSimulation.objects.all(), pk=simulation_id)
        return found


class PriceSimulationList(ListModelMixin, _SimulationView):
    """Simulations, the newest first; start one. A worker prices the months anew."""

    queryset = PriceSimulation.objects.all()
    serializer_class = PriceSimulationSerializer
    permission_required = {"GET": "invoicing.view_pricesimulation", "POST": "invoicing.add_pricesimulation"}

    @extend_schema(tags=["prices"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        tags=["prices"], request=NewPriceSimulationSerializer, responses={201: PriceSimulationDetailSerializer}
    )
    def post(self, request: Request) -> Response:
        self.check_object_permissions(request, PriceSimulation())
        values = validated(NewPriceSimulationSerializer, request)
        pks = values.get("organisations", [])
        customers = list(Organisation.objects.for_organisations(api_key_of(request)).filter(pk__in=pks))
        if len(customers) != len(set(pks)):
            raise NotFound("There is no such organisation.")
        if "organisations" in values and not customers:
            raise InvalidInput.field("organisations", "Name at least one, or leave the field out.")
        sent: Any = request.data
        drafts = [_draft(price, body) for price, body in zip(values["prices"], sent["prices"], strict=True)]
        started = simulating.start_simulation(
            drafts=drafts, months=values["months"], customers=customers, by=request.user
        )
        return Response(PriceSimulationDetailSerializer(started).data, status=201)


class PriceSimulationDetail(_SimulationView):
    """How far it is, and what it comes to."""

    serializer_class = PriceSimulationDetailSerializer
    permission_required = "invoicing.view_pricesimulation"

    @extend_schema(tags=["prices"])
    def get(self, request: Request, simulation_id: UUID) -> Response:
        return Response(self.get_serializer(self.simulation(simulation_id)).data)


class SimulatedCustomers(ListModelMixin, _SimulationView):
    """The customers of a simulation: who would pay more most comes first."""

    queryset = SimulatedCustomer.objects.all()
    serializer_class = SimulatedCustomerSerializer
    filterset_class = SimulatedCustomerParameters
    permission_required = "invoicing.view_pricesimulation"

    def get_queryset(self) -> QuerySet[SimulatedCustomer]:
        return self.simulation(self.kwargs["simulation_id"]).rows.select_related("organisation")

    @extend_schema(
        tags=["prices"],
        responses=list_answers(SimulatedCustomerSerializer),
    )
    def get(self, request: Request, simulation_id: UUID) -> HttpResponseBase:
        if report_parameters(self).get("format") == "csv":
            rows = self.filter_queryset(self.get_queryset())
            return csv_response(f"price-simulation-{simulation_id}", csv_rows(rows))
        return self.list(request)


class SchedulePrices(_SimulationView):
    """Make the draft prices real ones from a day on: the next version of each price, or a new price. All or none."""

    queryset = PriceSimulation.objects.none()
    serializer_class = PricingRuleSerializer
    permission_required = "invoicing.change_pricingrule"

    @extend_schema(tags=["prices"], request=SchedulePricesSerializer, responses={201: PricingRuleSerializer(many=True)})
    def post(self, request: Request, simulation_id: UUID) -> Response:
        simulation = self.simulation(simulation_id)
        if not request.user.has_perm("invoicing.add_pricingrule", PricingRule()):
            self.permission_denied(request)
        values = validated(SchedulePricesSerializer, request)
        rules = simulating.schedule_prices(simulation_id=simulation.pk, by=request.user, **values)
        return Response(PricingRuleSerializer(rules, many=True).data, status=201)


def _draft(values: dict[str, Any], body: Any) -> PricingRule:
    price = {name: body[name] for name in PRICE_FIELDS if name in body}
    return draft(price=price, **{name: values[name] for name in _OF_A_DRAFT if name in values})
