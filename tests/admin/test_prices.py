"""Operators create and change prices through the services; a billed price can only be ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse, reverse_lazy

from billing_platform.lib.admin.rows import RowsField
from invoicing.models import PricingRule, TaxRate
from organisations.models import Organisation, Project
from tests.invoicing.language import issued, per_unit, used

ADD = reverse_lazy("admin:invoicing_pricingrule_add")


def rule_page(rule: PricingRule) -> str:
    return reverse("admin:invoicing_pricingrule_change", args=[rule.pk])


def form_of(client: Client, rule: PricingRule, **changes: Any) -> dict[str, Any]:
    """What a browser would send of the rule's page, with some fields typed otherwise."""
    return sent(client.get(rule_page(rule)).context["adminform"].form) | changes


def sent(form: Any) -> dict[str, Any]:
    """The values of a shown form as a browser sends them; what is empty is left out."""
    values: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if isinstance(form.fields[name], RowsField):
            rows = form.fields[name].prepare_value(value)
            values |= {
                f"{name}-{number}-{cell}": text for number, row in enumerate(rows or ()) for cell, text in row.items()
            }
        elif value is not None and value is not False:
            values[name] = value
    return values


def test_a_price_that_was_not_billed_is_changed(acme: Organisation, as_operator: Client) -> None:
    rule = per_unit("0.01", organisation=acme, dimensions={"region": "in"})
    form = form_of(as_operator, rule, unit_price="0.02", minimum="5")
    assert as_operator.post(rule_page(rule), form).status_code == 302
    rule.refresh_from_db()
    assert (rule.parameters, rule.minimum, rule.dimensions) == ({"unit_price": "0.02"}, Decimal(5), {"region": "in"})
    history = as_operator.get(reverse("admin:invoicing_pricingrule_history", args=[rule.pk])).content.decode()
    assert "0.01" in history
    assert "0.02" in history


def test_the_model_of_a_price_is_changed(acme: Organisation, as_operator: Client) -> None:
    rule = per_unit("0.01", organisation=acme)
    form = form_of(as_operator, rule, model="flat", amount="999")
    assert as_operator.post(rule_page(rule), form).status_code == 302
    rule.refresh_from_db()
    assert (rule.model, rule.parameters) == ("flat", {"amount": "999"})


def test_a_price_that_was_billed_can_only_be_ended(acme: Organisation, project: Project, as_operator: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100)
    assert issued(acme).subtotal == Decimal("50.00")
    form = as_operator.get(rule_page(rule)).context["adminform"].form
    assert list(form.fields) == ["effective_to", "reason"]
    too_early = as_operator.post(rule_page(rule), {"effective_to": "15/10/2026"}, follow=True)
    assert "can begin, end or change is 1 Nov 2026" in too_early.content.decode()
    rule.refresh_from_db()
    assert rule.effective_to is None
    assert as_operator.post(rule_page(rule), {"effective_to": "30/11/2026"}).status_code == 302
    rule.refresh_from_db()
    assert rule.effective_to == date(2026, 12, 1)


def test_a_line_shows_the_working_behind_its_amount(acme: Organisation, project: Project, as_viewer: Client) -> None:
    per_unit("0.50", organisation=acme)
    used(project, 100)
    line = issued(acme).lines.get()
    shown = as_viewer.get(reverse("admin:invoicing_invoiceline_change", args=[line.pk])).content.decode()
    for text in ("100 call", "0.5", "₹50.00", "Units"):
        assert text in shown


NEW_PRICE = {
    "metric_name": "sms", "unit": "message", "currency": "INR", "model": "per_unit", "unit_price": "0.20",
    "pool": "organisation", "free_units": "0", "effective_from": "2026-11-01",
}  # fmt: skip
ENDS_TOO_EARLY = "Choose a day after 1 Nov 2026, the first day. Empty: no end."
TIERS = {
    "model": "graduated",
    "tiers-0-up_to": "1000", "tiers-0-unit_price": "0.20",
    "tiers-3-up_to": "", "tiers-3-unit_price": "0.10", "tiers-3-flat_fee": "5",
    "tiers-4-up_to": " ",
}  # fmt: skip


