"""System checks: what a production set-up lacks, each with what to do."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from reconciliation.proof.signatures import NoSigningKey, own_public_key

_NO_SECRET_KEY = checks.Error(
    "SECRET_KEY is not set.", hint="Set SECRET_KEY to 50+ random characters.", id="billing_platform.E001"
)
_NO_HTTPS = checks.Error(
    "SITE_URL is not an https:// address.",
    hint="Set SITE_URL=https://billing.example.com.",
    id="billing_platform.E002",
)
_ONLY_THIS_MACHINE = checks.Error(
    "ALLOWED_HOSTS names only this machine.",
    hint="Set ALLOWED_HOSTS=billing.example.com.",
    id="billing_platform.E003",
)
_NO_GATEWAY = checks.Warning(
    "The environment has no keys of Razorpay.",
    hint="Set RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET, unless every seller has keys of its own.",
    id="billing_platform.W002",
)
_NO_SIGNING_KEY = checks.Error(
    "PROOF_SIGNING_KEY is not set, or is no key: no daily statements are made.",
    hint="`manage.py proof_key` makes a key. Keep a copy of it where you keep SECRET_KEY.",
    id="billing_platform.E006",
)
_NO_SMTP = checks.Warning(
    "E-mails are not sent: there is neither a mail server nor a provider.",
    hint="Set EMAIL_URL=smtp+tls://user:password@host:587, or EMAIL_PROVIDER.",
    id="billing_platform.W001",
)


def register() -> None:
    checks.register(check_deployment, deploy=True)
    checks.register(check_gateway)


def check_deployment(**_: Any) -> list[checks.CheckMessage]:
    """Checks that `manage.py check --deploy` runs."""
    found = (
        (not settings.SECRET_KEY_IS_SET, _NO_SECRET_KEY),
        (not settings.SITE_URL.startswith("https://"), _NO_HTTPS),
        (set(settings.ALLOWED_HOSTS) <= {"127.0.0.1", "localhost"}, _ONLY_THIS_MACHINE),
        (not _can_sign(), _NO_SIGNING_KEY),
        (not settings.RAZORPAY_KEY_ID, _NO_GATEWAY),
        (not settings.EMAIL_PROVIDER and not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"), _NO_SMTP),
    )
    return [message for is_lacking, message in found if is_lacking]


def _can_sign() -> bool:
    try:
        return bool(own_public_key())
    except NoSigningKey:
        return False


def check_gateway(**_: Any) -> list[checks.CheckMessage]:
    """Report Razorpay keys without a webhook secret: payments would be collected and never recorded."""
    if settings.RAZORPAY_KEY_ID and not (settings.RAZORPAY_KEY_SECRET and settings.RAZORPAY_WEBHOOK_SECRETS):
        return [
            checks.Error(
                "RAZORPAY_KEY_ID is set, but its secret or the webhook secret is not.",
                hint="Set RAZORPAY_KEY_SECRET and RAZORPAY_WEBHOOK_SECRET.",
                id="billing_platform.E005",
            )
        ]
    return []
