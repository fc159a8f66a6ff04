"""All routes: the API of every app, the pay page, health, metrics, the API's documents and the operators' admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerView

import events.urls
import invoicing.urls
import organisations.urls
import payments.urls
from billing_platform import errors, health, metrics
from billing_platform.openapi import SchemaView

admin_api = [
    *organisations.urls.admin_urlpatterns,
    *events.urls.admin_urlpatterns,
    *invoicing.urls.admin_urlpatterns,
    *payments.urls.admin_urlpatterns,
]
public_api = [*events.urls.urlpatterns, *payments.urls.urlpatterns]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("api/v1/admin/", include(admin_api)),
    path("api/v1/", include(public_api)),
    # the short forms of the contract: /events, /webhooks/razorpay
    path("", include(public_api)),
    path("", include((payments.urls.public_urlpatterns, "payments"))),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(permission_classes=[], authentication_classes=[])),
    path("health", health.alive),
    path("health/ready", health.ready),
    path("metrics", metrics.metrics),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
