"""Endpoints of alert rules and of the history of alerts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import NotFound
from billing_platform.lib.http.bodies import validated
from billing_platform.lib.http.fields import DecimalText
from billing_platform.lib.limits import (
    METRIC_NAME_LENGTH,
    QUANTITY_DIGITS,
    QUANTITY_PLACES,
    REASON_LENGTH,
    UNIT_LENGTH,
)
from billing_platform.lib.validators import validate_line
from events.api.parameters import AlertParameters, AlertRuleParameters
from events.models import Alert, AlertRule, Metric
from events.models.alert_rule import MAX_COOL_DOWN, MOST_RECIPIENTS, MOST_THRESHOLDS, NAME_LENGTH
from events.services.alerting import acknowledging, rules
from events.services.alerting.preview import preview_rule
from events.usage.billed import metric_named
from organisations.api.base import AdminGenericView
from organisations.models import Organisation, Project

TAGS = ["alerts"]


def _number(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES, **more)


class NewAlertRuleSerializer(serializers.Serializer):
    """`metric_name` and `unit` for a rule about usage; neither for a cost."""

    name = serializers.CharField(max_length=NAME_LENGTH, validators=[validate_line])
    kind = serializers.ChoiceField(choices=AlertRule.Kind.choices)
    span = serializers.ChoiceField(choices=AlertRule.Span.choices, help_text="What it looks at.")
    metric_name = serializers.CharField(max_length=METRIC_NAME_LENGTH, required=False, allow_null=True)
    unit = serializers.CharField(max_length=UNIT_LENGTH, required=False, allow_null=True)
    project = serializers.UUIDField(required=False, allow_null=True, help_text="null: all live projects together.")
    operator = serializers.ChoiceField(choices=AlertRule.Operator.choices, required=False)
    thresholds = serializers.ListField(child=_number(), min_length=1, max_length=MOST_THRESHOLDS)
    step = _number(required=False, allow_null=True, help_text="Behind the last threshold, again and again.")
    least_usage = _number(
        required=False, allow_null=True, help_text="Of a jump: usage below it counts as this much. null: none does."
    )
    recipients = serializers.ListField(
        child=serializers.EmailField(),
        max_length=MOST_RECIPIENTS,
        required=False,
        help_text="None: the organisation's billing e-mail.",
    )
    cool_down_minutes = serializers.IntegerField(min_value=0, max_value=MAX_COOL_DOWN, required=False)
    is_active = serializers.BooleanField(required=False)


class AlertRuleSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=AlertRule.Kind.choices)
    span = serializers.ChoiceField(choices=AlertRule.Span.choices)
    metric_name = serializers.CharField(source="metric.name", default=None, allow_null=True)
    unit = serializers.CharField(source="metric.unit", default=None, allow_null=True)
    project = serializers.UUIDField(source="project_id", allow_null=True)
    operator = serializers.ChoiceField(choices=AlertRule.Operator.choices)
    thresholds = serializers.ListField(child=DecimalText())
    step = DecimalText(allow_null=True)
    least_usage = DecimalText(allow_null=True)
    recipients = serializers.ListField(child=serializers.EmailField())
    cool_down_minutes = serializers.IntegerField()
    is_active = serializers.BooleanField()
    muted_until = serializers.DateTimeField(allow_null=True)
    mute_reason = serializers.CharField()
    retired_at = serializers.DateTimeField(allow_null=True)
    judged_at = serializers.DateTimeField(source="state.judged_at", allow_null=True)
    value = DecimalText(source="state.value", allow_null=True, help_text="Of the newest period that was judged.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AlertSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    rule = serializers.UUIDField(source="rule_id")
    rule_name = serializers.CharField(source="rule.name")
    state = serializers.ChoiceField(choices=Alert.State.choices)
    sentence = serializers.CharField()
    threshold = DecimalText()
    value = DecimalText(help_text="What was compared with the threshold.")
    quantity = DecimalText(allow_null=True, help_text="Usage of the period; null for a cost.")
    usual = DecimalText(allow_null=True, help_text="Usage that it was compared with.")
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()
    notice = serializers.ChoiceField(choices=Alert.Notice.choices)
    fired_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    value_at_end = DecimalText(allow_null=True)


class MuteAlertRuleSerializer(serializers.Serializer):
    until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=REASON_LENGTH, validators=[validate_line])


class FiredInPreviewSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    value = DecimalText()
    thresholds = serializers.ListField(child=DecimalText())


class AlertRulePreviewSerializer(serializers.Serializer):
    days = serializers.IntegerField()
    times = serializers.IntegerField(help_text="How often it would have told somebody.")
    fired = FiredInPreviewSerializer(many=True)


class AlertRuleTestSerializer(serializers.Serializer):
    notification = serializers.UUIDField(source="pk", help_text="The e-mail that is on its way.")
    recipients = serializers.ListField(child=serializers.EmailField())


class _RuleView(AdminGenericView):
    queryset = AlertRule.objects.select_related("state", "metric")
    serializer_class = AlertRuleSerializer

    def rule(self, alert_rule_id: UUID) -> AlertRule:
        found: AlertRule = self.find(
            AlertRule.objects.select_related("state", "metric", "organisation"), pk=alert_rule_id
        )
        return found

    def shown(self, rule: AlertRule) -> dict[str, Any]:
        return dict(self.get_serializer(self.get_queryset().get(pk=rule.pk)).data)

    def named(
        self, organisation: Organisation, values: dict[str, Any], rule: AlertRule | None = None
    ) -> dict[str, Any]:
        """The values with the metric and the project that a body names. Raises NotFound."""
        if values.get("project") is not None:
            values["project"] = self.find(Project.objects.filter(organisation=organisation), pk=values["project"])
        if {"metric_name", "unit"} & set(values):
            known = rule.metric if rule else None
            name = values.pop("metric_name", known.name if known else None)
            unit = values.pop("unit", known.unit if known else None)
            values["metric"] = _metric(organisation, name, unit) if name or unit else None
        return values


def _metric(organisation: Organisation, name: str | None, unit: str | None) -> Metric:
    found = metric_named(organisation=organisation, name=name or "", unit=unit or "")
    if found is None:
        raise NotFound("There is no metric of that name and unit.")
    return found


class AlertRuleList(ListModelMixin, _RuleView):
    """The alert rules of one organisation; those that are retired only where `is_retired` is asked for."""

    filterset_class = AlertRuleParameters
    permission_required = {"GET": "events.view_alertrule", "POST": "events.add_alertrule"}

    def get_queryset(self) -> QuerySet[Any]:
        organisation_id = self.kwargs.get("organisation_id")
        return super().get_queryset().filter(organisation=organisation_id)

    @extend_schema(tags=TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(tags=TAGS, request=NewAlertRuleSerializer, responses={201: AlertRuleSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        values = self.named(organisation, validated(NewAlertRuleSerializer, request))
        return Response(self.shown(rules.add_rule(organisation=organisation, **values)), status=201)


class AlertRuleDetail(_RuleView):
    """One rule. With a change of what it says it begins anew; one that has fired is retired, not deleted."""

    permission_required = {
        "GET": "events.view_alertrule",
        "PATCH": "events.change_alertrule",
        "DELETE": "events.delete_alertrule",
    }

    def lock_first(self) -> None:
        rules.lock_state(rule_id=self.kwargs["alert_rule_id"])

    @extend_schema(tags=TAGS)
    def get(self, request: Request, alert_rule_id: UUID) -> Response:
        return Response(self.get_serializer(self.rule(alert_rule_id)).data)

    @extend_schema(tags=TAGS, request=NewAlertRuleSerializer)
    def patch(self, request: Request, alert_rule_id: UUID) -> Response:
        rule = self.rule(alert_rule_id)
        changes = self.named(rule.organisation, validated(NewAlertRuleSerializer, request, change_of=rule), rule)
        return Response(self.shown(rules.update_rule(rule_id=rule.pk, **changes)))

    @extend_schema(tags=TAGS, responses={204: None})
    def delete(self, request: Request, alert_rule_id: UUID) -> Response:
        rules.remove_rule(rule_id=self.rule(alert_rule_id).pk)
        return Response(status=204)


class AlertRulePreview(_RuleView):
    """When the rule would have fired in the last 30 days, with the usage and the prices that are known by now."""

    permission_required = "events.view_alertrule"

    @extend_schema(tags=TAGS, responses=AlertRulePreviewSerializer)
    def get(self, request: Request, alert_rule_id: UUID) -> Response:
        preview = preview_rule(self.rule(alert_rule_id))
        fired = [
            {"at": point.at, "value": point.reading.value, "thresholds": point.fired}
            for point in preview.points
            if point.fired
        ]
        return Response(AlertRulePreviewSerializer({"days": preview.days, "times": preview.times, "fired": fired}).data)


class AlertRuleMute(_RuleView):
    """Until then alerts are noted, and nobody is told."""

    permission_required = "events.mute_alertrule"

    @extend_schema(tags=TAGS, request=MuteAlertRuleSerializer)
    def post(self, request: Request, alert_rule_id: UUID) -> Response:
        rule, values = self.rule(alert_rule_id), validated(MuteAlertRuleSerializer, request)
        return Response(self.shown(rules.mute_rule(rule_id=rule.pk, **values)))


class AlertRuleUnmute(_RuleView):
    permission_required = "events.mute_alertrule"

    @extend_schema(tags=TAGS, request=None)
    def post(self, request: Request, alert_rule_id: UUID) -> Response:
        return Response(self.shown(rules.unmute_rule(rule_id=self.rule(alert_rule_id).pk)))


class AlertRuleTest(_RuleView):
    """Mail the rule's recipients what it sees now."""

    permission_required = "events.mute_alertrule"

    @extend_schema(tags=TAGS, request=None, responses={202: AlertRuleTestSerializer})
    def post(self, request: Request, alert_rule_id: UUID) -> Response:
        sent = rules.send_test(rule_id=self.rule(alert_rule_id).pk)
        return Response(AlertRuleTestSerializer(sent).data, status=202)


class AlertHistory(ListModelMixin, AdminGenericView):
    """The alerts of one organisation, the newest first."""

    queryset = Alert.objects.select_related("rule").order_by("-fired_at", "-threshold", "pk")
    serializer_class = AlertSerializer
    filterset_class = AlertParameters
    permission_required = "events.view_alert"

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(organisation=self.kwargs.get("organisation_id"))

    @extend_schema(tags=TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)


class AlertAcknowledge(AdminGenericView):
    """Say that somebody looks after it. Again: it stays with who was first."""

    serializer_class = AlertSerializer
    permission_required = "events.acknowledge_alert"

    @extend_schema(tags=TAGS, request=None)
    def post(self, request: Request, alert_id: UUID) -> Response:
        alert = self.find(Alert.objects.select_related("rule"), pk=alert_id)
        done = acknowledging.acknowledge(alert_id=alert.pk, by=request.user.get_username())
        return Response(self.get_serializer(done).data)
