"""Routes of reconciliation."""

from __future__ import annotations

from django.urls import path

from reconciliation.api import discrepancies, runs

admin_urlpatterns = [
    path("reconciliation/runs", runs.RunList.as_view()),
    path("reconciliation/discrepancies", discrepancies.DiscrepancyList.as_view()),
    path("reconciliation/discrepancies/<uuid:discrepancy_id>/resolve", discrepancies.DiscrepancyResolve.as_view()),
]
