"""E-mails about alerts: fired, recovered, and the test of a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from events.models import Alert, AlertRule
from organisations.models import Notification
from organisations.notifications.branding import brand_of_seller, logo_of
from organisations.notifications.outbox import queue_email

SALT = "events.alert"


def alert_link(alert: Alert) -> str:
    """The page on which whoever has the e-mail acknowledges the alert, without an account."""
    return str(settings.SITE_URL) + reverse("events:alert", args=[signing.dumps(str(alert.pk), salt=SALT)])


def queue_alert(rule: AlertRule, alerts: Sequence[Alert], sentences: Sequence[str]) -> Notification:
    """Of thresholds that a rule crossed at once, the last crossed one at the head. Each alert is told of once.
    `sentences` say what each alert saw, in the customer's language."""
    context = {"sentences": list(sentences), "link": alert_link(alerts[-1])}
    return _queue("alert", rule, str(alerts[-1].pk), _headline(sentences[-1]), context)


def queue_recovery(rule: AlertRule, alerts: Sequence[Alert], sentences: Sequence[str]) -> Notification:
    """That alerts, of which somebody was told, do not hold any more."""
    return _queue("alert_recovered", rule, str(alerts[-1].pk), _headline(sentences[-1]), {"sentences": list(sentences)})


def queue_test(rule: AlertRule, *, sentence: str, occasion: str) -> Notification:
    """How the rule's e-mails look, with what it sees now. Each `occasion` sends one."""
    return _queue("alert_test", rule, f"{rule.pk}:{occasion}", rule.name, {"sentences": [sentence]})


def _headline(sentence: str) -> str:
    return sentence if len(sentence) <= 150 else f"{sentence[:149]}…"


def _queue(kind: str, rule: AlertRule, about: str, headline: str, context: dict[str, Any]) -> Notification:
    organisation, seller = rule.organisation, rule.organisation.billing_entity
    brand = brand_of_seller(seller)
    return queue_email(
        organisation=organisation,
        kind=kind,
        dedupe_key=f"{kind}:{about}",
        recipients=rule.to,
        sender=seller.email,
        context={
            "customer": organisation.name,
            "seller": seller.legal_name,
            "rule": rule.name,
            "headline": headline,
            "brand": brand,
            **context,
        },
        attachments=logo_of(brand, seller.logo),
    )
