"""What is done to many rows of a list: shown beforehand, fixed when it is confirmed, done once, and undone."""

from __future__ import annotations

import os
import signal
import subprocess
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.errors import DomainError
from invoicing.bulk_verbs import ISSUE, VOID
from invoicing.models import CreditNote, Invoice
from invoicing.services import issuing
from organisations.bulk_verbs import SEND_AGAIN
from organisations.models import AuditEntry, BillingHold, BulkItem, BulkJob, Membership, Notification, Organisation
from organisations.services.bulk import starting
from organisations.services.bulk.preview import preview, preview_of
from organisations.services.bulk.running import due_jobs, run_job
from organisations.services.bulk.starting import ShownOtherwise, start_job, stop_job, try_failed_again
from tests import factories
from tests.admin.bulk import begun, confirmed, hidden, outcomes
from tests.admin.conftest import signed_in
from tests.events.test_concurrency import at_once
from tests.events.test_retention import start_script
from tests.invoicing.language import one_off

LIST = "/admin/invoicing/invoice/"
FINALIZE = f"{LIST}actions/finalize_many/"
Status = Invoice.Status


def job_of(operator: Any, *, options: dict[str, Any] | None = None, verb: Any = ISSUE, **values: Any) -> BulkJob:
    """All invoices, confirmed as they are now."""
    rows = Invoice.objects.all()
    seal = preview(verb, rows, options or {}).seal
    given = {"verb": verb, "rows": rows, "maker": operator, "options": options or {}, "token": uuid4(), "seal": seal}
    return start_job(**given | values)


def states(job: BulkJob) -> list[str]:
    return list(job.items.order_by("position").values_list("state", flat=True))


@pytest.mark.django_db
def test_what_the_page_counts_and_sums_is_what_the_job_does(acme: Organisation, operator: Any) -> None:
    for number in range(1, 8):
        invoice = one_off(acme, f"{number}00.00")
        if number % 3 == 0:
            issuing.finalize_invoice(invoice_id=invoice.pk)
    Invoice.objects.filter(total=Decimal("118.00")).update(approval_needed=[{"code": "x", "message": "x"}])
    shown = preview(ISSUE, Invoice.objects.all(), {})
    job = job_of(operator)
    assert preview_of(job).groups == shown.groups
    run_job(job_id=job.pk)
    job.refresh_from_db()
    done = job.items.filter(state="done")
    issued = Invoice.objects.filter(pk__in=done.values("object_id"))
    assert all(invoice.number for invoice in issued)
    assert len(issued) == shown.ready == 4
    assert shown.sums == [("INR", sum(invoice.total for invoice in issued))]
    skipped = {row.because: row.count for row in shown.skipped}
    assert skipped == {"It is no draft.": 2, "It needs an approval.": 1}
    assert job.items.filter(state="skipped").count() == 3
    assert job.finished_at is not None
    assert due_jobs() == []


@pytest.mark.django_db
def test_rows_are_fixed_when_it_is_confirmed(acme: Organisation, as_operator: Client) -> None:
    first = one_off(acme)
    job = begun(as_operator, f"{FINALIZE}?status__exact=draft")
    later = one_off(acme, "200.00")
    run_job(job_id=job.pk)
    assert Invoice.objects.get(pk=first.pk).number
    assert not Invoice.objects.get(pk=later.pk).number
    assert job.query == "status__exact=draft"


@pytest.mark.django_db
def test_a_page_that_shows_something_old_is_shown_again_with_the_difference(
    acme: Organisation, as_operator: Client
) -> None:
    one_off(acme)
    old = hidden(as_operator, FINALIZE)
    one_off(acme, "200.00")
    shown = as_operator.post(FINALIZE, old).content.decode()
    assert "2 rows now, 1 before; ₹354.00 now, ₹118.00 before" in shown
    assert not BulkJob.objects.exists()
    forged = as_operator.post(FINALIZE, {**hidden(as_operator, FINALIZE), "seal": "forged"}).content.decode()
    assert "Look at what it would do" in forged
    confirmed(as_operator, FINALIZE)
    assert Invoice.objects.exclude(number="").count() == 2


