"""Routes of usage: accepting it for project keys, metrics and usage for the back office."""

from __future__ import annotations

from django.urls import path

from events.api import corrections, dead_letters, ingest, views
from events.api.schema import EventBatchPost, EventPost, described_by

urlpatterns = [
    path("events", described_by(EventPost, ingest.post_event)),
    path("events/batch", described_by(EventBatchPost, ingest.post_batch)),
    path("events/<path:event_id>", views.EventDetail.as_view()),
    path("usage", views.ProjectUsage.as_view()),
]

admin_urlpatterns = [
    path("metrics", views.MetricList.as_view()),
    path("organisations/<uuid:organisation_id>/usage", views.OrganisationUsage.as_view()),
    path("dead-letters", dead_letters.DeadLetterList.as_view()),
    path("dead-letters/<uuid:letter_id>/replay", dead_letters.DeadLetterReplay.as_view()),
    path("dead-letters/<uuid:letter_id>/discard", dead_letters.DeadLetterDiscard.as_view()),
    path("usage-corrections", corrections.UsageCorrectionList.as_view()),
    path("usage-corrections/<uuid:correction_id>", corrections.UsageCorrectionDetail.as_view()),
]
