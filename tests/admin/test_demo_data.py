"""With the demo data no list of the admin is empty."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test.client import Client

from billing_platform.backoffice.theme import navigation
from billing_platform.lib import clock
from events.models import UsageEvent
from invoicing.models import Invoice, InvoiceLine, ReviewItem
from organisations.models import ApiKey, Project
from reconciliation.models import Discrepancy
from tests.reconciliation.language import OURS, run

# With luck there is none.
DISCREPANCIES = "/admin/reconciliation/discrepancy/"
# An attempt at the gateway needs the running platform: tests/scenarios/test_first_start.py.
RUNNING = ("paymentorder", "inboundwebhook", "paymentretry")
MADE_WHEN_RUNNING = {f"/admin/payments/{name}/" for name in RUNNING}


@pytest.fixture
def facts(db: None, tmp_path: Path) -> dict[str, Any]:
    call_command("seed_demo", run_json=tmp_path / "demo.json")
    return json.loads((tmp_path / "demo.json").read_text())


def test_the_demo_fills_every_list_of_the_sidebar(facts: dict[str, Any], client: Client) -> None:
    client.force_login(get_user_model().objects.get(username=facts["logins"]["admin"]["username"]))
    links = [str(item["link"]) for group in navigation()[1:] for item in group["items"]]
    empty = [link for link in links if not _rows(client, link)]
    assert set(empty) <= MADE_WHEN_RUNNING | {DISCREPANCIES}

    assert set(Invoice.objects.values_list("status", flat=True)) == {
        "draft",
        "finalized",
        "partially_paid",
        "paid",
        "partially_refunded",
        "void",
    }
    parked = ReviewItem.objects.get()
    assert (parked.organisation.name, parked.reasons[0]["code"]) == ("Malabar Foods", "FAR_ABOVE_USUAL")
    assert [draft.organisation.name for draft in Invoice.objects.to_approve()] == ["Deccan Press"]
    storage = InvoiceLine.objects.filter(metric_name="disk").exclude(invoice__number="")
    assert {line.unit_label for line in storage} == {"GB-hours"}
    test_project = Project.objects.get(mode=Project.Mode.TEST)
    assert test_project.api_keys.get().mode == ApiKey.Mode.TEST
    assert UsageEvent.objects.filter(project=test_project).exists()
    _all_numbers_agree()


def _all_numbers_agree() -> None:
    """Months of usage, also late, corrected and without a price; payments, refunds, cheques, certificates, parts."""
    today = clock.now().astimezone(UTC).date()
    done = run(today - timedelta(days=100), today, *OURS)
    said = {check.check_name: (check.status, check.found) for check in done.checks.all()}
    assert said == dict.fromkeys(OURS, ("done", 0)), list(Discrepancy.objects.values("kind", "about", "found"))


def _rows(client: Client, link: str) -> int:
    page = client.get(link, follow=True)
    assert page.status_code == 200, link
    found = page.context.get("cl")
    return found.result_count if found is not None else page.content.count(b"<tr")


@pytest.mark.slow
@pytest.mark.django_db
def test_the_demo_can_be_made_in_the_first_hour_of_a_month() -> None:
    """Of a year, at that; and its TDS certificate is what is left of an invoice, whatever its paise are."""
    with clock.standing_at(datetime(2026, 12, 31, 20, tzinfo=UTC)):  # 1 January, 01:30 in India
        call_command("seed_demo")
    assert Invoice.objects.get(organisation__name="Nandi Logistics", period_start="2026-12-01").status == "paid"
