"""All settings. Environment variables hold everything that differs between machines (see .env.example)."""

from __future__ import annotations

import secrets
from decimal import Decimal
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from redis.backoff import NoBackoff
from redis.retry import Retry

from billing_platform.lib import object_storage

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- what this is ---------------------------------------------------------------------------------------------------

VERSION = "0.1.0"
DEBUG = env.bool("DEBUG", default=False)
ENVIRONMENT = env.str("ENVIRONMENT", default="production")  # a label: shown in the admin and written in every log line
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

# Without SECRET_KEY each process makes up its own: nobody stays signed in, but nobody can forge a session either.
# `check --deploy` reports it (billing_platform.E001).
SECRET_KEY_IS_SET = bool(env.str("SECRET_KEY", default=""))
SECRET_KEY = env.str("SECRET_KEY", default="") or secrets.token_urlsafe(50)
# What encrypts secrets in the database, newest first. Without it SECRET_KEY does, which then can't be changed alone.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[]) or [SECRET_KEY]
# What signs the daily statements (docs/proof.md): an Ed25519 seed in base64. `manage.py proof_key` makes one.
PROOF_SIGNING_KEY = env.str("PROOF_SIGNING_KEY", default="").strip()
PROOF_PUBLIC_KEYS = env.list("PROOF_PUBLIC_KEYS", default=[])  # of earlier keys, which are believed as well
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

# --- applications ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "billing_platform.apps.BillingPlatformConfig",
    "unfold.apps.BasicAppConfig",  # its default config would replace our site
    "unfold.contrib.filters",
    "billing_platform.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "auditlog",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "djmoney",
    "organisations.apps.OrganisationsConfig",
    "events.apps.EventsConfig",
    "invoicing.apps.InvoicingConfig",
    "payments.apps.PaymentsConfig",
    "reconciliation.apps.ReconciliationConfig",
]

# Usage events and webhooks bypass the middleware: billing_platform/http/fast_path.py does what they need of it.
MIDDLEWARE = [
    "billing_platform.http.middleware.RequestIdMiddleware",
    "billing_platform.http.middleware.AccessLogMiddleware",
    "billing_platform.http.refused_bodies.RefusedBodyMiddleware",
    "billing_platform.http.middleware.UnreadBodyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "billing_platform.http.middleware.AnswerHeadersMiddleware",
    "billing_platform.http.middleware.SlashlessApiMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organisations.audit.AuditOriginMiddleware",
    "organisations.access.throttling.RateLimitHeadersMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "organisations.operators_clock.OperatorsClockMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "billing_platform.urls"
WSGI_APPLICATION = "billing_platform.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database -------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql://postgres@127.0.0.1:5432/billing")}
DATABASES["default"].update(
    {
        "ENGINE": "django.db.backends.postgresql",
        # Transactions are short, except in settling. If a lock is not free within ten seconds, something is wrong, and
        # an error is better than a request that hangs.
        "OPTIONS": {
            **DATABASES["default"].get("OPTIONS", {}),
            "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=120s",
        },
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        # Django's server-side cursors outlive their transaction, which a transaction-pooling PgBouncer can't allow.
        # The one that settling declares (claim_chunk.sql) ends with its transaction.
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
)

# Where pg_dump and pg_restore are, for backups; empty: looked for.
POSTGRESQL_BIN = env.str("POSTGRESQL_BIN", default="")

# --- cache and broker (Valkey or Redis) -----------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# The rate limit uses the cache on every request: a cache that hangs must fail soon.
CACHES = {
    "default": {
        "BACKEND": "billing_platform.lib.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 1)},
    }
}

# What makes single usage events and webhooks fast, and can be turned off when it is suspected of a fault: requests past
# Django's handler and middleware (http/fast_path.py), commits that requests share and the prepared INSERT (events/
# services/accepting.py, payments/inbox/storing.py), the rate limit counted in blocks (organisations/access/
# throttling.py), and one cache client for each server (lib/cache.py). Nothing but speed depends on it.
FAST_PATH = env.bool("FAST_PATH", default=True)
if not FAST_PATH:
    CACHES["default"]["BACKEND"] = "django.core.cache.backends.redis.RedisCache"

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Seconds after which Redis gives an unacknowledged task to another worker: more than the longest time limit.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# --- people and keys ------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["organisations.access.backends.MembershipBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=12 * 3600)

RATE_LIMITS = {
    "project_key": env.str("RATE_LIMIT_PROJECT_KEY", default="1000/m"),
    "admin_key": env.str("RATE_LIMIT_ADMIN_KEY", default="30/m"),
    "sign_in": env.str("RATE_LIMIT_SIGN_IN", default="5/15m"),
    "sign_in_account": env.str("RATE_LIMIT_SIGN_IN_ACCOUNT", default="50/h"),
}
PORTAL_LINK_DAYS = env.int("PORTAL_LINK_DAYS", default=30)  # that a link to the customer portal is good for
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)  # number of our own proxies in X-Forwarded-For

