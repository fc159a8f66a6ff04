"""Every kind of e-mail: whom it goes to, and what it looks like for a seller, in each language, as HTML and as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import ActionForm, Extension, extends, list_action, list_page
from organisations.models import BillingEntity, Notification
from organisations.notifications.branding import brand_within
from organisations.notifications.kinds import KINDS, Audience, Kind, kind_named
from organisations.notifications.rendering import Language
from organisations.notifications.samples import sample_letter, send_sample, sent_when

READERS = {
    Audience.CUSTOMER: "To customers",
    Audience.SELLER: "To the seller",
    Audience.OPERATOR: "To operators",
}
WIDTHS = (("600", "Screen, 600 px"), ("390", "Phone, 390 px"))


class _Choice(forms.Form):
    """Which letter, of which seller, in which language."""

    kind = forms.ChoiceField(label="E-mail")
    seller = forms.ModelChoiceField(BillingEntity.objects.order_by("-is_default", "name"), empty_label=None)
    language = forms.ChoiceField(choices=Language.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [(kind.name, kind.label) for kind in KINDS]


class PreviewForm(_Choice):
    """What the address leaves out is the first choice."""

    width = forms.ChoiceField(choices=WIDTHS)

    def __init__(self, request: HttpRequest) -> None:
        first = {"seller": BillingEntity.objects.order_by("-is_default", "name").values_list("pk", flat=True).first()}
        super().__init__({**first, "language": Language.ENGLISH, "width": "600", **request.GET.dict()})


class SampleForm(_Choice, ActionForm):
    pass


@extends(Notification)
class KindsOfEmails(Extension):
    @list_page(label="Every kind of e-mail", permission="organisations.view_notification", icon="drafts")
    def kinds(self, request: HttpRequest) -> HttpResponseBase:
        site = self.page.admin_site
        context = {**site.each_context(request), "opts": self.page.opts, "title": "Every kind of e-mail"}
        if "kind" not in request.GET:
            return TemplateResponse(request, "admin/organisations/email_kinds.html", {**context, "groups": _groups()})
        form = PreviewForm(request)
        context |= {"form": form, "all_url": kinds_address()}
        if form.is_valid():
            context |= _preview(**form.cleaned_data)
        return TemplateResponse(request, "admin/organisations/email_preview.html", context)

    @list_action(
        label="Send me a sample",
        permission="organisations.resend_notification",
        form=SampleForm,
        confirm="It goes to your own address and to nobody else. Its subject begins with “Sample”.",
        icon="forward_to_inbox",
    )
    def send_sample(self, request: HttpRequest, *, kind: str, seller: BillingEntity, language: str) -> Any:
        user: Any = request.user
        sent = send_sample(kind_named(kind), seller=seller, language=language, to=user.email)
        return self.page.done(request, f"The sample is on its way to {user.email}.", sent)


def kinds_address(**chosen: Any) -> str:
    url = reverse("admin:organisations_notification_list_action", args=["kinds"])
    return f"{url}?{urlencode(chosen)}" if chosen else url


def _groups() -> Iterator[dict[str, Any]]:
    order = list(READERS)
    for audience, kinds in groupby(sorted(KINDS, key=lambda kind: order.index(kind.audience)), lambda k: k.audience):
        yield {
            "title": READERS[audience],
            "rows": [_row(each) for each in kinds],
        }


def _row(kind: Kind) -> dict[str, Any]:
    return {"kind": kind, "when": sent_when(kind), "url": kinds_address(kind=kind.name)}


def _preview(*, kind: str, seller: BillingEntity, language: str, width: str) -> dict[str, Any]:
    known: Kind = kind_named(kind)
    chosen = urlencode({"kind": kind, "seller": seller.pk, "language": language})
    return {
        "kind": known,
        "when": sent_when(known),
        "reader": READERS[known.audience],
        "letter": sample_letter(known, brand=brand_within(seller), language=language),
        "width": width,
        "is_english_only": known.audience is not Audience.CUSTOMER and language != Language.ENGLISH,
        "send_url": f"{reverse('admin:organisations_notification_list_action', args=['send_sample'])}?{chosen}",
    }
