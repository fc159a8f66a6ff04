"""Routes of usage: accepting it for project keys, metrics and usage for the back office."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps

from django.http import HttpRequest, HttpResponse
from django.urls import path

from billing_platform.lib.http.described import described_by
from events.api import corrections, dead_letters, ingest, views
from events.api.schema import EventBatchPost, EventPost

View = Callable[[HttpRequest], HttpResponse]


def _read_or_post(read: View, post: View) -> View:
    """Two views at one address: DRF's for reading, and the hot path's own."""

    @wraps(post)
    def view(request: HttpRequest) -> HttpResponse:
        return (read if request.method in {"GET", "HEAD"} else post)(request)

    return view


event_named: Callable[..., HttpResponse] = views.EventDetail.as_view()

urlpatterns = [
    path("events", described_by(EventPost, _read_or_post(views.EventByQuery.as_view(), ingest.post_event))),
    path(
        "events/batch",
        described_by(EventBatchPost, _read_or_post(partial(event_named, event_id="batch"), ingest.post_batch)),
    ),
    path("events/<path:event_id>", event_named),
    path("usage", views.ProjectUsage.as_view()),
]

admin_urlpatterns = [
    path("metrics", views.MetricList.as_view()),
    path("metrics/<uuid:metric_id>", views.MetricDetail.as_view()),
    path("organisations/<uuid:organisation_id>/usage", views.OrganisationUsage.as_view()),
    path("dead-letters", dead_letters.DeadLetterList.as_view()),
    path("dead-letters/<uuid:letter_id>/replay", dead_letters.DeadLetterReplay.as_view()),
    path("dead-letters/<uuid:letter_id>/discard", dead_letters.DeadLetterDiscard.as_view()),
    path("usage-corrections", corrections.UsageCorrectionList.as_view()),
    path("usage-corrections/<uuid:correction_id>", corrections.UsageCorrectionDetail.as_view()),
]
