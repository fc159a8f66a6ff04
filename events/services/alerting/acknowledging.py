"""Acknowledge alerts: somebody looks after them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from events.models import Alert
from events.services.alerting.telling import ACKNOWLEDGED, announce_alerts


@transaction.atomic
def acknowledge(*, alert_id: UUID, by: str) -> Alert:
    """Note who looks after an alert; what was acknowledged stays so, by who was first. Raises NotFound, and DomainError
    ALERT_IS_OVER for one that has recovered or whose period is over."""
    alert: Alert | None = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("There is no such alert.")
    if not alert.is_open:
        raise DomainError("The alert is over already: there is nothing to acknowledge.", code="ALERT_IS_OVER")
    if alert.acknowledged_at is None:
        alert.state, alert.acknowledged_at, alert.acknowledged_by = Alert.State.ACKNOWLEDGED, clock.now(), by[:200]
        alert.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "updated_at"])
        announce_alerts(ACKNOWLEDGED, [alert])
    return alert


@transaction.atomic
def acknowledge_all_like(*, alert_id: UUID, by: str) -> list[Alert]:
    """All open alerts of the rule that this alert is of: one e-mail tells of several. Those that were open."""
    rule_id = Alert.objects.filter(pk=alert_id).values_list("rule_id", flat=True).first()
    alerts = Alert.objects.select_for_update().filter(rule=rule_id, ended_at__isnull=True).order_by("pk")
    return [acknowledge(alert_id=alert.pk, by=by) for alert in alerts]
