"""How the API's documents describe the views of the hot path, which aren't DRF's. Nothing here runs on a request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.serializers import (
    BatchAcceptedSerializer,
    EventAcceptedSerializer,
    EventBatchSerializer,
    EventSerializer,
    EventStatusSerializer,
)
from organisations.access.permissions import ProjectKeyPermission


class EventPost(APIView):
    permission_classes = [ProjectKeyPermission]

    @extend_schema(
        operation_id="v1_events_look_up",
        parameters=[OpenApiParameter("event_id", str, required=True)],
        responses=EventStatusSerializer,
        tags=["usage"],
        description="What became of one event, for an id that an address can't carry.",
    )
    def get(self, request: Any) -> Response:
        raise NotImplementedError

    @extend_schema(
        request=EventSerializer,
        responses={202: EventAcceptedSerializer},
        tags=["usage"],
        description="Report one usage event. It is stored when the answer is 202; sending it again is harmless.",
    )
    def post(self, request: Any) -> Response:
        raise NotImplementedError


class EventBatchPost(APIView):
    permission_classes = [ProjectKeyPermission]

    @extend_schema(
        request={"application/json": EventBatchSerializer, "application/x-ndjson": EventSerializer},
        responses={202: BatchAcceptedSerializer},
        tags=["usage"],
        parameters=[OpenApiParameter("atomic", bool, description="accept all of them or none")],
        description="Report up to 10,000 events in up to 10 MB; gzip is welcome. Valid ones are accepted when others "
        "are not, unless `atomic` is set.",
    )
    def post(self, request: Any) -> Response:
        raise NotImplementedError
