"""Where a provider of e-mails tells what became of them: django-anymail's own view, which checks the signature.

Only the provider of the settings is heard; and one that signs nothing only with the secret of its address, without
which anybody could say that our customers' addresses bounced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def email_tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Answers 200 for what is stored or known already, 400 for a wrong signature."""
    if not settings.EMAIL_PROVIDER or provider != settings.EMAIL_PROVIDER:
        raise Http404
    view = _view_of(provider)
    if view is None or not _is_protected(view):
        raise Http404
    answer: HttpResponse = view(request)
    return answer


def _view_of(provider: str) -> Any:
    from anymail.urls import urlpatterns

    names = {f"{provider}_tracking_webhook", f"{provider}_webhook"}
    found: list[Callable[..., HttpResponse]] = [each.callback for each in urlpatterns if each.name in names]
    return found[0] if found else None


def _is_protected(view: Any) -> bool:
    return bool(settings.ANYMAIL.get("WEBHOOK_SECRET")) or not view.view_class.warn_if_no_basic_auth
