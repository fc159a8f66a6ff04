"""What each environment variable means: docs/settings.md and deploy/env.example are made from this and from the code.

Type and default are read from the lines of the settings that read a variable (local/settings_reference.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` is in words, where the default in the code is no plain value. A variable with an `example` is what a
    production set-up has to set, or nearly always does."""

    name: str
    meaning: str
    default: str = ""
    secret: bool = False
    example: str | None = None


VARIABLES = (
    Variable("DEBUG", "Django's debug pages; never in production"),
    Variable("ENVIRONMENT", "a label, shown in the admin and in every log line"),
    Variable(
        "VAR_DIR",
        "the directory for everything that is written to this machine",
        default="`var`",
        example="/var/lib/billing",
    ),
    Variable(
        "SECRET_KEY",
        "signs sessions; 50 or more random characters, the same for all processes",
        default="a different one in each process",
        secret=True,
        example="",
    ),
    Variable(
        "ENCRYPTION_KEYS",
        "encrypts secrets that are typed into the admin (keys of Razorpay); each of 50 or more random "
        "characters, newest first, comma-separated",
        default="`SECRET_KEY`",
        secret=True,
        example="",
    ),
    Variable(
        "PROOF_SIGNING_KEY",
        "signs the daily statements; `manage.py proof_key` makes one, see [proof.md](proof.md)",
        default="none: no statements are made",
        secret=True,
        example="",
    ),
    Variable("PROOF_PUBLIC_KEYS", "public keys of earlier signing keys, comma-separated: what they signed is believed"),
    Variable(
        "ALLOWED_HOSTS",
        "host names that the platform answers to, comma-separated",
        default="this machine",
        example="billing.example.com",
    ),
    Variable(
        "SITE_URL",
        "the address that people and e-mails use; `https://` switches on secure cookies, the redirect to"
        " https and HSTS",
        example="https://billing.example.com",
    ),
    Variable("CSRF_TRUSTED_ORIGINS", "origins from which forms are accepted", default="`SITE_URL`"),
    Variable(
        "DATABASE_URL",
        "PostgreSQL; `make run` starts its own without it",
        secret=True,
        example="postgresql://billing:password@127.0.0.1:5432/billing",
    ),
    Variable("CONN_MAX_AGE", "seconds that a thread keeps its connection"),
    Variable("POSTGRESQL_BIN", "the folder of pg_dump and pg_restore, for backups", default="looked for"),
    Variable(
        "REDIS_URL",
        "Valkey or Redis: queue, cache, rate limits; `make run` starts its own without it",
        secret=True,
        example="redis://127.0.0.1:6379/0",
    ),
    Variable(
        "FAST_PATH",
        "`off` sends single usage events through all of Django's middleware, each with a commit of its "
        "own: slower, otherwise the same ([decision 8](decisions/0008-single-events-take-a-fast-"
        "path.md))",
    ),
    Variable("SESSION_COOKIE_AGE", "seconds that a sign-in lasts", default="`43200`"),
    Variable("RATE_LIMIT_PROJECT_KEY", "requests per project key"),
    Variable("RATE_LIMIT_ADMIN_KEY", "requests per admin key"),
    Variable("RATE_LIMIT_SIGN_IN", "failed sign-ins per address"),
    Variable(
        "RATE_LIMIT_SIGN_IN_ACCOUNT",
        "failed sign-ins per account, from all addresses; a browser that has signed in to the account "
        "before is not limited",
    ),
    Variable("PORTAL_LINK_DAYS", "days that a link to the customer portal is good for, 1 to 365"),
    Variable("TRUSTED_PROXY_COUNT", "number of your own proxies in `X-Forwarded-For`", example="1"),
    Variable("WEB_THREADS", "threads of a web process over RSGI; each holds a database connection"),
    Variable(
        "WEB_BODY_SECONDS",
        "over RSGI, the seconds within which a request's body has to arrive; otherwise the answer is 408",
    ),
    Variable("EVENTS_DEDUP_WINDOW_DAYS", "number of days within which an event with the same id is a duplicate"),
    Variable("EVENTS_HORIZON_DAYS", "events that happened more days ago are rejected"),
    Variable("EVENTS_HOT_RETENTION_DAYS", "days that the hot log is retained; then a day is dropped if it is verified"),
    Variable(
        "EVENTS_MAX_METRICS",
        "metrics that are registered automatically, per organisation; events of further metrics become dead letters",
    ),
    Variable(
        "SAFETY_BOUND_TIMES",
        "a billing run parks a month whose total is more than so many times the usual, or less than such"
        " a part of it; 0: any total",
    ),
    Variable("SAFETY_BOUND_LINES", "lines of a month's invoice above which it is parked"),
    Variable(
        "SAFETY_BOUND_TOTALS",
        "totals with tax, by currency, above which a month is parked",
        default="`INR=10000000,USD=100000,EUR=100000,GBP=100000`",
    ),
    Variable(
        "SAFETY_BOUND_SMALL",
        "totals with tax, by currency, that are too small to be compared with the usual",
        default="`INR=100,USD=1,EUR=1,GBP=1`",
    ),
    Variable(
        "RECONCILIATION_MAIL_TO",
        "who gets the summary of the daily reconciliation, comma-separated",
        default="those who may decide about discrepancies of all customers",
    ),
    Variable("RECONCILIATION_MAIL_ALWAYS", "send it also if all agrees and nothing has changed"),
    Variable("FBIL_BASE_URL", "another address of the rates of FBIL, such as a mirror inside your network"),
    Variable("ECB_BASE_URL", "another address of the rates of the European Central Bank"),
    Variable("GST_PORTAL_VERSION", "the version of the portal's offline tool that GSTR-1 files name"),
    Variable(
        "GST_SAC_DIGITS",
        "digits of a service code that table 12 asks for, so that an invoice with a shorter one is not "
        "issued: 4 up to a turnover of 5 crore",
    ),
    Variable(
        "GSTIN_CHECK_DAYS", "days after which a customer's GSTIN is to be looked up on the GST portal again; 0: never"
    ),
    Variable("IRP_URL", "the provider (GSP) through which IRNs are fetched; without it they are uploaded or typed in"),
    Variable("IRP_CLIENT_ID", "how the provider knows this installation"),
    Variable("IRP_CLIENT_SECRET", "the secret of this installation at the provider", secret=True),
    Variable(
        "IRP_LOGINS",
        'JSON: the provider\'s log-in of each seller, `{"29AAACA1234A1ZG": {"username": "…", "password": "…"}}`',
        secret=True,
    ),
    Variable(
        "IRP_PUBLIC_KEY",
        "the portal's public key in PEM: signatures are then checked. From a certificate: `openssl x509 "
        "-pubkey -noout -in portal.cer`",
    ),
    Variable(
        "RAZORPAY_KEY_ID",
        "Razorpay's API key, for sellers without keys of their own; without one nothing is collected "
        "online there, and `make run` starts the sandbox",
        example="",
    ),
    Variable("RAZORPAY_KEY_SECRET", "its secret", secret=True, example=""),
    Variable(
        "RAZORPAY_WEBHOOK_SECRET",
        "the secret that webhooks are signed with; during a rotation several, newest first, comma-separated",
        secret=True,
        example="",
    ),
    Variable("RAZORPAY_BASE_URL", "another address of Razorpay's API, for tests"),
    Variable("RAZORPAY_CHECKOUT_URL", "the checkout script of the pay page"),
    Variable(
        "WEBHOOKS_TO_THIS_MACHINE",
        "lets outgoing webhooks go to http URLs and to this machine: for trying out, never in production",
    ),
    Variable("WEBHOOKS_RETENTION_DAYS", "how long messages of outgoing webhooks, and what came back, are stored"),
    Variable(
        "BULK_TYPED_ABOVE_ROWS",
        "above so many rows, whoever confirms what is done to many rows of a list types their number",
    ),
    Variable(
        "BULK_TYPED_ABOVE_RUPEES",
        "the same above so many rupees in all; one of another currency counts as a hundred rupees",
    ),
    Variable(
        "EMAIL_URL",
        "how e-mails are sent: `smtp+tls://user:password@host:587`",
        default="the console",
        secret=True,
        example="smtp+tls://user:password@mail.example.com:587",
    ),
    Variable(
        "EMAIL_PROVIDER",
        "a provider that django-anymail knows (`mailgun`, `postmark`, `amazon_ses`, `sendgrid` …), in place of "
        "`EMAIL_URL`; wants the extra `mail-providers`",
        default="none",
    ),
    Variable(
        "ANYMAIL",
        'the provider\'s keys, `{"MAILGUN_API_KEY": "…", "MAILGUN_WEBHOOK_SIGNING_KEY": "…"}`',
        secret=True,
    ),
    Variable(
        "DEFAULT_FROM_EMAIL",
        "the sender of every e-mail; a seller's own address goes into Reply-To",
        example="billing@example.com",
    ),
    Variable(
        "STATIC_DIR",
        "where `collectstatic` puts the static files, and web finds them",
        default="`VAR_DIR`/static",
    ),
    Variable(
        "FILE_STORAGE",
        "dotted path of a Django storage class, for PDFs and logos",
        default="files under `VAR_DIR`/media",
    ),
    Variable("S3_BUCKET", "store PDFs and logos in this bucket of an S3-compatible storage instead; leave it private"),
    Variable("S3_ENDPOINT_URL", "where it is, if not at AWS: MinIO, Ceph, R2 and others", default="AWS"),
    Variable("S3_REGION", "the region of the bucket", default="AWS"),
    Variable(
        "S3_ACCESS_KEY_ID", "a key that may read, write and delete objects of the bucket", default="the machine's role"
    ),
    Variable("S3_SECRET_ACCESS_KEY", "its secret", default="the machine's role", secret=True),
    Variable("S3_PREFIX", "put before each name, where several installations share a bucket"),
    Variable(
        "DOCUMENT_FONT_DIRS", "where fonts of more scripts are looked for, comma-separated; the same for web and worker"
    ),
    Variable("SECURE_SSL_REDIRECT", "redirect http to https (not `/health` and `/metrics`)", default="as `SITE_URL`"),
    Variable("SECURE_HSTS_SECONDS", "duration of HSTS, in seconds", default="a year with https"),
    Variable("BEHIND_TLS_PROXY", "trust the header `X-Forwarded-Proto`", example="true"),
    Variable(
        "METRICS_TOKEN",
        "the bearer token that `/metrics` requires; without a token, `/metrics` answers only on the "
        "machine itself and not through a proxy",
        secret=True,
    ),
    Variable("LOG_LEVEL", "the least severe level that is logged"),
    Variable(
        "PROMETHEUS_MULTIPROC_DIR",
        "an empty directory, the same for all processes of a machine: `/metrics` then counts them all",
        default="none",
    ),
    Variable(
        "DEMO",
        "0: `make run` makes no demo data but one admin, and the set-up checklist says what is needed",
        default="`1`",
    ),
    Variable("PORT", "the port that `make run` uses if it is free", default="`8000`"),
)