def test_tiers_and_dimensions_are_typed_in_rows(as_admin: Client) -> None:
    rows = {"dimensions-0-name": "region", "dimensions-0-value": "in", "dimensions-1-name": ""}
    assert as_admin.post(ADD, NEW_PRICE | TIERS | rows).status_code == 302
    rule = PricingRule.objects.get()
    assert [(str(tier.up_to), str(tier.unit_price), str(tier.flat_fee)) for tier in rule.price.model.tiers] == [
        ("1000", "0.20", "0"),
        ("None", "0.10", "5"),
    ]
    assert rule.dimensions == {"region": "in"}
    assert sent(as_admin.get(rule_page(rule)).context["adminform"].form).items() >= {
        ("tiers-0-up_to", "1000"), ("tiers-1-unit_price", "0.10"), ("tiers-1-flat_fee", "5"),
        ("dimensions-0-name", "region"), ("dimensions-0-value", "in"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("unit_price", {"unit_price": ""}, "The unit price is required."),
        ("unit_price", {"unit_price": "five"}, "The unit price: 'five' is not a decimal number."),
        ("unit_price", {"unit_price": "-1"}, "The unit price must not be negative."),
        (
            "effective_to",
            {"effective_to": "2026-10-01"},
            "Choose a day after 1 Nov 2026, the first day. Empty: no end.",
        ),
        (
            "effective_to",
            {"effective_to": "2026-10-31"},
            "Choose a day after 1 Nov 2026, the first day. Empty: no end.",
        ),
        ("effective_from", {"effective_from": "soon"}, "Enter a valid date."),
        ("maximum", {"minimum": "5", "maximum": "4"}, "The maximum must not be less than the minimum."),
        ("dimensions", {"dimensions-0-name": "region"}, "Write a name and a value in each row."),
        ("tiers", {"model": "volume"}, "Write at least one tier."),
        ("tiers", TIERS | {"tiers-0-unit_price": "-1"}, "The unit price of tier 1 must not be negative."),
        (
            "tiers",
            TIERS | {"tiers-1-up_to": "500"},
            "Tier 1 ends at 1,000, but tier 2 ends at 500 already: nothing is left for tier 2.",
        ),
    ],
)
def test_a_price_typed_wrong_is_refused_once_beside_its_field(
    as_admin: Client, field: str, typed: dict[str, str], said: str
) -> None:
    page = as_admin.post(ADD, NEW_PRICE | typed)
    assert page.status_code == 200
    assert page.context["adminform"].form.errors == {field: [said]}
    assert not PricingRule.objects.exists()


def test_a_tax_rate_that_ends_before_it_starts_is_refused(as_admin: Client) -> None:
    form = {
        "country": "IN",
        "name": "GST 5%",
        "rate": "5",
        "sac": "9965",
        "effective_from": "2026-11-01",
        "effective_to": "2026-10-01",
    }
    page = as_admin.post(reverse("admin:invoicing_taxrate_add"), form)
    assert page.context["adminform"].form.errors == {
        "effective_to": ["Choose a day after 1 Nov 2026, the first day. Empty: no end."]
    }


def test_the_end_of_a_tax_rate_is_typed_and_shown_as_its_last_day(as_admin: Client) -> None:
    form = {
        "country": "IN",
        "name": "GST 5%",
        "rate": "5",
        "sac": "9965",
        "effective_from": "2026-11-01",
        "effective_to": "2026-11-30",
    }
    assert as_admin.post(reverse("admin:invoicing_taxrate_add"), form).status_code == 302
    rate = TaxRate.objects.get(name="GST 5%")
    assert rate.effective_to == date(2026, 12, 1)  # stored as the API has it: the first day after
    listed = as_admin.get(reverse("admin:invoicing_taxrate_changelist")).content.decode()
    assert "Last day" in listed
    assert "30 Nov 2026" in listed
    page = as_admin.get(reverse("admin:invoicing_taxrate_change", args=[rate.pk]))
    shown = page.context["adminform"].form["effective_to"].value()
    assert shown == date(2026, 11, 30)
    assert as_admin.post(reverse("admin:invoicing_taxrate_change", args=[rate.pk]), form).status_code == 302
    rate.refresh_from_db()
    assert rate.effective_to == date(2026, 12, 1)
