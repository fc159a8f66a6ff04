"""The page on which an operator chooses when to get the daily digest, and sees today's as it would be mailed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.backoffice import attention
from billing_platform.backoffice.digest import KIND, digest_words
from organisations.models import DigestChoice
from organisations.notifications.kinds import kind_named
from organisations.notifications.rendering import Language, render_letter
from organisations.operators_clock import operators_today
from organisations.services.digest_choices import choice_of, choose


class DigestForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    class Meta:
        model = DigestChoice
        fields = ("is_on", "when_nothing_waits")


def digest_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = DigestForm(request.POST if request.method == "POST" else None, instance=choice_of(user))
    if request.method == "POST" and form.is_valid():
        choose(user=user, **form.cleaned_data)
        messages.success(request, "It is so from the next digest on.")
        return HttpResponseRedirect(reverse("admin:digest"))
    words = digest_words(user, attention.of(user), operators_today())
    context = {
        **site.each_context(request),
        "title": "Daily digest",
        "form": form,
        "address": user.email,
        "letter": render_letter(kind_named(KIND).template, words, language=Language.ENGLISH),
    }
    return TemplateResponse(request, "admin/digest.html", context)
