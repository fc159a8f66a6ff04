"""Prices in another currency than the customer's: exchanged at the rate of the month's last day, fixed by the first
invoice that uses it. Amounts are worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_platform.lib.errors import DomainError
from invoicing.admin.mends import Mend, Warned, mend_of
from invoicing.documents import InvoiceDocument
from invoicing.draft_warnings import DraftWarning
from invoicing.models import Invoice, PricingRule
from invoicing.pricing import Usage
from invoicing.rates import Rate
from invoicing.selectors.exchange_rates import customers_without_rate, pairs_without_rate
from invoicing.selectors.price_coverage import Reason, prices_of, unpriced_usage_of
from invoicing.services import drafting, issuing, voiding
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.explaining import explain_line
from invoicing.services.facts.invoice_facts import facts_of_months
from invoicing.services.prices.price_book import new_version, update_pricing_rule
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, draft, issued, per_unit, price, used

pytestmark = pytest.mark.django_db


def rate(value: str, day: str, base: str = "USD", target: str = "INR") -> None:
    add_exchange_rate(
        base=base, target=target, rate=Decimal(value), as_of=date.fromisoformat(day), source="RBI reference rate (FBIL)"
    )


def in_dollars(unit_price: str = "0.05", **fields: Any) -> PricingRule:
    return per_unit(unit_price, currency="USD", may_be_exchanged=True, **fields)


def finalized(organisation: Organisation, period: Any, moment: str) -> Invoice:
    with at(moment):
        invoice = drafting.create_draft(organisation=organisation, period=period)
        return issuing.finalize_invoice(invoice_id=invoice.pk)


def warnings(invoice: Invoice) -> list[DraftWarning]:
    return [DraftWarning.from_json(each) for each in invoice.warnings]


def test_a_price_in_dollars_bills_rupees_at_the_rate_of_the_months_end(acme: Organisation, project: Project) -> None:
    in_dollars()
    rate("84.0689", "2026-10-29")
    rate("84.0721", "2026-10-30")  # the last one of October: the 31st is a Saturday
    rate("84.2000", "2026-11-01")
    used(project, 1000)
    invoice = issued(acme)
    assert amounts(invoice) == [Decimal("4203.61")]  # 0.05 x 84.0721 = 4.203605; x 1000 = 4203.605
    line = invoice.lines.get()
    assert line.unit_price == Decimal("4.203605")
    assert line.price["exchange"] == {
        "base": "USD",
        "target": "INR",
        "rate": "84.0721",
        "as_of": "2026-10-30",
        "source": "RBI reference rate (FBIL)",
        "kind": "direct",
    }
    printed = InvoiceDocument.from_json(invoice.document.content).lines[0]
    note = "Price in USD, exchanged: 1 USD = 84.0721 INR on 30 Oct 2026 (RBI reference rate (FBIL))"
    assert [step.description for step in printed.steps] == [note]
    assert explain_line(line).recomputed.agrees


def test_without_a_rate_nothing_is_issued_and_the_warning_leads_to_the_form(
    acme: Organisation, project: Project
) -> None:
    in_dollars()
    rate("83", "2026-09-29")  # 32 days before the 31st
    used(project, 1000)
    drafted = draft(acme)
    (warning,) = [each for each in warnings(drafted) if each.code == "EXCHANGE_RATE_MISSING"]
    assert warning.blocks
    assert warning.message == (
        "api_calls (call) can't be billed: its price is in USD. There is no USD to INR exchange rate for 31 Oct 2026 "
        "or the 31 days before: add one."
    )
    mend = mend_of(warning, Warned.draft_page(drafted))
    assert mend == Mend("Enter a rate", "/admin/invoicing/exchangerate/add/?base=USD&target=INR")
    assert drafted.lines.count() == 0
    with at("2026-11-01 10:00"), pytest.raises(DomainError, match="its price is in USD"):
        issuing.finalize_invoice(invoice_id=drafted.pk)


def test_an_old_rate_warns_and_does_not_block(acme: Organisation, project: Project) -> None:
    in_dollars()
    rate("84", "2026-10-20")
    used(project, 1000)
    (warning,) = [each for each in warnings(draft(acme)) if each.code == "EXCHANGE_RATE_OLD"]
    assert (warning.blocks, warning.currency) == (False, "USD")
    assert issued_again(acme).status == "finalized"


def issued_again(organisation: Organisation) -> Invoice:
    with at("2026-11-01 10:00"):
        return issuing.finalize_invoice(invoice_id=organisation.invoices.get().pk)


def test_late_usage_and_corrections_have_the_rate_of_the_month_used_in(acme: Organisation, project: Project) -> None:
    """October at 84 is fixed; a better rate of October that is stored afterwards changes nothing of it."""
    in_dollars("1")
    rate("84", "2026-10-30")
    rate("90", "2026-11-30")
    used(project, 100)
    assert amounts(issued(acme)) == [Decimal("8400.00")]
    rate("85", "2026-10-31")
    used(project, 10, on="2026-11-10", happened="2026-10-20T10:00:00Z")
    used(project, 5, on="2026-11-12")
    november = finalized(acme, NOVEMBER, "2026-12-01 10:00")
    assert amounts(november) == [Decimal("840.00"), Decimal("450.00")]
    late = november.lines.get(kind="late_usage")
    assert late.price["exchange"]["rate"] == "84"
    assert explain_line(late).recomputed.agrees


def test_a_month_billed_anew_takes_the_rate_of_the_invoice_that_is_left(acme: Organisation, project: Project) -> None:
    in_dollars("1")
    rate("84", "2026-10-30")
    rate("90", "2026-11-30")
    used(project, 100)
    october = issued(acme)
    used(project, 10, on="2026-11-10", happened="2026-10-20T10:00:00Z")
    with at("2026-11-20 10:00"):
        voiding.void_invoice(invoice_id=october.pk, reason="Wrong address")
    assert amounts(finalized(acme, NOVEMBER, "2026-12-01 10:00")) == [Decimal("840.00")]
    rate("70", "2026-10-31")
    assert amounts(finalized(acme, OCTOBER, "2026-12-03 10:00")) == [Decimal("8400.00")]  # 110 x 84 - 840


def test_a_price_in_the_customers_currency_goes_first_and_its_own_before_all(
    acme: Organisation, project: Project
) -> None:
    rate("84", "2026-10-30")
    in_dollars("1")
    used(project, 10)
    assert amounts(draft(acme)) == [Decimal("840.00")]
    per_unit("50")
    assert _again(acme) == [Decimal("500.00")]
    in_dollars("2", organisation=acme)
    assert _again(acme) == [Decimal("1680.00")]
    reasons = {(each.rule.currency, each.rule.organisation_id is not None): each.reason for each in _prices(acme)}
    assert reasons == {
        ("USD", True): Reason.OWN,
        ("INR", False): Reason.NOT_USED,
        ("USD", False): Reason.NOT_USED,
    }


def _again(organisation: Organisation) -> list[Decimal]:
    with at("2026-11-01 10:00"):
        return amounts(drafting.recompute_draft(invoice_id=organisation.invoices.get().pk))


def _prices(organisation: Organisation) -> Any:
    return prices_of(organisation, today=date(2026, 10, 20))


def test_a_price_that_may_not_be_exchanged_reaches_its_own_currency_only(acme: Organisation, project: Project) -> None:
    rate("84", "2026-10-30")
    rule = per_unit("1", currency="USD")
    used(project, 10)
    with at("2026-10-20 10:00"):
        assert [row.metric.name for row in unpriced_usage_of(acme)] == ["api_calls"]
    assert {each.code for each in warnings(draft(acme))} == {"UNPRICED_USAGE"}
    update_pricing_rule(rule_id=rule.pk, may_be_exchanged=True)
    with at("2026-10-20 10:00"):
        assert not unpriced_usage_of(acme)
    assert _again(acme) == [Decimal("840.00")]


def test_a_price_change_between_currencies_runs_on_over_the_month(acme: Organisation, project: Project) -> None:
    """Dollars until the 15th, rupees from the 16th; ten free calls belong to the month."""
    rate("80", "2026-10-30")
    free = {"model": "per_unit", "free_units": "10"}
    old = price({**free, "unit_price": "1"}, currency="USD", may_be_exchanged=True, effective_to=date(2026, 10, 16))
    price({**free, "unit_price": "100"}, effective_from=date(2026, 10, 16))
    used(project, 15, on="2026-10-10")
    used(project, 5, on="2026-10-20")
    assert amounts(draft(acme)) == [Decimal("400.00"), Decimal("500.00")]  # 5 x $1 x 80; (20 - 10) - (15 - 10) at 100
    assert old.currency == "USD"


def test_yen_have_no_decimals_and_a_cross_rate_leads_there(acme: Organisation, project: Project) -> None:
    Organisation.objects.filter(pk=acme.pk).update(currency="JPY")
    rate("84.0721", "2026-10-30")
    rate("0.5519", "2026-10-30", base="JPY")
    in_dollars("0.05")
    used(project, 1000)
    acme.refresh_from_db()
    line = draft(acme).lines.get()
    assert line.price["exchange"]["rate"] == "152.332125385"  # 84.0721 / 0.5519
    assert line.amount == Decimal("7617")  # 7.6166062693 x 1000 = 7616.6062693


def test_more_customers_take_no_more_queries(acme: Organisation, project: Project) -> None:
    rate("84", "2026-10-30")
    in_dollars("1")
    everybody = [acme, *(factories.organisation(f"Customer {number}") for number in range(3))]
    for customer in everybody:
        used(project if customer is acme else factories.project(customer), 10)
        issued(customer)
        used(customer.projects.get(), 1, on="2026-11-10", happened="2026-10-20T10:00:00Z")
    counts = []
    for customers in (everybody[:1], everybody):
        with at("2026-12-01 10:00"), CaptureQueriesContext(connection) as ran:
            found = facts_of_months(customers, NOVEMBER)
        counts.append(len(ran))
        assert all(found[each.pk].month.months[0].rates["USD"].rate == 84 for each in customers)
    assert counts[0] == counts[1]


def test_no_month_that_is_invoiced_is_reached(acme: Organisation, project: Project) -> None:
    rate("84", "2026-10-30")
    used(project, 10)
    rule = in_dollars("1")
    issued(acme)
    with pytest.raises(DomainError) as refused:
        new_version(rule_id=rule.pk, price={"model": "per_unit", "unit_price": "2"}, effective_from=date(2026, 10, 15))
    assert refused.value.code == "PRICE_REACHES_BILLED_MONTH"
    with pytest.raises(DomainError) as refused:
        per_unit("9")  # a price in rupees would go before it
    assert refused.value.code == "PRICE_REACHES_BILLED_MONTH"


def test_one_price_of_a_usage_may_be_exchanged_at_a_time() -> None:
    in_dollars("1")
    with pytest.raises(DomainError, match="has a price in USD that may be exchanged from 1 Apr 2026"):
        per_unit("1", currency="EUR", may_be_exchanged=True)
    euros = per_unit("1", currency="EUR")
    with pytest.raises(IntegrityError), transaction.atomic():
        PricingRule.objects.filter(pk=euros.pk).update(may_be_exchanged=True)


def test_a_percentage_is_never_exchanged(api: Client) -> None:
    body = {"model": "percentage", "rate": "1.3"}
    with pytest.raises(ValidationError, match="can't be exchanged"):
        price(body, currency="USD", may_be_exchanged=True)
    rule = price(body, currency="USD")
    answer = api.patch(
        f"/api/v1/admin/pricing-rules/{rule.pk}", '{"may_be_exchanged": true}', content_type="application/json"
    )
    assert (answer.status_code, [*answer.json()["details"]]) == (400, ["may_be_exchanged"])


quantities = st.lists(st.integers(1, 40), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantities, quantities, st.decimals("0.5", "150", places=4))
def test_billed_late_or_in_time_a_month_costs_the_same(
    acme: Organisation, project: Project, in_time: list[int], late: list[int], value: Decimal
) -> None:
    """Whatever other rates come afterwards: tiers, free units and the rate are the month's."""
    body = {
        "model": "graduated",
        "free_units": "3",
        "tiers": [{"up_to": "10", "unit_price": "1.23", "flat_fee": "2"}, {"up_to": None, "unit_price": "0.57"}],
    }
    with transaction.atomic():
        price(body, currency="USD", may_be_exchanged=True)
        rate(str(value), "2026-10-29")
        for quantity in in_time:
            used(project, quantity)
        first = issued(acme)
        rate("200", "2026-10-31")
        rate("300", "2026-11-30")
        for quantity in late:
            used(project, quantity, on="2026-11-10", happened="2026-10-20T10:00:00Z")
        second = finalized(acme, NOVEMBER, "2026-12-01 10:00")
        fixed = Rate.from_json(first.lines.get().price["exchange"])
        rule = PricingRule.objects.get().as_rule().exchanged(fixed)
        whole = rule.price.charge(Usage(Decimal(sum(in_time) + sum(late)), 1))
        assert abs(first.subtotal + second.subtotal - whole.exact_amount) <= Decimal("0.01")
        transaction.set_rollback(True)


