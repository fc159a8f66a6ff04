"""The root application and the operators' admin site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class BillingPlatformConfig(AppConfig):
    name = "billing_platform"
    verbose_name = "Metrics Billing Platform"

    def ready(self) -> None:
        from billing_platform import checks, schedule

        checks.register()
        post_migrate.connect(schedule.install_periodic_jobs, sender=self)


class OperatorAdminConfig(AdminConfig):
    default_site = "billing_platform.admin_site.OperatorSite"