@pytest.mark.django_db
def test_no_e_mails_of_test_customers_are_sent_again_or_counted(acme: Organisation) -> None:
    lab = factories.organisation("Lab", billing_entity=factories.sandbox_seller())
    unsent = {"status": "not_sent", "not_sent_because": "A test customer's.", "next_attempt_at": None}
    Notification.objects.create(organisation=lab, kind="reminder", dedupe_key="1", recipients=["a@lab.test"], **unsent)
    again = preview(SEND_AGAIN, Notification.objects.filter(organisation=lab), {})
    assert [row.because for row in again.skipped] == ["It is a test customer's: none of its e-mails are sent."]
    one_off(acme), one_off(lab)
    shown = preview(ISSUE, Invoice.objects.all(), {})
    assert (shown.ready, shown.customers) == (2, 1)


@pytest.mark.django_db
def test_above_a_limit_the_number_is_typed(acme: Organisation, as_operator: Client, settings: Any) -> None:
    settings.BULK_TYPED_ABOVE_ROWS = 1
    drafts = [one_off(acme), one_off(acme)]
    refused = as_operator.post(FINALIZE, hidden(as_operator, FINALIZE))
    assert list(refused.context["form"].errors) == ["typed"]
    settings.BULK_TYPED_ABOVE_ROWS, settings.BULK_TYPED_ABOVE_RUPEES = 50, 235
    refused = as_operator.post(FINALIZE, {**hidden(as_operator, FINALIZE), "typed": "3"})
    assert list(refused.context["form"].errors) == ["typed"]
    settings.BULK_TYPED_ABOVE_RUPEES = 236
    assert "typed" not in as_operator.get(FINALIZE).context["form"].fields
    settings.BULK_TYPED_ABOVE_RUPEES = 235
    confirmed(as_operator, FINALIZE, typed="2")
    assert Invoice.objects.exclude(number="").count() == len(drafts)


@pytest.mark.django_db
def test_two_clicks_are_one_job(acme: Organisation, as_operator: Client, operator: Any) -> None:
    one_off(acme)
    page = hidden(as_operator, FINALIZE)
    for _click in range(2):
        assert as_operator.post(FINALIZE, page).status_code == 302
    assert BulkJob.objects.count() == 1
    job = BulkJob.objects.get()
    assert job_of(operator, token=job.token) == job  # also when the cache has forgotten the page
    assert BulkItem.objects.count() == 1


@pytest.mark.django_db
def test_a_row_that_changed_before_its_turn_is_skipped_with_the_reason(acme: Organisation, operator: Any) -> None:
    issued, dearer, good = (one_off(acme, f"{n}00.00") for n in range(1, 4))
    job = job_of(operator)
    issuing.finalize_invoice(invoice_id=issued.pk)
    Invoice.objects.filter(pk=dearer.pk).update(subtotal=100, tax_total=18, total=118)
    run_job(job_id=job.pk)
    assert [(item.state, item.reason) for item in job.items.all()] == [
        ("skipped", "It is no draft."),
        ("skipped", "It has changed since it was confirmed: ₹118.00 now, ₹236.00 then."),
        ("done", ""),
    ]
    assert Invoice.objects.get(pk=good.pk).number
    assert not Invoice.objects.get(pk=dearer.pk).number


@pytest.mark.django_db
def test_what_issuing_computes_otherwise_is_not_issued(acme: Organisation, operator: Any) -> None:
    """The stored draft is out of date: its invoice would have another total than the page showed."""
    draft = one_off(acme, "100.00")
    Invoice.objects.filter(pk=draft.pk).update(subtotal=200, tax_total=36, total=236)
    job = job_of(operator)
    run_job(job_id=job.pk)
    assert [item.reason for item in job.items.all()] == [
        "It has changed since it was confirmed: ₹118.00 now, ₹236.00 then."
    ]
    assert not Invoice.objects.get(pk=draft.pk).number


