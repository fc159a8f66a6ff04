"""What runs: the processes of the platform and the environment they share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from billing_platform.local.embedded import Services

CHECKOUT = Path(__file__).resolve().parents[2]
MARK = "BILLING_STARTED_FROM"  # how processes that outlived their launcher are known again

WEB_WORKERS = 2
WEB_CONNECTIONS = 400  # of each process, idle ones included: they cost no thread
RAZORPAY_SANDBOX = "billing_platform.local.razorpay.wsgi:application"  # by name: neither side imports the other
RECEIVER = "billing_platform.local.receiver:application"
SANDBOX_THREADS, RECEIVER_THREADS = 8, 4
MOST_WORKER_PROCESSES = 4
# glibc would keep the ten megabytes that a large request gave back, in each thread.
GIVE_BACK_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
AS_ROOT = "You're running the worker with superuser privileges"  # in a container, as people do: not news


@dataclass(frozen=True)
class Addresses:
    """Where people and scripts find the web process and, if they run, the sandbox and the receiver of webhooks."""

    base_url: str
    sandbox_url: str | None
    receiver_url: str | None = None


def environment(*, var_dir: Path, services: Services, addresses: Addresses, secrets: dict[str, str]) -> dict[str, str]:
    """Defaults of a local run; whatever is set outside wins."""
    base, sandbox = addresses.base_url, addresses.sandbox_url
    defaults = {
        **GIVE_BACK_MEMORY,
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "WARNING",  # the terminal is for people: a line for each request would hide what matters
        "SECRET_KEY": secrets["SECRET_KEY"],
        "PROOF_SIGNING_KEY": secrets["PROOF_SIGNING_KEY"],
        "SITE_URL": base,
        "WEBHOOKS_TO_THIS_MACHINE": "true",  # so that a program beside it can be their receiver
        "EMAIL_URL": f"filemail:///{quote(str(var_dir / 'mail'))}",
    }
    fixed = {
        MARK: str(var_dir),
        "VAR_DIR": str(var_dir),
        "PROMETHEUS_MULTIPROC_DIR": str(var_dir / "prometheus"),
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "DJANGO_SETTINGS_MODULE": "billing_platform.settings",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": _with_loopback(os.environ.get("NO_PROXY") or os.environ.get("no_proxy", "")),
    }
    fixed["no_proxy"] = fixed["NO_PROXY"]  # requests prefers the lower-case one
    if sandbox:
        fixed |= {name: value for name, value in secrets.items() if name.startswith("RAZORPAY_")}
        fixed |= {
            "RAZORPAY_BASE_URL": sandbox,
            "RAZORPAY_CHECKOUT_URL": f"{sandbox}/v1/checkout.js",
            "SANDBOX_BASE_URL": sandbox,
            "SANDBOX_DIR": str(var_dir / "sandbox"),
            "SANDBOX_WEBHOOK_URL": f"{base}/api/v1/webhooks/razorpay",
        }
    return defaults | dict(os.environ) | fixed


def commands(addresses: Addresses) -> dict[str, list[str]]:
    """Name → command line. `python -m`, because scripts in a moved .venv point nowhere."""
    celery = [sys.executable, "-W", f"ignore:{AS_ROOT}", "-m", "celery", "--app", "billing_platform", "--quiet"]
    processes = min(MOST_WORKER_PROCESSES, os.cpu_count() or 1)
    table = {
        "web": web(addresses.base_url),
        "worker": [*celery, "worker", "--loglevel", "warning", "--concurrency", str(processes), "--without-gossip"],
        "beat": [
            *[*celery, "beat", "--loglevel", "warning", "--pidfile="],  # no pid file: it would be stale after kill -9
            *["--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"],
        ],
    }
    if addresses.sandbox_url:
        table["sandbox"] = granian(RAZORPAY_SANDBOX, addresses.sandbox_url, workers=1, threads=SANDBOX_THREADS)
    if addresses.receiver_url:
        table["receiver"] = granian(RECEIVER, addresses.receiver_url, workers=1, threads=RECEIVER_THREADS)
    return table


def source_directories() -> list[Path]:
    """Where the code is that these processes run: our packages, and the templates."""
    packages = [file.parent for file in CHECKOUT.glob("*/apps.py")]
    return [*sorted(packages), CHECKOUT / "templates"]


def web(address: str, *, workers: int = WEB_WORKERS) -> list[str]:
    """How the platform is served, also under load tests. Its own threads: WEB_THREADS of the settings."""
    return _granian("rsgi", "billing_platform.rsgi:application", address, workers, WEB_CONNECTIONS)


def granian(application: str, address: str, *, workers: int = WEB_WORKERS, threads: int = 16) -> list[str]:
    """A WSGI application, such as the sandbox."""
    return _granian("wsgi", application, address, workers, threads * 4, "--blocking-threads", str(threads))


def _granian(interface: str, application: str, address: str, workers: int, connections: int, *more: str) -> list[str]:
    """`--backpressure` is how many connections a process takes at a time, idle ones included."""
    return [
        *[sys.executable, "-m", "granian", "--interface", interface, "--no-ws", "--log-level", "error"],
        *["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--workers", str(workers)],
        *["--backpressure", str(connections), "--respawn-failed-workers", "--workers-kill-timeout", "10"],
        *[*more, application],
    ]


def _with_loopback(no_proxy: str) -> str:
    hosts = [host for host in no_proxy.split(",") if host]
    return ",".join([*hosts, *({"127.0.0.1", "localhost"} - set(hosts))])
