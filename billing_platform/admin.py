"""Django looks for admin pages here; ours stand in the back office."""

from billing_platform.backoffice import periodic_jobs as periodic_jobs
