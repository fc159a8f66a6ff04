"""What outgoing webhooks say of alerts: what the API answers with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from events.api.alerts import AlertSerializer
from events.models import Alert


def alerts(ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    return {row.pk: AlertSerializer(row).data for row in Alert.objects.select_related("rule").filter(pk__in=ids)}
