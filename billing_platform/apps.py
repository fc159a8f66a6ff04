"""The root application and the operators' admin site."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate, pre_migrate


class BillingPlatformConfig(AppConfig):
    name = "billing_platform"
    verbose_name = "Metrics Billing Platform"
    backoffice = "billing_platform.backoffice.contribution"

    def ready(self) -> None:
        from billing_platform import periodic_jobs
        from billing_platform.backoffice import email_kinds, email_samples, job_days, mailed_views
        from billing_platform.lib.database import append_only, unreleased
        from billing_platform.lib.work import tasks
        from billing_platform.observability import checks, metric_files
        from organisations.notifications import kinds
        from organisations.notifications.made_files import MADE_FILES, MadeFile
        from organisations.notifications.samples import EXPLAINED

        kinds.register(email_kinds.KINDS)
        EXPLAINED.register(email_samples.EXPLAINED)
        MADE_FILES.register(MadeFile(mailed_views.PREFIX, mailed_views.made_file))
        tasks.NOTED_BY.register(job_days.note)
        checks.register()
        metric_files.name_by_machine()
        pre_migrate.connect(unreleased.refuse_unreleased, sender=apps.get_app_config("organisations"))
        # on the scheduler's own signal: an app without models, like this one, gets none
        post_migrate.connect(periodic_jobs.install_periodic_jobs, sender=apps.get_app_config("django_celery_beat"))
        post_migrate.connect(append_only.leave_no_switch, sender=apps.get_app_config("organisations"))


class OperatorAdminConfig(AdminConfig):
    default_site = "billing_platform.backoffice.site.OperatorSite"
