"""An operator who looks at the portal as a customer sees it: by the admin's sign-in, without a link.

The right is the operator's own: staff, the customer within reach, the permission to see it; each request asks again.
`doors.look` writes into the audit log that the portal was looked at, and lets the browser in for a while. A page that
is opened past it leads there, so that each opening is written down.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from billing_platform.lib import clock
from organisations.models import Organisation

COOKIE, SALT = "portal_look", "payments.portal.look"
GOOD_FOR = timedelta(hours=1)
"""After this the portal is opened, and written down, anew."""


def door(customer_id: UUID) -> str:
    return reverse("payments:portal_look", kwargs={"customer_id": customer_id})


def is_operator(request: HttpRequest) -> bool:
    return bool(admin.site.has_permission(request))


def sign_in(customer_id: UUID) -> HttpResponse:
    """The same whether there is such a customer or not."""
    return redirect_to_login(door(customer_id), reverse("admin:login"))


def customer_seen_by(request: HttpRequest, customer_id: UUID) -> Organisation:
    """Raises Http404 for a customer out of reach, and PermissionDenied where the user may not see its page."""
    user: Any = request.user
    rows = Organisation.objects.for_organisations(user).select_related("billing_entity")
    found: Organisation | None = rows.filter(pk=customer_id).first()
    if found is None:
        raise Http404
    if not user.has_perm("organisations.view_organisation", found):
        raise PermissionDenied
    return found


def let_look(response: HttpResponse, request: HttpRequest, customer: Organisation) -> HttpResponse:
    """Give the browser the cookie of this customer's pages, good for this user only."""
    until = clock.now() + GOOD_FOR
    response.set_cookie(
        COOKIE,
        signing.Signer(salt=SALT).sign(f"{customer.pk} {request.user.pk} {until.isoformat()}"),
        path=reverse("payments:portal", kwargs={"customer_id": customer.pk}),
        max_age=int(GOOD_FOR.total_seconds()),
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def is_open(request: HttpRequest, customer: Organisation) -> bool:
    """Whether this user came in by `doors.look` a short while ago."""
    try:
        whose, who, until = signing.Signer(salt=SALT).unsign(request.COOKIES.get(COOKIE, "")).split(" ")
        return (whose, who) == (str(customer.pk), str(request.user.pk)) and datetime.fromisoformat(until) > clock.now()
    except (signing.BadSignature, ValueError):
        return False
