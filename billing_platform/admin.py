"""Django looks for admin pages here; ours stand in the back office."""

from billing_platform.backoffice import periodic_task_pages as periodic_task_pages
