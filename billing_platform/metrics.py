"""Prometheus: what the processes counted, and the depths of the queues that live in tables."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from events.selectors import settle_backlog
from organisations.models import Notification


class QueueCollector(Collector):
    """Read at each scrape; every query is on a small partial index."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        backlog = settle_backlog()
        yield GaugeMetricFamily("billing_settle_pending_batches", "Batches not settled yet.", backlog.pending)
        yield GaugeMetricFamily(
            "billing_settle_oldest_seconds", "Age of the oldest unsettled batch.", backlog.oldest_age_seconds
        )
        yield GaugeMetricFamily("billing_settle_quarantined", "Batches that can't be settled.", backlog.quarantined)
        emails = Notification.objects.filter(status__in=["pending", "sending"]).count()
        yield GaugeMetricFamily("billing_emails_pending", "E-mails waiting to be sent.", emails)

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # nothing is queried when the process starts


REGISTRY.register(QueueCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
