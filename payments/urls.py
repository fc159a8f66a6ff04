"""Routes of payments: the API, the gateway's webhook and the pay page."""

from __future__ import annotations

from django.urls import URLPattern

admin_urlpatterns: list[URLPattern] = []
urlpatterns: list[URLPattern] = []
public_urlpatterns: list[URLPattern] = []
