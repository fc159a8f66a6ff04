"""Endpoints of the price book: rules, their history, and trying a price out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import DecimalText
from billing_platform.lib.limits import (
    MAX_EVENT_COUNT,
    METRIC_NAME_LENGTH,
    QUANTITY_DIGITS,
    QUANTITY_PLACES,
    REASON_LENGTH,
    UNIT_LENGTH,
)
from billing_platform.lib.number_formats import money_text
from billing_platform.lib.validators import require, validate_business_date, validate_currency, validate_line
from invoicing.api.parameters import PricingRuleParameters
from invoicing.api.serializers import ExplanationStepSerializer
from invoicing.models import PricingRule
from invoicing.pricing import Usage, price_from_dict
from invoicing.services.prices import price_book
from invoicing.services.prices.billed_months import lock_prices
from organisations.api.base import AdminGenericView
from organisations.api.serializers import OrganisationReference
from organisations.models import ApiKey, AuditEntry

PRICE_FIELDS = (
    "model", "unit_price", "tiers", "package_price", "package_size", "rounding", "rate", "fixed_fee", "free_events",
    "free_amount", "amount", "free_units", "minimum", "maximum", "charge_at_zero",
)  # fmt: skip


class PricingRuleSerializer(serializers.Serializer):
    """The rule body of the contract. The fields of the price model stand beside the others and are read by it."""

    id = serializers.UUIDField(read_only=True)
    organisation = OrganisationReference(help_text="null: a global rule.")
    metric_name = serializers.CharField(max_length=METRIC_NAME_LENGTH, validators=[validate_line])
    unit = serializers.CharField(max_length=UNIT_LENGTH, validators=[validate_line])
    currency = serializers.CharField(max_length=3, validators=[validate_currency])
    may_be_exchanged = serializers.BooleanField(
        default=False, help_text="Also for customers of another currency, at the rate of the month's last day."
    )
    model = serializers.ChoiceField(choices=PricingRule.Model.choices)
    dimensions = serializers.DictField(child=serializers.CharField(), default=dict)
    pool = serializers.ChoiceField(choices=PricingRule.Pool.choices, default=PricingRule.Pool.ORGANISATION)
    free_units = DecimalText(required=False)
    minimum = DecimalText(required=False, allow_null=True)
    maximum = DecimalText(required=False, allow_null=True)
    charge_at_zero = serializers.BooleanField(required=False)
    effective_from = serializers.DateField(validators=[validate_business_date])
    effective_to = serializers.DateField(
        allow_null=True, default=None, validators=[validate_business_date], help_text="First day it no longer holds."
    )
    bills_late = serializers.BooleanField(
        required=False,
        write_only=True,
        help_text="Of a new rule: the next invoice charges usage of invoiced months that had no price.",
    )
    reason = serializers.CharField(
        required=False,
        write_only=True,
        allow_blank=True,
        max_length=REASON_LENGTH,
        validators=[validate_line],
        help_text="Why: stands in the history.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, rule: PricingRule) -> dict[str, Any]:
        return {**super().to_representation(rule), **rule.parameters}


class PreviewRequestSerializer(serializers.Serializer):
    """`rule` is a rule body or the id of a stored rule; `rule_id` is the other way to name one."""

    rule = serializers.JSONField(required=False, encoder=DjangoJSONEncoder)  # it holds Decimals
    rule_id = serializers.UUIDField(required=False)
    quantity = serializers.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES, min_value=0)
    event_count = serializers.IntegerField(min_value=0, max_value=MAX_EVENT_COUNT, default=0)


class PreviewAmountSerializer(serializers.Serializer):
    amount = serializers.CharField()
    currency = serializers.CharField()


class PreviewSerializer(serializers.Serializer):
    exact_amount = serializers.CharField(help_text="Unrounded.")
    amount = PreviewAmountSerializer()
    explanation = ExplanationStepSerializer(many=True)


class HistoryEntrySerializer(serializers.Serializer):
    timestamp = serializers.DateTimeField()
    action = serializers.CharField(source="get_action_display")
    actor = serializers.SerializerMethodField(
        help_text="E-mail address; null for a job, and of a global rule to those who may not change it."
    )
    source = serializers.SerializerMethodField()  # type: ignore[assignment]  # DRF means something else by it
    reason = serializers.SerializerMethodField(help_text="Empty where nobody gave one.")
    changes = serializers.JSONField(source="changes_dict")

    def get_actor(self, entry: AuditEntry) -> str | None:
        return entry.actor_email if self.context["names_people"] else None

    def get_reason(self, entry: AuditEntry) -> str:
        return str((entry.additional_data or {}).get("reason", ""))

    def get_source(self, entry: AuditEntry) -> str:
        return str((entry.additional_data or {}).get("source", ""))


class _PriceBookView(AdminGenericView):
    serializer_class = PricingRuleSerializer

    def rule(self, rule_id: UUID) -> PricingRule:
        found: PricingRule = self.find(PricingRule.objects.all(), pk=rule_id)
        return found


class PricingRuleList(ListModelMixin, _PriceBookView):
    """The rules of the key's organisations, and the global ones."""

    queryset = PricingRule.objects.all()
    filterset_class = PricingRuleParameters
    permission_required = {"GET": "invoicing.view_pricingrule", "POST": "invoicing.add_pricingrule"}

    @extend_schema(tags=["prices"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["prices"], responses={201: PricingRuleSerializer})
    def post(self, request: Request) -> Response:
        values = validated(PricingRuleSerializer, request)
        organisation = values["organisation"]
        if organisation is not None:
            organisation = self.organisation(organisation.pk)
        # a global price is for those whose role covers every organisation
        self.check_object_permissions(request, PricingRule(organisation=organisation))
        rule = price_book.create_pricing_rule(
            **_rule_values(values), bills_late=values.get("bills_late", False), price=_price_part(request.data)
        )
        return Response(self.get_serializer(rule).data, status=201)


class PricingRuleDetail(_PriceBookView):
    """One rule. On an issued invoice it can only be ended: PATCH `effective_to`."""

    permission_required = {"GET": "invoicing.view_pricingrule", "PATCH": "invoicing.change_pricingrule"}

    def lock_first(self) -> None:
        lock_prices(to_change_them=True)

    @extend_schema(tags=["prices"])
    def get(self, request: Request, rule_id: UUID) -> Response:
        return Response(self.get_serializer(self.rule(rule_id)).data)

    @extend_schema(tags=["prices"])
    def patch(self, request: Request, rule_id: UUID) -> Response:
        rule = self.rule(rule_id)
        values = validated(PricingRuleSerializer, request, change_of=rule)
        if values.get("bills_late"):
            raise InvalidInput.field("bills_late", "Only a new rule bills late what had no price.")
        changes = _rule_values(values)
        if changes.get("organisation", rule.organisation) != rule.organisation:
            raise InvalidInput.field("organisation", "A rule stays with its customer: add another rule.")
        price = _price_part(request.data)
        changed = price_book.update_pricing_rule(rule_id=rule.pk, price=price or None, **changes)
        return Response(self.get_serializer(changed).data)


class PricingRuleHistory(ListModelMixin, AdminGenericView):
    """Who changed the rule, when, from what to what; newest first."""

    queryset = AuditEntry.objects.all()
    serializer_class = HistoryEntrySerializer
    permission_required = "invoicing.view_pricingrule"

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "names_people": self.names_people}

    def get_queryset(self) -> QuerySet[AuditEntry]:
        rule = self.find(PricingRule.objects.all(), pk=self.kwargs["rule_id"])
        # who changes a global price is no business of a single organisation's viewers
        self.names_people = rule.organisation_id is not None or self.request.user.has_perm(
            "invoicing.change_pricingrule", rule
        )
        return self.queryset.filter(content_type__app_label="invoicing", content_type__model="pricingrule").filter(
            object_pk=str(rule.pk)
        )

    @extend_schema(tags=["prices"])
    def get(self, request: Request, rule_id: UUID) -> Response:
        return self.list(request)


