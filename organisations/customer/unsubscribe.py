"""The page on which whoever has an e-mail switches off its kind; mail programs do so in one click (RFC 8058).

A GET only shows: programs that look at links in e-mails switch nothing off.
"""

from __future__ import annotations

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from organisations.models import Organisation, SwitchedOffEmail
from organisations.notifications.kinds import KINDS, Kind
from organisations.notifications.switches import read_link, switch_off, switch_on

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@csrf_exempt  # a mail program posts without a cookie; the token is what allows it
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    organisation, kind, address = _named(token)
    if request.method == "POST" and request.POST.get("again"):
        switch_on(organisation=organisation, kind=kind.name, address=address)
    elif request.method == "POST":
        switch_off(organisation=organisation, kind=kind.name, address=address, by=f"{address}, by the e-mail's link")
    off = SwitchedOffEmail.objects.filter(organisation=organisation, kind=kind.name)
    context = {
        "organisation": organisation,
        "seller": organisation.billing_entity,
        "kind": kind,
        "address": address,
        "is_off": off.filter(address=address).exists(),
        "is_off_for_all": off.filter(address="").exists(),
    }
    response = render(request, "organisations/unsubscribe.html", context)
    response["Content-Security-Policy"] = _POLICY
    response["X-Robots-Tag"] = "noindex"
    return response


def _named(token: str) -> tuple[Organisation, Kind, str]:
    """Raises Http404 for a token that is none of ours, or of a kind that nobody may be without."""
    try:
        organisation_id, name, address = read_link(token)
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    kind = next((each for each in KINDS if each.name == name and each.may_be_switched_off), None)
    found = Organisation.objects.select_related("billing_entity").filter(pk=organisation_id).first()
    if kind is None or found is None:
        raise Http404
    return found, kind, address
