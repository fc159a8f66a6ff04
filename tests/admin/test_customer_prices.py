"""A customer's page shows the customer's prices, their source, and the usage without a price."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import slow_answers
from events.models import Metric
from invoicing.models import PricingRule
from invoicing.selectors import price_coverage
from invoicing.selectors.price_coverage import Reason, prices_of
from invoicing.services.prices.price_book import delete_pricing_rule
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import at, metric, per_unit, used

TODAY = date(2026, 11, 10)
NEVER_USED = "There is no metric api_cals (call), and no usage of it"


def page_of(client: Client, organisation: Organisation) -> str:
    return client.get(
        reverse("admin:organisations_organisation_action", args=[organisation.pk, "prices"])
    ).content.decode()


def test_a_customer_without_a_price_of_its_own_pays_the_default(acme: Organisation, as_viewer: Client) -> None:
    per_unit("0.0150")
    per_unit("9", currency="USD")
    page = page_of(as_viewer, acme)
    assert "Per unit ₹0.015" in page
    assert "The default: the customer has no price of its own" in page
    assert "USD" not in page


def test_own_prices_come_first_and_say_what_they_replace(acme: Organisation) -> None:
    default, abroad = per_unit("1"), per_unit("3", metric_name="storage", unit="GB")
    own = per_unit("0.50", organisation=acme)
    mumbai = per_unit("2", metric_name="storage", unit="GB", organisation=acme, dimensions={"region": "in"})
    following = per_unit("4", metric_name="calls", effective_from=date(2026, 12, 1))
    per_unit("9", metric_name="calls", effective_from=date(2026, 4, 1), effective_to=date(2026, 11, 1))  # is over
    assert [(price.rule, price.reason) for price in prices_of(acme, today=TODAY)] == [
        (own, Reason.OWN),
        (default, Reason.NOT_USED),
        (following, Reason.DEFAULT),
        (mumbai, Reason.OWN),
        (abroad, Reason.PARTLY_DEFAULT),
    ]


def test_own_prices_stand_beside_those_for_everybody_with_the_way_to_an_own_one(
    acme: Organisation, as_operator: Client, as_viewer: Client
) -> None:
    default = per_unit("1", metric_name="storage", unit="GB")
    per_unit("2")
    own = per_unit("0.50", organisation=acme)
    url = reverse("admin:organisations_organisation_action", args=[acme.pk, "prices"])
    rows = {row.metric: row for row in as_operator.get(url).context["prices"]}
    calls, storage = rows["api_calls (call)"], rows["storage (GB)"]
    assert [str(own.pk) in shown.price for shown in calls.own] == [True]
    assert [shown.reason for shown in calls.shared] == [Reason.NOT_USED.value]
    assert (calls.give_own, storage.own) == ("", [])
    given = as_operator.get(storage.give_own).context["adminform"].form
    assert (given["unit_price"].value(), given["metric_name"].value()) == ("1", "storage")
    assert str(default.pk) in storage.give_own
    assert "Give own price" not in as_viewer.get(url).content.decode()


@pytest.fixture
def used_without_a_price(acme: Organisation, project: Project) -> None:
    used(project, 100, on="2026-11-02")
    used(project, 56, on="2026-11-05", metric="pdf_exports", unit="file")
    per_unit("1", effective_from=date(2026, 11, 5))  # of api_calls: nothing covers the 2nd
    Metric.objects.filter(name="pdf_exports").update(unit_name="page", unit_name_plural="pages")


def test_usage_that_no_rule_would_rate_is_listed_with_the_way_to_a_price(
    used_without_a_price: None, acme: Organisation, as_operator: Client, viewer: Any
) -> None:
    with at("2026-11-10 12:00"):
        found = [(row.metric.name, row.quantity) for row in price_coverage.unpriced_usage(actor=viewer)]
        assert found == [("api_calls", Decimal(100)), ("pdf_exports", Decimal(56))]
        for page in (
            page_of(as_operator, acme),
            as_operator.get("/admin/events/metric/?price=missing").content.decode(),
        ):
            assert "Acme: 56 pages" in page
            assert "metric_name=pdf_exports&amp;unit=file&amp;currency=INR&amp;effective_from=2026-11-01" in page
    with at("2026-12-01 00:10"):  # another month: nothing is used yet
        assert price_coverage.unpriced_usage(actor=viewer) == ()


def test_a_price_that_was_set_is_seen_at_once_where_the_answer_is_remembered(
    used_without_a_price: None, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow_answers, "TIMES_AS_LONG", 1_000_000)
    of_all = factories.member("of-all", None, "viewer")

    def missing() -> list[str]:
        return [row.metric.name for row in price_coverage.unpriced_usage(actor=of_all)]

    with at("2026-11-10 12:00"):
        assert missing() == ["api_calls", "pdf_exports"]
        with django_capture_on_commit_callbacks(execute=True):
            rule = per_unit("1", metric_name="pdf_exports", unit="file")
        assert missing() == ["api_calls"]
        with django_capture_on_commit_callbacks(execute=True):
            delete_pricing_rule(rule_id=rule.pk)
        assert missing() == ["api_calls", "pdf_exports"]


def test_the_form_for_a_price_is_filled_in(used_without_a_price: None, acme: Organisation, as_operator: Client) -> None:
    with at("2026-11-10 12:00"):
        listed = as_operator.get("/admin/events/metric/?price=missing").content.decode()
        link = next(
            part.split('"')[0]
            for part in listed.split('href="')
            if "pdf_exports" in part.split('"')[0] and "add" in part
        )
        filled = as_operator.get(link.replace("&amp;", "&")).context["adminform"].form
    assert {name: filled[name].value() for name in ("metric_name", "unit", "currency", "effective_from")} == {
        "metric_name": "pdf_exports", "unit": "file", "currency": "INR", "effective_from": "2026-11-01",
    }  # fmt: skip
    assert str(filled["organisation"].value()) == str(acme.pk)


def test_a_rule_for_some_dimensions_leaves_the_rest_without_a_price(
    acme: Organisation, project: Project, viewer: Any
) -> None:
    metric("storage", "GB", dimensions=("region",))
    for region in ("in", "us"):
        used(project, 5, on="2026-11-05", metric="storage", unit="GB", region=region)
    per_unit("1", metric_name="storage", unit="GB", dimensions={"region": "in"})
    with at("2026-11-10 12:00"):
        assert [row.quantity for row in price_coverage.unpriced_usage(actor=viewer)] == [Decimal(5)]


def test_a_price_that_is_followed_by_another_or_by_the_default_does_not_end_without_successor(
    viewer: Any, acme: Organisation
) -> None:
    month_end = {"effective_to": date(2026, 12, 1)}
    per_unit("1", **month_end)
    per_unit("2", effective_from=date(2026, 12, 1))
    per_unit("1", organisation=acme, **month_end)  # then the default holds
    alone = per_unit("1", metric_name="storage", unit="GB", **month_end)
    per_unit("1", metric_name="later", effective_to=date(2027, 1, 1))
    assert list(price_coverage.ending_prices(actor=viewer, today=TODAY)) == [alone]


@pytest.mark.parametrize(("metric_name", "warned"), [("api_cals", True), ("api_calls", False)])
def test_a_price_for_an_unknown_metric_warns(
    acme: Organisation, project: Project, as_operator: Client, metric_name: str, warned: bool
) -> None:
    used(project, 1, on="2026-11-02")
    form = {
        "organisation": acme.pk, "metric_name": metric_name, "unit": "call", "currency": "INR", "model": "per_unit",
        "unit_price": "1", "pool": "organisation", "free_units": "0",
        "effective_from": "2026-11-01",
    }  # fmt: skip
    answer = as_operator.post(reverse("admin:invoicing_pricingrule_add"), form, follow=True)
    assert PricingRule.objects.count() == 1
    assert (NEVER_USED in answer.content.decode()) == warned


def test_another_customers_unpriced_usage_is_not_shown(used_without_a_price: None, acme: Organisation) -> None:
    stranger = factories.member("stranger", factories.organisation("Initech"), "viewer")
    with at("2026-11-10 12:00"):
        assert price_coverage.unpriced_usage(actor=stranger) == ()
