"""Discard all drafts of a billing run, from its page: shown before, as a job, once the run has ended."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test.client import Client
from django.urls import reverse

from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import BillingEntity, BulkJob, Membership, Organisation, Project
from organisations.services.bulk.running import run_job
from tests import factories
from tests.admin.bulk import begun, confirmed, outcomes
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import action_url
from tests.invoicing.language import OCTOBER, per_unit, used

Status = BillingRunItem.Status
LIST = reverse("admin:invoicing_billingrunitem_list_action", args=["discard_drafts_many"])


@pytest.fixture
def november(db: None) -> Any:
    with time_machine.travel("2026-11-05T06:00:00+00:00", tick=False) as moment:
        yield moment


@pytest.fixture
def ended(acme: Organisation, project: Project, november: Any) -> BillingRun:
    """October's run: Acme's ₹118 and Hooli's ₹236 wait out their days of grace, Initech's is issued, and nobody else
    used anything."""
    per_unit("1")
    used(project, 100)
    hooli, initech = factories.organisation("Hooli"), factories.organisation("Initech")
    used(factories.project(hooli), 200)
    used(factories.project(initech), 300)
    factories.organisation("Umbrella")
    run = start_billing_run(period=OCTOBER, requested_by="test")
    for item in run.items.filter(organisation__name__in=["Initech", "Umbrella"]):
        process_item(item_id=item.pk)
    BillingEntity.objects.update(draft_days=3)
    for item in run.items.open():
        process_item(item_id=item.pk)
    return run


def states(run: BillingRun) -> dict[str, str]:
    return dict(run.items.values_list("organisation__name", "status"))


def shown(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_the_page_leads_to_what_it_would_do_and_a_job_does_it(ended: BillingRun, as_admin: Client) -> None:
    page = as_admin.get(reverse("admin:invoicing_billingrun_change", args=[ended.pk])).content.decode()
    assert action_url(ended, "discard_drafts") in page
    url = as_admin.get(action_url(ended, "discard_drafts")).url
    told = shown(as_admin.get(url))
    assert "Match 4 Would be done 2 In all ₹354.00" in told
    assert "1: Its invoice is issued, and stays. Such as Initech." in told
    assert "1: There was nothing to bill. Such as Umbrella." in told
    job = confirmed(as_admin, url, reason="wrong prices")
    assert {name: state for name, (state, _reason) in outcomes(job).items()} == {
        "Acme": "done",
        "Hooli": "done",
        "Initech": "skipped",
        "Umbrella": "skipped",
    }
    assert states(ended) == {"Acme": "voided", "Hooli": "voided", "Initech": "done", "Umbrella": "skipped"}
    assert Invoice.objects.get().organisation.name == "Initech"
    title = shown(as_admin.get(reverse("admin:organisations_bulkjob_change", args=[job.pk])))
    assert "Discard drafts of a billing run" in title
    page = as_admin.get(reverse("admin:invoicing_billingrun_change", args=[ended.pk])).content.decode()
    assert action_url(ended, "discard_drafts") not in page, "there is none left"
    assert action_url(ended, "carry_on") in page, "and the months can be billed anew"


def test_a_run_that_works_has_to_end_first(ended: BillingRun, as_admin: Client) -> None:
    ended.items.filter(organisation__name="Acme").update(status=Status.PENDING)
    refused = shown(as_admin.get(action_url(ended, "discard_drafts"), follow=True))
    assert "The run is still at work, and 1 customer waits: discard its drafts once it has ended." in refused
    told = shown(as_admin.get(f"{LIST}?run__id__exact={ended.pk}"))
    assert "1: The run is still at work on it. Such as Acme." in told


def test_what_is_taken_up_or_issued_meanwhile_is_left_alone(ended: BillingRun, as_admin: Client) -> None:

    job = begun(as_admin, f"{LIST}?run__id__exact={ended.pk}", reason="wrong prices")
    ended.items.filter(organisation__name="Acme").update(status=Status.PENDING)
    for _twice in range(2):
        run_job(job_id=job.pk)
    assert outcomes(job)["Acme"] == ("skipped", "The run is still at work on it.")
    assert outcomes(job)["Hooli"] == ("done", "")
    assert Invoice.objects.filter(organisation__name="Acme").exists()


def test_bound_users_discard_theirs_only_and_viewers_nothing(ended: BillingRun, acme: Organisation) -> None:
    theirs = signed_in(factories.member("olga", acme, Membership.Role.OPERATOR))
    assert theirs.get(action_url(ended, "discard_drafts")).status_code == 403
    confirmed(theirs, f"{LIST}?run__id__exact={ended.pk}", reason="wrong prices")
    assert states(ended) == {"Acme": "voided", "Hooli": "drafted", "Initech": "done", "Umbrella": "skipped"}
    looker = signed_in(factories.member("vera", acme, Membership.Role.VIEWER))
    assert looker.get(f"{LIST}?run__id__exact={ended.pk}").status_code == 403
    assert BulkJob.objects.count() == 1
