"""Dead letters: look at them, have them counted after all, or give them up."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, JSONField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Concat, JSONObject, Left, Length
from django.db.models.lookups import GreaterThan
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from events.api.parameters import DeadLetterParameters
from events.api.serializers import (
    DeadLetterSerializer,
    DiscardDeadLetterSerializer,
    ListedDeadLetterSerializer,
    ReplayDeadLetterSerializer,
)
from events.models import DeadLetter
from events.services import dead_letters
from events.tasks import settling
from organisations.api.base import AdminGenericView

UNREADABLE_LISTED = 200
_BASE64 = KT("accepted_event__base64")
# A request that can't be read is stored whole, up to 10 MB of it: a list shows how it begins.
LISTED_PAYLOAD = Case(
    When(
        GreaterThan(Length(_BASE64), UNREADABLE_LISTED),
        then=JSONObject(base64=Concat(Left(_BASE64, UNREADABLE_LISTED), Value("…"))),
    ),
    default=F("accepted_event"),
    output_field=JSONField(),
)


class DeadLetterList(ListModelMixin, AdminGenericView):
    """Accepted events that could not be counted, those seen last first."""

    queryset = (
        DeadLetter.objects.defer("accepted_event")
        .annotate(listed_payload=LISTED_PAYLOAD)
        .order_by("-last_seen_at", "pk")
    )
    serializer_class = ListedDeadLetterSerializer
    filterset_class = DeadLetterParameters
    permission_required = "events.view_deadletter"

    @extend_schema(tags=["usage"], responses=DeadLetterSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.list(request)


class DeadLetterReplay(AdminGenericView):
    serializer_class = DeadLetterSerializer
    permission_required = "events.replay_deadletter"

    @extend_schema(
        tags=["usage"],
        request=ReplayDeadLetterSerializer,
        responses=DeadLetterSerializer,
        description="Put the event back for counting, as received when it was first; with `event`, what that says is "
        "counted instead, under the same id.",
    )
    def post(self, request: Request, letter_id: UUID) -> Response:
        letter = self.find(DeadLetter.objects.defer("accepted_event"), pk=letter_id)
        by, values = request.user.get_username(), validated(ReplayDeadLetterSerializer, request)
        if "event" in values:
            letter = dead_letters.replay_edited(letter_id=letter.pk, by=by, **values)
        else:
            letter = dead_letters.replay_one(letter_id=letter.pk, by=by, **values)
        transaction.on_commit(settling.wake)
        return Response(self.get_serializer(letter).data)


class DeadLetterDiscard(AdminGenericView):
    serializer_class = DeadLetterSerializer
    permission_required = "events.discard_deadletter"

    @extend_schema(tags=["usage"], request=DiscardDeadLetterSerializer, responses=DeadLetterSerializer)
    def post(self, request: Request, letter_id: UUID) -> Response:
        letter = self.find(DeadLetter.objects.defer("accepted_event"), pk=letter_id)
        reason = validated(DiscardDeadLetterSerializer, request)["reason"]
        letter = dead_letters.discard_one(letter_id=letter.pk, by=request.user.get_username(), reason=reason)
        return Response(self.get_serializer(letter).data)
