"""Before a month is billed: the month-end check with the way to each mend, and the dry run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from events.models import EventBatch
from events.services import partitions
from events.services.accepting import Form, accept_events
from invoicing.models import BillingRun, BillingRunItem, Invoice, NumberSequence
from invoicing.selectors.billing_runs import run_pace, run_progress
from invoicing.services import drafting
from invoicing.services.runs import billing_run
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.runs.dry_run import csv_rows, customers_of, dry_run
from invoicing.services.runs.month_end_check import Topic, month_end_check
from organisations.models import Organisation, Project
from organisations.services.onboarding import update_organisation
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import NOVEMBER, OCTOBER, at, per_unit, used

MONTH_END, DRY_RUN, START = (
    lambda: reverse("admin:invoicing_billingrun_list_action", args=["month_end"]),
    lambda: reverse("admin:invoicing_billingrun_list_action", args=["dry_run"]),
    lambda: reverse("admin:invoicing_billingrun_list_action", args=["start"]),
)


@pytest.fixture
def december(db: None) -> Iterator[Any]:
    """The 5th of December, when November is over for everybody."""
    with time_machine.travel("2026-12-05T06:00:00+00:00", tick=False) as moment:
        yield moment


def run_month(period: Any) -> BillingRun:
    run = start_billing_run(period=period, requested_by="test")
    for item in run.items.all():
        process_item(item_id=item.pk)
    return run


def faults(user: Any) -> dict[str, int]:
    return {check.topic.value: check.count for check in month_end_check(period=NOVEMBER, actor=user) if check.count}


# --- the month-end check ------------------------------------------------------------------------------------------


def test_a_month_in_order_is_green_throughout(
    acme: Organisation, project: Project, december: Any, admin_user: Any, as_admin: Client
) -> None:
    per_unit("1")
    used(project, 100, on="2026-11-10")
    assert faults(admin_user) == {}
    shown = as_admin.get(MONTH_END()).content.decode()
    assert "All is in order" in shown
    assert shown.count('aria-label="In order"') == len(Topic)


def test_each_fault_is_counted_and_leads_to_its_mend(
    acme: Organisation, project: Project, december: Any, admin_user: Any, as_admin: Client
) -> None:
    used(project, 7, metric="exports", unit="file", on="2026-11-10")
    with at("2026-11-30 12:00"):
        partitions.ensure_partitions()
        accept_events(project=project, body=b'{"events":[]}'.replace(b"[]", _event()), form=Form.BATCH)
    factories.organisation("Globex", country="US", state_code="", currency="USD", time_zone="America/New_York")
    Organisation.objects.filter(pk=factories.organisation("Zone", is_sez=True).pk).update(gstin="")
    entity = acme.billing_entity
    entity.letters.update(valid_to=date(2026, 11, 30))
    with at("2026-11-02 10:00"):
        drafting.create_one_off_draft(organisation=acme, lines=[_line()])  # belongs to no month
    _draft_of_october(acme)
    run_october = BillingRun.objects.create(period_start=OCTOBER.start, requested_by="test")
    BillingRunItem.objects.create(run=run_october, organisation=acme, status="failed", next_attempt_at=None)
    # three customers and two numbers left
    NumberSequence.objects.create(
        registration=entity.gstin,
        billing_entity=entity,
        series="INV/26-27/",
        kind="invoice",
        financial_year="26-27",
        next_number=999_998,
    )
    found = faults(admin_user)
    assert found == {
        "unsettled": 1,
        "unpriced": 1,
        "rates": 1,
        "particulars": 1,
        "lut": 1,
        "series": 1,
        "earlier_items": 1,
        "earlier_drafts": 1,
    }
    shown = as_admin.get(MONTH_END()).content.decode()
    assert "8 to look at" in shown
    assert "effective_from=2026-11-01" in shown  # a price set from here covers the month
    for part in re.findall(r'<li id="[a-z_]+" class="check (?:warning|danger)">.*?</div>', shown, re.DOTALL):
        *_rows, mend = re.findall(r'href="([^"]+)"', part)
        assert as_admin.get(mend.replace("&amp;", "&")).status_code == 200
    asked = as_admin.get(START(), {"month": "2026-11"}).content.decode()
    assert "1 metric is used without a price" in asked


def _event() -> bytes:
    return b'[{"event_id": "late", "metric_name": "exports", "unit": "file", "metric_value": "1"}]'


def _line() -> dict[str, str]:
    return {"description": "Set-up", "quantity": "1", "unit_price": "1"}


def _draft_of_october(organisation: Organisation) -> None:
    Invoice.objects.create(
        organisation=organisation,
        billing_entity=organisation.billing_entity,
        currency="INR",
        period_start=OCTOBER.start,
        period_end=OCTOBER.end,
    )


def test_a_quarantined_batch_stops_the_month(
    acme: Organisation, project: Project, december: Any, admin_user: Any
) -> None:
    with at("2026-11-30 12:00"):
        partitions.ensure_partitions()
        accept_events(project=project, body=b'{"events":%s}' % _event(), form=Form.BATCH)
    EventBatch.objects.update(status=EventBatch.Status.QUARANTINED)
    (check,) = [each for each in month_end_check(period=NOVEMBER, actor=admin_user) if not each.is_green]
    assert (check.topic, check.count, check.stops) == (Topic.QUARANTINED, 1, True)


def test_the_pages_are_for_people_who_serve_every_customer(december: Any, as_acme_admin: Client) -> None:
    assert [as_acme_admin.get(url()).status_code for url in (MONTH_END, DRY_RUN)] == [403, 403]


# --- the dry run ----------------------------------------------------------------------------------------------------


@pytest.fixture
def november(acme: Organisation, project: Project, december: Any) -> None:
    """In October and November, at 1.00 and with tax: Acme 118.00 and 236.00, Umbrella 118.00 and 1,180.00, Initech
    118.00 and nothing. Hooli, in a Special Economic Zone without a GSTIN, used 50 calls in November. Idle is idle."""
    per_unit("1")
    others = {
        name: factories.project(factories.organisation(name)) for name in ("Umbrella", "Initech", "Hooli", "Idle")
    }
    for each in (project, others["Umbrella"], others["Initech"]):
        used(each, 100)
    with time_machine.travel("2026-11-05T06:00:00+00:00", tick=False):
        run_month(OCTOBER)
    used(project, 200, on="2026-11-10")
    used(others["Umbrella"], 1000, on="2026-11-10")
    hooli = others["Hooli"].organisation
    used(others["Hooli"], 50, on="2026-11-10")
    Organisation.objects.filter(pk=hooli.pk).update(is_sez=True, gstin="")


def test_the_dry_run_says_of_each_customer_what_a_run_would_make_and_the_run_makes_it(november: None) -> None:
    customers = customers_of(NOVEMBER)
    rows = {row.organisation.name: row for row in dry_run(period=NOVEMBER, organisations=customers)}
    found = {name: (row.outcome.value, row.total, row.before, row.difference) for name, row in rows.items()}
    assert found == {
        "Acme": ("Issued", Decimal(236), Decimal(118), Decimal(118)),
        "Umbrella": ("Parked for review", Decimal(1180), Decimal(118), Decimal(1062)),
        "Initech": ("Parked for review", Decimal(0), Decimal(118), Decimal(-118)),
        "Hooli": ("Can't be issued", Decimal(50), None, None),
        "Idle": ("Nothing to bill", Decimal(0), None, None),
    }
    assert "more than 3 times the usual ₹118.00" in rows["Umbrella"].remarks[0]
    assert Invoice.objects.filter(period_start=NOVEMBER.start).count() == 0
    items = {item.organisation.name: item.status for item in run_month(NOVEMBER).items.select_related("organisation")}
    assert items == {"Acme": "done", "Umbrella": "parked", "Initech": "parked", "Hooli": "failed", "Idle": "skipped"}
    again = {row.organisation.name: row for row in dry_run(period=NOVEMBER, organisations=customers)}
    assert {name: row.outcome.value for name, row in again.items() if row.outcome.value != "Left alone"} == {
        "Hooli": "Can't be issued"
    }
    assert again["Umbrella"].remarks == ("Parked for review",)


def test_the_page_and_the_file_show_the_same(november: None, as_admin: Client) -> None:
    shown = as_admin.get(DRY_RUN(), {"month": "2026-11"}).content.decode()
    assert re.search(r"Acme.*?Issued.*?₹236\.00.*?\+₹118\.00.*?₹118\.00", shown, re.DOTALL)
    file = b"".join(as_admin.get(DRY_RUN(), {"month": "2026-11", "format": "csv"})).decode()
    assert file.splitlines()[0] == "customer,slug,outcome,currency,lines,total,month_before,difference,remarks"
    assert "Acme,acme,Issued,INR,1,236.00,118.00,118.00," in file
    assert "Initech,initech,Parked for review,INR,0,0.00,118.00,-118.00," in file
    assert len(list(csv_rows(dry_run(period=NOVEMBER, organisations=customers_of(NOVEMBER))))) == 6


def test_the_last_day_to_issue_is_said_once_for_all_on_the_page_and_in_each_row_of_the_file(
    november: None, december: Any, admin_user: Any
) -> None:
    december.move_to("2027-01-02T06:00:00+00:00")
    as_admin = signed_in(admin_user)  # the session of December is over
    sentence = "The invoice should have been issued by 30 Dec 2026, 30 days after the month (CGST Rule 47)."
    assert as_admin.get(DRY_RUN(), {"month": "2026-11"}).content.decode().count(sentence) == 1
    file = b"".join(as_admin.get(DRY_RUN(), {"month": "2026-11", "format": "csv"})).decode()
    assert file.count(sentence) == 3  # Acme, Umbrella and Hooli have something to bill


def test_a_run_lists_first_what_waits_for_a_person(november: None, as_admin: Client) -> None:
    run = run_month(NOVEMBER)
    shown = as_admin.get(reverse("admin:invoicing_billingrun_change", args=[run.pk])).content.decode()
    places = [shown.index(f">{name}<") for name in ("Hooli", "Initech", "Umbrella", "Acme", "Idle")]
    assert places == sorted(places)  # failed, parked twice, done, nothing to bill


def test_more_customers_take_no_more_queries(november: None, django_assert_num_queries: Any) -> None:
    customers = customers_of(NOVEMBER)
    list(dry_run(period=NOVEMBER, organisations=customers))  # what is read once per process is read
    counts = []
    for chosen in (customers[:1], customers[:4]):
        with django_assert_num_queries(1000, exact=False) as asked:
            list(dry_run(period=NOVEMBER, organisations=chosen))
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1  # earlier invoices' usage, where there are any


# --- progress, and trying again ---------------------------------------------------------------------------------------


def test_the_pace_is_that_of_the_last_minute(december: Any, admin_user: Any) -> None:
    run = BillingRun.objects.create(period_start=NOVEMBER.start, requested_by="test")
    customers = [factories.organisation(f"Customer {number}") for number in range(6)]
    items = [BillingRunItem.objects.create(run=run, organisation=each) for each in customers]
    december.shift(timedelta(seconds=20))
    for item in items[:4]:
        BillingRunItem.objects.filter(pk=item.pk).update(status="skipped", finished_at=clock.now())
    progress = run_progress(run=run, actor=admin_user)
    pace = run_pace(run=run, progress=progress, actor=admin_user)
    # 4 of 6 in 20 s: 0.2 a second, and the other two take 10 s
    assert (progress.percent, pace.per_second, pace.seconds_left) == (66, Decimal("0.2"), 10)
    december.shift(timedelta(minutes=2))
    assert run_pace(run=run, progress=progress, actor=admin_user).per_second is None


def test_only_what_failed_is_tried_again(november: None) -> None:
    run = run_month(NOVEMBER)
    hooli = Organisation.objects.get(name="Hooli")
    update_organisation(organisation=hooli, is_sez=False)
    assert billing_run.retry_failed(run_id=run.pk) == 1
    waiting = run.items.filter(status="pending")
    assert [item.organisation.name for item in waiting] == ["Hooli"]
    assert process_item(item_id=waiting[0].pk).status == "done"
    assert billing_run.retry_failed(run_id=run.pk) == 0
