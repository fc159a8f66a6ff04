"""What a new installation needs of usage."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.set_up import Stage, Step, step
from events.models import EventBatch, UsageEvent


def steps() -> Iterator[Step]:
    arrived = UsageEvent.objects.exists() or EventBatch.objects.exists()
    yield step(
        Stage.CUSTOMERS,
        "First event",
        is_done=arrived,
        done="Usage arrives.",
        missing="Send one event with the key, by POST /api/v1/events; or import a file of past usage.",
        button="Import usage",
        url=list_address(UsageEvent) if arrived else reverse("admin:events_usageimport_add"),
    )