@pytest.mark.django_db
def test_whoever_may_not_any_more_does_nothing(acme: Organisation, operator: Any) -> None:
    one_off(acme)
    job = job_of(operator)
    Membership.objects.filter(user=operator).update(role=Membership.Role.VIEWER)
    run_job(job_id=job.pk)
    assert [item.reason for item in job.items.all()] == [f"{operator.username} may not do this any more."]
    assert not Invoice.objects.exclude(number="").exists()


@pytest.mark.django_db
def test_what_is_stopped_is_skipped_and_what_failed_is_tried_again(
    acme: Organisation, operator: Any, acme_admin: Any
) -> None:
    one_off(acme)
    stopped = job_of(operator)
    stop_job(job_id=stopped.pk, by="olga")
    run_job(job_id=stopped.pk)
    assert [item.reason for item in stopped.items.all()] == ["olga stopped the job."]
    with pytest.raises(DomainError, match="over already"):
        stop_job(job_id=stopped.pk, by="olga")
    issuing.finalize_invoice(invoice_id=Invoice.objects.get().pk)
    refused = job_of(acme_admin, verb=VOID, options={"reason": ""})
    run_job(job_id=refused.pk)
    assert states(refused) == ["failed"]
    BulkJob.objects.filter(pk=refused.pk).update(options={"reason": "Typed twice."})
    try_failed_again(job_id=refused.pk)
    run_job(job_id=refused.pk)
    assert states(refused) == ["done"]
    with pytest.raises(DomainError, match="No row"):
        try_failed_again(job_id=refused.pk)


@pytest.mark.django_db
def test_nothing_that_changed_on_the_way_is_confirmed(acme: Organisation, operator: Any) -> None:
    one_off(acme)
    seal = preview(ISSUE, Invoice.objects.all(), {}).seal
    one_off(acme)
    with pytest.raises(ShownOtherwise):
        job_of(operator, seal=seal)
    assert not BulkItem.objects.exists()
    with pytest.raises(DomainError, match="none among them"):
        job_of(operator, rows=Invoice.objects.none(), seal=preview(ISSUE, Invoice.objects.none(), {}).seal)


@pytest.mark.django_db
def test_what_was_issued_is_credited_by_the_reversing_act(acme: Organisation, as_acme_admin: Client) -> None:
    one_off(acme)
    job = confirmed(as_acme_admin, FINALIZE)
    one_off(acme, "500.00")
    undo = as_acme_admin.get(reverse("admin:organisations_bulkjob_action", args=[job.pk, "undo"])).url
    asked = as_acme_admin.get(undo)
    assert asked.context["form"].preview.sums == [("INR", Decimal("118.00"))]
    assert asked.context["form"]["reason"].value() == "correction"
    confirmed(as_acme_admin, undo, reason="correction")
    assert CreditNote.objects.get().total == Decimal("118.00")


@pytest.mark.django_db
def test_customers_are_held_and_the_hold_is_lifted_again(acme: Organisation, as_admin: Client) -> None:
    factories.organisation("Initech")
    hold = reverse("admin:organisations_organisation_list_action", args=["hold_many"])
    job = confirmed(as_admin, hold, kind="no_email", reason="Move", last_day="")
    assert sorted(outcomes(job)) == ["Acme", "Initech"]
    assert BillingHold.objects.standing().filter(kind="no_email", reason="Move").count() == 2
    undo = as_admin.get(reverse("admin:organisations_bulkjob_action", args=[job.pk, "undo"])).url
    confirmed(as_admin, undo, kind="no_email", reason="Move")
    assert not BillingHold.objects.standing().exists()


