"""Reconciliation: checks that the numbers of the other apps agree."""

from __future__ import annotations

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "reconciliation.backoffice"

    def ready(self) -> None:
        from events import written_off
        from organisations.notifications import kinds
        from organisations.notifications.samples import EXPLAINED
        from reconciliation import bulk_verbs, email_kinds, email_samples
        from reconciliation.selectors.written_off import all_is_written_off

        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        written_off.answers.register(all_is_written_off)
        bulk_verbs.register()
