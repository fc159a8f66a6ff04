"""Tell of alerts: the customer's people by e-mail, and outgoing webhooks. All that one rule saw at one moment is one
e-mail; webhooks hear of each alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events import emails
from events.alerts.judging import Reading
from events.models import Alert, AlertRule
from events.services.alerting.sentences import recovered_sentence, sentence_of
from organisations.notifications.rendering import in_language
from organisations.webhooks.announcing import announce_all

SENT = Alert.Notice.SENT
FIRED, ACKNOWLEDGED, RECOVERED = "alert.fired", "alert.acknowledged", "alert.recovered"


def tell_fired(rule: AlertRule, alerts: Sequence[Alert]) -> list[Alert]:
    """Returns those that are told of: not what is only noted, as the rule is muted or cools down."""
    told = [alert for alert in alerts if alert.notice == SENT]
    if told:
        with in_language(rule.organisation.language):
            sentences = [sentence_of(alert) for alert in told]
        emails.queue_alert(rule, told, sentences)
    return told


def tell_recovered(rule: AlertRule, alerts: Sequence[Alert], reading: Reading) -> list[Alert]:
    """Returns those that are told of: what somebody was told of before, and not while the rule is muted."""
    told = [alert for alert in alerts if alert.notice == SENT and not rule.is_muted]
    if told:
        with in_language(rule.organisation.language):
            sentences = [recovered_sentence(rule, reading, alert.threshold) for alert in told]
        emails.queue_recovery(rule, told, sentences)
    return told


def announce_alerts(event_type: str, alerts: Iterable[Alert]) -> None:
    """Tell outgoing webhooks of alerts as they stand now, each once for each type."""
    announce_all(event_type, owners={alert.pk: alert.organisation_id for alert in alerts})