class PricingPreview(_PriceBookView):
    """What a quantity would cost under a stored rule or one that is only thought of."""

    required_scope = ApiKey.Scope.READ  # nothing is written
    permission_required = "invoicing.view_pricingrule"

    @extend_schema(tags=["prices"], request=PreviewRequestSerializer, responses=PreviewSerializer)
    def post(self, request: Request) -> Response:
        values = validated(PreviewRequestSerializer, request)
        price, currency = self._price(values)
        usage = Usage(values["quantity"].normalize(), values["event_count"])
        shown = price_book.preview(price=price, currency=currency, usage=usage)
        return Response(
            {
                "exact_amount": shown.exact_amount,
                "amount": {"amount": money_text(shown.amount.amount, currency), "currency": currency},
                "explanation": shown.explanation,
            }
        )

    def _price(self, values: dict[str, Any]) -> tuple[Any, str]:
        body, rule_id = values.get("rule"), values.get("rule_id")
        if isinstance(body, str) and rule_id is None:
            rule_id = serializers.UUIDField().run_validation(body)
        elif isinstance(body, dict) and rule_id is None:
            currency = body.get("currency", "INR")
            require("currency", currency, validate_currency)
            return price_from_dict(body), currency
        if rule_id is None:
            raise InvalidInput.field("rule", "Give a rule body, or rule_id.")
        rule = self.rule(rule_id)
        return rule.price, rule.currency


def _rule_values(values: dict[str, Any]) -> dict[str, Any]:
    names = (
        "organisation", "metric_name", "unit", "currency", "may_be_exchanged", "dimensions", "pool", "effective_from",
        "effective_to", "reason",
    )  # fmt: skip
    return {name: values[name] for name in names if name in values}


def _price_part(body: Any) -> dict[str, Any]:
    return {name: body[name] for name in PRICE_FIELDS if name in body}
