"""Endpoints of the proof of one event."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, NotFound
from billing_platform.lib.http.parameters import check_parameters, report_parameters
from events.models import UsageEvent
from events.selectors.status import event_status
from organisations.access.permissions import ProjectKeyPermission
from organisations.api.base import AdminGenericView, api_key_of, project_of
from organisations.models import Project
from reconciliation.api.parameters import AnyProofParameters, ProofParameters
from reconciliation.proving.answers import answer_of


class StepSerializer(serializers.Serializer):
    side = serializers.ChoiceField(choices=["left", "right"], help_text="Where the other hash stands.")
    hash = serializers.CharField(help_text="In hex.")


class StatementSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    day = serializers.DateField(help_text="UTC.")
    content = serializers.CharField(help_text="The JSON that is hashed and signed, word for word.")
    hash = serializers.CharField()
    signature = serializers.CharField(help_text="Ed25519, in base64.")
    key = serializers.CharField()
    public_key = serializers.CharField(allow_null=True, help_text="In base64.")


class EntryProofSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=UsageEvent.Kind.choices)
    entry = serializers.CharField(help_text="The leaf, word for word: a JSON list of what the ledger holds.")
    path = StepSerializer(many=True, help_text="From the entry to the root that `customer` names.")
    customer = serializers.CharField(help_text="The customer's leaf: its id, its number of entries, their root.")
    customer_path = StepSerializer(many=True, help_text="From the customer to the ledger's root in the statement.")
    statement = StatementSerializer()


class EventProofSerializer(serializers.Serializer):
    event_id = serializers.CharField()
    entries = EntryProofSerializer(many=True, help_text="The event's own entry, then those of its corrections.")
    waiting = serializers.IntegerField(help_text="Entries of corrections whose day has no statement yet.")


class ProjectEventProof(GenericAPIView):
    """The proof of one counted event of the key's project."""

    permission_classes = [ProjectKeyPermission]
    queryset = UsageEvent.objects.none()
    filterset_class = ProofParameters
    serializer_class = EventProofSerializer

    @extend_schema(filters=True, tags=["reconciliation"])
    def get(self, request: Request, event_id: str) -> Response:
        check_parameters(self, request)
        project = project_of(request)
        rows = UsageEvent.objects.filter(organisation=project.organisation_id, project=project)
        wanted = report_parameters(self)
        return Response(_proof(_named(rows, event_id, wanted), event_id, wanted, project))


class EventProofOf(AdminGenericView):
    """The proof of one counted event of the key's organisations."""

    queryset = UsageEvent.objects.none()
    filterset_class = AnyProofParameters
    serializer_class = EventProofSerializer
    permission_required = "events.view_usageevent"

    @extend_schema(filters=True, tags=["reconciliation"])
    def get(self, request: Request, event_id: str) -> Response:
        wanted = report_parameters(self)
        projects = Project.objects.for_organisations(api_key_of(request))
        if "project" in wanted:
            projects = projects.filter(pk=wanted["project"])
        owners = list(projects.values_list("organisation_id", "pk"))
        rows = UsageEvent.objects.filter(  # the unique key begins with both
            organisation__in={organisation for organisation, _project in owners},
            project__in=[project for _organisation, project in owners],
        )
        found = _named(rows, event_id, wanted)
        if len({event.project_id for event in found}) > 1:
            raise DomainError(
                "Several projects have sent an event of this id. Say in project which one is meant.",
                code="EVENT_AMBIGUOUS",
                details={"projects": sorted(str(event.project_id) for event in found)},
            )
        if found:
            self.check_object_permissions(request, found[0])
        return Response(_proof(found, event_id, wanted))


def _named(rows: QuerySet[UsageEvent], event_id: str, wanted: dict[str, Any]) -> list[UsageEvent]:
    if "\x00" in event_id:
        return []
    found = rows.filter(event_id=event_id, kind=UsageEvent.Kind.USAGE)
    if month := wanted.get("received_month"):
        found = found.filter(received_month=month.start)
    return list(found.order_by("received_month"))


def _proof(
    found: list[UsageEvent], event_id: str, wanted: dict[str, Any], project: Project | None = None
) -> dict[str, Any]:
    """Raises NotFound; DomainError EVENT_AMBIGUOUS, EVENT_PENDING or EVENT_DEAD_LETTERED; NotStated, NotAsStated."""
    if not found:
        raise _not_counted(event_id, wanted, project)
    if len(found) > 1:
        months = " and ".join(month_text(event.received_month) for event in found)
        raise DomainError(
            f"The event was counted more than once: it was received in {months}. Say in received_month which one is "
            "meant.",
            code="EVENT_AMBIGUOUS",
            details={"received_months": [f"{event.received_month:%Y-%m}" for event in found]},
        )
    return answer_of(found[0])


def _not_counted(event_id: str, wanted: dict[str, Any], project: Project | None) -> DomainError:
    status = event_status(project=project, event_id=event_id) if project else None
    if status is None or (status.status == "counted" and "received_month" in wanted):
        return NotFound("No event of that id was counted.")
    if status.status == "dead_lettered":
        return DomainError("The event was never counted: it is a dead letter.", code="EVENT_DEAD_LETTERED")
    return DomainError("The event is accepted but not counted yet. Ask again later.", code="EVENT_PENDING")
