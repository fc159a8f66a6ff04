"""Payments: what was paid, and how it is collected."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "payments.backoffice"

    def ready(self) -> None:
        from organisations.notifications import kinds
        from organisations.notifications.made_files import MADE_FILES, MadeFile
        from organisations.notifications.samples import EXPLAINED
        from organisations.webhooks.payloads import PAYLOADS
        from payments import bulk_verbs, email_kinds, email_samples, receivers
        from payments.api import webhook_payloads
        from payments.emails import RECEIPT
        from payments.services.dunning import ways
        from payments.services.mandates.retrying import debit_again
        from payments.services.receipts import receipt_content

        bulk_verbs.register()
        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        receivers.connect()
        PAYLOADS.register(webhook_payloads.PAYMENTS)
        PAYLOADS.register(webhook_payloads.REFUNDS)
        PAYLOADS.register(webhook_payloads.DISPUTES)
        MADE_FILES.register(MadeFile(RECEIPT, receipt_content))
        ways.charges.register(debit_again)
