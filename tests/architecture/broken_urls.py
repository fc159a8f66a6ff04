"""The real routes, and three that fail with unexpected errors."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing_platform.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

SECRET = "the password is hunter2"


class BrokenEndpoint(APIView):
    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []

    def get(self, request: Request) -> Response:
        raise RuntimeError(SECRET)


def broken_view(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


urlpatterns = [
    path("api/v1/broken-endpoint", BrokenEndpoint.as_view()),
    path("events-broken", broken_view),
    path("broken-page", broken_view),
    *urlpatterns,
]
