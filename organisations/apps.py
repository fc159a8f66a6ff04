"""Organisations: customers, sellers, their projects and keys, and who may see what."""

from __future__ import annotations

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "organisations"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "organisations.backoffice"

    def ready(self) -> None:
        from organisations import audit
        from organisations.access import roles

        audit.register()
        roles.register()
