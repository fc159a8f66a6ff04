"""The page of an alert that its e-mail leads to: what happened, and a button to acknowledge it.

A GET only shows: programs that look at links in e-mails acknowledge nothing.
"""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from events.emails import SALT
from events.models import Alert
from events.services.alerting.acknowledging import acknowledge_all_like

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
BY_EMAIL = "who has the e-mail"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, token: str) -> HttpResponse:
    """Of the alert that the token names, with the others of its rule that are open."""
    found = _named(token)
    response: HttpResponse
    if request.method == "POST":
        acknowledge_all_like(alert_id=found.pk, by=f"{BY_EMAIL} to {', '.join(found.rule.to)}")
        response = HttpResponseRedirect(request.path)
    else:
        still_open = Alert.objects.filter(rule=found.rule, ended_at__isnull=True)
        context = {
            "alert": found,
            "others": still_open.exclude(pk=found.pk),
            "may_acknowledge": still_open.filter(acknowledged_at__isnull=True).exists(),
            "seller": found.organisation.billing_entity,
        }
        response = render(request, "events/alert.html", context)
    response["Content-Security-Policy"] = _POLICY
    response["X-Robots-Tag"] = "noindex"
    return response


def _named(token: str) -> Alert:
    """Raises Http404 for a token that is none of ours."""
    try:
        alert_id = UUID(signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    alerts = Alert.objects.select_related("rule__organisation", "organisation__billing_entity")
    found: Alert | None = alerts.filter(pk=alert_id).first()
    if found is None:
        raise Http404
    return found
