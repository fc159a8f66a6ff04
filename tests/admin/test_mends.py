"""The buttons of a draft's warnings lead to where the cause is mended, and from there back to the draft."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client, RequestFactory

from billing_platform.lib.admin.display import action_url, admin_url
from billing_platform.lib.admin.way_back import way_back, with_way_back
from events.models import Metric
from invoicing.models import Invoice, InvoiceLine, RecurringFee, TaxRate
from invoicing.services import drafting
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import at, draft, per_unit, used

KANNADA = "ಕ"


def mends(client: Client, address: str) -> dict[str, str]:
    """The buttons of a page's warnings: address by label."""
    found = re.findall(r'class="mend" href="([^"]+)">([^<]+)<', client.get(address).content.decode())
    return {label: href.replace("&amp;", "&") for href, label in found}


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("/admin/invoicing/invoice/", True),
        ("/admin/invoicing/invoice/?status=draft", True),
        ("", False),
        ("/pay/some-token", False),
        ("https://example.com/admin/", False),
        ("//example.com/admin/", False),
        ("/\\example.com/admin/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_pages_of_the_admin_are_a_way_back(address: str, ours: bool) -> None:
    request = RequestFactory().get(with_way_back("/admin/invoicing/taxrate/add/", address))
    assert way_back(request) == (address if ours else None)


@pytest.mark.django_db
def test_a_form_that_a_page_led_to_leads_back_when_it_is_saved(as_admin: Client) -> None:
    typed = {"country": "SG", "name": "Standard rate", "tax_name": "GST", "rate": "9", "effective_from": "01/01/2026"}
    back = "/admin/invoicing/invoice/?status=draft"
    answer = as_admin.post(with_way_back("/admin/invoicing/taxrate/add/", back), typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert answer["Location"] == back
    rate = admin_url(TaxRate.objects.get(country="SG"))
    assert as_admin.post(with_way_back(rate, back), typed)["Location"] == back


@pytest.mark.django_db
def test_a_fee_in_another_currency_and_a_name_that_cant_be_printed_lead_to_their_mends(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    per_unit("1")
    used(project, 100)
    Organisation.objects.filter(pk=acme.pk).update(legal_name="株式会社")
    for each in (acme, factories.organisation("Umbrella")):
        add_recurring_fee(organisation=each, description="Seat", amount=Decimal(9), effective_from=date(2026, 10, 1))
    RecurringFee.objects.update(currency="EUR")  # as the customers were billed when the fees were typed
    acme.refresh_from_db()
    page = admin_url(draft(acme))
    found = mends(as_admin, page)
    assert as_admin.get(found["Look at the fees"]).context["cl"].result_count == 1
    assert found["Open Acme"] == f"{admin_url(acme)}?{urlencode({'next': page})}"


@pytest.mark.django_db
def test_letters_in_the_names_of_a_metric_a_project_and_a_typed_line_lead_to_each(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    per_unit("2", metric_name=KANNADA)
    used(project, 5, metric=KANNADA)
    invoice = draft(acme)
    letters = {"code": "UNPRINTABLE_LETTERS", "message": "A letter", "blocks": True}
    of_project: dict[str, Any] = letters | {"project": str(project.pk)}
    of_line = letters | {"message": f"A letter in “Work {KANNADA}”"}
    lines = [{"description": "Work", "quantity": "1", "unit_price": "100"}]
    one_off = drafting.create_one_off_draft(organisation=acme, lines=lines)
    InvoiceLine.objects.filter(invoice=one_off).update(description=f"Work {KANNADA}")
    Invoice.objects.filter(pk=one_off.pk).update(warnings=[of_project, of_line])

    metric = admin_url(Metric.objects.get(name=KANNADA))
    assert mends(as_admin, admin_url(invoice))["Name the metric"] == with_way_back(metric, admin_url(invoice))
    found = mends(as_admin, admin_url(one_off))
    assert found[f"Rename {project.name}"] == with_way_back(admin_url(project), admin_url(one_off))
    assert found["Edit lines"] == action_url(one_off, "edit_lines")
    assert found["Recompute"] == action_url(one_off, "recompute")


@pytest.mark.django_db
def test_a_draft_whose_time_to_issue_runs_out_leads_to_finalize(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    per_unit("2", effective_from=date(2026, 4, 1))
    used(project, 80)
    month = draft(acme)
    with at("2026-11-23 10:00"):
        drafting.recompute_draft(invoice_id=month.pk)
        finalize = mends(as_admin, admin_url(month))["Finalize"]
        assert "must be issued by 30 Nov 2026" in as_admin.get(finalize).content.decode()
        assert mends(as_admin, finalize) == {}  # one is there already
