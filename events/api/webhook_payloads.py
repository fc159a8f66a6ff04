"""What outgoing webhooks say of alerts: what the API answers with."""

from __future__ import annotations

from events.api.alerts import AlertSerializer
from events.models import Alert
from organisations.webhooks.payloads import PayloadMaker

ALERTS = PayloadMaker("alert", lambda: Alert.objects.select_related("rule"), lambda row: AlertSerializer(row).data)
