"""WSGI entry of the sandbox: migrates its database, then serves and delivers webhooks."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

# Set, not defaulted: the process manager may export the platform's own settings module.
os.environ["DJANGO_SETTINGS_MODULE"] = "billing_platform.local.razorpay.settings"

application = get_wsgi_application()

from billing_platform.local.razorpay import background, startup  # noqa: E402  (needs the app registry)

settings.SANDBOX_DIR.mkdir(parents=True, exist_ok=True)
call_command("migrate", verbosity=0, interactive=False)
startup.prepare()
background.start()
