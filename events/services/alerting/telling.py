"""Tell of alerts: the customer's people by e-mail. All that one rule saw at one moment is one message."""

from __future__ import annotations

from collections.abc import Sequence

from events import emails
from events.alerts.judging import Reading
from events.models import Alert, AlertRule
from events.services.alerting.sentences import recovered_sentence

SENT = Alert.Notice.SENT


def tell_fired(rule: AlertRule, alerts: Sequence[Alert]) -> None:
    told = [alert for alert in alerts if alert.notice == SENT]
    if told:
        emails.queue_alert(rule, told)


def tell_recovered(rule: AlertRule, alerts: Sequence[Alert], reading: Reading) -> None:
    """Only of what somebody was told of, and not while the rule is muted."""
    told = [alert for alert in alerts if alert.notice == SENT]
    if told and not rule.is_muted:
        emails.queue_recovery(rule, told, [recovered_sentence(rule, reading, alert.threshold) for alert in told])
