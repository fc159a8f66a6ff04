"""The pages of billing runs: a preview before the start, the progress, and months whose invoice was voided."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test.client import Client
from django.urls import reverse

from billing_platform.backoffice import dashboard
from invoicing.admin.runs import run_preview
from invoicing.models import BillingRun, BillingRunItem
from invoicing.services import drafting, voiding
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.runs.billing_run_preview import preview_run
from organisations.models import Organisation, Project
from tests import factories
from tests.admin.test_confirm_pages import facts_of
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import OCTOBER, per_unit, used

START = "admin:invoicing_billingrun_list_action"


@pytest.fixture
def november(db: None) -> Any:
    """The 5th of November, when October is over for everybody; nobody's session ends by it."""
    with time_machine.travel("2026-11-05T06:00:00+00:00", tick=False) as moment:
        yield moment


@pytest.fixture
def october(acme: Organisation, project: Project) -> Organisation:
    """Acme used 100 calls at 1.00 in October, and Umbrella nothing."""
    per_unit("1")
    used(project, 100)
    factories.organisation("Umbrella")
    return acme


def run_october() -> BillingRun:
    run = start_billing_run(period=OCTOBER, requested_by="test")
    for item in run.items.all():
        process_item(item_id=item.pk)
    return run


def page(client: Client, obj: Any) -> Any:
    meta = obj._meta
    return client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk]))


def test_the_page_says_whom_a_run_would_bill_and_how_much(
    october: Organisation, november: Any, as_admin: Client
) -> None:
    facts = facts_of(as_admin.get(reverse(START, args=["start"])))
    # 100 x 1.00, and CGST and SGST of 9 % each
    assert facts["Month"] == "October 2026"
    assert facts["To be billed"] == "2 customers, of whom 1 used nothing"
    assert (facts["Estimated total"], facts["E-mails"]) == ("₹118.00", "1 invoice is e-mailed")
    run_october()
    facts = facts_of(as_admin.get(reverse(START, args=["start"])))
    assert facts["To be billed"] == "0 customers"
    assert (facts["Left alone: done"], facts["Left alone: nothing to bill"]) == ("1", "1")


