"""A refusal of a rule as a page shows it: the sentence, with links to the objects it names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.display import anchor
from billing_platform.lib.errors import DomainError


def explained(page: Any, request: HttpRequest, error: DomainError) -> SafeString | str:
    """The sentence with a link to what its details name by id (`{"invoice": "…"}`), if the user may see that."""
    found = [
        (anchor(other, obj, f"Open the {other.opts.verbose_name}"),)
        for name, value in error.details.items()
        if isinstance(value, str) and (other := _page_of(page.admin_site, name)) is not None
        if (obj := other.get_object(request, value)) is not None and other.has_view_permission(request, obj)
    ]
    return format_html("{} {}", error.message, format_html_join(", ", "{}", found)) if found else error.message


def _page_of(site: Any, name: str) -> Any:
    wanted = name.replace("_", "")
    return next((page for model, page in site._registry.items() if model._meta.model_name == wanted), None)


def add_refusal(form: forms.BaseForm, error: DomainError, sentence: SafeString | str) -> None:
    """At the fields that the error names; else the whole sentence above the form."""
    named = {
        name: sentences
        for name, sentences in error.details.items()
        if name in form.fields and isinstance(sentences, list)
    }
    for name, sentences in named.items():
        form.add_error(name, sentences)
    if not named:
        form.add_error(None, sentence)
