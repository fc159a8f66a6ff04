"""Who may see a page of the portal: the base of every view there.

A link's token is exchanged for a signed cookie that is good for this link's pages only, so that no token stands in the
address, the history or a referrer of the pages. Each request asks the link's row again: a revoked link closes at once.
An operator looks at the same pages at addresses of their own, by the admin's sign-in (`looking`), and can't do anything
there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing_platform.lib import clock
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.client_ip import caller
from organisations.access.throttling import count
from organisations.models import BillingEntity, Organisation, PortalLink
from organisations.notifications.branding import Brand, brand_within
from organisations.scoping import OneCustomer
from payments.customer.portal import looking
from payments.customer.portal.navigation import NAVIGATION

COOKIE, SALT = "portal", "payments.portal"
GOOD_FOR = timedelta(hours=12)
"""After this the link in the e-mail is opened again."""
OF_A_LINK, OF_AN_ADDRESS = "120/m", "300/m"
"""Requests of one link's pages, and of one caller to the portal as a whole."""
SAFE = ["GET", "HEAD"]
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Portal:
    """What a view gets: the customer, the seller whose look the pages have, and the link that was opened; or None for
    an operator who only looks."""

    organisation: Organisation
    brand: Brand
    link: PortalLink | None
    who: str
    """Whose requests are counted together."""

    @property
    def only_looks(self) -> bool:
        return self.link is None

    @property
    def actor(self) -> PortalLink | OneCustomer:
        """Reaches the rows of the customer and of nobody else, whatever an operator reaches."""
        return self.link or OneCustomer(self.organisation.pk)

    @property
    def seller(self) -> BillingEntity:
        found: BillingEntity = self.organisation.billing_entity
        return found

    @property
    def good_until(self) -> str:
        """The day the link ends on, where the customer's invoices are dated; empty without a link."""
        return last_good_day(self.link) if self.link else ""

    @property
    def way_back(self) -> str:
        """The customer's page in the admin."""
        return admin_url(self.organisation)

    def address(self, name: str, **more: Any) -> str:
        where = {"link_id": self.link.pk} if self.link else {"customer_id": self.organisation.pk}
        return reverse(f"payments:{name}", kwargs={**where, **more})

    def page(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], *, at: str, status: int = 200
    ) -> HttpResponse:
        """A page of the portal; `at` is the item of the navigation that it belongs to."""
        items = [(each.label, self.address(each.name), each.name == at) for each in NAVIGATION]
        base = {"portal": self, "brand": self.brand, "style": style_of(self.brand), "navigation": items}
        response = render(request, template, {**base, **context}, status=status)
        response["Content-Security-Policy"] = policy(style_of(self.brand))
        return response


def portal_page(*methods: str) -> Callable[[View], View]:
    """For a view of the portal: `view(request, portal, …)`. Whoever has not opened a link that is still good gets a
    page that says so. Without methods only GET is answered; whoever only looks sends nothing at all."""

    def decorate(view: View) -> View:
        allowed = require_http_methods(list(methods) or SAFE)(view)

        @wraps(view)
        def wrapper(
            request: HttpRequest, link_id: UUID | None = None, customer_id: UUID | None = None, **parts: Any
        ) -> HttpResponseBase:
            portal = _by_link(request, link_id) if link_id else _by_looking(request, customer_id)
            if not isinstance(portal, Portal):
                return portal
            if (usage := count(request, group="portal_link", who=portal.who, rate=OF_A_LINK)) and usage.exceeded:
                return too_many(request, usage.reset_seconds)
            if portal.only_looks and request.method not in SAFE:
                return nothing_done(request, portal)
            return allowed(request, portal, **parts)

        return protected(wrapper)

    return decorate


def protected(view: View) -> View:
    """Never cached, framed or indexed; nothing from elsewhere and no script; and not too often from one caller."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        usage = count(request, group="portal_caller", who=caller(request), rate=OF_AN_ADDRESS)
        if usage is not None and usage.exceeded:
            response: HttpResponseBase = too_many(request, usage.reset_seconds)
        else:
            response = view(request, *args, **kwargs)
        response.setdefault("Content-Security-Policy", policy())
        response["X-Robots-Tag"] = "noindex"
        return response

    return never_cache(wrapper)


def policy(style: str = "") -> str:
    """`style` is the seller's colours: allowed by its hash, as any other inline style is not."""
    hashed = f" 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" if style else ""
    return (
        f"default-src 'none'; style-src 'self'{hashed}; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def style_of(brand: Brand) -> str:
    return f":root{{--brand:{brand.colour};--on-brand:{brand.on_colour}}}"


def last_good_day(link: PortalLink) -> str:
    return day_text(link.expires_at.astimezone(link.organisation.zone).date())


def let_in(response: HttpResponse, link: PortalLink) -> HttpResponse:
    """Give the browser the cookie of the link's pages."""
    until = min(clock.now() + GOOD_FOR, link.expires_at)
    response.set_cookie(
        COOKIE,
        signing.Signer(salt=SALT).sign(f"{link.pk} {until.isoformat()}"),
        path=reverse("payments:portal", kwargs={"link_id": link.pk}),
        max_age=int((until - clock.now()).total_seconds()),
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def shut(request: HttpRequest) -> HttpResponse:
    """The same for a link that never was, one that has ended and one that this browser has not opened."""
    return render(request, "portal/shut.html", {}, status=403)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "portal/too_many.html", {"wait": _wait_text(seconds)}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _wait_text(seconds: int) -> str:
    """Rounded up, in the largest unit that it fills: "45 seconds", "1 minute", "23 hours"."""
    unit, name = (3600, "hour") if seconds >= 3600 else (60, "minute") if seconds >= 60 else (1, "second")
    number = -(-seconds // unit)
    return f"{number} {name}{'' if number == 1 else 's'}"


def nothing_done(request: HttpRequest, portal: Portal) -> HttpResponse:
    """The answer to everything that an onlooker can't do."""
    return portal.page(request, "portal/nothing_done.html", {}, at="", status=403)


def _by_link(request: HttpRequest, link_id: UUID) -> Portal | HttpResponse:
    link = _opened(request, link_id)
    if link is None:
        return shut(request)
    return Portal(link.organisation, brand_within(link.organisation.billing_entity), link, who=str(link.pk))


def _by_looking(request: HttpRequest, customer_id: UUID | None) -> Portal | HttpResponse:
    """Raises Http404 and PermissionDenied. Who has not come in by `doors.look` is sent there."""
    if customer_id is None:
        return shut(request)
    if not looking.is_operator(request):
        return looking.sign_in(customer_id)
    customer = looking.customer_seen_by(request, customer_id)
    if not looking.is_open(request, customer):
        return HttpResponseRedirect(looking.door(customer_id))
    return Portal(customer, brand_within(customer.billing_entity), None, who=f"look:{request.user.pk}")


def _opened(request: HttpRequest, link_id: UUID) -> PortalLink | None:
    try:
        named, until = signing.Signer(salt=SALT).unsign(request.COOKIES.get(COOKIE, "")).split(" ")
        is_good = named == str(link_id) and datetime.fromisoformat(until) > clock.now()
    except (signing.BadSignature, ValueError):
        return None
    if not is_good:
        return None
    links = PortalLink.objects.open().select_related("organisation__billing_entity")
    return links.filter(pk=link_id).first()
