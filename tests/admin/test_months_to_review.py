"""The review queue: why a month is parked, what is usual, and the ways on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_platform.backoffice import dashboard
from billing_platform.lib.errors import DomainError
from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.selectors.safety_bounds import bounds_of
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.runs.reviewing import NO_DRAFT, approve_parked
from invoicing.services.safety_bounds import set_safety_bounds
from organisations.models import Organisation, Project
from organisations.services.bulk.running import run_job
from tests import factories
from tests.admin.bulk import begun, confirmed, outcomes
from tests.admin.test_confirm_pages import facts_of
from tests.admin.test_listing import lines
from tests.admin.test_object_actions import act
from tests.invoicing.language import NOVEMBER, OCTOBER, per_unit, used
from tests.invoicing.test_corrections import correct

QUEUE = "admin:invoicing_reviewitem_changelist"
EXPORT = "/admin/invoicing/reviewitem/list-export/"


@pytest.fixture
def december(db: None) -> Any:
    """The 5th of December, when November is over for everybody."""
    with time_machine.travel("2026-12-05T06:00:00+00:00", tick=False) as moment:
        yield moment


def run_month(period: Any) -> BillingRun:
    run = start_billing_run(period=period, requested_by="test")
    for item in run.items.all():
        process_item(item_id=item.pk)
    return run


def bill_october() -> None:
    with time_machine.travel("2026-11-05T06:00:00+00:00", tick=False):
        run_month(OCTOBER)


@pytest.fixture
def parked(acme: Organisation, project: Project, december: Any) -> BillingRunItem:
    """Acme used 100 calls at 1.00 in October, ₹118.00 with tax, and 1,000 in November: ₹1,180.00, ten times as much."""
    per_unit("1")
    used(project, 100)
    bill_october()
    used(project, 1000, on="2026-11-10")
    return run_month(NOVEMBER).items.get()


def url(item: BillingRunItem, action: str) -> str:
    return reverse("admin:invoicing_reviewitem_action", args=[item.pk, action])


def test_the_queue_shows_why_and_how_far_from_the_usual(parked: BillingRunItem, as_admin: Client) -> None:
    assert parked.status == "parked"
    shown = as_admin.get(reverse(QUEUE)).content.decode()
    assert "Far above usual" in shown
    assert "The total of ₹1,180.00 is more than 3 times the usual ₹118.00 (the last invoice)." in shown
    assert "× 10" in shown
    assert re.findall(r"<title>(October 2026: [^<]*|November 2026: [^<]*)</title>", shown) == [
        "October 2026: ₹118.00",
        "November 2026: ₹1,180.00",
    ]
    assert re.search(r"api_calls.{0,200}₹1,000\.00", shown, re.DOTALL)  # the draft's line, before tax


def test_the_queue_exports_what_it_shows(parked: BillingRunItem, as_admin: Client, as_viewer: Client) -> None:
    """With the same facts as the page, and the ways on of whoever asks: a viewer has none."""
    (line,), (seen,) = lines(as_admin, EXPORT), lines(as_viewer, EXPORT)
    assert (line["Month"], line["Total"], line["Usual"]) == ("November 2026", "₹1,180.00", "₹118.00 × 10")
    assert line["Next step"].startswith("Approve Recompute Raise bounds")
    assert seen == line | {"Next step": ""}


def test_attention_leads_to_the_queue(parked: BillingRunItem, as_admin: Client, admin_user: Any) -> None:
    told = {each.label: each for each in dashboard.of(admin_user).attention}
    assert told["month to review"].count == 1
    assert [row.pk for row in as_admin.get(told["month to review"].href).context["cl"].result_list] == [parked.pk]


def test_an_approved_month_is_issued(parked: BillingRunItem, as_operator: Client) -> None:
    facts = facts_of(as_operator.get(url(parked, "approve")))
    assert (facts["Total"], facts["Usual"]) == ("₹1,180.00", "₹118.00")
    act(as_operator, url(parked, "approve"))
    parked.refresh_from_db()
    assert parked.invoice is not None
    assert (parked.status, parked.invoice.total) == ("done", Decimal("1180.00"))
    assert parked.reasons == []
    assert as_operator.get(reverse(QUEUE)).context["cl"].result_count == 0


def test_what_changed_since_the_page_was_opened_is_not_approved(
    parked: BillingRunItem, project: Project, as_operator: Client
) -> None:
    asked = as_operator.get(url(parked, "approve")).context["form"]
    seen = {name: asked[name].value() for name in ("once", "fingerprint")}
    per_unit("2", organisation=parked.organisation, effective_from=NOVEMBER.start)
    answer = as_operator.post(url(parked, "approve"), seen)
    assert "The draft has changed since you looked at it, and is ₹2,360.00 now" in answer.content.decode()
    parked.refresh_from_db()
    assert parked.status == "parked"


def test_recomputing_issues_what_is_within_its_bounds_by_now(parked: BillingRunItem, as_operator: Client) -> None:
    per_unit("0.30", organisation=parked.organisation, effective_from=NOVEMBER.start)
    act(as_operator, url(parked, "recompute"))
    # 1,000 x 0.30 and 18 % tax: exactly three times the usual
    assert process_item(item_id=parked.pk).status == "done"
    assert Invoice.objects.get(period_start=NOVEMBER.start).total == Decimal("354.00")


def test_raised_bounds_hold_for_this_customer_from_now_on(parked: BillingRunItem, as_operator: Client) -> None:
    act(as_operator, url(parked, "raise_bounds"), times="10", lines="500", most="", reason="A new product")
    bounds = bounds_of([parked.organisation])[parked.organisation.pk]
    assert (bounds.times, bounds.lines, bounds.most) == (Decimal(10), 500, Decimal(10_000_000))
    assert process_item(item_id=parked.pk).status == "done"


def test_a_parked_month_can_be_left_unbilled_by_an_admin(
    parked: BillingRunItem, as_operator: Client, as_acme_admin: Client
) -> None:
    assert as_operator.get(url(parked, "leave_unbilled")).status_code == 403
    act(as_acme_admin, url(parked, "leave_unbilled"), reason="A test of theirs")
    parked.refresh_from_db()
    assert (parked.status, parked.reason, parked.invoice) == ("left_unbilled", "A test of theirs", None)
    assert not Invoice.objects.filter(period_start=NOVEMBER.start).exists()
    assert parked.organisation.usage_periods.get(month=NOVEMBER.start).closed_at is not None


def test_a_month_of_nothing_after_a_month_with_something_waits_for_a_look(
    acme: Organisation, project: Project, december: Any, as_admin: Client
) -> None:
    per_unit("1")
    used(project, 100)
    bill_october()
    item = run_month(NOVEMBER).items.get()
    assert (item.status, item.invoice) == ("parked", None)
    assert item.reason == "There is nothing to pay, after ₹118.00 for October 2026."
    assert "Nothing this month" in as_admin.get(reverse(QUEUE)).content.decode()
    act(as_admin, url(item, "approve"))
    item.refresh_from_db()
    assert (item.status, item.reason) == ("skipped", "Nothing to bill, as somebody has checked.")


def test_many_are_approved_at_once_and_what_cannot_be_issued_is_left(parked: BillingRunItem, as_admin: Client) -> None:
    other = factories.organisation("Umbrella")
    used(factories.project(other), 7, metric="exports", unit="file", on="2026-11-10")
    run_month(NOVEMBER)
    assert BillingRunItem.objects.filter(status="parked").count() == 2
    asked = reverse("admin:invoicing_reviewitem_list_action", args=["approve_many"])
    assert re.search(r"The largest</th><td[^>]*><div>Acme: ₹1,180.00 × 10 ", as_admin.get(asked).content.decode())
    assert outcomes(confirmed(as_admin, asked)) == {
        "Acme, November 2026": ("done", ""),
        "Umbrella, November 2026": ("skipped", "Nothing of it has a price."),
    }
    assert {item.organisation.name: item.status for item in BillingRunItem.objects.filter(run=parked.run)} == {
        "Acme": "done",
        "Umbrella": "parked",
    }


def test_many_are_recomputed_at_once(parked: BillingRunItem, as_admin: Client) -> None:
    confirmed(as_admin, reverse("admin:invoicing_reviewitem_list_action", args=["recompute_many"]))
    parked.refresh_from_db()
    assert parked.status == "pending"


def test_of_many_only_what_was_seen_is_approved(parked: BillingRunItem, project: Project, as_admin: Client) -> None:
    umbrella = factories.organisation("Umbrella")
    asked = reverse("admin:invoicing_reviewitem_list_action", args=["approve_many"])
    bounds = {"times": Decimal(1), "lines": 500, "most": Decimal(1), "reason": "A test"}
    set_safety_bounds(organisation=umbrella, **bounds)
    used(factories.project(umbrella), 10, on="2026-11-10")
    run_month(NOVEMBER)
    job = begun(as_admin, asked)
    per_unit("2", organisation=parked.organisation, effective_from=NOVEMBER.start)  # Acme's month has changed since
    initech = factories.organisation("Initech")
    set_safety_bounds(organisation=initech, **bounds)
    used(factories.project(initech), 10, on="2026-11-10")
    run_month(NOVEMBER)  # and Initech's was parked since
    run_job(job_id=job.pk)
    changed = "The draft has changed since you looked at it, and is ₹2,360.00 now: look at it again."
    assert outcomes(job) == {"Acme, November 2026": ("failed", changed), "Umbrella, November 2026": ("done", "")}
    assert {
        item.organisation.name: item.status for item in BillingRunItem.objects.filter(run__period_start=NOVEMBER.start)
    } == {
        "Acme": "parked",
        "Initech": "parked",
        "Umbrella": "done",
    }


def test_a_month_that_was_seen_without_usage_is_not_ended_with_some(
    parked: BillingRunItem, as_operator: Client
) -> None:
    with pytest.raises(DomainError, match="has changed since you looked"):
        approve_parked(item_id=parked.pk, approver=get_user(as_operator), fingerprint=NO_DRAFT)


def test_a_negative_month_leads_to_its_credit_notes_in_one_click(
    acme: Organisation, project: Project, december: Any, as_admin: Client
) -> None:
    per_unit("1")
    used(project, 100)
    bill_october()
    correct(project, 100)
    item = run_month(NOVEMBER).items.get()
    assert item.invoice is not None
    assert item.invoice.total == Decimal("-118.00")
    link = reverse("admin:invoicing_invoice_action", args=[item.invoice_id, "credit_corrections"])
    for page in (reverse(QUEUE), reverse("admin:invoicing_reviewitem_change", args=[item.pk])):
        assert f'href="{link}">Credit and finalize</a>' in as_admin.get(page).content.decode()
    shown = act(as_admin, link, e_mail="send")
    assert "Credited by CN/26-27/000001" in shown.content.decode()
    item.refresh_from_db()
    assert (item.status, item.invoice) == ("skipped", None)


def test_a_longer_queue_asks_no_more_questions(parked: BillingRunItem, as_admin: Client) -> None:
    counts = []
    for more in ((), ("Umbrella", "Initech", "Hooli")):
        for name in more:
            used(factories.project(factories.organisation(name)), 7, metric="exports", unit="file", on="2026-11-10")
        run_month(NOVEMBER)
        as_admin.get(reverse(QUEUE))
        with CaptureQueriesContext(connection) as asked:
            assert as_admin.get(reverse(QUEUE)).context["cl"].result_count == 1 + len(more)
        counts.append(len(asked))
    assert counts[1] <= counts[0]
