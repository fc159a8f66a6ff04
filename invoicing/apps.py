"""Invoicing: what is owed, at which price, with which tax, on which document."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InvoicingConfig(AppConfig):
    name = "invoicing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from invoicing.services.tax_rates import ensure_standard_rate

        post_migrate.connect(lambda **_: ensure_standard_rate(), sender=self, weak=False, dispatch_uid="standard_rate")
