"""Routes of reconciliation."""

from __future__ import annotations

from django.urls import path

from reconciliation.api import completeness, discrepancies, proofs, runs

# before the routes of events: there an event is named by all that follows
urlpatterns = [path("events/<path:event_id>/proof", proofs.ProjectEventProof.as_view())]

admin_urlpatterns = [
    path("events/<path:event_id>/proof", proofs.EventProofOf.as_view()),
    path("reconciliation/completeness", completeness.CompletenessList.as_view()),
    path("reconciliation/runs", runs.RunList.as_view()),
    path("reconciliation/discrepancies", discrepancies.DiscrepancyList.as_view()),
    path("reconciliation/discrepancies/<uuid:discrepancy_id>/resolve", discrepancies.DiscrepancyResolve.as_view()),
]
