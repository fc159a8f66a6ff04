"""Outgoing webhooks: endpoints, their deliveries, tests and replays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView
from organisations.api.parameters import WebhookDeliveryParameters, WebhookEndpointParameters
from organisations.api.serializers import OrganisationReference
from organisations.audit import acting_person
from organisations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from organisations.webhooks import disabling, endpoints, replaying
from organisations.webhooks.event_types import EVENT_TYPES

_TAGS = ["webhooks"]


class WebhookEndpointSerializer(serializers.ModelSerializer):
    organisation = OrganisationReference(required=False)
    event_types = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(EVENT_TYPES)), required=False, help_text="Empty: all of them."
    )
    secret = serializers.SerializerMethodField(help_text="Only in the answer that makes it; null ever after.")

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id", "organisation", "url", "description", "event_types", "payload", "version", "status",
            "disabled_reason", "disabled_at", "failing_since", "quiet_until", "previous_until", "older_until",
            "created_at", "updated_at", "secret",
        ]  # fmt: skip
        read_only_fields = [
            "id", "disabled_reason", "disabled_at", "failing_since", "quiet_until", "previous_until", "older_until",
            "created_at", "updated_at",
        ]  # fmt: skip
        validators: ClassVar[list[Any]] = []  # the model's own say at which field

    def get_secret(self, _endpoint: WebhookEndpoint) -> str | None:
        secret: str | None = self.context.get("secret")
        return secret


class RotateSecretSerializer(serializers.Serializer):
    overlap_seconds = serializers.IntegerField(min_value=0, max_value=7 * 86400, default=86400)


class ReplaySerializer(serializers.Serializer):
    since = serializers.DateTimeField()
    only_missed = serializers.BooleanField(default=True, help_text="false: also what the receiver took.")


class ReplayedSerializer(serializers.Serializer):
    replayed = serializers.IntegerField(source="count", help_text="Messages that are on their way again.")
    next_since = serializers.DateTimeField(
        allow_null=True, help_text="There are more: ask again with this moment. null: these were all."
    )


class WebhookAttemptSerializer(serializers.ModelSerializer):
    class Meta:
        model = WebhookAttempt
        fields = ["sent_at", "milliseconds", "headers", "answer_status", "answer", "failure"]
        read_only_fields = fields


class WebhookDeliverySerializer(serializers.ModelSerializer):
    message_id = serializers.CharField(source="message.message_id")
    type = serializers.CharField(source="message.type")
    tries = WebhookAttemptSerializer(many=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "id", "endpoint", "message_id", "type", "object_id", "status", "attempts", "next_attempt_at",
            "last_failure", "delivered_at", "created_at", "tries",
        ]  # fmt: skip
        read_only_fields = fields


class _EndpointView(AdminGenericView):
    serializer_class: Any = WebhookEndpointSerializer
    secret_fields = ("secret",)

    def endpoint(self, endpoint_id: UUID) -> WebhookEndpoint:
        found: WebhookEndpoint = self.find(WebhookEndpoint.objects.all(), pk=endpoint_id)
        return found

    def with_secret(self, made: endpoints.MadeSecret) -> Response:
        body = WebhookEndpointSerializer(made.endpoint, context={"secret": made.secret})
        return Response(body.data, status=201)


class WebhookEndpointList(ListModelMixin, _EndpointView):
    """The endpoints of the key's organisations, and for a key that reaches all of them the seller's own."""

    queryset = WebhookEndpoint.objects.all()
    filterset_class = WebhookEndpointParameters
    permission_required = {"GET": "organisations.view_webhookendpoint", "POST": "organisations.add_webhookendpoint"}

    @extend_schema(tags=_TAGS)
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=_TAGS, responses={201: WebhookEndpointSerializer})
    def post(self, request: Request) -> Response:
        values = validated(WebhookEndpointSerializer, request)
        organisation = values.pop("organisation", None)
        if organisation is not None:
            organisation = self.organisation(organisation.pk)
        # the seller's own is for those whose role covers every organisation
        self.check_object_permissions(request, WebhookEndpoint(organisation=organisation))
        if values.pop("status", WebhookEndpoint.Status.ACTIVE) != WebhookEndpoint.Status.ACTIVE:
            raise InvalidInput.field("status", "A new endpoint is active: disable it afterwards.")
        return self.with_secret(endpoints.create_endpoint(organisation=organisation, **values))


class WebhookEndpointDetail(_EndpointView):
    """One endpoint. `status` disables it and enables it again; an endpoint stays with its organisation."""

    permission_required = {
        "GET": "organisations.view_webhookendpoint",
        "PATCH": "organisations.change_webhookendpoint",
        "DELETE": "organisations.delete_webhookendpoint",
    }

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        return Response(self.get_serializer(self.endpoint(endpoint_id)).data)

    @extend_schema(tags=_TAGS)
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        endpoint = self.endpoint(endpoint_id)
        changes = validated(WebhookEndpointSerializer, request, change_of=endpoint)
        if changes.pop("organisation", endpoint.organisation) != endpoint.organisation:
            raise InvalidInput.field("organisation", "An endpoint stays with its customer: make another one.")
        status = changes.pop("status", endpoint.status)
        if changes:
            endpoint = endpoints.update_endpoint(endpoint_id=endpoint.pk, changes=changes)
        if status != endpoint.status and endpoint.is_active:
            endpoint = disabling.disable_endpoint(endpoint_id=endpoint.pk, reason="", by=acting_person())
        elif status != endpoint.status:
            endpoint = disabling.enable_endpoint(endpoint_id=endpoint.pk)
        return Response(self.get_serializer(endpoint).data)

    @extend_schema(tags=_TAGS, responses={204: None})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        endpoints.remove_endpoint(endpoint_id=self.endpoint(endpoint_id).pk)
        return Response(status=204)


class WebhookEndpointSecret(_EndpointView):
    """A new secret. Until the overlap is over, messages are signed with both; at most three sign at a time."""

    permission_required = "organisations.change_webhookendpoint"

    @extend_schema(tags=_TAGS, request=RotateSecretSerializer, responses={201: WebhookEndpointSerializer})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        endpoint = self.endpoint(endpoint_id)
        overlap = timedelta(seconds=validated(RotateSecretSerializer, request)["overlap_seconds"])
        return self.with_secret(endpoints.rotate_secret(endpoint_id=endpoint.pk, overlap=overlap))


class WebhookEndpointTest(_EndpointView):
    """Sends a message of the type `endpoint.test`."""

    serializer_class = WebhookDeliverySerializer
    permission_required = "organisations.replay_webhookendpoint"

    @extend_schema(tags=_TAGS, request=None, responses={202: WebhookDeliverySerializer})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        delivery = replaying.send_test(endpoint_id=self.endpoint(endpoint_id).pk)
        return Response(self.get_serializer(delivery).data, status=202)


class WebhookEndpointReplay(_EndpointView):
    """Sends what happened since a moment again, in order: what was missed, or everything."""

    serializer_class = ReplayedSerializer
    permission_required = "organisations.replay_webhookendpoint"

    @extend_schema(tags=_TAGS, request=ReplaySerializer, responses={202: ReplayedSerializer})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        endpoint = self.endpoint(endpoint_id)
        replayed = replaying.replay_since(endpoint_id=endpoint.pk, **validated(ReplaySerializer, request))
        return Response(ReplayedSerializer(replayed).data, status=202)


class WebhookDeliveryList(ListModelMixin, _EndpointView):
    """What was sent to an endpoint, the newest first, with every try."""

    queryset = WebhookDelivery.objects.select_related("message").prefetch_related("tries")
    serializer_class = WebhookDeliverySerializer
    filterset_class = WebhookDeliveryParameters
    permission_required = "organisations.view_webhookdelivery"

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        return super().get_queryset().filter(endpoint_id=self.kwargs["endpoint_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        self.endpoint(endpoint_id)
        return self.list(request)


class WebhookDeliveryReplay(_EndpointView):
    """Sends one message again, with the same body under the same id."""

    serializer_class = WebhookDeliverySerializer
    permission_required = "organisations.replay_webhookendpoint"

    @extend_schema(tags=_TAGS, request=None, responses={202: WebhookDeliverySerializer})
    def post(self, request: Request, delivery_id: UUID) -> Response:
        found = self.find(WebhookDelivery.objects.all(), pk=delivery_id)
        delivery = replaying.replay(delivery_id=found.pk)
        return Response(self.get_serializer(delivery).data, status=202)
