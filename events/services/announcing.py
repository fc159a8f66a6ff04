"""Tell outgoing webhooks of dead letters: how many of a project wait, not each of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max

from billing_platform.lib import clock
from events.models import DeadLetter
from organisations.models import WebhookMessage
from organisations.webhooks.announcing import announce_all, is_heard

EVENT = "usage.dead_letter"


@transaction.atomic
def announce_dead_letters() -> int:
    """One message for each project with dead letters that came since its last one; at most one a minute, by its key.

    How many projects. Safe to repeat. It reads nothing while no endpoint would hear of it.
    """
    if not is_heard(EVENT):
        return 0
    waiting = (
        DeadLetter.objects.filter(status=DeadLetter.Status.OPEN)
        .values("project_id", "organisation_id")
        .annotate(waiting=Count("pk"), newest=Max("last_seen_at"))
        .order_by()
    )
    told = _told_until({row["project_id"] for row in waiting})
    never = datetime.min.replace(tzinfo=UTC)
    news = [row for row in waiting if row["newest"] > told.get(row["project_id"], never)]
    announce_all(
        EVENT,
        owners={row["project_id"]: row["organisation_id"] for row in news},
        occasion=f"{clock.now():%Y-%m-%dT%H:%M}",
        payloads={
            row["project_id"]: {
                "id": row["project_id"],
                "project": row["project_id"],
                "waiting": row["waiting"],
                "until": row["newest"],
            }
            for row in news
        },
    )
    return len(news)


def _told_until(projects: set[UUID]) -> dict[UUID, datetime]:
    """Up to which letter each project's last message tells."""
    last = WebhookMessage.objects.filter(type=EVENT, object_id__in=projects).order_by("object_id", "-pk")
    rows = last.distinct("object_id").values_list("object_id", "payload__until")
    return {project: datetime.fromisoformat(until) for project, until in rows}