def test_the_page_works_out_once_what_a_run_would_do(
    october: Organisation, november: Any, as_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(run_preview, "preview_run", lambda **given: asked.append(given) or preview_run(**given))
    as_admin.get(reverse(START, args=["start"]))
    assert len(asked) == 1


def test_only_months_that_are_over_are_offered_and_another_choice_shows_another_month(
    october: Organisation, november: Any, as_admin: Client
) -> None:
    url = reverse(START, args=["start"])
    choices = [value for value, _name in as_admin.get(url).context["form"].fields["month"].choices]
    assert (choices[0], "2026-11" in choices) == ("2026-10", False)
    chosen = as_admin.get(url, {"month": "2026-09"})
    assert facts_of(chosen)["Month"] == "September 2026"
    assert '<option value="2026-09" selected' in chosen.content.decode()


def test_what_a_run_would_not_bill_is_said_before_it_is_started(
    october: Organisation, project: Project, november: Any, as_admin: Client
) -> None:
    used(project, 7, metric="exports", unit="file")
    asked = as_admin.get(reverse(START, args=["start"])).content.decode()
    assert "Acme: No price covers" in asked


def test_the_run_names_who_started_it_and_shows_counts_and_sums(
    october: Organisation, november: Any, as_admin: Client, admin_user: Any
) -> None:
    act(as_admin, reverse(START, args=["start"]), month="2026-10")
    run = BillingRun.objects.get()
    assert run.requested_by == admin_user.get_username()
    progress = reverse("admin:invoicing_billingrun_progress", args=[run.pk])
    assert progress in page(as_admin, run).content.decode()
    waiting = as_admin.get(progress).content.decode()
    assert "data-running" in waiting
    assert ("0%" in waiting, "2 of 2 waiting" in waiting) == (True, True)
    run_october()
    done = page(as_admin, run)
    ended = as_admin.get(progress).content.decode()
    assert ("data-running" in ended, "100%" in ended) == (False, True)
    assert re.findall(r">([A-Z][^<:]*): ([0-9,]+)</a>", ended) == [("Done", "1"), ("Nothing to bill", "1")]
    for href in re.findall(r'href="([^"]+)">', ended):
        assert as_admin.get(href.replace("&amp;", "&")).context["cl"].result_count == 1
    assert re.search(r"Billed.{0,900}₹118\.00", done.content.decode(), re.DOTALL)
    listed = as_admin.get(reverse("admin:invoicing_billingrun_changelist"))
    assert re.search(r"field-billed[^>]*>.{0,200}₹118\.00", listed.content.decode(), re.DOTALL)
    assert action_url(run, "carry_on") not in done.content.decode()  # there is nothing to continue


def test_a_voided_month_is_told_of_until_it_is_billed_again(
    october: Organisation, november: Any, as_admin: Client, admin_user: Any
) -> None:
    run = run_october()
    item = run.items.get(organisation=october)
    assert item.invoice is not None
    act(as_admin, action_url(item.invoice, "void"), reason="Wrong address")
    tile = dashboard.of(admin_user).run
    assert tile is not None
    assert (tile.values, tile.note, tile.tone) == (
        ("1 of 2",),
        "0 invoiced, 1 without usage, 1 needs attention",
        "warning",
    )
    (told,) = dashboard.of(admin_user).attention
    assert (told.count, told.label, told.facts) == (1, "month without a live invoice", ())  # it waits since today
    listed = as_admin.get(told.href).context["cl"].result_list
    assert [row.pk for row in listed] == [item.pk]
    assert action_url(run, "carry_on") in page(as_admin, run).content.decode()
    facts = facts_of(as_admin.get(action_url(item, "bill_again")))
    assert facts["Reason"] == "Invoice INV/26-27/000001 was voided: Wrong address"
    act(as_admin, action_url(item, "bill_again"))
    assert process_item(item_id=item.pk).invoice.number == "INV/26-27/000002"
    assert dashboard.of(admin_user).attention == ()


def test_leaving_a_month_unbilled_takes_an_admin_and_a_reason(
    october: Organisation, november: Any, as_operator: Client, as_acme_admin: Client, admin_user: Any
) -> None:
    item = run_october().items.get(organisation=october)
    assert item.invoice is not None
    voiding.void_invoice(invoice_id=item.invoice.pk, reason="Wrong address")
    item.refresh_from_db()
    url = action_url(item, "leave_unbilled")
    assert as_operator.get(url).status_code == 403
    act(as_acme_admin, url, reason="Paid in advance")
    item.refresh_from_db()
    assert (item.status, item.reason) == (BillingRunItem.Status.LEFT_UNBILLED, "Paid in advance")
    assert dashboard.of(admin_user).attention == ()


def test_a_draft_of_a_past_month_needs_attention_and_is_listed(
    october: Organisation, november: Any, as_admin: Client, admin_user: Any
) -> None:
    old = drafting.create_draft(organisation=october, period=OCTOBER)
    drafting.create_one_off_draft(
        organisation=october, lines=[{"description": "Set-up", "quantity": "1", "unit_price": "1"}]
    )
    (told,) = dashboard.of(admin_user).attention
    assert (told.count, told.label) == (1, "draft of a past month")
    assert list(as_admin.get(told.href).context["cl"].result_list) == [old]


def test_who_started_a_run_is_named_to_nobody_of_a_single_customer(
    october: Organisation, november: Any, as_admin: Client, as_viewer: Client, admin_user: Any
) -> None:
    act(as_admin, reverse(START, args=["start"]), month="2026-10")
    run = BillingRun.objects.get()
    assert f">{admin_user.get_username()}<" in re.sub(r"\s+", "", page(as_admin, run).content.decode())
    shown = page(as_viewer, run).content.decode()
    assert "the seller" in shown
    assert f">{admin_user.get_username()}<" not in re.sub(r"\s+", "", shown)
