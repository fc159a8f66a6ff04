"""Events: how much was used. Nothing here knows a price."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate


class EventsConfig(AppConfig):
    name = "events"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "events.backoffice"

    def ready(self) -> None:
        from events import bulk_verbs, email_kinds, email_samples
        from events.api import webhook_payloads
        from events.services.alerting.observers import OBSERVERS
        from events.services.alerting.usage import USAGE
        from organisations.notifications import kinds
        from organisations.notifications.samples import EXPLAINED
        from organisations.webhooks.payloads import PAYLOADS

        bulk_verbs.register()
        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        OBSERVERS.register(USAGE)
        PAYLOADS.register(webhook_payloads.ALERTS)
        post_migrate.connect(_ensure_partitions, sender=self, dispatch_uid="events.partitions")


def _ensure_partitions(**_signal: Any) -> None:
    """A migrated database can take events at once."""
    from events.services import partitions

    if {partitions.HOT_LOG, partitions.LEDGER} <= set(connection.introspection.table_names()):
        partitions.ensure_partitions()
