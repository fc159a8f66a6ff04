"""Links to a customer's portal: list, make, revoke. An address is answered once, when its link is made."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView
from organisations.audit import acting_person
from organisations.models import PortalLink
from organisations.services import portal_links

_TAGS = ["portal"]


class PortalLinkSerializer(serializers.ModelSerializer):
    class Meta:
        model = PortalLink
        fields = ["id", "organisation", "cause", "made_by", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = fields


class NewPortalLinkSerializer(serializers.Serializer):
    days = serializers.IntegerField(min_value=1, max_value=portal_links.MOST_DAYS, required=False)


class MadePortalLinkSerializer(PortalLinkSerializer):
    """With the address, which is shown once."""

    url = serializers.CharField(read_only=True)

    class Meta(PortalLinkSerializer.Meta):
        fields = [*PortalLinkSerializer.Meta.fields, "url"]
        read_only_fields = fields


class PortalLinkList(ListModelMixin, AdminGenericView):
    """The links of a customer. DELETE revokes all that are open."""

    queryset = PortalLink.objects.all()
    serializer_class = PortalLinkSerializer
    secret_fields = ("url",)
    permission_required = {
        "GET": "organisations.view_portallink",
        "POST": "organisations.manage_portallink",
        "DELETE": "organisations.manage_portallink",
    }

    def get_queryset(self) -> QuerySet[PortalLink]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(tags=_TAGS, request=NewPortalLinkSerializer, responses={201: MadePortalLinkSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        answers = validated(NewPortalLinkSerializer, request)
        made = portal_links.make_link(organisation_id=organisation.pk, made_by=acting_person(), **answers)
        made.link.url = made.address  # type: ignore[attr-defined]  # for the answer only
        return Response(MadePortalLinkSerializer(made.link).data, status=201)

    @extend_schema(operation_id="admin_organisations_portal_links_revoke_all", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, organisation_id: UUID) -> Response:
        portal_links.revoke_links(organisation_id=self.organisation(organisation_id).pk, by=acting_person())
        return Response(status=204)


class PortalLinkDetail(AdminGenericView):
    permission_required = "organisations.manage_portallink"

    @extend_schema(tags=_TAGS, responses={204: None})
    def delete(self, request: Request, organisation_id: UUID, link_id: UUID) -> Response:
        link = self.find(PortalLink.objects.filter(organisation=organisation_id), pk=link_id)
        portal_links.revoke_link(link_id=link.pk, by=acting_person())
        return Response(status=204)