@pytest.mark.django_db
def test_a_job_is_seen_by_its_maker_and_by_who_serves_all(
    acme: Organisation, as_operator: Client, as_viewer: Client, as_admin: Client
) -> None:
    one_off(acme)
    job = confirmed(as_operator, FINALIZE)
    page = reverse("admin:organisations_bulkjob_change", args=[job.pk])
    assert "finished" in as_operator.get(page).content.decode()
    assert as_admin.get(page).status_code == 200
    assert as_viewer.get(page).status_code == 302
    result = reverse("admin:organisations_bulkjob_action", args=[job.pk, "result"])
    (head, row) = b"".join(as_operator.get(result).streaming_content).decode().splitlines()  # type: ignore[arg-type]
    assert head.startswith("Object,Customer,State,Reason,Amount")
    assert ",Acme,Done,,118,INR," in row
    assert as_viewer.get(result).status_code == 302
    progress = reverse("admin:organisations_bulkjob_progress", args=[job.pk])
    assert "Done: 1" in as_operator.get(progress).content.decode()
    assert as_viewer.get(progress).status_code == 404
    assert f"/bulkjob/{job.pk}/" not in as_viewer.get("/admin/organisations/bulkjob/").content.decode()
    listed = as_operator.get(f"{LIST}?of_bulk_job={job.pk}").content.decode()
    assert Invoice.objects.get().number in listed
    assert Invoice.objects.get().number not in as_viewer.get(f"{LIST}?of_bulk_job={job.pk}").content.decode()


@pytest.mark.django_db
def test_a_viewer_is_refused_and_theirs_is_left_alone(acme: Organisation, as_viewer: Client) -> None:
    assert as_viewer.get(FINALIZE).status_code == as_viewer.post(FINALIZE).status_code == 403
    initech = factories.organisation("Initech")
    person = factories.member("somebody", acme, Membership.Role.OPERATOR)
    Membership.objects.create(user=person, organisation=initech, role=Membership.Role.VIEWER)
    mine, theirs = one_off(acme), one_off(initech)
    confirmed(signed_in(person), FINALIZE)
    assert Invoice.objects.get(pk=mine.pk).number
    assert not Invoice.objects.get(pk=theirs.pk).number


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_each_row_once(acme: Organisation, operator: Any) -> None:
    for _each in range(4):
        one_off(acme)
    job = job_of(operator)
    at_once(*[lambda: run_job(job_id=job.pk)] * 2)
    BulkJob.objects.filter(finished_at__isnull=True).update(claimed_until=None)
    run_job(job_id=job.pk)
    assert states(job) == ["done"] * 4
    numbers = Invoice.objects.order_by("sequence_number").values_list("sequence_number", flat=True)
    assert list(numbers) == [1, 2, 3, 4]


KILLED = """
import django, sys
django.setup()
from uuid import UUID
from organisations.services.bulk import running
check, seen = running._check_amount, []
def pause(*args):
    seen.append(1)
    if len(seen) == 2:
        print("there", flush=True)
        sys.stdin.read()
    return check(*args)
running._check_amount = pause
running.run_job(job_id=UUID(sys.argv[1]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing_and_doubles_nothing(acme: Organisation, operator: Any) -> None:
    """Killed in the middle of the second of three: issued, and not written down."""
    for _each in range(3):
        one_off(acme)
    job = job_of(operator)
    worker = start_script(KILLED, str(job.pk))
    assert isinstance(worker, subprocess.Popen)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() in ("there", b"there")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    run_job(job_id=job.pk)
    assert states(job).count("waiting") == 2, "its claim still holds"
    BulkJob.objects.update(claimed_until=None)
    run_job(job_id=job.pk)
    assert states(job) == ["done"] * 3
    assert Invoice.objects.exclude(number="").count() == 3
    job.refresh_from_db()
    assert job.finished_at is not None


@pytest.mark.django_db
def test_the_log_names_the_job_and_what_it_did(acme: Organisation, as_operator: Client) -> None:
    one_off(acme)
    job = begun(as_operator, FINALIZE)
    entry = AuditEntry.objects.filter(object_pk=str(job.pk)).order_by("-timestamp").first()
    assert entry is not None
    assert "Finalize: 1 of 1 rows." in str(entry.additional_data)
    assert starting.TASK == "organisations.tasks.run_bulk_job"
