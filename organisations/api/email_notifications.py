"""The e-mails of a customer, what became of them, and which kinds it gets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView, AdminView
from organisations.api.parameters import EmailNotificationParameters
from organisations.audit import acting_person
from organisations.models import EmailState, Notification, NotificationEvent, Organisation
from organisations.notifications.switches import customers_kinds, set_kinds

_TAGS = ["e-mails"]
_EXAMPLE = OpenApiExample(
    "An invoice's e-mail that bounced",
    value={
        "id": "8f14e45f-ceea-467f-a8c5-6f1f3d2a7c11",
        "organisation": "45c48cce-2e2d-4fbd-8a1c-5f1b2f3f9a10",
        "kind": "invoice_issued",
        "subject": "Invoice INV/26-27/000123 of Metrics Cloud",
        "recipients": ["accounts@acme.example"],
        "state": "bounced",
        "attempts": 1,
        "last_failure": "",
        "not_sent_because": "",
        "created_at": "2026-11-03T04:00:00Z",
        "sent_at": "2026-11-03T04:00:02Z",
        "delivered_at": None,
        "opened_at": None,
        "bounced_at": "2026-11-03T04:00:09Z",
        "complained_at": None,
        "seen_to_at": None,
    },
    response_only=True,
)


class NotificationEventSerializer(serializers.ModelSerializer):
    class Meta:
        model = NotificationEvent
        fields = ["kind", "recipient", "happened_at", "provider", "detail"]
        read_only_fields = fields


class EmailNotificationSerializer(serializers.ModelSerializer):
    state = serializers.ChoiceField(choices=EmailState.choices, help_text="What is known last.")
    recipients = serializers.ListField(child=serializers.EmailField())

    class Meta:
        model = Notification
        fields = [
            "id", "organisation", "kind", "subject", "recipients", "state", "attempts", "last_failure",
            "not_sent_because", "created_at", "sent_at", "delivered_at", "opened_at", "bounced_at", "complained_at",
            "seen_to_at",
        ]  # fmt: skip
        read_only_fields = fields


class EmailNotificationDetailSerializer(EmailNotificationSerializer):
    text = serializers.CharField(source="text_for_operators", help_text="Without what opens the customer's portal.")
    events = NotificationEventSerializer(many=True)

    class Meta(EmailNotificationSerializer.Meta):
        fields = [*EmailNotificationSerializer.Meta.fields, "text", "events"]
        read_only_fields = fields


class EmailKindSerializer(serializers.Serializer):
    kind = serializers.CharField(source="name")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of ours, not the serializer's own label
    purpose = serializers.CharField()
    is_on = serializers.BooleanField()
    may_be_switched_off = serializers.BooleanField()
    why = serializers.CharField(help_text="Why it may not be switched off.")


class SwitchedOffSerializer(serializers.Serializer):
    switched_off = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=100, help_text="All kinds that the customer is not sent."
    )


class EmailNotificationList(ListModelMixin, AdminGenericView):
    """The e-mails to a customer, the newest first."""

    queryset = Notification.objects.all()
    serializer_class = EmailNotificationSerializer
    filterset_class = EmailNotificationParameters
    permission_required = "organisations.view_notification"

    def get_queryset(self) -> QuerySet[Notification]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS, examples=[_EXAMPLE])
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)


class EmailNotificationDetail(AdminGenericView):
    """One e-mail, with its text and what became of it at each recipient."""

    serializer_class = EmailNotificationDetailSerializer
    permission_required = "organisations.view_notification"

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, notification_id: UUID) -> Response:
        rows = Notification.objects.prefetch_related("events")
        return Response(self.get_serializer(self.find(rows, pk=notification_id)).data)


class EmailKinds(AdminView):
    """Which kinds of e-mails a customer gets. PATCH names all that are switched off."""

    permission_required = {
        "GET": "organisations.view_organisation",
        "PATCH": "organisations.change_organisation",
    }

    @extend_schema(tags=_TAGS, responses=EmailKindSerializer(many=True))
    def get(self, request: Request, organisation_id: UUID) -> Response:
        return Response(self._shown(self.organisation(organisation_id)))

    @extend_schema(tags=_TAGS, request=SwitchedOffSerializer, responses=EmailKindSerializer(many=True))
    def patch(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        wanted = validated(SwitchedOffSerializer, request)["switched_off"]
        set_kinds(organisation=organisation, off=wanted, by=acting_person())
        return Response(self._shown(organisation))

    def _shown(self, organisation: Organisation) -> Any:
        off = set(organisation.switched_off_emails.filter(address="").values_list("kind", flat=True))
        rows = [
            {
                "name": kind.name,
                "label": kind.label,
                "purpose": kind.purpose.value,
                "is_on": kind.name not in off,
                "may_be_switched_off": kind.may_be_switched_off,
                "why": kind.why,
            }
            for kind in customers_kinds()
        ]
        return EmailKindSerializer(rows, many=True).data
