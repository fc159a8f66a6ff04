"""The sidebar, headings, titles, links, filters and buttons use one name for each kind of object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import ForeignKey
from django.test import RequestFactory
from django.test.client import Client
from django.urls import resolve, reverse
from django.utils.text import capfirst

from billing_platform.backoffice.theme import navigation
from billing_platform.lib.admin.display import related_lists
from organisations.models import Organisation
from payments.models import InboundWebhook
from tests.architecture.code import APPS, ROOT

GROUPS = navigation()
ENTRIES = [item for group in GROUPS for item in group["items"]]


@pytest.mark.parametrize("open_one", ENTRIES[1:], ids=lambda item: item["title"])
def test_the_sidebar_marks_the_page_that_is_open_and_no_other(open_one: Any) -> None:
    request = RequestFactory().get(open_one["link"])
    assert [item["title"] for item in ENTRIES[1:] if item["active"](request)] == [open_one["title"]]


def plural(model: Any) -> str:
    return str(capfirst(str(model._meta.verbose_name_plural)))


def text_of(html: str, tag: str) -> str:
    found = re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) if found else ""


def models_in_the_sidebar() -> Iterator[tuple[Any, Any]]:
    registered = {
        reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist"): m for m in admin.site._registry
    }
    for item in ENTRIES[1:]:  # the first is the dashboard
        if (link := str(item["link"])) in registered:
            yield item, registered[link]


@pytest.mark.django_db
def test_sidebar_heading_tab_and_model_agree_on_every_list(as_admin: Client) -> None:
    for item, model in models_in_the_sidebar():
        page = as_admin.get(str(item["link"])).content.decode()
        names = {
            str(item["title"]),
            text_of(page, "h1"),
            text_of(page, "title").partition(" | ")[0].strip(),
            plural(model),
        }
        assert len(names) == 1, names


@pytest.mark.django_db
def test_a_page_in_the_sidebar_has_the_name_that_leads_to_it(as_admin: Client) -> None:
    pages = [item for item in ENTRIES if "/actions/" in str(item["link"])]
    assert len(pages) >= 3
    for item in pages:
        shown = as_admin.get(str(item["link"])).content.decode()
        assert text_of(shown, "h1") == item["title"]


@pytest.mark.django_db
def test_an_add_form_is_named_by_what_it_adds_and_links_to_its_list(as_admin: Client) -> None:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answer = as_admin.get(reverse(f"{name}_add"))
        if answer.status_code != 200:
            continue
        page = answer.content.decode()
        assert text_of(page, "h1") == f"Add {model._meta.verbose_name}"
        above = re.search(r'<nav class="trail".*?</nav>', page, re.DOTALL)
        assert above, model
        assert re.findall(r'href="([^"]*)"', above[0]) == [reverse(f"{name}_changelist")]
        assert plural(model) in above[0]


@pytest.mark.django_db
def test_links_to_related_lists_use_the_lists_names(acme: Organisation, admin_user: Any) -> None:
    request = RequestFactory().get("/admin/")
    request.user = admin_user
    shown = related_lists(admin.site._registry[Organisation], request, acme)
    names = {urlsplit(str(item["link"])).path: str(item["title"]) for item in ENTRIES}
    assert len(shown) == 16
    assert [link["label"] for link in shown] == [names[urlsplit(link["url"]).path] for link in shown]


def test_every_related_list_has_a_page() -> None:
    named = [model for page in admin.site._registry.values() for model, _parameter in page.all_related_lists()]
    assert len(named) > 15
    assert set(named) <= set(admin.site._registry)


def test_who_pays_is_a_customer_and_who_bills_a_seller_in_every_field() -> None:
    spoken = {"Organisation": "customer", "BillingEntity": "seller", "PricingRule": "price"}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, ForeignKey) and field.related_model.__name__ in spoken:
                    assert field.verbose_name == spoken[field.related_model.__name__], field


@pytest.mark.django_db
def test_pages_say_customer_where_the_api_says_organisation(as_admin: Client) -> None:
    name_code = {"AuditEntry", "PeriodicTask"}  # their rows show names of tasks, as the code spells them
    for model in (model for model in admin.site._registry if model.__name__ not in name_code):
        for page in ("changelist", "add"):
            answer = as_admin.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"))
            if answer.status_code == 200:
                content = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", answer.content.decode(), flags=re.DOTALL)
                said = re.search(r"[^\n]*organisation[^\n]*", content, re.IGNORECASE)
                assert not said, (model, page, said and said[0].strip())


def test_the_handbook_names_the_lists_in_the_order_of_the_menu() -> None:
    words = (ROOT / "docs/operations.md").read_text().partition("## Words on pages")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([A-Z][^|]*) \|", words, re.MULTILINE) == [str(item["title"]) for item in ENTRIES[1:]]


def test_daily_work_stands_above_the_fold_and_plumbing_is_folded() -> None:
    """A screen of 900 px shows 137 px of header and search above the menu and 65 px of the user below it."""
    height, seen = 900 - 137 - 65, {}
    for group in GROUPS:
        height -= 36 if group.get("title") else 0
        for item in group["items"]:
            height -= 42
            seen[str(item["title"])] = height > 0 and not group.get("collapsible")
    assert seen["Customers"]
    assert seen["Invoices"]
    assert seen["Payments"]
    for plumbing in ("Days accepted", "Accepted batches", "Number series", "Allocations", "Billing items"):
        assert not seen[plumbing], plumbing


@pytest.mark.django_db
def test_a_folded_group_says_how_much_waits_in_it(admin_user: Any) -> None:
    for number in range(2):
        InboundWebhook.objects.create(event_id=f"evt_{number}", event_type="payment.captured", status="failed")
    request = RequestFactory().get("/admin/")
    request.user, request.resolver_match = admin_user, resolve("/admin/")
    system = next(group for group in admin.site.get_sidebar_list(request) if group.get("title") == "System")
    assert system["badge"] == 2


def test_labels_of_fields_are_words_for_people() -> None:
    spelt = {word.lower(): word for word in ("API", "GST", "GSTIN", "IFSC", "LUT", "PDF", "SAC", "SEZ", "TDS", "UPI")}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.local_fields:
                label = str(field.verbose_name)
                assert not label.startswith("is "), (model, field.name)
                for word in label.split():
                    assert word == spelt.get(word.lower(), word), (model, field.name)
                    assert not re.fullmatch(r"[a-z]+\d+", word), (model, field.name)
