"""Endpoints of the monthly run."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.errors import NotFound
from billing_platform.lib.http.bodies import validated
from invoicing.api.serializers import BillingRunDetailSerializer, BillingRunSerializer, NewBillingRunSerializer
from invoicing.models import BillingRun
from invoicing.selectors.billing_runs import BY_API
from invoicing.services.runs.billing_run import start_billing_run
from organisations.api.base import AdminGenericView, api_key_of
from organisations.models import Organisation


class BillingRunList(ListModelMixin, AdminGenericView):
    """Runs; start one, or continue the one that a month has, for the organisations that the key may bill.

    Continuing tries again what failed, and bills again what was voided.
    """

    serializer_class = BillingRunSerializer
    permission_required = {"GET": "invoicing.view_billingrun", "POST": "invoicing.start_billingrun"}

    def get_queryset(self) -> QuerySet[BillingRun]:
        return BillingRun.objects.all()  # shows counts of visible items only

    @extend_schema(tags=["billing runs"])
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(tags=["billing runs"], request=NewBillingRunSerializer, responses={201: BillingRunDetailSerializer})
    def post(self, request: Request) -> Response:
        period = validated(NewBillingRunSerializer, request)["period"]
        run = start_billing_run(period=period, requested_by=BY_API, organisations=self._billable(request))
        return Response(BillingRunDetailSerializer(run, context=self.get_serializer_context()).data, status=201)

    def _billable(self, request: Request) -> list[Organisation]:
        """The organisations for which the key's owner may start a run: reaching one is not enough."""
        reachable = Organisation.objects.for_organisations(api_key_of(request))
        return [each for each in reachable if request.user.has_perm("invoicing.start_billingrun", each)]


class BillingRunDetail(AdminGenericView):
    serializer_class = BillingRunDetailSerializer
    permission_required = "invoicing.view_billingrun"

    @extend_schema(tags=["billing runs"])
    def get(self, request: Request, run_id: UUID) -> Response:
        run = BillingRun.objects.filter(pk=run_id).first()
        if run is None:
            raise NotFound("There is no such billing run.")
        return Response(self.get_serializer(run).data)
