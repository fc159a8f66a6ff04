"""The test clock of a test customer: what it shows, moving it, and what happened on the way."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminView
from organisations.models import TestClock
from organisations.models.test_clock import ClockStatus
from payments.services.test_clocks import advancing
from payments.services.test_clocks.report import happened


class HappenedSerializer(serializers.Serializer):
    """Since the clock was last moved. `emails` were stored and not sent."""

    invoices = serializers.ListField(child=serializers.UUIDField())
    drafts = serializers.ListField(child=serializers.UUIDField(), help_text="Wait for a person, or for their grace.")
    emails = serializers.IntegerField()
    reminders = serializers.IntegerField()
    late_fees = serializers.IntegerField()
    webhook_messages = serializers.IntegerField()


class TestClockSerializer(serializers.Serializer):
    __test__ = False  # it is no test for pytest to run

    organisation = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[each.value for each in ClockStatus])
    now = serializers.DateTimeField(help_text="What the customer takes for now.")
    started_at = serializers.DateTimeField()
    advance_to = serializers.DateTimeField(allow_null=True, help_text="Where it was last moved to.")
    last_failure = serializers.CharField(help_text="Why it stopped on its way; empty unless it failed.")
    happened = HappenedSerializer()


class AdvanceSerializer(serializers.Serializer):
    to = serializers.DateTimeField(help_text="Later than `now`, by two months (62 days) at most.")


def _shown(row: TestClock) -> dict[str, Any]:
    found = happened(row)
    answer = {
        "organisation": row.organisation_id,
        "status": row.status.value,
        "now": row.now,
        "started_at": row.started_at,
        "advance_to": row.advance_to,
        "last_failure": row.last_failure,
        "happened": {
            "invoices": [invoice.pk for invoice in found.invoices],
            "drafts": [invoice.pk for invoice in found.drafts],
            "emails": found.emails,
            "reminders": found.reminders,
            "late_fees": found.late_fees,
            "webhook_messages": found.webhook_messages,
        },
    }
    return dict(TestClockSerializer(answer).data)


class TestClockDetail(AdminView):
    """The clock of a test customer."""

    __test__ = False
    permission_required = "organisations.view_testclock"

    @extend_schema(responses={200: TestClockSerializer})
    def get(self, request: Request, organisation_id: UUID) -> Response:
        return Response(_shown(advancing.clock_of(self.organisation(organisation_id))))


class TestClockAdvance(AdminView):
    """Move the clock forward: a worker bills, issues, reminds and charges what comes on the way."""

    __test__ = False
    permission_required = "organisations.advance_testclock"

    @extend_schema(request=AdvanceSerializer, responses={202: TestClockSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        answers = validated(AdvanceSerializer, request)
        row = advancing.advance(organisation=organisation, to=answers["to"], by=str(request.user))
        return Response(_shown(row), status=202)


class TestClockTryAgain(AdminView):
    """Go on with an advance that failed."""

    __test__ = False
    permission_required = "organisations.advance_testclock"

    @extend_schema(request=None, responses={202: TestClockSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        row = advancing.try_again(organisation=self.organisation(organisation_id))
        return Response(_shown(row), status=202)
