"""Settings of the tests: the real ones, with a fast hasher and mail kept in memory."""

import os

from billing_platform.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
RAZORPAY_KEY_ID = RAZORPAY_KEY_ID or "rzp_test_sandbox0000001"  # noqa: F405
RAZORPAY_KEY_SECRET = RAZORPAY_KEY_SECRET or "test_secret_123"  # noqa: F405
RAZORPAY_WEBHOOK_SECRETS = RAZORPAY_WEBHOOK_SECRETS or ["whsec_local"]  # noqa: F405
if template := os.environ.get("TEST_TEMPLATE"):  # tests.template made it
    DATABASES["default"]["TEST"] = {"TEMPLATE": template}  # noqa: F405
MEDIA_ROOT = VAR_DIR / "test-media" / os.environ.get("PYTEST_XDIST_WORKER", "alone")  # noqa: F405
DOCUMENT_FONT_DIRS: list[str] = []  # whatever this machine has, the tests find the same
LOG_LEVEL = "WARNING"
LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]  # noqa: F405
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]  # noqa: F405  (nothing is collected for tests)
PROOF_SIGNING_KEY = "dGVzdHMgc2lnbiB0aGVpciBkYWlseSBzdGF0ZW1lbnQ="  # 32 bytes that everybody may read
