"""A change of prices is simulated by the arithmetic of invoices: nothing changes where the price does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.computing.simulation import compare
from invoicing.models import Invoice, PriceSimulation, PricingRule, SimulatedCustomer
from invoicing.selectors.price_simulations import histogram, sums_of
from invoicing.services import issuing
from invoicing.services.facts.simulation_facts import months_of_use
from invoicing.services.prices import simulating
from invoicing.services.prices.drafts import draft
from invoicing.services.terms.discounts import add_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge
from organisations.models import Organisation, Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.asking import get, key_of, post
from tests.invoicing.language import NOVEMBER, OCTOBER, at, issued, metric, per_unit, price, used
from tests.invoicing.test_corrections import correct, november

pytestmark = pytest.mark.django_db

TIERS = {
    "model": "graduated",
    "tiers": [{"up_to": "1000", "unit_price": "0.12"}, {"up_to": None, "unit_price": "0.08"}],
}


def new_price(body: dict[str, Any] = TIERS, **values: Any) -> PricingRule:
    return draft(**{"metric_name": "api_calls", "unit": "call", "currency": "INR", "price": body, **values})


def simulated(*drafts: PricingRule, months: int = 1, **values: Any) -> PriceSimulation:
    """Worked out to the end by one worker."""
    started = simulating.start_simulation(drafts=drafts, months=months, **values)
    simulating.simulate(simulation_id=started.pk)
    return PriceSimulation.objects.get(pk=started.pk)


def bills(simulation: PriceSimulation) -> list[tuple[str, Decimal, Decimal]]:
    """Who pays how much, and how much then; who pays more most first."""
    rows = simulation.rows.select_related("organisation")
    return [(row.organisation.name, row.before, row.after) for row in rows]


@pytest.fixture
def three(db: None) -> None:
    """Customers that used 500, 1,500 and 10,000 calls at ₹0.10 in October."""
    per_unit("0.10")
    for name, quantity in (("Small", 500), ("Middle", 1_500), ("Large", 10_000)):
        owner = factories.organisation(name)
        used(factories.project(owner), quantity)
        issued(owner)


def test_who_would_pay_more_comes_first(three: None) -> None:
    found = simulated(new_price())
    *more, less = bills(found)
    assert sorted(more) == [  # both pay 10.00 more
        ("Middle", Decimal("150.00"), Decimal("160.00")),
        ("Small", Decimal("50.00"), Decimal("60.00")),
    ]
    assert less == ("Large", Decimal("1000.00"), Decimal("840.00"))
    (sums,) = sums_of(found)
    assert (sums.before, sums.after, sums.percent) == (Decimal("1200.00"), Decimal("1060.00"), Decimal("-11.67"))
    assert (sums.more, sums.less, sums.same, sums.failed) == (2, 1, 0, 0)
    assert {each.label: each.customers for each in histogram(found, "INR") if each.customers} == {
        "5 to 20% less": 1,
        "5 to 20% more": 2,
    }
    assert (found.finished_at is not None, found.customers_done, found.customers) == (True, 3, 3)
    assert PricingRule.objects.count() == 1  # drafts are no prices


def test_only_who_is_chosen_and_reached_is_worked_out(three: None) -> None:
    large = Organisation.objects.get(name="Large")
    assert [row[0] for row in bills(simulated(new_price(), customers=[large]))] == ["Large"]
    own = simulated(new_price(organisation=large))
    assert bills(own) == [("Large", Decimal("1000.00"), Decimal("840.00"))]
    with pytest.raises(InvalidInput, match="None of them has a closed month"):
        simulating.start_simulation(drafts=[new_price(currency="USD")], months=12)


def test_a_customer_with_a_price_of_its_own_keeps_it(three: None) -> None:
    large = Organisation.objects.get(name="Large")
    per_unit("0.05", organisation=large, effective_from=date(2026, 11, 1))
    with at("2026-11-30 10:00"):
        used(large.projects.get(), 100, on="2026-11-10")
    november_of = november(large)
    with at("2026-12-01 10:00"):
        issuing.finalize_invoice(invoice_id=november_of.pk)
    found = simulated(new_price(), months=2)
    assert ("Large", Decimal("1005.00"), Decimal("845.00")) in bills(found)  # 840.00 and 100 x 0.05


@pytest.fixture
def other(db: None) -> Organisation:
    return factories.organisation("Other")


@pytest.fixture
def two_months(acme: Organisation, other: Organisation, project: Project) -> None:
    """October and November of two customers: prices that change within a month, dimensions, a price of its own, usage
    that came late, a correction, a minimum, discounts in percent and as a balance."""
    for owner in (acme, other):
        owner.created_at = datetime(2026, 9, 1, tzinfo=UTC)
        owner.save()
    metric("storage", "gb", dimensions=("region",))
    price({"model": "per_unit", "unit_price": "2.00"}, effective_to=date(2026, 10, 15))
    price({**TIERS, "free_units": "3"}, effective_from=date(2026, 10, 15))
    per_unit("0.50", metric_name="storage", unit="gb")
    per_unit("0.90", metric_name="storage", unit="gb", dimensions={"region": "in"})
    per_unit("1.25", organisation=other, effective_from=date(2026, 10, 20))
    add_minimum_charge(amount=Decimal("400.00"), currency="INR", effective_from=date(2026, 10, 1))
    add_discount(organisation=acme, name="Launch", effective_from=date(2026, 10, 1), percent=Decimal(10))
    balance = {"amount": Decimal("500.00"), "carries_remainder": True}
    add_discount(organisation=other, name="Balance", effective_from=date(2026, 10, 1), **balance)
    theirs = factories.project(other)
    for of in (project, theirs):
        used(of, 10, on="2026-10-05")
        used(of, 1_400, on="2026-10-17")
        used(of, 40, on="2026-10-22")
        used(of, 60, metric="storage", unit="gb", region="in")
        used(of, 50, metric="storage", unit="gb", region="us")
        issued(of.organisation)
        used(of, 90, on="2026-11-03", happened="2026-10-28T06:00:00Z")
        used(of, 20, on="2026-11-09")
    correct(project, 40, 30)
    for owner in (acme, other):
        draft_of = november(owner)
        with at("2026-12-01 10:00"):
            issuing.finalize_invoice(invoice_id=draft_of.pk)


def invoiced(owner: Organisation) -> Decimal:
    """Before tax, in all."""
    found = Invoice.objects.issued().filter(organisation=owner)
    return sum((each.subtotal - each.discount_total for each in found), Decimal(0))


def test_the_prices_in_force_change_nobodys_bill_and_come_to_what_was_invoiced(
    two_months: None, acme: Organisation, other: Organisation
) -> None:
    same = [replace(rule.as_rule(), id=uuid4()) for rule in PricingRule.objects.all()]
    drafts = {each.pk: [rule for rule in same if rule.organisation_id in (None, each.pk)] for each in (acme, other)}
    months, redeemed = months_of_use([acme, other], [OCTOBER, NOVEMBER], drafts)
    for owner in (acme, other):
        found = compare(months[owner.pk], drafts[owner.pk], redeemed.get(owner.pk))
        assert found.delta == 0
        assert found.before.usage == found.after.usage
        assert found.before.total == invoiced(owner)
        assert found.months == 2


def test_minimums_and_balances_are_worked_out_anew(two_months: None, acme: Organisation, other: Organisation) -> None:
    free = new_price({"model": "per_unit", "unit_price": "0"})
    found = simulated(free, months=2)
    after = {name: then for name, _now, then in bills(found)}
    # storage is 60 x 0.90 + 50 x 0.50 = 79.00 in October; both months cost 400.00 at least, less 10 %
    assert after["Acme"] == Decimal("720.00")
    # its own price from the 20th on: October (40 + 90) x 1.25 + 79.00, November 20 x 1.25; of two minimums of
    # 400.00 the balance of 500.00 is taken
    assert after["Other"] == Decimal("300.00")


def test_queries_do_not_grow_with_customers(two_months: None, acme: Organisation, other: Organisation) -> None:
    def queries(owners: list[Organisation]) -> int:
        with CaptureQueriesContext(connection) as captured:
            months_of_use(owners, [OCTOBER, NOVEMBER], {})
        return len(captured)

    queries([acme, other])  # what is read once for a process
    assert queries([acme]) == queries([acme, other])


def test_a_worker_goes_on_where_another_one_stopped(three: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulating, "CHUNK", 1)
    monkeypatch.setattr(simulating, "AT_ONCE", 2)
    started = simulating.start_simulation(drafts=[new_price()], months=1)
    simulating.simulate(simulation_id=started.pk)
    half = PriceSimulation.objects.get(pk=started.pk)
    assert (half.customers_done, half.finished_at, half.rows.count()) == (2, None, 2)
    assert simulating.due_simulations() == [started.pk]
    simulating.simulate(simulation_id=started.pk)
    simulating.simulate(simulation_id=started.pk)  # a second message
    whole = PriceSimulation.objects.get(pk=started.pk)
    assert (whole.customers_done, whole.finished_at is not None, whole.rows.count()) == (3, True, 3)


def test_what_can_not_be_worked_out_stops_no_other(three: None, monkeypatch: pytest.MonkeyPatch) -> None:
    large = Organisation.objects.get(name="Large")

    def refuse(months: Any, *args: Any) -> Any:
        if months[0].month.months[0].usage[0].quantity == 10_000:
            raise DomainError("Its facts are wrong.")
        return compare(months, *args)

    monkeypatch.setattr(simulating, "compare", refuse)
    found = simulated(new_price())
    (sums,) = sums_of(found)
    assert (sums.customers, sums.failed, sums.before) == (3, 1, Decimal("200.00"))
    assert found.rows.get(organisation=large).failure == "Its facts are wrong."


def test_drafts_become_prices_all_together(three: None) -> None:
    pings = new_price({"model": "flat", "amount": "5"}, metric_name="pings", unit="ping")
    found = simulated(new_price(), pings)
    with at("2026-11-20 10:00"):
        with pytest.raises(DomainError, match="invoiced already"):
            simulating.schedule_prices(simulation_id=found.pk, effective_from=date(2026, 10, 20))
        rules = simulating.schedule_prices(simulation_id=found.pk, effective_from=date(2026, 12, 1), reason="Simulated")
        with pytest.raises(DomainError, match="scheduled already"):
            simulating.schedule_prices(simulation_id=found.pk, effective_from=date(2027, 1, 1))
    old = PricingRule.objects.get(effective_from=date(2026, 4, 1))
    assert old.effective_to == date(2026, 12, 1)
    assert [(rule.metric_name, rule.model, rule.effective_from) for rule in rules] == [
        ("api_calls", "graduated", date(2026, 12, 1)),
        ("pings", "flat", date(2026, 12, 1)),
    ]
    found.refresh_from_db()
    assert found.scheduled_from == date(2026, 12, 1)


def test_what_is_asked_for_is_checked(three: None) -> None:
    for drafts, months, sentence in (
        ([], 1, "at least one price"),
        ([new_price(), new_price()], 1, "two drafts for the same usage"),
        ([new_price()], 13, "1 to 12 months"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            simulating.start_simulation(drafts=drafts, months=months)


def test_old_simulations_are_forgotten(three: None) -> None:
    old, new = simulated(new_price()), simulated(new_price())
    PriceSimulation.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=91))
    assert simulating.forget_simulations() == 1
    assert {*SimulatedCustomer.objects.values_list("simulation", flat=True)} == {new.pk}


# --- faces ------------------------------------------------------------------------------------------------------------

LIST = "/admin/invoicing/pricesimulation/"
TYPED = {
    "metric_name": "api_calls", "unit": "call", "currency": "INR", "model": "graduated", "pool": "organisation",
    "free_units": "0", "tiers-0-up_to": "1000", "tiers-0-unit_price": "0.12", "tiers-1-unit_price": "0.08",
    "months": "1",
}  # fmt: skip


def test_an_operator_simulates_a_price_and_schedules_it(three: None, admin_user: Any, operator: Any) -> None:
    as_admin, as_operator = signed_in(admin_user), signed_in(operator)
    rule = PricingRule.objects.get()
    page = as_admin.get(f"{LIST}actions/simulate/?rule={rule.pk}")
    assert 'value="0.10"' in page.content.decode()
    once = page.context_data["form"]["once"].value()
    wrong = as_admin.post(f"{LIST}actions/simulate/", {**TYPED, "once": once, "customers": "Small\nNobody"})
    assert "There is no customer Nobody." in wrong.content.decode()
    there = as_admin.post(f"{LIST}actions/simulate/", {**TYPED, "once": once, "customers": "Small\nlarge"})
    report = as_admin.get(there["Location"]).content.decode()
    assert "0 of 2 customers worked out" in report
    found = PriceSimulation.objects.get()
    simulating.simulate(simulation_id=found.pk)
    report = as_admin.get(f"{LIST}{found.pk}/change/").content.decode()
    assert report.index("Small") < report.index("Large")
    assert "+₹10.00" in report
    assert "-₹160.00" in report
    less = as_admin.get(f"{LIST}{found.pk}/change/?pays=less&name=arg").context_data["rows"]
    assert [row["delta"] for row in less] == ["-₹160.00"]
    file = b"".join(as_admin.get(f"{LIST}{found.pk}/actions/download/")).decode()
    assert file.splitlines()[1:] == [
        "Small,small,INR,1,50.00,60.00,10.00,20,50.00,60.00,0,",
        "Large,large,INR,1,1000.00,840.00,-160.00,-16,1000.00,840.00,0,",
    ]
    asked = as_admin.get(f"{LIST}{found.pk}/actions/schedule/")
    assert "Now: Per unit ₹0.10" in asked.content.decode()
    once = asked.context_data["form"]["once"].value()
    with at("2026-11-20 10:00"):
        as_admin.post(f"{LIST}{found.pk}/actions/schedule/", {"once": once, "effective_from": "2026-12-01"})
    assert PricingRule.objects.get(model="graduated").effective_from == date(2026, 12, 1)
    more = as_admin.get(f"{LIST}actions/simulate/?together={found.pk}")
    assert "api_calls (call): Graduated tiers" in more.content.decode()
    once = more.context_data["form"]["once"].value()
    second = {**TYPED, "metric_name": "pings", "once": once, "together": found.pk}
    as_admin.post(f"{LIST}actions/simulate/", second)
    newest = PriceSimulation.objects.exclude(pk=found.pk).get()
    assert [each["metric_name"] for each in newest.drafts] == ["api_calls", "pings"]
    assert as_admin.get(LIST).status_code == 200
    for address in (LIST, f"{LIST}actions/simulate/", f"{LIST}{found.pk}/change/"):
        assert as_operator.get(address).status_code == 403  # of Acme alone
    assert (
        "Simulate a change" not in as_operator.get(f"/admin/invoicing/pricingrule/{rule.pk}/change/").content.decode()
    )


def test_a_program_simulates_a_price_and_schedules_it(three: None, api: Client, acme: Organisation) -> None:
    body = {"metric_name": "api_calls", "unit": "call", "currency": "INR", **TIERS}
    started = post(api, "/price-simulations", {"prices": [body], "months": 1})
    assert (started.status_code, started.json()["customers"]) == (201, 3)
    pk = started.json()["id"]
    simulating.simulate(simulation_id=pk)
    (totals,) = get(api, f"/price-simulations/{pk}").json()["totals"]
    assert totals == {
        "currency": "INR", "customers": 3, "pay_more": 2, "pay_less": 1, "pay_the_same": 0, "failed": 0,
        "without_price": 0, "before": "1200.00", "after": "1060.00", "delta": "-140.00", "percent": "-11.67",
    }  # fmt: skip
    rows = get(api, f"/price-simulations/{pk}/rows?pays=less").json()["results"]
    assert [(row["name"], row["delta"], row["percent"]) for row in rows] == [("Large", "-160.00", "-16")]
    file = b"".join(get(api, f"/price-simulations/{pk}/rows?format=csv&pays=more")).decode()
    assert len(file.splitlines()) == 3
    with at("2026-11-20 10:00"):
        rules = post(api, f"/price-simulations/{pk}/schedule", {"effective_from": "2026-12-01"})
    assert [(rule["model"], rule["effective_from"]) for rule in rules.json()] == [("graduated", "2026-12-01")]
    for wrong, status in (
        ({"prices": [{**body, "tiers": []}]}, 400),
        ({"prices": []}, 400),
        ({"prices": [body], "months": 13}, 400),
        ({"prices": [body], "organisations": []}, 400),
        ({"prices": [body], "organisations": [str(uuid4())]}, 404),
    ):
        assert post(api, "/price-simulations", wrong).status_code == status, wrong
    bound = key_of(acme, "admin")
    assert post(bound, "/price-simulations", {"prices": [body]}).status_code == 403
    assert get(bound, "/price-simulations").json()["results"] == []
