"""The page of a price: what it costs while it is typed, a new version, and a reason for what is priced anew."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from events.models import Metric
from invoicing.admin.prices.price_preview import Asked, quantities_of, show
from invoicing.models import PricingRule
from invoicing.pricing import price_from_dict
from organisations.models import AuditEntry, Organisation, Project
from tests import factories
from tests.admin.test_prices import ADD, NEW_PRICE, TIERS, form_of, rule_page, sent
from tests.invoicing.language import at, issued, per_unit, used

PREVIEW = "/admin/invoicing/pricingrule/preview/"


def version_of(rule: PricingRule) -> str:
    return f"{ADD}?version_of={rule.pk}"


def test_what_a_typed_price_costs_is_shown_and_nothing_is_stored(as_viewer: Client) -> None:
    answer = as_viewer.post(PREVIEW, NEW_PRICE | TIERS | {"quantity": "1500"}).json()
    assert answer["errors"] == {}
    # 1,000 at 0.20, then 500 at 0.10 and a flat fee of 5
    for text in ("1,500 cost ₹255.00", "Tier 1 (up to 1,000)", "₹200.00", "₹55.00", "Graduated tiers ₹0.20 to 1,000"):
        assert text in answer["html"]
    assert not PricingRule.objects.exists()


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"unit_price": "x"}, {"unit_price": ["The unit price: 'x' is not a decimal number."]}),
        ({"quantity": "-1"}, {"quantity": ["Write a number that is not negative."]}),
        ({"quantity": "1", "events": "1.5"}, {"events": ["The number has more than 0 decimals."]}),
        ({"currency": ""}, {"currency": ["This field is required."]}),
    ],
)
def test_the_preview_says_what_is_wrong_by_field(
    as_viewer: Client, typed: dict[str, str], errors: dict[str, list[str]]
) -> None:
    assert as_viewer.post(PREVIEW, NEW_PRICE | typed).json()["errors"] == errors


def test_a_stored_price_is_previewed_by_those_who_see_it(acme: Organisation, as_viewer: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    asked = {"rule": rule.pk, "quantity": "3"}
    assert "3 cost ₹1.50" in as_viewer.post(PREVIEW, asked).json()["html"]
    stranger = Client()
    stranger.force_login(factories.member("stranger", factories.organisation("Initech"), "viewer"))
    assert stranger.post(PREVIEW, asked).status_code == 404


def test_the_preview_names_the_unit_that_is_priced(acme: Organisation, as_admin: Client) -> None:
    rule = per_unit("7", metric_name="disk", unit="byte", organisation=acme)
    assert "Per unit" in as_admin.post(PREVIEW, {"rule": rule.pk}).json()["html"]
    shared = Metric.objects.create(name="disk", unit="byte", multiplier=1, divisor=1024**3, billed_unit="GiB")
    Metric.objects.create(organisation=acme, name="disk", unit="byte", display_name="Disk")
    for asked in (
        as_admin.post(PREVIEW, {"rule": rule.pk, "quantity": "3"}),
        as_admin.post(f"{PREVIEW}?version_of={rule.pk}", NEW_PRICE | {"quantity": "3", "metric_name": "", "unit": ""}),
        as_admin.post(PREVIEW, NEW_PRICE | {"quantity": "3", "metric_name": "disk", "unit": "byte"}),
    ):
        html = asked.json()["html"]
        assert "Quantity in GiB" in html
        assert "Per GiB" in html
        assert "3 GiB cost" in html
    Metric.objects.filter(pk=shared.pk).update(aggregation="weighted_sum", divisor=1, billed_unit="")
    Metric.objects.filter(organisation=acme).update(aggregation="weighted_sum")
    assert "Per byte-hour" in as_admin.post(PREVIEW, {"rule": rule.pk}).json()["html"]


def test_the_preview_shows_quantities_where_a_price_bends() -> None:
    tiers = [{"up_to": "100", "unit_price": "2"}, {"up_to": "200", "unit_price": "1"}, {"unit_price": "0.5"}]
    price = price_from_dict({"model": "volume", "tiers": tiers})
    assert [str(each) for each in quantities_of(price)] == ["50", "100", "200", "400"]
    shown = show(price, currency="INR", asked=Asked.read("101", ""))
    # 50 and 100 at 2.00, 101 and 200 at 1.00, 400 at 0.50
    assert [row["amount"] for row in shown.rows] == ["₹100.00", "₹200.00", "₹101.00", "₹200.00", "₹200.00"]
    assert re.findall(r'<line x1="(\d+)"', shown.chart) == ["1500", "3000"]
    assert re.search(r'points="0,1600 .*1500,0 .*6000,0"', shown.chart)  # nothing costs nothing; 100 and 400 cost most
    assert "Cost by quantity: up to ₹200.00 for 400" in shown.chart


def test_the_preview_shows_small_prices_in_full() -> None:
    shown = show(
        price_from_dict({"model": "per_unit", "unit_price": "0.00025"}), currency="INR", asked=Asked.read("4000", "")
    )
    asked = next(row for row in shown.rows if row["is_asked"])
    assert (asked["amount"], asked["per_unit"]) == ("₹1.00", "₹0.00025")  # 4,000 of 0.00025


def test_the_form_of_a_flat_price_asks_for_no_free_units(as_operator: Client) -> None:
    models = as_operator.get(reverse("admin:invoicing_pricingrule_add")).context["models"]
    assert "free_units" in models["per_unit"]["parts"]
    assert models["flat"]["parts"] == ("amount",)


def test_a_new_version_begins_with_the_old_price_and_ends_it(acme: Organisation, as_operator: Client) -> None:
    old = per_unit("0.50", organisation=acme, dimensions={"region": "in"})
    button = as_operator.get(reverse("admin:invoicing_pricingrule_action", args=[old.pk, "new_version"]))
    assert button.headers["Location"] == version_of(old)
    page = as_operator.get(version_of(old))
    assert "ends the day before the new version begins" in page.content.decode()
    form = sent(page.context["adminform"].form)
    assert form["unit_price"] == "0.50"
    assert not {"organisation", "metric_name", "currency"} & {*form}  # a version is for the same usage
    with at("2026-11-10 12:00"):
        answer = as_operator.post(version_of(old), form | {"unit_price": "0.60", "effective_from": "2026-12-01"})
    assert answer.status_code == 302
    old.refresh_from_db()
    new = PricingRule.objects.exclude(pk=old.pk).get()
    assert old.effective_to == new.effective_from == date(2026, 12, 1)
    assert (new.organisation, new.dimensions, new.parameters) == (acme, {"region": "in"}, {"unit_price": "0.60"})
    listed = as_operator.get(rule_page(new)).content.decode()
    assert "Versions of this price" in listed
    assert "Per unit ₹0.50" in listed


def test_a_version_that_begins_too_early_is_refused_at_its_day(acme: Organisation, as_operator: Client) -> None:
    old = per_unit("0.50", organisation=acme)
    page = as_operator.post(version_of(old), NEW_PRICE | {"effective_from": "2026-04-01"})
    assert page.context["adminform"].form.errors == {
        "effective_from": ["The price that it follows begins on 1 Apr 2026: choose a later day."]
    }


def test_a_version_is_made_of_a_price_that_one_may_change(acme: Organisation, as_operator: Client) -> None:
    assert as_operator.get(version_of(per_unit("1"))).status_code == 403  # for every customer
    foreign = per_unit("1", organisation=factories.organisation("Initech"))
    assert as_operator.get(version_of(foreign)).status_code == 404
    assert as_operator.get(f"{ADD}?version_of=nonsense").status_code == 404


def test_a_price_of_ones_own_begins_as_a_copy(acme: Organisation, as_operator: Client) -> None:
    default = per_unit("0.50")
    page = as_operator.get(f"{ADD}?copy_of={default.pk}&organisation={acme.pk}")
    shown = sent(page.context["adminform"].form)
    assert (shown["unit_price"], shown["metric_name"], str(shown["organisation"])) == (
        "0.50",
        "api_calls",
        str(acme.pk),
    )


def test_counted_usage_gets_another_price_for_a_reason_only(
    acme: Organisation, project: Project, as_operator: Client
) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100, on="2026-11-05")
    with at("2026-11-20 12:00"):
        form = form_of(as_operator, rule, unit_price="0.60")
        page = as_operator.post(rule_page(rule), form)
        assert page.context["adminform"].form.errors == {
            "reason": [
                "Usage that is counted and not yet invoiced gets another price: Acme for November 2026. Say why."
            ]
        }
        shown = page.content.decode()
        assert "November 2026</td><td>Another price" in shown
        assert ("₹59.00" in shown, "₹70.80" in shown) == (True, True)  # 100 calls at 0.50 and at 0.60, with 18 %
        rule.refresh_from_db()
        assert rule.parameters == {"unit_price": "0.50"}  # it was tried only
        assert as_operator.post(rule_page(rule), form | {"reason": "A typing mistake"}).status_code == 302
    history = as_operator.get(reverse("admin:invoicing_pricingrule_history", args=[rule.pk])).content.decode()
    assert "A typing mistake" in history
    rule.refresh_from_db()
    assert rule.parameters == {"unit_price": "0.60"}


def test_a_price_from_tomorrow_needs_no_reason(acme: Organisation, project: Project, as_operator: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100, on="2026-11-05")
    with at("2026-11-20 12:00"):
        form = sent(as_operator.get(version_of(rule)).context["adminform"].form)
        tomorrow: dict[str, Any] = {"effective_from": "2026-11-21"}
        assert as_operator.post(version_of(rule), form | tomorrow).status_code == 302


def test_who_may_not_set_a_price_for_all_is_told_of_no_other_customers_usage(
    acme: Organisation, globex: Organisation, as_operator: Client
) -> None:
    per_unit("0.50")
    used(factories.project(globex), 100, on="2026-11-05")
    with at("2026-11-20 12:00"):
        form = NEW_PRICE | {"metric_name": "api_calls", "unit": "call", "dimensions-0-name": "", "organisation": ""}
        page = as_operator.post(ADD, form | {"effective_from": "2026-11-01", "currency": globex.currency})
    assert page.status_code == 200
    assert globex.name not in page.content.decode()


def test_the_history_tells_the_price_in_words_before_and_after(acme: Organisation, as_operator: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    for changes in (
        {"minimum": "10"},
        {"model": "package", "package_price": "2", "package_size": "10"},
        {"effective_to": "2027-01-01"},
    ):
        assert as_operator.post(rule_page(rule), form_of(as_operator, rule, **changes)).status_code == 302
    page = as_operator.get(reverse("admin:invoicing_pricingrule_history", args=[rule.pk]))
    newest, *older = [
        [(each.field, each.before, each.after) for each in entry.changes] for entry in page.context["audit_entries"]
    ]
    package, minimum = "Package ₹2.00 for 10; at least ₹10.00 a month", "Per unit ₹0.50; at least ₹10.00 a month"
    assert newest == [("Last day", "", "1 Jan 2027")]
    assert older[0] == [("Price", minimum, package)]
    assert older[1] == [("Price", "Per unit ₹0.50", minimum)]
    assert older[2][0] == ("Price", "", "Per unit ₹0.50")
    assert "Versions of this price" in page.content.decode()


def test_a_price_that_no_invoice_names_is_deleted_for_a_reason_where_usage_loses_it(
    acme: Organisation, project: Project, as_operator: Client
) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100, on="2026-11-05")
    url = reverse("admin:invoicing_pricingrule_action", args=[rule.pk, "delete_price"])
    with at("2026-11-20 12:00"):
        page = as_operator.get(url)
        assert "Acme for November 2026" in page.content.decode()
        once = {"once": page.context["form"]["once"].value()}
        page = as_operator.post(url, once)
        assert "gets another price: Acme for November 2026. Say why." in page.content.decode()
        assert "was deleted" in as_operator.post(url, once | {"reason": "Twice"}, follow=True).content.decode()
    assert not PricingRule.objects.exists()
    assert AuditEntry.objects.filter(object_pk=str(rule.pk), additional_data__reason="Twice").count() == 1


def test_a_price_on_an_invoice_has_no_button_to_delete(
    acme: Organisation, project: Project, as_operator: Client
) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100)
    issued(acme)
    assert "delete_price" not in as_operator.get(rule_page(rule)).content.decode()
