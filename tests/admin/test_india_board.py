"""The India board on pages: what asks for something leads to its mend, and each number to its list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.backoffice import dashboard
from organisations.models import BillingEntity, Organisation
from organisations.operators_clock import on_operators_clock
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import action_url
from tests.invoicing.language import at
from tests.invoicing.test_india_board import issued_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def much_to_do(globex: Organisation) -> BillingEntity:
    """On 5 November 2028: an export of 2026 and its rate, the letter and the return of September, an old invoice, and a
    GSTIN."""
    initech = factories.organisation("Initech", gstin=factories.KARNATAKA_GSTIN)
    issued_on(globex, "2026-10-01 10:00")
    issued_on(initech, "2028-09-30 23:50")
    issued_on(initech, "2028-03-31 10:00")
    return globex.billing_entity


def test_the_board_says_what_to_do_and_where(much_to_do: BillingEntity, admin_user: Any) -> None:
    with at("2028-11-05 10:00"):
        as_admin = signed_in(admin_user)
        page = as_admin.get(action_url(much_to_do, "india_board")).content.decode()
        assert "6 to look at" in page
        states = re.findall(r'id="india-([a-z_]+)" class="check ([a-z]*)"', page)
        assert states == [
            ("lut", "danger"), ("returns", "danger"), ("realisation", "danger"),
            ("credit_notes", "warning"), ("gstins", "warning"), ("rates", "warning"),
            ("e_invoices", ""), ("series", "success"),
        ]  # fmt: skip
        links = re.findall(r'<a class="text-link" href="([^"]+)">', page.partition('class="checks"')[2])
        assert len(links) == 6
        for url in links:
            assert as_admin.get(url.replace("&amp;", "&")).status_code == 200, url
        seller = as_admin.get(reverse("admin:organisations_billingentity_change", args=[much_to_do.pk]))
        assert "Letter of undertaking" in seller.content.decode()
        sellers = as_admin.get(reverse("admin:organisations_billingentity_changelist"), {"returns": "due"})
        assert "3 late" in sellers.content.decode()


def test_what_is_near_waits_on_the_dashboard_and_leads_to_as_many_rows(
    much_to_do: BillingEntity, admin_user: Any
) -> None:
    with at("2028-11-05 10:00"), on_operators_clock():
        as_admin = signed_in(admin_user)
        found = {each.kind: each for each in dashboard.of(admin_user).attention}
        counts = {kind: found[kind].count for kind in ("returns_due", "credits_end", "realise", "gstin_check")}
        assert counts == {"returns_due": 1, "credits_end": 1, "realise": 1, "gstin_check": 1}
        for kind in counts:
            listed = as_admin.get(found[kind].href).context["cl"]
            assert listed.result_count == 1, kind


def test_a_seller_abroad_has_no_board(as_admin: Client) -> None:
    seller = factories.billing_entity(gstin="", state_code="", country="US")
    assert as_admin.get(action_url(seller, "india_board")).status_code in (302, 403, 404, 409)
    assert "India board of" not in as_admin.get(action_url(seller, "india_board"), follow=True).content.decode()
