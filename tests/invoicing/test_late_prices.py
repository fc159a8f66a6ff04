"""Usage that an invoiced month had no price for: priced later, the next invoice charges it, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.models import Invoice, LatePrice
from invoicing.models.late_price import organisations_to_charge_late
from invoicing.services import voiding
from invoicing.services.charged_usage import charged_usage
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.credit_notes.usage_credits import credit_corrections
from invoicing.services.explaining import explain_line
from invoicing.services.prices.price_book import delete_pricing_rule, update_pricing_rule
from organisations.models import Organisation, Project
from organisations.services.onboarding import update_organisation
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, issued, metric, per_unit, price, used
from tests.invoicing.test_billed_months import refused
from tests.invoicing.test_corrections import correct
from tests.invoicing.test_corrections import november as draft_of_november
from tests.invoicing.test_nothing_is_left_unbilled import bill as run_month
from tests.invoicing.test_usage_credits import DECEMBER, bill

pytestmark = pytest.mark.django_db

OCTOBER_FIRST = date(2026, 10, 1)


@pytest.fixture
def october(acme: Organisation, project: Project) -> Invoice:
    """100 calls at ₹5, and 30 pings that no price covers."""
    per_unit("5")
    used(project, 100)
    used(project, 10, metric="pings", unit="ping")
    used(project, 20, metric="pings", unit="ping", on="2026-10-20")
    invoice = issued(acme)
    assert amounts(invoice) == [Decimal("500.00")]
    return invoice


def pings(body: dict[str, Any] | None = None, **fields: Any) -> Any:
    values: dict[str, Any] = {"metric_name": "pings", "unit": "ping", "effective_from": OCTOBER_FIRST}
    return price(body or {"model": "per_unit", "unit_price": "2"}, **values | {"bills_late": True} | fields)


def lines(invoice: Invoice) -> list[tuple[str, str, Decimal, Decimal]]:
    rows = invoice.lines.order_by("position")
    return [(line.kind, line.description, line.quantity, line.amount) for line in rows]


def differing(organisation: Organisation) -> list[Any]:
    return [each for each in charged_usage([(organisation.pk, OCTOBER)]) if each.differs]


def test_the_next_invoice_charges_what_had_no_price_whole_and_once(
    october: Invoice, acme: Organisation, project: Project
) -> None:
    assert "Acme for October 2026" in refused(pings, bills_late=False)  # nobody bills it by accident
    pings({"model": "graduated", "tiers": [{"up_to": "25", "unit_price": "2"}, {"up_to": None, "unit_price": "1"}]})
    assert differing(acme) == []  # it is still to come
    used(project, 7, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    used(project, 8, on="2026-11-06", happened="2026-10-21T06:00:00Z", metric="pings", unit="ping")
    november = bill(acme, NOVEMBER, "2026-12-01 10:00")
    # 38 pings, 8 of them late: 25 × 2 + 13 × 1; and 7 late calls at 5
    assert lines(november) == [
        ("late_usage", "pings (ping) · October 2026", Decimal(38), Decimal("63.00")),
        ("late_usage", "api_calls (call), reported late for October 2026", Decimal(7), Decimal("35.00")),
    ]
    explained = explain_line(november.lines.get(metric_name="pings"))
    assert (explained.event_count, explained.recomputed.agrees, explained.events.count()) == (3, True, 3)
    assert differing(acme) == []
    # from here on it is late usage like any other
    used(project, 2, on="2026-12-05", happened="2026-10-22T06:00:00Z", metric="pings", unit="ping")
    december = bill(acme, DECEMBER, "2027-01-01 10:00")
    late = ("late_usage", "pings (ping), reported late for October 2026", Decimal(2), Decimal("2.00"))
    assert lines(december) == [late]
    assert explain_line(december.lines.get()).recomputed.agrees
    assert differing(acme) == []


@pytest.mark.parametrize("is_active", [True, False])
def test_a_run_bills_it_to_a_customer_that_used_nothing_else(
    october: Invoice, acme: Organisation, is_active: bool
) -> None:
    pings({"model": "per_unit", "unit_price": "15"})
    update_organisation(organisation=acme, is_active=is_active)
    assert run_month(NOVEMBER, "2026-12-01 10:00")["Acme"].status == "done"
    assert not LatePrice.objects.to_charge().exists()
    assert amounts(Invoice.objects.get(period_start=NOVEMBER.start)) == [Decimal("450.00")]
    assert Invoice.objects.count() == 2


def test_it_is_charged_again_only_if_its_invoice_is_void(october: Invoice, acme: Organisation) -> None:
    pings()
    november = bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert amounts(november) == [Decimal("60.00")]
    assert LatePrice.objects.not_issued().count() == 0
    with at("2026-12-02 10:00"):
        voiding.void_invoice(invoice_id=november.pk, reason="wrong address")
    assert LatePrice.objects.not_issued().count() == 1
    assert amounts(bill(acme, DECEMBER, "2027-01-01 10:00")) == [Decimal("60.00")]
    assert differing(acme) == []


def test_a_month_that_is_billed_anew_charges_it_itself(october: Invoice, acme: Organisation, project: Project) -> None:
    pings()
    voiding.void_invoice(invoice_id=october.pk, reason="wrong address")
    again = bill(acme, OCTOBER, "2026-12-01 10:00")
    assert amounts(again) == [Decimal("500.00"), Decimal("60.00")]
    used(project, 1, on="2026-12-05")
    assert amounts(bill(acme, DECEMBER, "2027-01-01 10:00")) == [Decimal("5.00")]


def test_a_month_billed_anew_after_it_was_charged_late_is_no_finding(october: Invoice, acme: Organisation) -> None:
    pings()
    bill(acme, NOVEMBER, "2026-12-01 10:00")
    with at("2026-12-02 10:00"):
        issue_credit_note(invoice_id=october.pk, lines=None, why=Why("correction"), bill_again=True)
    assert amounts(bill(acme, OCTOBER, "2026-12-03 10:00")) == [Decimal("500.00"), Decimal(0)]
    assert differing(acme) == []


def test_what_a_late_price_is_still_to_charge_is_not_missing_beside_a_correction(
    acme: Organisation, project: Project
) -> None:
    """A credit note gives back all that was charged, though usage without a price is left. Then amounts tell, and not
    of what is still to come."""
    metric("api_calls", dimensions=("region",))
    per_unit("5", dimensions={"region": "in"})
    used(project, 60, region="in")
    used(project, 4, region="eu")
    issued(acme)
    correct(project, 60)
    with at("2026-12-01 10:00"):
        assert [note.subtotal for note in credit_corrections(invoice_id=draft_of_november(acme).pk).notes] == [300]
    per_unit("3", effective_from=OCTOBER_FIRST, bills_late=True)
    assert differing(acme) == []
    assert amounts(bill(acme, DECEMBER, "2027-01-01 10:00")) == [Decimal("12.00")]
    assert differing(acme) == []


def test_another_dimension_stays_as_it_was_charged(acme: Organisation, project: Project) -> None:
    metric("api_calls", dimensions=("region",))
    per_unit("5", dimensions={"region": "in"})
    used(project, 10, region="in")
    used(project, 4, region="eu")
    issued(acme)
    assert "Acme for October 2026" in refused(  # it would price what is invoiced otherwise
        per_unit, "3", dimensions={"region": "in"}, organisation=acme, effective_from=OCTOBER_FIRST, bills_late=True
    )
    per_unit("3", effective_from=OCTOBER_FIRST, bills_late=True)
    used(project, 1, on="2026-11-05", happened="2026-10-20T06:00:00Z", region="in")
    november = bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert [line[2:] for line in lines(november)] == [(Decimal(4), Decimal("12.00")), (Decimal(1), Decimal("5.00"))]
    assert differing(acme) == []


def test_a_month_with_usage_that_has_a_price_keeps_its_prices(acme: Organisation, project: Project) -> None:
    """A price from the 15th; one for the days before it would begin its tiers and free units earlier."""
    per_unit("5", effective_from=date(2026, 10, 15))
    used(project, 10, on="2026-10-10")
    used(project, 10, on="2026-10-20")
    issued(acme)
    days = {"effective_from": OCTOBER_FIRST, "effective_to": date(2026, 10, 15)}
    assert "Acme for October 2026" in refused(per_unit, "5", **days, bills_late=True)


def test_a_price_that_is_due_without_usage_bills_no_invoiced_month(october: Invoice, acme: Organisation) -> None:
    body = {"model": "flat", "amount": "499", "charge_at_zero": True}
    assert "Acme for October 2026" in refused(pings, body, organisation=acme)


def test_until_an_invoice_charges_by_it_the_price_may_be_changed_or_deleted(
    october: Invoice, acme: Organisation
) -> None:
    rule = pings()
    update_pricing_rule(rule_id=rule.pk, price={"model": "per_unit", "unit_price": "3"})
    delete_pricing_rule(rule_id=rule.pk)
    rule = pings()
    bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert "Acme for November 2026" not in refused(update_pricing_rule, rule_id=rule.pk, effective_to=date(2026, 10, 9))


def test_a_late_price_takes_no_usage_that_has_a_price_and_leaves_none_to_another(
    acme: Organisation, project: Project
) -> None:
    """Either would be charged wrongly: what is invoiced once more, or what was late never."""
    metric("api_calls", dimensions=("region",))
    per_unit("5", dimensions={"region": "in"})
    used(project, 10, region="in")
    used(project, 4, region="eu")
    issued(acme)
    eu = {"dimensions": {"region": "eu"}, "effective_from": OCTOBER_FIRST, "bills_late": True}
    own = per_unit("3", organisation=acme, **eu)
    per_unit("9", **eu)  # does not reach Acme, which has its own
    assert "Acme for October" in refused(update_pricing_rule, rule_id=own.pk, dimensions={"region": "in"})
    assert "Acme for October" in refused(delete_pricing_rule, rule_id=own.pk)
    assert "Acme for October" in refused(update_pricing_rule, rule_id=own.pk, effective_from=NOVEMBER.start)
    update_pricing_rule(rule_id=own.pk, price={"model": "per_unit", "unit_price": "4"})
    assert amounts(bill(acme, NOVEMBER, "2026-12-01 10:00")) == [Decimal("16.00")]


def test_a_late_price_that_was_moved_out_of_the_month_owes_no_invoice(october: Invoice, acme: Organisation) -> None:
    rule = pings()
    for first_day, owing in (NOVEMBER.start, set()), (date(2026, 10, 5), {acme.pk}):
        update_pricing_rule(rule_id=rule.pk, effective_from=first_day)
        assert organisations_to_charge_late(before=NOVEMBER.start) == owing


@pytest.mark.parametrize(("aggregation", "quantity"), [("max", 20), ("latest", 20), ("unique", 2), ("weighted_sum", 0)])
def test_every_aggregation_is_charged_late(
    acme: Organisation, project: Project, aggregation: str, quantity: int
) -> None:
    unique = {"unique_property": "user"} if aggregation == "unique" else {}
    Metric.objects.create(name="pings", unit="ping", aggregation=aggregation, **unique)
    for day, value in ("2026-10-10", 10), ("2026-10-20", 20):
        used(project, value, metric="pings", unit="ping", on=day, user=f"u{value}")
    per_unit("5")
    used(project, 1)
    issued(acme)
    pings()
    (line,) = bill(acme, NOVEMBER, "2026-12-01 10:00").lines.filter(used_in=OCTOBER_FIRST)
    if aggregation == "weighted_sum":
        quantity = 10 * 24 * 21 + 10 * 12 + 20 * 24 * 11 + 20 * 12  # GB-hours of 10 from the 10th, noon, and 20 more
    assert (line.quantity, line.amount) == (quantity, 2 * quantity)
    assert differing(acme) == []


def test_a_price_for_everybody_bills_each_customer_late(october: Invoice, acme: Organisation) -> None:
    pings()
    months = list(LatePrice.objects.values_list("organisation", "month"))
    assert months == [(acme.pk, OCTOBER_FIRST)]
    assert BillingPeriod.of(months[0][1]) == OCTOBER
