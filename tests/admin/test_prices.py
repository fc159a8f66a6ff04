"""Prices by form: made and changed through the services, and only ended once they were billed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.test.client import Client
from django.urls import reverse

from invoicing.models import PricingRule
from organisations.models import Organisation, Project
from tests.invoicing.language import issued, per_unit, used


def rule_page(rule: PricingRule) -> str:
    return reverse("admin:invoicing_pricingrule_change", args=[rule.pk])


def form_of(client: Client, rule: PricingRule, **changes: Any) -> dict[str, Any]:
    shown = client.get(rule_page(rule)).context["adminform"].form
    values = {name: shown[name].value() for name in shown.fields}
    return {name: value for name, value in (values | changes).items() if value is not None}


def test_a_price_that_was_not_billed_is_changed(acme: Organisation, as_operator: Client) -> None:
    rule = per_unit("0.01", organisation=acme)
    form = form_of(as_operator, rule, parameters='{"unit_price": "0.02"}', minimum="5")
    assert as_operator.post(rule_page(rule), form).status_code == 302
    rule.refresh_from_db()
    assert (rule.parameters, rule.minimum) == ({"unit_price": "0.02"}, Decimal(5))
    history = as_operator.get(reverse("admin:invoicing_pricingrule_history", args=[rule.pk])).content.decode()
    assert "0.01" in history
    assert "0.02" in history


def test_the_model_of_a_price_is_changed(acme: Organisation, as_operator: Client) -> None:
    rule = per_unit("0.01", organisation=acme)
    form = form_of(as_operator, rule, model="flat", parameters='{"amount": "999"}')
    assert as_operator.post(rule_page(rule), form).status_code == 302
    rule.refresh_from_db()
    assert (rule.model, rule.parameters) == ("flat", {"amount": "999"})


def test_a_price_that_was_billed_can_only_be_ended(acme: Organisation, project: Project, as_operator: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    used(project, 100)
    assert issued(acme).subtotal == Decimal("50.00")
    form = as_operator.get(rule_page(rule)).context["adminform"].form
    assert list(form.fields) == ["effective_to"]
    too_early = as_operator.post(rule_page(rule), {"effective_to": "15/10/2026"}, follow=True)
    assert "was billed by this rule" in too_early.content.decode()
    rule.refresh_from_db()
    assert rule.effective_to is None
    assert as_operator.post(rule_page(rule), {"effective_to": "01/12/2026"}).status_code == 302
    rule.refresh_from_db()
    assert rule.effective_to == date(2026, 12, 1)


def test_a_line_shows_the_working_behind_its_amount(acme: Organisation, project: Project, as_viewer: Client) -> None:
    per_unit("0.50", organisation=acme)
    used(project, 100)
    line = issued(acme).lines.get()
    shown = as_viewer.get(reverse("admin:invoicing_invoiceline_change", args=[line.pk])).content.decode()
    for text in ("100 call", "0.5", "₹50.00", "Units"):
        assert text in shown
