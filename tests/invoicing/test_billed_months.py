"""A price doesn't reach into a month that was invoiced with usage it would price."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.client import Client

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, PricingRule
from invoicing.services import issuing, voiding
from invoicing.services.prices.price_book import update_pricing_rule
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, after_october, amounts, draft, issued, metric, per_unit, price, used
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db

OCTOBER_FIRST, NOVEMBER_FIRST = date(2026, 10, 1), date(2026, 11, 1)
SENTENCE = (
    "Usage that this price would change is invoiced already: Acme for October 2026. The first day on which a price can "
    "begin, end or change is 1 Nov 2026. To bill an earlier month by another price, void its invoice (or credit it) "
    "first, and bill it anew."
)


def refused(verb: Callable[..., Any], *what: Any, **how: Any) -> str:
    with pytest.raises(DomainError) as error:
        verb(*what, **how)
    assert (error.value.code, error.value.status) == ("PRICE_REACHES_BILLED_MONTH", 409)
    return error.value.message


def test_a_price_that_begins_in_an_invoiced_month_is_refused_and_late_usage_keeps_its_price(
    acme: Organisation, project: Project
) -> None:
    per_unit("5")
    used(project, 100)
    assert issued(acme).subtotal == Decimal("500.00")
    assert refused(per_unit, "1", organisation=acme, effective_from=OCTOBER_FIRST) == SENTENCE
    per_unit("1", organisation=acme, effective_from=NOVEMBER_FIRST)
    used(project, 1, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    used(project, 10, on="2026-11-06")
    invoice = bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice
    # one late call at October's 5.00, ten of November at 1.00; it was -399.00 once
    assert invoice is not None
    assert sorted(amounts(invoice)) == [Decimal("5.00"), Decimal("10.00")]


def test_both_api_endpoints_refuse_it(acme: Organisation, project: Project, api: Client) -> None:
    per_unit("5")
    used(project, 100)
    issued(acme)
    body = {
        "organisation": str(acme.pk), "metric_name": "api_calls", "unit": "call", "currency": "INR",
        "model": "per_unit", "unit_price": "1", "effective_from": "2026-10-01",
    }  # fmt: skip
    answer = api.post("/api/v1/admin/pricing-rules", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_REACHES_BILLED_MONTH")
    assert answer.json()["details"] == {
        "first_possible_day": "2026-11-01",
        "invoiced": [{"organisation": str(acme.pk), "period": "2026-10"}],
    }
    body["effective_from"] = "2026-11-01"
    made = api.post("/api/v1/admin/pricing-rules", body, content_type="application/json").json()
    for effective_from in ("2026-10-31", "2026-09-01"):
        answer = api.patch(
            f"/api/v1/admin/pricing-rules/{made['id']}",
            {"effective_from": effective_from},
            content_type="application/json",
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_REACHES_BILLED_MONTH")
    assert PricingRule.objects.get(pk=made["id"]).effective_from == NOVEMBER_FIRST


@pytest.mark.parametrize("end", [date(2026, 10, 2), date(2026, 10, 20), date(2026, 10, 31)])
def test_a_price_does_not_end_within_an_invoiced_month(acme: Organisation, project: Project, end: date) -> None:
    rule = per_unit("5")
    used(project, 100, on="2026-10-10")
    issued(acme)
    refused(update_pricing_rule, rule_id=rule.pk, effective_to=end)
    assert update_pricing_rule(rule_id=rule.pk, effective_to=NOVEMBER_FIRST).effective_to == NOVEMBER_FIRST


def test_a_price_that_ended_within_an_invoiced_month_does_not_begin_to_hold_again(
    acme: Organisation, project: Project
) -> None:
    rule = per_unit("5", effective_to=date(2026, 10, 20))
    used(project, 100, on="2026-10-10")
    used(project, 7, on="2026-10-25")
    issued(acme)
    refused(update_pricing_rule, rule_id=rule.pk, effective_to=None)


def test_a_version_that_begins_after_the_months_last_usage_would_clamp_the_month_all_the_same(
    acme: Organisation, project: Project
) -> None:
    per_unit("5", effective_to=date(2026, 10, 20))
    used(project, 10, on="2026-10-10")
    issued(acme)
    later = {"model": "per_unit", "unit_price": "5", "minimum": "900"}
    refused(price, later, effective_from=date(2026, 10, 20))


def test_dimensions_decide_whether_there_is_usage_to_price(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    per_unit("5")
    used(project, 100, region="eu")
    issued(acme)
    refused(per_unit, "1", dimensions={"region": "eu"}, effective_from=OCTOBER_FIRST)
    assert per_unit("1", dimensions={"region": "us"}, effective_from=OCTOBER_FIRST)


def test_a_metric_without_usage_in_the_month_may_be_priced_from_any_day(acme: Organisation, project: Project) -> None:
    per_unit("5")
    used(project, 100)
    issued(acme)
    assert per_unit("1", metric_name="storage", unit="GB", effective_from=OCTOBER_FIRST)


def test_usage_that_was_invoiced_without_a_price_keeps_none(acme: Organisation, project: Project) -> None:
    per_unit("5")
    used(project, 100)
    used(project, 8, metric="storage", unit="GB")
    issued(acme)
    refused(per_unit, "1", metric_name="storage", unit="GB", effective_from=OCTOBER_FIRST)


def test_a_global_price_names_the_customers_whose_price_would_change(acme: Organisation, project: Project) -> None:
    per_unit("5", effective_to=NOVEMBER_FIRST)
    used(project, 10)
    issued(acme)
    for name in ("Umbrella", "Wonka", "Initech", "Hooli"):
        other = factories.organisation(name)
        used(factories.project(other), 10)
        issued(other)
    rule = PricingRule.objects.get()
    message = refused(update_pricing_rule, rule_id=rule.pk, effective_to=date(2026, 10, 31))
    assert "Acme for October 2026, Hooli for October 2026, Initech for October 2026 and 2 more customers." in message


def test_a_global_price_does_not_change_customers_with_an_own_price(acme: Organisation, project: Project) -> None:
    per_unit("5", organisation=acme)
    used(project, 10)
    issued(acme)
    assert per_unit("1", effective_from=OCTOBER_FIRST)


def test_a_draft_and_a_void_invoice_bill_nothing(acme: Organisation, project: Project) -> None:
    rule = per_unit("5", organisation=acme, effective_from=OCTOBER_FIRST)
    used(project, 100)
    draft(acme)
    assert update_pricing_rule(rule_id=rule.pk, price={"unit_price": "4"})
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=Invoice.objects.get().pk)
        with pytest.raises(DomainError) as in_use:
            update_pricing_rule(rule_id=rule.pk, price={"unit_price": "3"})
        assert in_use.value.code == "PRICE_IN_USE"
        voiding.void_invoice(invoice_id=invoice.pk, reason="wrong price")
        update_pricing_rule(rule_id=rule.pk, price={"unit_price": "3"})
    assert issued(acme).subtotal == Decimal("300.00")
    invoice.refresh_from_db()
    assert invoice.lines.get().price["unit_price"] == "4"  # the void one still says what it said


def test_an_invoice_in_another_currency_is_not_reached(acme: Organisation, project: Project) -> None:
    per_unit("5")
    used(project, 100)
    issued(acme)
    assert per_unit("1", currency="USD", effective_from=OCTOBER_FIRST)


@pytest.mark.django_db(transaction=True)
def test_a_price_saved_while_the_month_is_being_issued_waits_and_is_refused(
    acme: Organisation, project: Project
) -> None:
    per_unit("5")
    used(project, 100)
    draft(acme)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), after_october():
            issuing.finalize_invoice(invoice_id=Invoice.objects.get().pk)
            saving = pool.submit(_in_a_thread, lambda: per_unit("1", organisation=acme, effective_from=OCTOBER_FIRST))
            _wait_until_one_waits()
            assert not saving.done()
        assert saving.result(timeout=20) == "PRICE_REACHES_BILLED_MONTH"


@pytest.mark.django_db(transaction=True)
def test_a_month_issued_while_its_price_is_being_saved_waits_and_bills_by_it(
    acme: Organisation, project: Project
) -> None:
    per_unit("5")
    used(project, 100)
    draft(acme)
    with after_october(), ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            per_unit("1", organisation=acme, effective_from=OCTOBER_FIRST)
            waiting = pool.submit(
                _in_a_thread, lambda: issuing.finalize_invoice(invoice_id=Invoice.objects.get().pk).subtotal
            )
            _wait_until_one_waits()
            assert not waiting.done()
        assert waiting.result(timeout=20) == Decimal("100.00")


def _wait_until_one_waits() -> None:
    """Until another connection stands before the lock of the prices."""
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE NOT granted AND locktype = 'advisory' AND datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    pytest.fail("Nobody waits for the lock of the prices.")


def _in_a_thread(job: Callable[[], Any]) -> Any:
    try:
        return job()
    except DomainError as error:
        return error.code
    finally:
        connections.close_all()
