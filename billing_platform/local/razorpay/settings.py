"""Settings of the sandbox's own Django project: SQLite, no sessions, no users."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from billing_platform.local.razorpay.addresses import is_public


def _required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"The Razorpay sandbox needs the environment variable {name}.")
    return value


def _test_key(key_id: str) -> str:
    """Nobody may believe that a payment here was one."""
    if not key_id.startswith("rzp_test_"):
        raise ImproperlyConfigured(
            "The Razorpay sandbox takes test keys only: RAZORPAY_KEY_ID must start with rzp_test_."
        )
    return key_id


def _not_public(name: str, url: str) -> str:
    """The sandbox tells nobody on the internet of payments that it made up."""
    if is_public(url):
        raise ImproperlyConfigured(f"The Razorpay sandbox is for local use: {name} must not be a public address.")
    return url


if os.environ.get("ENVIRONMENT", "").strip().lower() == "production":
    raise ImproperlyConfigured("The Razorpay sandbox does not run where ENVIRONMENT is production.")

SANDBOX_DIR = Path(_required("SANDBOX_DIR"))
SANDBOX_BASE_URL = _not_public("SANDBOX_BASE_URL", _required("SANDBOX_BASE_URL").rstrip("/"))
SANDBOX_WEBHOOK_URL = _not_public("SANDBOX_WEBHOOK_URL", os.environ.get("SANDBOX_WEBHOOK_URL", ""))
SANDBOX_MERCHANT_NAME = os.environ.get("SANDBOX_MERCHANT_NAME", "Sandbox merchant")
RAZORPAY_KEY_ID = _test_key(_required("RAZORPAY_KEY_ID"))
RAZORPAY_KEY_SECRET = _required("RAZORPAY_KEY_SECRET")
RAZORPAY_WEBHOOK_SECRET = os.environ.get("RAZORPAY_WEBHOOK_SECRET", "")

# Nothing is signed with Django's key here: there are no sessions, cookies or tokens.
SECRET_KEY = RAZORPAY_KEY_SECRET
DEBUG = False
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    urlsplit(SANDBOX_BASE_URL).hostname or "localhost",
    *filter(None, os.environ.get("SANDBOX_HOSTS", "").split(",")),
]

INSTALLED_APPS = ["billing_platform.local.razorpay.apps.SandboxConfig"]
# No CommonMiddleware: the SDK follows redirects, so a slash redirect would hide a wrong URL.
MIDDLEWARE = ["billing_platform.local.razorpay.faults.FaultMiddleware"]
ROOT_URLCONF = "billing_platform.local.razorpay.urls"
APPEND_SLASH = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": SANDBOX_DIR / "sandbox.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # IMMEDIATE: two captures of one payment queue up instead of both reading "authorized".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}

USE_TZ = True
TIME_ZONE = "Asia/Kolkata"  # dates on pages; all else is unix seconds

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "sandbox %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # A 400 is an ordinary answer of this API, not news.
    "loggers": {"django.request": {"level": "ERROR"}},
}