AUDITLOG_MASK_CALLABLE = "organisations.audit.masked"
AUDITLOG_CID_GETTER = "billing_platform.lib.http.request_id.current_request_id"

# --- web processes (billing_platform/rsgi.py) -------------------------------------------------------------------

WEB_THREADS = env.int("WEB_THREADS", default=16)  # of each process; each keeps a database connection
WEB_BODY_SECONDS = env.int("WEB_BODY_SECONDS", default=30)  # within which a request's body has to arrive

# --- HTTP API -------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["organisations.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["organisations.access.permissions.AdminKeyPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["organisations.access.throttling.ApiKeyThrottle"],
    "DEFAULT_PAGINATION_CLASS": "billing_platform.lib.http.parameters.Pagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["billing_platform.lib.http.bodies.ExactJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "billing_platform.lib.http.api.exception_handler",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is a 405 like any other method that isn't there; OpenAPI describes us
    "COERCE_DECIMAL_TO_STRING": True,
    "URL_FORMAT_OVERRIDE": None,  # ?format=csv is answered by the views that offer it
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Metrics Billing Platform",
    "DESCRIPTION": "Usage events in, GST-correct invoices and collected money out.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "PREPROCESSING_HOOKS": ["billing_platform.http.openapi.only_versioned"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "billing_platform.http.openapi.with_errors",
        "billing_platform.http.openapi.with_examples",
        "billing_platform.http.openapi.with_safe_repeats",
        "billing_platform.http.webhook_document.with_webhooks",
    ],
    "ENUM_NAME_OVERRIDES": {
        "OrganisationLanguage": "organisations.models.Organisation.Language",
        "EmailState": "organisations.models.EmailState",
        "PortalLinkCause": "organisations.models.PortalLink.Cause",
        "TemplateLabels": "invoicing.models.invoice_template.LANGUAGES",
        "InvoiceStatus": "invoicing.models.Invoice.Status",
        "LineItemKind": "invoicing.models.InvoiceLine.Kind",
        "InvoicePdfState": "invoicing.models.Invoice.PdfState",
        "CreditNoteKind": "invoicing.models.CreditNote.Kind",
        "CreditNoteReason": "invoicing.models.CreditNote.Reason",
        "CreditNotePdfState": "invoicing.models.CreditNote.PdfState",
        "BillingRunItemStatus": "invoicing.models.BillingRunItem.Status",
        "PaymentStatus": "payments.models.Payment.Status",
        "PaymentOrderStatus": "payments.models.PaymentOrder.Status",
        "AlertRuleKind": "events.models.AlertRule.Kind",
        "AlertState": "events.models.Alert.State",
        "UsageImportStatus": "events.models.UsageImport.Status",
        "UsageCorrectionAction": "events.models.UsageCorrection.Action",
        "ReconciliationCheck": "reconciliation.models.CheckName",
        "DiscrepancyAction": "reconciliation.services.resolving.Action",
    },
}

# --- usage events ---------------------------------------------------------------------------------------------------

