"""Payments: what was paid, and how it is collected."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "payments.backoffice"

    def ready(self) -> None:
        from payments import receivers

        receivers.connect()
