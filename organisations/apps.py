"""Organisations: customers, sellers, their projects and keys, and who may see what."""

from __future__ import annotations

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "organisations"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "organisations.backoffice"

    def ready(self) -> None:
        from organisations import audit, bulk_verbs, email_kinds, email_samples
        from organisations.access import roles
        from organisations.notifications import kinds, tracking
        from organisations.notifications.samples import EXPLAINED

        bulk_verbs.register()
        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        tracking.listen()
        audit.register()
        roles.register()
