"""Prometheus metrics: counters of the processes, and the number of waiting rows in the database."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from billing_platform.backup.manifest import LAST_BACKUP_KEY
from billing_platform.lib import clock
from billing_platform.lib.http.api import error_response
from billing_platform.lib.http.client_ip import client_ip
from billing_platform.tasks import HEARTBEAT_KEY
from events.selectors.backlog import hot_log_days_retained, settle_backlog
from organisations.models import Notification
from organisations.webhooks.last_days import backlog
from payments.selectors import outages, webhook_backlog
from reconciliation.selectors.backlog import last_run_age_seconds, open_by_check


class QueueCollector(Collector):
    """Counts waiting rows at each scrape; each query uses a small partial index."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        backlog = settle_backlog()
        yield GaugeMetricFamily("billing_settle_pending_batches", "Batches not settled yet.", backlog.pending)
        yield GaugeMetricFamily(
            "billing_settle_oldest_seconds", "Age of the oldest batch not tried yet.", backlog.oldest_age_seconds
        )
        yield GaugeMetricFamily("billing_settle_failing", "Batches that failed and are tried again.", backlog.failing)
        yield GaugeMetricFamily("billing_settle_quarantined", "Batches that can't be settled.", backlog.quarantined)
        yield GaugeMetricFamily(
            "billing_hot_log_days_retained", "Days past retention that can't be dropped.", hot_log_days_retained()
        )
        webhooks = webhook_backlog()
        yield GaugeMetricFamily("billing_webhooks_pending", "Stored webhooks not processed yet.", webhooks.pending)
        yield GaugeMetricFamily("billing_webhooks_failed", "Webhooks that were given up.", webhooks.failed)
        yield from _outgoing_webhooks()
        gateway = GaugeMetricFamily("billing_gateway_outage", "1: Razorpay can't be reached.", labels=["account"])
        for key_id, outage in outages().items():
            gateway.add_metric([key_id], 1 if outage else 0)
        yield gateway
        yield from _reconciliation()
        yield from _ages()
        emails = Notification.objects.filter(status__in=["pending", "sending"]).count()
        yield GaugeMetricFamily("billing_emails_pending", "E-mails waiting to be sent.", emails)

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # no query when the process starts


def _outgoing_webhooks() -> Iterator[GaugeMetricFamily]:
    found = backlog()
    deliveries = GaugeMetricFamily(
        "billing_webhook_backlog", "Deliveries of outgoing webhooks to endpoints in use.", labels=["state"]
    )
    for state in ("waiting", "retrying", "given_up"):
        deliveries.add_metric([state], getattr(found, state))
    yield deliveries
    yield GaugeMetricFamily(
        "billing_webhook_oldest_due_seconds",
        "Age of the oldest delivery that is due to a receiver that takes messages.",
        found.oldest_due_seconds,
    )


def _reconciliation() -> Iterator[GaugeMetricFamily]:
    discrepancies = GaugeMetricFamily(
        "billing_discrepancies_open", "Discrepancies that wait for a person.", labels=["check"]
    )
    for check, count in open_by_check().items():
        discrepancies.add_metric([check], count)
    yield discrepancies
    age = last_run_age_seconds()
    if age is not None:  # before the first one there is nothing to be late
        yield GaugeMetricFamily(
            "billing_reconciliation_last_run_age_seconds", "Since the last daily run ended without a failed check.", age
        )


def _ages() -> Iterator[GaugeMetricFamily]:
    """Of what is noted in the cache. Without a value: it was never noted, or the cache was emptied since."""
    for name, text, key in (
        ("billing_heartbeat_age_seconds", "Since a worker last ran what beat sends.", HEARTBEAT_KEY),
        ("billing_backup_age_seconds", "Since the last backup was complete.", LAST_BACKUP_KEY),
    ):
        noted: float | None = None
        with suppress(RedisError, OSError):
            noted = cache.get(key)
        if noted is not None:
            yield GaugeMetricFamily(name, text, clock.now().timestamp() - noted)


def _registry() -> CollectorRegistry:
    """The counters of all web and worker processes if PROMETHEUS_MULTIPROC_DIR is set; otherwise of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        REGISTRY.register(QueueCollector())
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client has no types
    registry.register(QueueCollector())
    return registry


_REGISTRY = _registry()


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics for Prometheus. METRICS_TOKEN is the bearer token; without it, only this machine is answered."""
    token, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        return error_response("Send the metrics token.", status_code=401, headers={"WWW-Authenticate": "Bearer"})
    if not token and not _is_local(request):
        return error_response("Set METRICS_TOKEN to read the metrics from another machine.", status_code=403)
    return HttpResponse(generate_latest(_REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _is_local(request: HttpRequest) -> bool:
    """Whether a request comes from this machine, and not through a proxy on this machine."""
    address = client_ip(request)
    return "X-Forwarded-For" not in request.headers and bool(address) and ip_address(address).is_loopback