EVENTS_DEDUP_WINDOW_DAYS = env.int("EVENTS_DEDUP_WINDOW_DAYS", default=35)
EVENTS_HORIZON_DAYS = env.int("EVENTS_HORIZON_DAYS", default=90)
EVENTS_HOT_RETENTION_DAYS = env.int("EVENTS_HOT_RETENTION_DAYS", default=7)
EVENTS_MAX_METRICS = env.int("EVENTS_MAX_METRICS", default=1000)  # registered automatically, per organisation
EVENTS_MAX_BATCH = 10_000
EVENTS_MAX_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = EVENTS_MAX_BYTES + 1024

# --- billing runs ---------------------------------------------------------------------------------------------------

# When a run parks a month for somebody to look at (invoicing/computing/safety_bounds.py); a customer may have its own.
SAFETY_BOUND_TIMES = Decimal(env.str("SAFETY_BOUND_TIMES", default="3"))  # times the usual, or a part of it; 0: any
SAFETY_BOUND_LINES = env.int("SAFETY_BOUND_LINES", default=500)
# Largest totals with tax, and totals too small to compare, by currency: INR=1000,USD=10. Another currency has none.
_LARGEST = {"INR": "10000000", "USD": "100000", "EUR": "100000", "GBP": "100000"}
_SMALL = {"INR": "100", "USD": "1", "EUR": "1", "GBP": "1"}
SAFETY_BOUND_TOTALS = {code: Decimal(most) for code, most in env.dict("SAFETY_BOUND_TOTALS", default=_LARGEST).items()}
SAFETY_BOUND_SMALL = {code: Decimal(small) for code, small in env.dict("SAFETY_BOUND_SMALL", default=_SMALL).items()}

# --- reconciliation -------------------------------------------------------------------------------------------------

# Who gets the summary of the daily run. Empty: those who may decide about discrepancies of all customers.
RECONCILIATION_MAIL_TO = env.list("RECONCILIATION_MAIL_TO", default=[])
RECONCILIATION_MAIL_ALWAYS = env.bool("RECONCILIATION_MAIL_ALWAYS", default=False)  # also if all agrees

# --- exchange rates -------------------------------------------------------------------------------------------------

FBIL_BASE_URL = env.str("FBIL_BASE_URL", default="https://www.fbil.org.in/wasdm").rstrip("/")
ECB_BASE_URL = env.str("ECB_BASE_URL", default="https://www.ecb.europa.eu/stats/eurofxref").rstrip("/")

# --- GST ------------------------------------------------------------------------------------------------------------

GST_PORTAL_VERSION = env.str("GST_PORTAL_VERSION", default="GST3.2.4")  # of the offline tool, as its files say it
GST_SAC_DIGITS = env.int("GST_SAC_DIGITS", default=6)  # that table 12 asks for: 4 up to a turnover of 5 crore
GSTIN_CHECK_DAYS = env.int("GSTIN_CHECK_DAYS", default=180)  # a GSTIN is looked up again after; 0: never

# --- e-invoices (invoicing/irp) -----------------------------------------------------------------------------------

# A provider (GSP) through which IRNs are fetched; empty: they are uploaded or typed in.
IRP_URL = env.str("IRP_URL", default="").rstrip("/")
IRP_CLIENT_ID = env.str("IRP_CLIENT_ID", default="").strip()
IRP_CLIENT_SECRET = env.str("IRP_CLIENT_SECRET", default="").strip()
IRP_LOGINS = env.json("IRP_LOGINS", default={})  # {"29AAACA1234A1ZG": {"username": "…", "password": "…"}}
IRP_TIMEOUT_SECONDS = (3.05, 25)
IRP_PUBLIC_KEY = env.str("IRP_PUBLIC_KEY", default="", multiline=True)  # the portal's, in PEM: signatures are checked

# --- payments -------------------------------------------------------------------------------------------------------

RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", default="").strip()  # a trailing space is a known "Authentication failed"
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", default="").strip()
RAZORPAY_WEBHOOK_SECRETS = env.list("RAZORPAY_WEBHOOK_SECRET", default=[])  # newest first; old ones during a rotation
RAZORPAY_BASE_URL = env.str("RAZORPAY_BASE_URL", default="https://api.razorpay.com").rstrip("/")
RAZORPAY_CHECKOUT_URL = env.str("RAZORPAY_CHECKOUT_URL", default="https://checkout.razorpay.com/v1/checkout.js")
RAZORPAY_TIMEOUT_SECONDS = (3.05, 20)

# --- outgoing webhooks (organisations/webhooks) -------------------------------------------------------------------

# Also http, and receivers on this machine: for `make run` and tests. Never where customers may type a URL.
WEBHOOKS_TO_THIS_MACHINE = env.bool("WEBHOOKS_TO_THIS_MACHINE", default=False)
WEBHOOKS_RETENTION_DAYS = env.int("WEBHOOKS_RETENTION_DAYS", default=90)  # how long messages and tries are stored

# --- bulk jobs (organisations/services/bulk): above either, the operator types the number of rows to confirm ---------

BULK_TYPED_ABOVE_ROWS = env.int("BULK_TYPED_ABOVE_ROWS", default=50)
BULK_TYPED_ABOVE_RUPEES = env.int("BULK_TYPED_ABOVE_RUPEES", default=1_000_000)

# --- e-mail ---------------------------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20
# A provider that django-anymail knows ("mailgun", "postmark", "amazon_ses"), with its keys as ANYMAIL wants them. It
# then tells what became of each e-mail, at /api/v1/webhooks/email/<provider>. Without one, e-mails go to EMAIL_URL.
EMAIL_PROVIDER = env.str("EMAIL_PROVIDER", default="")
ANYMAIL = env.json("ANYMAIL", default={})  # {"MAILGUN_API_KEY": "…", "MAILGUN_WEBHOOK_SIGNING_KEY": "…"}
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="billing@localhost")

# --- files ----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_DIR", default=str(VAR_DIR / "static")))
MEDIA_ROOT = VAR_DIR / "media"  # documents are served through views that check permissions, never as /media/
STORAGES = {
    "default": {"BACKEND": env.str("FILE_STORAGE", default="django.core.files.storage.FileSystemStorage")},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "OPTIONS": {
            "file_permissions_mode": 0o644
        },  # everybody may read them: in an image root collects, another serves
    },
}
if S3_BUCKET := env.str("S3_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": object_storage.BACKEND,
        "OPTIONS": object_storage.s3_options(
            bucket=S3_BUCKET,
            endpoint=env.str("S3_ENDPOINT_URL", default=""),
            region=env.str("S3_REGION", default=""),
            access_key=env.str("S3_ACCESS_KEY_ID", default=""),
            secret_key=env.str("S3_SECRET_ACCESS_KEY", default=""),
            prefix=env.str("S3_PREFIX", default=""),
        ),
    }
FILE_UPLOAD_PERMISSIONS = 0o640
# Where fonts of more scripts are looked for; the same on each machine.
DOCUMENT_FONT_DIRS = env.list(
    "DOCUMENT_FONT_DIRS",
    default=["/usr/share/fonts/truetype/noto", "/usr/share/fonts/noto", "/usr/share/fonts/google-noto"],
)

# --- language and time ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
LANGUAGES = [(LANGUAGE_CODE, "English"), ("hi", "Hindi")]  # of e-mails: docs/decisions/0016-translate-with-gettext.md
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["billing_platform.lib.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- transport security ---------------------------------------------------------------------------------------------

SECURE = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "billing_platform.http.error_pages.csrf_failed"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE)
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics$"]  # load balancers and Prometheus ask inside, over plain HTTP
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if SECURE else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

# --- logs -----------------------------------------------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: /metrics answers only on the machine itself
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "billing_platform.observability.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"level": "ERROR"}, "django.server": {"level": "WARNING"}},
}

# --- operators' admin -----------------------------------------------------------------------------------------------

from billing_platform.backoffice.theme import UNFOLD  # noqa: E402, F401  (a file of its own: looks, not behaviour)

if not DATABASES["default"].get("NAME"):
    raise ImproperlyConfigured("DATABASE_URL names no database.")
