"""The page of a customer's upcoming invoice, and warnings that lead to their mend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from invoicing.draft_warnings import WarningCode
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from organisations.models import Organisation, Project
from tests.admin.test_object_actions import action_url
from tests.invoicing.language import at, draft, per_unit, used

pytestmark = pytest.mark.django_db


def page_of(client: Client, acme: Organisation) -> str:
    return client.get(action_url(acme, "upcoming_invoice")).content.decode()


def test_the_page_shows_the_month_so_far_and_as_it_will_probably_be(
    as_operator: Client, acme: Organisation, project: Project
) -> None:
    """83 calls at ₹2 in 8 days: 166.00, CGST and SGST 14.94 each, 195.88 with tax. 83 × 31 / 8 = 321.625 calls in 31
    days: 643.25, CGST and SGST 57.89 each, 759.03 with tax."""
    per_unit("2")
    used(project, 83, on="2026-10-05")
    with at("2026-10-09 00:00"):
        page = page_of(as_operator, acme)
    for text in ("₹166.00", "₹14.94", "₹195.88", ">322 call", "₹643.25", "₹759.03"):
        assert text in page
    assert not Invoice.objects.exists()


def test_unpriced_usage_has_an_estimate_and_a_button_that_leads_to_a_price(
    as_operator: Client, acme: Organisation, globex: Organisation, project: Project
) -> None:
    """From November a call is ₹3: 40 calls would be about ₹120.00. What another customer pays is not told."""
    per_unit("7", organisation=globex)
    used(project, 40, on="2026-10-05")
    with at("2026-10-09 00:00"):
        assert "before tax" not in page_of(as_operator, acme)
        per_unit("3", effective_from=date(2026, 11, 1))
        page = page_of(as_operator, acme)
    assert "the price of all customers" in page
    assert "about ₹120.00 before tax" in page
    assert f"{reverse('admin:invoicing_pricingrule_add')}?organisation={acme.pk}&amp;metric_name=api_calls" in page


@pytest.mark.parametrize(
    ("today", "sentence"),
    [
        ("2026-11-22", ""),
        ("2026-11-23", "The invoice must be issued by 30 Nov 2026, 30 days after the month (CGST Rule 47)."),
        ("2026-12-01", "The invoice should have been issued by 30 Nov 2026, 30 days after the month (CGST Rule 47)."),
    ],
)
def test_a_draft_warns_when_the_time_to_issue_runs_out(
    acme: Organisation, project: Project, today: str, sentence: str
) -> None:
    """October ends on the 31st; 30 days later is 30 November."""
    per_unit("2", effective_from=date(2026, 4, 1))
    used(project, 80)
    month = draft(acme)
    with at(f"{today} 10:00"):
        warnings = drafting.recompute_draft(invoice_id=month.pk).warnings
    found = [warning["message"] for warning in warnings if warning["code"] == WarningCode.ISSUE_SOON]
    with at(f"{today} 11:00"):
        issued = issuing.finalize_invoice(invoice_id=month.pk, send=False)
    assert found == ([sentence] if sentence else [])
    assert Decimal("160.00") == month.subtotal
    issued.refresh_from_db()
    assert issued.warnings == []  # it is issued: nothing is left to do
