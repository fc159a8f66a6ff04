"""The ways into the portal: a link, and the page on which a new one is asked for."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing_platform.lib.http.client_ip import caller
from organisations.access.throttling import count
from organisations.models import PortalLink
from organisations.notifications.branding import brand_within
from organisations.services import portal_links
from payments.customer.portal import looking
from payments.customer.portal.access import last_good_day, let_in, policy, protected, style_of, too_many

ASKED_BY_CALLER, ASKED_FOR_ADDRESS, WRONG_TOKENS = "10/h", "3/h", "30/h"
ON_ITS_WAY = (
    "If this address is on file with us, a link is on its way to it. It takes a minute or two; look into the spam"
    " folder as well."
)
MAILED = "A new link is on its way to the addresses on file."


class AskForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254)


@protected
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET opens the portal. POST mails a new link in place of one that has ended."""
    link = portal_links.found_by(token)
    if link is None:
        usage = count(request, group="portal_wrong", who=caller(request), rate=WRONG_TOKENS)
        if usage is not None and usage.exceeded:
            return too_many(request, usage.reset_seconds)
        raise Http404
    if not link.is_open:
        return _ended(request, link)
    portal_links.note_use(link)
    response = HttpResponseRedirect(reverse("payments:portal", kwargs={"link_id": link.pk}))
    response["Referrer-Policy"] = "no-referrer"
    return let_in(response, link)


@protected
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The same answer whether an address is known or not: nobody learns here who is a customer."""
    form, sent = AskForm(request.POST or None, label_suffix=""), ""
    if request.method == "POST" and form.is_valid():
        usage = count(request, group="portal_ask", who=caller(request), rate=ASKED_BY_CALLER)
        if usage is not None and usage.exceeded:
            return too_many(request, usage.reset_seconds)
        address = form.cleaned_data["email"]
        usage = count(request, group="portal_ask_address", who=address.casefold(), rate=ASKED_FOR_ADDRESS)
        if usage is None or not usage.exceeded:
            portal_links.mail_links_to(address=address)
        sent = ON_ITS_WAY
    status = 400 if request.method == "POST" and form.errors else 200
    return render(request, "portal/ask.html", {"form": form, "sent": sent}, status=status)


@protected
@require_http_methods(["GET"])
def look(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """To the portal as the customer sees it, for an operator. Each opening stands in the audit log."""
    if not looking.is_operator(request):
        return looking.sign_in(customer_id)
    customer = looking.customer_seen_by(request, customer_id)
    portal_links.note_look(organisation=customer)
    response = HttpResponseRedirect(reverse("payments:portal", kwargs={"customer_id": customer_id}))
    return looking.let_look(response, request, customer)


def _ended(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """Says nothing of the customer: the link may be in other hands."""
    sent = ""
    if request.method == "POST":
        portal_links.mail_asked_link(organisation_id=link.organisation_id)
        sent = MAILED
    seller = link.organisation.billing_entity
    brand = brand_within(seller)
    context = {"brand": brand, "style": style_of(brand), "seller": seller, "link": link, "sent": sent}
    context["good_until"] = last_good_day(link)
    response = render(request, "portal/ended.html", context, status=200 if sent else 410)
    response["Content-Security-Policy"] = policy(style_of(brand))
    return response
