"""Invoicing: prices, taxes, invoices and documents."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate


class InvoicingConfig(AppConfig):
    name = "invoicing"
    default_auto_field = "django.db.models.BigAutoField"
    backoffice = "invoicing.backoffice"

    def ready(self) -> None:
        from billing_platform.lib import script_fonts
        from events import metric_changes
        from events.services.alerting.observers import OBSERVERS
        from invoicing import bulk_verbs, email_kinds, email_samples
        from invoicing.api import webhook_payloads
        from invoicing.api.billing_config import BOUNDS, IN_FORCE
        from invoicing.customer_changes import (
            currency_consequences,
            leaving_consequences,
            tax_notice,
            time_zone_consequences,
        )
        from invoicing.services.numbering import taken_series
        from invoicing.services.prices.billed_metrics import refuse_to_convert_what_is_billed
        from invoicing.services.spend import COST_OBSERVER
        from organisations import billing_config, customer_changes, seller_changes
        from organisations.notifications import kinds
        from organisations.notifications.samples import EXPLAINED
        from organisations.webhooks.payloads import PAYLOADS

        bulk_verbs.register()
        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        PAYLOADS.register(webhook_payloads.INVOICES)
        PAYLOADS.register(webhook_payloads.CREDIT_NOTES)
        PAYLOADS.register(webhook_payloads.PRICES)
        script_fonts.look_in(settings.DOCUMENT_FONT_DIRS)
        post_migrate.connect(_ensure_rates, sender=self, dispatch_uid="rates")
        billing_config.parts.register(IN_FORCE)
        billing_config.parts.register(BOUNDS)
        customer_changes.checks.register(currency_consequences)
        customer_changes.checks.register(leaving_consequences)
        customer_changes.checks.register(time_zone_consequences)
        customer_changes.notices.register(tax_notice)
        seller_changes.checks.register(taken_series)
        OBSERVERS.register(COST_OBSERVER)
        metric_changes.checks.register(refuse_to_convert_what_is_billed)


def _ensure_rates(**_signal: Any) -> None:
    """Make the standard GST rate and the feeds of exchange rates after migrations, unless their tables do not exist
    (yet, or after migrating back)."""
    from invoicing.models import RateFeed, TaxRate
    from invoicing.services.rate_feeds import ensure_rate_feeds
    from invoicing.services.tax_rates import ensure_standard_rate

    tables = connection.introspection.table_names()
    if TaxRate._meta.db_table in tables:
        ensure_standard_rate()
    if RateFeed._meta.db_table in tables:
        ensure_rate_feeds()
