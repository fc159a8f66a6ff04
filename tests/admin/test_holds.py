"""Holds in the admin: placed and lifted on pages, and seen wherever they keep something back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from invoicing.services import issuing
from organisations.models import AuditEntry, BillingEntity, BillingHold, Organisation
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import one_off
from tests.organisations.test_holds import hold

pytestmark = pytest.mark.django_db


def page(client: Client, obj: Any) -> str:
    meta = obj._meta
    answer = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(client: Client, model: str, query: str = "") -> str:
    return str(client.get(reverse(f"admin:{model}_changelist") + query).content.decode())


def test_a_hold_is_placed_and_lifted_on_pages(acme: Organisation, as_operator: Client) -> None:
    last = date(clock.now().year + 1, 3, 31)
    said = act(as_operator, action_url(acme, "hold"), kind="no_email", reason="New address", last_day=last.isoformat())
    placed = BillingHold.objects.get()
    assert (placed.kind, placed.placed_by) == ("no_email", "operator")
    sentence = f"until 31 Mar {last.year}"
    assert f"No e-mail {sentence}: New address" in said.content.decode()
    assert sentence in page(as_operator, acme)
    customers = listed(as_operator, "organisations_organisation")
    assert "No e-mail" in customers
    left_out = customers.partition("@media (max-width: 1023px)")[2].partition("}")[0]
    assert ("field-legal_name" in left_out, "field-on_hold" in left_out) == (True, False)  # on a phone
    act(as_operator, action_url(placed, "lift"))
    placed.refresh_from_db()
    assert (placed.is_standing, placed.lifted_by) == (False, "operator")
    assert sentence not in page(as_operator, acme).partition("tabular")[0]
    assert AuditEntry.objects.filter(object_pk=str(placed.pk)).count() == 2  # placed, lifted


def test_a_hold_with_a_last_day_in_the_past_is_refused_on_the_form(acme: Organisation, as_operator: Client) -> None:
    said = act(as_operator, action_url(acme, "hold"), kind="no_email", reason="x", last_day="2026-01-31")
    assert "choose a later end" in said.content.decode()
    assert not BillingHold.objects.exists()


def test_a_viewer_sees_holds_and_places_none(acme: Organisation, as_viewer: Client) -> None:
    placed = hold(acme)
    assert "In dispute" in page(as_viewer, acme)
    assert "In dispute" in page(as_viewer, placed)
    assert as_viewer.get(action_url(acme, "hold")).status_code == 403
    assert as_viewer.get(action_url(placed, "lift")).status_code == 403


def test_the_list_of_customers_is_filtered_by_hold(acme: Organisation, globex: Organisation, as_admin: Client) -> None:
    hold(acme, "draft_only")
    for chosen, found in (("any", True), ("draft_only", True), ("no_email", False)):
        assert ("Acme Private" in listed(as_admin, "organisations_organisation", f"?hold={chosen}")) == found
        assert "Globex Private" not in listed(as_admin, "organisations_organisation", f"?hold={chosen}")


def test_an_invoice_shows_the_hold_that_concerns_it_as_it_stands(acme: Organisation, as_admin: Client) -> None:
    issued, draft = issuing.finalize_invoice(invoice_id=one_off(acme).pk), one_off(acme)
    hold(acme, "draft_only", reason="New contract")
    hold(acme, "no_collection", reason="Promised for March")
    assert "New contract" in page(as_admin, draft)
    assert "Promised for March" not in page(as_admin, draft)
    assert "Promised for March" in page(as_admin, issued)
    assert ("Not issued yet" in page(as_admin, draft), "Not issued yet" in page(as_admin, issued)) == (True, False)
    assert "New contract" not in page(as_admin, issued)
    rows = listed(as_admin, "invoicing_invoice")
    assert ">Draft only<" in rows
    assert ">No collection<" in rows


def test_the_sellers_rules_are_typed_on_its_page(acme: Organisation, as_admin: Client) -> None:
    seller = acme.billing_entity
    url = reverse("admin:organisations_billingentity_change", args=[seller.pk])
    form = as_admin.get(url).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value not in (None, "", False)}
    typed = {
        **values,
        "approve_above": "INR 5,00,000\nusd 6000",
        "draft_days": "3",
        "four_eyes": "on",
        "is_default": "on",
    }
    answer = as_admin.post(url, {key: value for key, value in typed.items() if key != "logo"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    seller = BillingEntity.objects.get(pk=seller.pk)
    assert (seller.approve_above, seller.draft_days, seller.four_eyes) == ({"INR": "500000", "USD": "6000"}, 3, True)
    assert "INR 500000\nUSD 6000" in as_admin.get(url).content.decode()
    wrong = as_admin.post(url, {**typed, "approve_above": "EURO 5", "logo": ""})
    assert "no currency in use" in wrong.content.decode()


def test_a_customers_own_rules_are_typed_on_its_page(acme: Organisation, as_admin: Client) -> None:
    url = reverse("admin:organisations_organisation_tab", args=[acme.pk, "details"])
    form = as_admin.get(url).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value not in (None, "", False)}
    inlines = {"projects-TOTAL_FORMS": "0", "projects-INITIAL_FORMS": "0",
               "billing_holds-TOTAL_FORMS": "0", "billing_holds-INITIAL_FORMS": "0",
                   "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0",
               "portal_links-TOTAL_FORMS": "0", "portal_links-INITIAL_FORMS": "0"}  # fmt: skip
    typed = {**values, **inlines, "draft_days": "0", "approve_above": "1234.50", "approve_first": "False"}
    answer = as_admin.post(url, typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    acme.refresh_from_db()
    assert (acme.draft_days, acme.approve_above, acme.approve_first) == (0, Decimal("1234.50"), False)
    assert acme.approve_edited is None
    shown = as_admin.get(url).content.decode()
    assert 'value="1234.5"' in shown
    assert "As the seller has it" in shown
