"""All routes: the API of every app, the pay page, health, metrics, the API's documents and the operators' admin."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerView

import events.urls
import invoicing.urls
import organisations.urls
import payments.urls
import reconciliation.urls
from billing_platform.http import error_pages
from billing_platform.http.openapi import SchemaView
from billing_platform.observability import health, metrics


def favicon(_request: HttpRequest) -> HttpResponse:
    """Browsers ask for it beside a PDF or a plain text, which name none."""
    return redirect(static("billing_platform/favicon.svg"))


admin_api = [
    *organisations.urls.admin_urlpatterns,
    *events.urls.admin_urlpatterns,
    *invoicing.urls.admin_urlpatterns,
    *payments.urls.admin_urlpatterns,
    *reconciliation.urls.admin_urlpatterns,
]
public_api = [
    *organisations.urls.urlpatterns,
    *reconciliation.urls.urlpatterns,
    *events.urls.urlpatterns,
    *payments.urls.urlpatterns,
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("api/v1/admin/", include(admin_api)),
    path("api/v1/", include(public_api)),
    # the short forms of the contract: /events, /webhooks/razorpay
    path("", include(public_api)),
    path("", include((organisations.urls.public_urlpatterns, "organisations"))),
    path("", include((events.urls.public_urlpatterns, "events"))),
    path("", include((payments.urls.public_urlpatterns, "payments"))),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(permission_classes=[], authentication_classes=[])),
    path("favicon.ico", favicon),
    path("health", health.alive),
    path("health/ready", health.ready),
    path("metrics", metrics.metrics),
    path("admin/", admin.site.urls),
]

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error
