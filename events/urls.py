"""Routes of usage: accepting it for project keys, metrics, usage and alerts for the back office, an alert's page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps

from django.http import HttpRequest, HttpResponse
from django.urls import path

from billing_platform.lib.http.described import described_by
from events.api import alerts, corrections, dead_letters, ingest, usage_imports, views
from events.api.schema import EventBatchPost, EventPost
from events.customer.alert import alert

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
    path("usage-imports", usage_imports.UsageImportList.as_view()),
    path("usage-imports/<uuid:import_id>", usage_imports.UsageImportDetail.as_view()),
    path("usage-imports/<uuid:import_id>/bad-rows", usage_imports.UsageImportBadRows.as_view()),
    path("organisations/<uuid:organisation_id>/alert-rules", alerts.AlertRuleList.as_view()),
    path("organisations/<uuid:organisation_id>/alert-history", alerts.AlertHistory.as_view()),
    path("alert-rules/<uuid:alert_rule_id>", alerts.AlertRuleDetail.as_view()),
    path("alert-rules/<uuid:alert_rule_id>/preview", alerts.AlertRulePreview.as_view()),
    path("alert-rules/<uuid:alert_rule_id>/mute", alerts.AlertRuleMute.as_view()),
    path("alert-rules/<uuid:alert_rule_id>/unmute", alerts.AlertRuleUnmute.as_view()),
    path("alert-rules/<uuid:alert_rule_id>/test", alerts.AlertRuleTest.as_view()),
    path("alerts/<uuid:alert_id>/acknowledge", alerts.AlertAcknowledge.as_view()),
]

# Included at the root in the namespace "events".
public_urlpatterns = [path("alerts/<str:token>", alert, name="alert")]
