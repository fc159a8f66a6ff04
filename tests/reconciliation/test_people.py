"""Who looks at what: discrepancies are assigned, decided together, and worth about what a likely price says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing_platform.lib import clock
from organisations.models import Organisation, Project
from organisations.services.bulk.running import run_job
from reconciliation.findings import Finding, FindingKind
from reconciliation.models import CheckName, Discrepancy
from reconciliation.selectors.people import who_may_resolve
from reconciliation.services.recording import note_findings
from tests import factories
from tests.admin.bulk import begun, confirmed, hidden, outcomes
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import action_url, token
from tests.events.language import event, now, send, settle
from tests.invoicing.language import per_unit
from tests.reconciliation.language import run, tamper

pytestmark = pytest.mark.django_db

LIST = "/admin/reconciliation/discrepancy/"
API = "/api/v1/admin/reconciliation/discrepancies"


def planted(owner: Organisation | None, subject: str) -> Discrepancy:
    finding = Finding(
        FindingKind.INVOICE_SUMS,
        subject,
        f"Invoice {subject}",
        now().date(),
        "1",
        "2",
        organisation_id=owner and owner.pk,
        worth=Decimal(100),
    )
    note_findings([finding], check_name=CheckName.DOCUMENT_SUMS, reads_from=clock.now() - timedelta(days=3))
    return Discrepancy.objects.get(subject=subject)


@pytest.fixture
def people(acme: Organisation, globex: Organisation) -> dict[str, Any]:
    return {
        "olga": factories.member("olga", None, "operator"),
        "anna": factories.member("anna", acme, "operator"),
        "gwen": factories.member("gwen", globex, "admin"),
        "vera": factories.member("vera", None, "viewer"),
    }


def test_who_serves_a_customer_may_decide_about_it(
    acme: Organisation, globex: Organisation, people: dict[str, Any]
) -> None:
    def names(*whose: Any) -> list[str]:
        return [each.username for each in who_may_resolve(whose) if each.username in people]

    assert names(acme.pk) == ["anna", "olga"]
    assert names(acme.pk, globex.pk) == names(None) == ["olga"]
    for name, person in people.items():
        assert person.has_perm("reconciliation.resolve_discrepancy", planted(acme, name)) == (name in names(acme.pk))


def test_one_is_assigned_and_stands_on_that_persons_list(acme: Organisation, people: dict[str, Any]) -> None:
    mine, other = planted(acme, "A1"), planted(acme, "A2")
    browser, url = signed_in(people["olga"]), action_url(mine, "assign")
    page = browser.get(url).content.decode()
    assert "anna" in page
    assert "gwen" not in page
    browser.post(url, {"once": token(browser, url), "assigned_to": "anna"})
    listed = signed_in(people["anna"]).get(f"{LIST}?attention=mine").content.decode()
    assert (str(mine.pk) in listed, str(other.pk) in listed, "3 days" in listed) == (True, False, True)
    assert browser.get(f"{LIST}?attention=nobodys").content.decode().count(str(other.pk))
    browser.post(url, {"once": token(browser, url), "assigned_to": "gwen"})
    mine.refresh_from_db()
    assert (mine.assigned_to, mine.state) == (people["anna"], "open")


def test_many_are_decided_together_and_those_that_are_gone_are_left(acme: Organisation, people: dict[str, Any]) -> None:
    rows = [*(planted(acme, name) for name in ("A1", "A3")), planted(None, "A2")]
    Discrepancy.objects.filter(subject="A3").update(state="gone", gone_at=clock.now())
    browser = signed_in(people["olga"])
    many = reverse("admin:reconciliation_discrepancy_list_action", args=["write_off_many"])
    many += f"?pk__in={','.join(str(row.pk) for row in rows)}"
    page = browser.get(many).content.decode()
    assert all(text in page for text in ("₹200.00", "3 days", "1: It is gone by itself."))
    assert "₹100.00" in signed_in(people["anna"]).get(many).content.decode()  # A2 is everybody's
    job = begun(browser, many, reason="Moved from the old system.")
    Discrepancy.objects.filter(subject="A2").update(gist="something else")  # a check found it otherwise meanwhile
    run_job(job_id=job.pk)
    assert outcomes(job) == {
        "Invoice A1": ("done", ""),
        "Invoice A2": ("skipped", "It has changed since it was confirmed."),
        "Invoice A3": ("skipped", "It is gone by itself."),
    }
    assert Discrepancy.objects.get(state="written_off").reason == "Moved from the old system."


def test_many_are_assigned_to_somebody_who_may_decide_about_each(acme: Organisation, people: dict[str, Any]) -> None:
    planted(acme, "A1"), planted(acme, "A2")
    browser = signed_in(people["olga"])
    many = reverse("admin:reconciliation_discrepancy_list_action", args=["assign_many"])
    refused = browser.post(many, {**hidden(browser, many), "assigned_to": "gwen"})
    assert "assigned_to" in refused.context["form"].errors
    confirmed(browser, many, assigned_to="anna")
    assert {each.assigned_to for each in Discrepancy.objects.all()} == {people["anna"]}
    confirmed(browser, many, assigned_to="")
    assert {each.assigned_to for each in Discrepancy.objects.all()} == {None}
    confirmed(signed_in(people["anna"]), many.replace("assign_many", "acknowledge_many"), note="Looked at.")
    assert {(each.assigned_to, each.state) for each in Discrepancy.objects.all()} == {(people["anna"], "acknowledged")}


def test_the_api_assigns_and_filters_by_name(api: Client, acme: Organisation, people: dict[str, Any]) -> None:
    discrepancy = planted(acme, "A1")
    planted(acme, "A2")

    def resolve(**body: Any) -> Any:
        return api.post(f"{API}/{discrepancy.pk}/resolve", {"action": "assign", **body}, "application/json")

    for body in ({}, {"assigned_to": "gwen"}, {"assigned_to": "nobody-like-that"}):
        refused = resolve(**body)
        assert (refused.status_code, list(refused.json()["details"])) == (400, ["assigned_to"])
    assert resolve(assigned_to="anna").json()["assigned_to"] == "anna"
    (found,) = api.get(f"{API}?assigned_to=anna").json()["results"]
    assert (found["about"], found["age_days"]) == ("Invoice A1", 3)
    assert resolve(assigned_to=None).json()["assigned_to"] is None


@pytest.mark.parametrize(
    ("statement", "worth"),
    [
        ("DELETE FROM events_usageevent WHERE event_id = 'e'", Decimal("7.50")),
        ("UPDATE events_usageevent SET quantity = 1 WHERE event_id = 'e'", Decimal("5.00")),
        ("UPDATE events_usageevent SET event_id = 'f' WHERE event_id = 'e'", Decimal("7.50")),
        ("UPDATE events_usageaggregate SET total = 13", Decimal("25.00")),
    ],
)
def test_usage_is_worth_about_what_a_likely_price_says(project: Project, statement: str, worth: Decimal) -> None:
    """3 calls at ₹2.50, by a price that begins next year; and an event of which no price is known."""
    per_unit("2.50", organisation=project.organisation, effective_from=now().date() + timedelta(days=365))
    noon = (now() - timedelta(days=1)).replace(hour=12)
    send(project, event("e", "3"), at=noon)
    settle()
    tamper(statement)
    run(noon.date(), None, CheckName.HOT_LOG, CheckName.AGGREGATES)
    assert worth in Discrepancy.objects.values_list("worth", flat=True)
