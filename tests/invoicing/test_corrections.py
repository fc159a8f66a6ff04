"""Usage that is voided or corrected after its month was invoiced comes back as a line on the next invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.errors import DomainError
from events.models import UsageEvent
from events.services.corrections import correct_usage
from invoicing.models import Invoice, InvoiceLine
from invoicing.services import drafting, issuing
from invoicing.services.runs.billing_run import process_item, retry_item, start_billing_run
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, draft, issued, metric, per_unit, price, used

pytestmark = pytest.mark.django_db


def correct(project: Project, was: Any, becomes: Any = None, *, on: str = "2026-11-05") -> None:
    """On a November day, void the event of a quantity, or give it another."""
    event = UsageEvent.objects.get(project=project, kind="usage", quantity=was)
    with at(f"{on} 12:00"):
        correct_usage(
            organisation=project.organisation,
            project=project,
            event_id=event.event_id,
            action="void" if becomes is None else "correct",
            quantity=None if becomes is None else Decimal(becomes),
            reason="sent by mistake",
            by="asha",
        )


def november(organisation: Organisation) -> Invoice:
    with at("2026-12-01 10:00"):
        return drafting.create_draft(organisation=organisation, period=NOVEMBER)


def late_line(invoice: Invoice) -> InvoiceLine:
    return invoice.lines.get(kind=InvoiceLine.Kind.LATE_USAGE)


def test_what_is_voided_before_the_month_is_invoiced_is_not_charged(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 6)
    used(project, 4)
    correct(project, 4, on="2026-10-31")
    assert amounts(draft(acme)) == [Decimal("12.00")]  # 6 x 2.00


def test_usage_without_a_price_holds_its_invoice_up_until_it_is_voided(acme: Organisation, project: Project) -> None:
    used(project, 4)
    with at("2026-11-01 10:00"):
        run = start_billing_run(period=OCTOBER, requested_by="test")
        parked = process_item(item_id=run.items.get(organisation=acme).pk)
    assert (parked.status, parked.reason) == (
        "parked",
        "No price covers api_calls: 4 call in 1 event are not billed.",
    )
    correct(project, 4, on="2026-11-01")
    with at("2026-11-01 13:00"):
        retry_item(item_id=parked.pk)
        item = process_item(item_id=parked.pk)
    assert (item.status, item.reason, item.invoice) == ("skipped", "Nothing to bill.", None)
    assert not Invoice.objects.filter(organisation=acme).exists()


def test_a_month_voided_to_the_last_event_gets_no_invoice(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 4)
    correct(project, 4, on="2026-10-20")
    with at("2026-11-01 12:00"):
        run = start_billing_run(period=OCTOBER, requested_by="test")
        item = process_item(item_id=run.items.get(organisation=acme).pk)
    assert (item.status, item.invoice) == ("skipped", None)


def test_usage_that_was_never_billed_leaks_nothing_when_it_is_voided_late(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 6)
    used(project, 4, metric="mistake")
    issued(acme)
    correct(project, 4)
    used(project, 3, on="2026-11-10")
    assert november(acme).warnings == []


def test_a_voided_event_of_an_invoiced_month_is_given_back_on_the_next_invoice(
    acme: Organisation, project: Project
) -> None:
    per_unit("2.00")
    used(project, 6)
    used(project, 4)
    october = issued(acme)
    assert october.subtotal == Decimal("20.00")  # 10 x 2.00
    correct(project, 4)
    used(project, 10, on="2026-11-10")
    invoice = november(acme)
    line = late_line(invoice)
    assert (line.amount, line.quantity) == (Decimal("-8.00"), Decimal(-4))  # 6 x 2.00 - 20.00
    assert line.description == "api_calls (call), reported late for October 2026"
    assert invoice.subtotal == Decimal("12.00")  # 10 x 2.00 - 8.00
    assert invoice.total == Decimal("14.16")  # with 18 % of 12.00 = 2.16
    with at("2026-12-01 10:00"):
        assert issuing.finalize_invoice(invoice_id=invoice.pk).is_draft is False
    october.refresh_from_db()
    assert october.subtotal == Decimal("20.00")


def test_tiers_run_on_when_usage_is_taken_back(acme: Organisation, project: Project) -> None:
    price({"model": "graduated", "tiers": [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "1"}]})
    used(project, 7)
    used(project, 5)
    issued(acme)  # 10 x 5 + 2 x 1 = 52.00
    correct(project, 5, becomes=1)
    line = late_line(november(acme))
    assert (line.amount, line.quantity) == (Decimal("-12.00"), Decimal(-4))  # 8 x 5 = 40.00, less 52.00


def test_a_correction_upwards_is_charged_on_the_next_invoice(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 6)
    issued(acme)
    correct(project, 6, becomes="7.5")
    correct(project, 6, becomes=8)
    assert late_line(november(acme)).amount == Decimal("4.00")  # 8 x 2.00 - 12.00


def test_a_correction_after_the_next_invoice_is_on_the_one_after(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 6)
    issued(acme)
    correct(project, 6, becomes=5)
    used(project, 10, on="2026-11-10")
    with at("2026-12-01 10:00"):
        invoice = drafting.create_draft(organisation=acme, period=NOVEMBER)
        issuing.finalize_invoice(invoice_id=invoice.pk)
    correct(project, 6, on="2026-12-05")
    used(project, 10, on="2026-12-10")
    with at("2027-01-01 10:00"):
        december = drafting.create_draft(organisation=acme, period=NOVEMBER.next())
    # October counts nothing any more, and was charged 12.00 - 2.00
    assert late_line(december).amount == Decimal("-10.00")


def test_the_greatest_value_of_an_invoiced_month_is_found_again(acme: Organisation, project: Project) -> None:
    peak = metric("api_calls")
    peak.aggregation = "max"
    peak.save()
    per_unit("2.00")
    used(project, 9)
    used(project, 5, on="2026-10-11")
    assert issued(acme).subtotal == Decimal("18.00")  # 9 x 2.00
    correct(project, 9, becomes=3)
    line = late_line(november(acme))
    assert (line.amount, line.quantity) == (Decimal("-8.00"), Decimal(-4))  # 5 x 2.00 - 18.00


def test_an_invoice_that_would_be_negative_waits_for_an_operator(acme: Organisation, project: Project) -> None:
    per_unit("2.00")
    used(project, 6)
    used(project, 4)
    issued(acme)
    correct(project, 4)
    used(project, 3, on="2026-11-10")
    with at("2026-12-01 10:00"):
        run = start_billing_run(period=NOVEMBER, requested_by="test")
        for item_id in run.items.values_list("pk", flat=True):
            process_item(item_id=item_id)
        item = run.items.get(organisation=acme)
        # 3 x 2.00 - 8.00 = -2.00, and 18 % of it
        assert (item.status, item.reason) == ("parked", "The total of -₹2.36 is negative.")
        with pytest.raises(DomainError) as refused:
            issuing.finalize_invoice(invoice_id=item.invoice_id)
    assert refused.value.code == "NEGATIVE_TOTAL"


@pytest.mark.parametrize("model", ["graduated", "volume"])
def test_a_month_that_is_voided_to_the_last_event_owes_no_fee_for_zero_usage(
    acme: Organisation, project: Project, model: str
) -> None:
    """As before it was invoiced: what was voided to the last was never used."""
    tier = {"up_to": None, "unit_price": "2", "flat_fee": "3"}
    price({"model": model, "charge_at_zero": True, "tiers": [tier]})
    used(project, 6)
    assert amounts(issued(acme)) == [Decimal("15.00")]  # 6 x 2 + 3
    correct(project, 6)
    assert late_line(november(acme)).amount == Decimal("-15.00")
