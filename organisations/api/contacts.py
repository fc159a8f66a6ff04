"""Contacts of a customer: who reads which of its e-mails."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from organisations.api.base import AdminGenericView
from organisations.api.parameters import ContactParameters
from organisations.models import Contact
from organisations.services import contacts

_TAGS = ["e-mails"]


class ContactSerializer(serializers.ModelSerializer):
    class Meta:
        model = Contact
        fields = ["id", "organisation", "purpose", "name", "email", "is_active", "created_at", "updated_at"]
        read_only_fields = ["id", "organisation", "created_at", "updated_at"]
        validators: ClassVar[list[Any]] = []  # the model's own say at which field


class ContactList(ListModelMixin, AdminGenericView):
    """Who reads a customer's e-mails, besides its billing e-mail or in its place."""

    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    filterset_class = ContactParameters
    permission_required = {"GET": "organisations.view_contact", "POST": "organisations.add_contact"}

    def get_queryset(self) -> QuerySet[Contact]:
        return super().get_queryset().filter(organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)

    @extend_schema(tags=_TAGS, responses={201: ContactSerializer})
    def post(self, request: Request, organisation_id: UUID) -> Response:
        organisation = self.organisation(organisation_id)
        contact = contacts.add_contact(organisation=organisation, **validated(ContactSerializer, request))
        return Response(self.get_serializer(contact).data, status=201)


class ContactDetail(AdminGenericView):
    serializer_class = ContactSerializer
    permission_required = {
        "GET": "organisations.view_contact",
        "PATCH": "organisations.change_contact",
        "DELETE": "organisations.delete_contact",
    }

    def lock_first(self) -> None:
        contacts.lock_customer_of(contact_id=self.kwargs["contact_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, contact_id: UUID) -> Response:
        return Response(self.get_serializer(self._contact(contact_id)).data)

    @extend_schema(tags=_TAGS)
    def patch(self, request: Request, contact_id: UUID) -> Response:
        contact = self._contact(contact_id)
        changes = validated(ContactSerializer, request, change_of=contact)
        return Response(self.get_serializer(contacts.update_contact(contact_id=contact.pk, changes=changes)).data)

    @extend_schema(tags=_TAGS, responses={204: None})
    def delete(self, request: Request, contact_id: UUID) -> Response:
        contacts.remove_contact(contact_id=self._contact(contact_id).pk)
        return Response(status=204)

    def _contact(self, contact_id: UUID) -> Contact:
        found: Contact = self.find(Contact.objects.all(), pk=contact_id)
        return found
