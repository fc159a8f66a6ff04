"""Routes of invoicing."""

from __future__ import annotations

from django.urls import URLPattern

admin_urlpatterns: list[URLPattern] = []
urlpatterns: list[URLPattern] = []
