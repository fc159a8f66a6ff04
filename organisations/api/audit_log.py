"""The audit log over the API: who changed what, when and from where."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from organisations.api.base import AdminGenericView
from organisations.api.parameters import AuditLogParameters
from organisations.models import AuditEntry


class AuditEntrySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.DateTimeField(source="timestamp")
    action = serializers.CharField(source="get_action_display", help_text="create, update, delete or access")
    kind = serializers.CharField(source="content_type.model")
    object_id = serializers.CharField(source="object_pk")
    object = serializers.CharField(source="object_repr", help_text="As it was called then.")
    organisation = serializers.SerializerMethodField(help_text="null for what belongs to no customer.")
    who = serializers.SerializerMethodField(help_text="The e-mail address or name of the person; empty for a job.")
    api_key = serializers.SerializerMethodField(help_text="The name of the key that was used.")
    source = serializers.SerializerMethodField(help_text="The request, job or command.")  # type: ignore[assignment]
    reason = serializers.SerializerMethodField()
    remote_addr = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(source="cid", allow_null=True)
    changes = serializers.SerializerMethodField(help_text="Each field that changed: the value before and after.")

    def get_organisation(self, entry: LogEntry) -> str | None:
        return self._extra(entry, "organisation") or None

    def get_who(self, entry: LogEntry) -> str:
        return str(entry.actor_email or entry.actor or "")

    def get_api_key(self, entry: LogEntry) -> str:
        return self._extra(entry, "api_key_name")

    def get_source(self, entry: LogEntry) -> str:
        return self._extra(entry, "source")

    def get_reason(self, entry: LogEntry) -> str:
        return self._extra(entry, "reason")

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_changes(self, entry: LogEntry) -> Any:
        return entry.changes or {}

    def _extra(self, entry: LogEntry, name: str) -> str:
        return str((entry.additional_data or {}).get(name) or "")


class AuditLog(ListModelMixin, AdminGenericView):
    """Every change of the key's organisations, the newest first: who, what, before and after, from where."""

    queryset = AuditEntry.objects.select_related("actor", "content_type").order_by("-timestamp", "-pk")
    serializer_class = AuditEntrySerializer
    filterset_class = AuditLogParameters
    permission_required = "organisations.view_auditentry"

    @extend_schema(tags=["audit log"])
    def get(self, request: Request) -> Response:
        return self.list(request)