def test_customers_whose_prices_need_a_rate_are_known_before_the_month_is_billed(
    acme: Organisation, globex: Organisation, admin_user: Any
) -> None:
    def lacking() -> dict[Any, set[str]]:
        found = pairs_without_rate(actor=admin_user, today=date(2026, 10, 30))
        return {pair: {each.name for each in customers} for pair, customers in found}

    rate("84", "2026-10-29")
    assert lacking() == {}
    per_unit("0.04", currency="EUR", may_be_exchanged=True, metric_name="exports", unit="file")
    assert lacking() == {("EUR", "INR"): {"Acme"}, ("EUR", "USD"): {"Globex"}}
    assert {*customers_without_rate(actor=admin_user, today=date(2026, 10, 30))} == {acme, globex}
    per_unit("0.05", currency="USD", metric_name="exports", unit="file")  # goes before the one that is exchanged
    assert lacking() == {("EUR", "INR"): {"Acme"}}
    per_unit("4", metric_name="exports", unit="file", dimensions={"kind": "pdf"})  # the rest is still exchanged
    assert lacking() == {("EUR", "INR"): {"Acme"}}
    per_unit("0.03", currency="EUR", may_be_exchanged=True, metric_name="exports", unit="file", organisation=globex)
    assert lacking()["EUR", "USD"] == {"Globex"}  # its own price goes before everybody's
    rate("91", "2026-10-20", base="EUR")
    assert lacking() == {("EUR", "INR"): {"Acme"}, ("EUR", "USD"): {"Globex"}}  # ten days old
    rate("92", "2026-10-28", base="EUR")
    assert lacking() == {}  # euros to dollars follow from both to rupees
