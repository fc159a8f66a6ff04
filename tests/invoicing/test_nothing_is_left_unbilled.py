"""Usage after the billing of its month, or of a skipped or forgotten month, is invoiced once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing_platform.lib.periods import BillingPeriod
from invoicing import tasks
from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import Organisation, Project
from organisations.services.onboarding import update_organisation
from tests.invoicing.language import NOVEMBER, OCTOBER, at, per_unit, used

pytestmark = pytest.mark.django_db


def bill(period: BillingPeriod, moment: str) -> dict[str, BillingRunItem]:
    """The run of a month at a moment, by the customers' names."""
    with at(moment):
        run = start_billing_run(period=period, requested_by="test")
        return work_off(run)


def work_off(run: BillingRun) -> dict[str, BillingRunItem]:
    for item_id in run.items.filter(status__in=["pending", "claimed"]).values_list("pk", flat=True):
        process_item(item_id=item_id)
    return {item.organisation.name: item for item in run.items.select_related("organisation", "invoice")}


def report_october_usage(project: Project, quantity: int, *, on: str) -> None:
    used(project, quantity, on=on, happened="2026-10-20T06:00:00Z")


def test_usage_reported_after_its_month_was_skipped_is_on_the_next_invoice(
    acme: Organisation, project: Project
) -> None:
    per_unit("1")
    assert bill(OCTOBER, "2026-11-01 10:00")["Acme"].status == "skipped"
    report_october_usage(project, 70, on="2026-11-05")
    used(project, 30, on="2026-11-06")
    invoice = bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice
    assert invoice is not None
    assert invoice.subtotal == Decimal(100)


def test_usage_of_months_before_a_customer_was_on_board_is_billed(acme: Organisation, project: Project) -> None:
    """No run ever looked at October for a customer that came on the 10th of November with old usage."""
    per_unit("1")
    report_october_usage(project, 70, on="2026-11-10")
    with at("2026-12-01 10:00"):
        tasks.generate_invoices()
        for run in BillingRun.objects.all():
            work_off(run)
    assert [invoice.subtotal for invoice in Invoice.objects.filter(organisation=acme)] == [Decimal(70)]


def test_what_a_customer_used_before_it_left_is_billed(acme: Organisation, project: Project) -> None:
    per_unit("1")
    report_october_usage(project, 70, on="2026-10-20")
    update_organisation(organisation=acme, is_active=False)
    with at("2026-11-01 10:00"):
        tasks.generate_invoices()
        for run in BillingRun.objects.all():
            work_off(run)
    assert [invoice.subtotal for invoice in Invoice.objects.filter(organisation=acme)] == [Decimal(70)]
