"""Usage and prices become a draft with hand-computed amounts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice, PricingRule, TaxRate
from invoicing.services import drafting, issuing, voiding
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.facts import month_facts
from organisations.models import Organisation, Project
from organisations.services.onboarding import update_organisation
from tests import factories
from tests.invoicing.language import (
    NOVEMBER,
    OCTOBER,
    after_october,
    amounts,
    at,
    draft,
    issued,
    metric,
    one_off,
    per_unit,
    price,
    taxes,
    used,
)

pytestmark = pytest.mark.django_db


def test_usage_times_price_plus_tax_is_the_total(acme: Organisation, project: Project) -> None:
    per_unit("0.0123")
    used(project, 600, on="2026-10-03")
    used(project, 400, on="2026-10-31")
    invoice = draft(acme)
    # 1,000 calls x 0.0123 = 12.30; CGST 9 % of 12.30 = 1.107, rounded 1.11; SGST the same; 12.30 + 2.22 = 14.52
    assert amounts(invoice) == [Decimal("12.30")]
    assert taxes(invoice) == {"CGST": Decimal("1.11"), "SGST": Decimal("1.11")}
    assert (invoice.subtotal, invoice.tax_total, invoice.total) == (Decimal("12.30"), Decimal("2.22"), Decimal("14.52"))
    line = invoice.lines.get()
    assert (line.quantity, line.unit_price, line.sac) == (Decimal(1000), Decimal("0.0123"), "998315")
    assert line.description == "api_calls (call) · October 2026"


def test_usage_of_another_month_is_not_on_the_invoice(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5, on="2026-09-30")
    used(project, 7, on="2026-10-01")
    assert amounts(draft(acme)) == [Decimal(7)]


def test_the_organisations_own_price_goes_before_the_global_one(acme: Organisation, project: Project) -> None:
    per_unit("1")
    per_unit("0.50", organisation=acme)
    used(project, 10)
    assert amounts(draft(acme)) == [Decimal("5.00")]


def test_a_price_of_one_organisation_never_prices_another(acme: Organisation, project: Project) -> None:
    per_unit("1")
    per_unit("0.50", organisation=factories.organisation("Umbrella"))
    used(project, 10)
    assert amounts(draft(acme)) == [Decimal("10.00")]


def test_usage_is_split_where_the_price_changes(acme: Organisation, project: Project) -> None:
    per_unit("1", effective_to=date(2026, 10, 16))
    per_unit("2", effective_from=date(2026, 10, 16))
    used(project, 10, on="2026-10-15")
    used(project, 10, on="2026-10-16")
    invoice = draft(acme)
    # the 15th at 1 a call, the 16th at 2: 10.00 and 20.00
    assert amounts(invoice) == [Decimal("10.00"), Decimal("20.00")]
    assert [line.description for line in invoice.lines.order_by("position")] == [
        "api_calls (call) · 1 to 15 Oct 2026",
        "api_calls (call) · 16 to 31 Oct 2026",
    ]


def test_a_price_for_a_dimension_takes_precedence_over_one_without(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    per_unit("1")
    per_unit("3", dimensions={"region": "eu"})
    used(project, 10, region="eu")
    used(project, 10, region="in")
    invoice = draft(acme)
    # 10 x 3 in the EU, 10 x 1 elsewhere
    assert sorted(amounts(invoice)) == [Decimal("10.00"), Decimal("30.00")]


def test_tiers_run_over_the_organisations_total_and_the_line_names_the_projects(
    acme: Organisation, project: Project
) -> None:
    tiers = [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers})
    used(project, 8)
    used(factories.project(acme, "Mobile"), 8)
    invoice = draft(acme)
    # 16 in all: 10 x 5 + 6 x 1 = 56.00
    assert amounts(invoice) == [Decimal("56.00")]
    steps = [step["description"] for step in invoice.lines.get().explanation]
    assert steps[-2:] == ["of which Main", "of which Mobile"]


def test_tiers_run_over_each_project_when_the_price_says_so(acme: Organisation, project: Project) -> None:
    tiers = [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers}, pool="project")
    used(project, 8)
    used(factories.project(acme, "Mobile"), 12)
    # 8 x 5 = 40.00; 10 x 5 + 2 x 1 = 52.00
    assert amounts(draft(acme)) == [Decimal("40.00"), Decimal("52.00")]


def test_usage_without_a_price_is_a_warning_and_not_a_failure(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    used(project, 3, metric="storage", unit="GB")
    invoice = draft(acme)
    assert amounts(invoice) == [Decimal("5.00")]
    assert [(warning["code"], warning["metric_name"], warning["quantity"]) for warning in invoice.warnings] == [
        ("UNPRICED_USAGE", "storage", "3.00000000")
    ]


def test_a_price_in_another_currency_prices_nothing(acme: Organisation, project: Project) -> None:
    per_unit("1", currency="USD")
    used(project, 5)
    invoice = draft(acme)
    assert amounts(invoice) == []
    assert invoice.warnings[0]["code"] == "UNPRICED_USAGE"


def test_who_used_nothing_gets_no_draft(acme: Organisation) -> None:
    with pytest.raises(DomainError) as refused:
        draft(acme)
    assert refused.value.code == "NOTHING_TO_BILL"
    assert not Invoice.objects.exists()


def test_a_month_has_one_live_invoice(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    first = draft(acme)
    with pytest.raises(DomainError) as refused:
        draft(acme)
    assert refused.value.code == "INVOICE_EXISTS"
    assert refused.value.details == {"invoice": str(first.pk)}


def test_a_voided_month_can_be_drafted_again(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    voiding.void_invoice(invoice_id=draft(acme).pk, reason="wrong price")
    assert amounts(draft(acme)) == [Decimal("5.00")]


def test_recomputing_takes_up_usage_and_prices_of_today(acme: Organisation, project: Project) -> None:
    used(project, 5)
    invoice = draft(acme)
    per_unit("2")
    used(project, 1)
    with after_october():
        again = drafting.recompute_draft(invoice_id=invoice.pk)
    # 6 x 2 = 12.00
    assert amounts(again) == [Decimal("12.00")]
    assert again.warnings == []


def test_late_usage_is_charged_by_the_difference_to_what_its_month_was_charged(
    acme: Organisation, project: Project
) -> None:
    tiers = [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "1"}]
    price({"model": "graduated", "tiers": tiers})
    used(project, 8)
    with after_october():
        first = drafting.create_draft(organisation=acme, period=OCTOBER)
        issuing.finalize_invoice(invoice_id=first.pk)
    used(project, 4, on="2026-10-20", reported="2026-11-05")
    with at("2026-12-01 10:00"):
        second = drafting.create_draft(organisation=acme, period=NOVEMBER)
    # October in all: 12 calls = 10 x 5 + 2 x 1 = 52.00; charged 8 x 5 = 40.00; the rest is 12.00
    line = second.lines.get()
    assert (line.kind, line.amount, line.quantity) == ("late_usage", Decimal("12.00"), Decimal(4))
    assert line.description == "api_calls (call), reported late for October 2026"


def test_tax_goes_to_the_union_when_the_customer_is_in_another_state(project: Project) -> None:
    globex = factories.organisation("Globex India", state_code="27", gstin=factories.MAHARASHTRA_GSTIN)
    per_unit("1")
    used(factories.project(globex), "100.50")
    invoice = draft(globex)
    # IGST 18 % of 100.50 = 18.09
    assert taxes(invoice) == {"IGST": Decimal("18.09")}
    assert invoice.total == Decimal("118.59")


def test_each_line_is_taxed_and_rounded_by_itself(acme: Organisation, project: Project) -> None:
    per_unit("0.05")
    per_unit("0.05", metric_name="storage", unit="GB")
    used(project, 1)
    used(project, 1, metric="storage", unit="GB")
    # 9 % of 0.05 is 0.0045, rounded 0.00, twice: no tax; taken together it would be 0.01
    assert taxes(draft(acme)) == {"CGST": Decimal(0), "SGST": Decimal(0)}


def test_a_tax_rate_of_the_service_code_takes_precedence_over_the_general_rate(acme: Organisation) -> None:
    TaxRate.objects.create(name="GST 5%", rate=Decimal(5), sac="998439", effective_from=date(2026, 1, 1))
    line = {"description": "Reports", "quantity": "1", "unit_price": "100", "sac": "998439"}
    invoice = drafting.create_one_off_draft(organisation=acme, lines=[line])
    # 2.5 % each of 100.00
    assert taxes(invoice) == {"CGST": Decimal("2.50"), "SGST": Decimal("2.50")}


def test_an_export_under_a_lut_bears_no_tax(globex: Organisation) -> None:
    per_unit("0.01", currency="USD")
    used(factories.project(globex), 49900)
    invoice = draft(globex)
    assert (invoice.currency, invoice.total, taxes(invoice)) == ("USD", Decimal("499.00"), {})


def test_an_export_without_a_lut_bears_integrated_tax_and_says_so(globex: Organisation) -> None:
    entity = globex.billing_entity
    entity.letters.all().delete()
    today = clock.today(entity.time_zone)
    add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=today, source="FBIL")
    invoice = one_off(globex, "499.00")
    # IGST 18 % of 499.00 = 89.82
    assert taxes(invoice) == {"IGST": Decimal("89.82")}
    assert [warning["code"] for warning in invoice.warnings] == ["NO_LUT"]


def test_the_upcoming_invoice_is_computed_and_not_stored(acme: Organisation, project: Project) -> None:
    per_unit("2")
    used(project, 3)
    computed = drafting.compute_month(organisation=acme, period=OCTOBER)
    # 6.00 + CGST 0.54 + SGST 0.54
    assert computed.totals.total == Decimal("7.08")
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"description": "", "quantity": "1", "unit_price": "1"}, "lines[0].description"),
        ({"description": "x", "quantity": "0", "unit_price": "1"}, "lines[0].quantity"),
        ({"description": "x", "quantity": "NaN", "unit_price": "1"}, "lines[0].quantity"),
        ({"description": "x", "quantity": 0.1, "unit_price": "1"}, "lines[0].quantity"),
        ({"description": "x", "quantity": "1", "unit_price": "1e13"}, "lines[0].unit_price"),
    ],
)
def test_a_one_off_line_that_makes_no_sense_is_refused_by_its_field(
    acme: Organisation, line: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        drafting.create_one_off_draft(organisation=acme, lines=[line])
    assert list(refused.value.details) == [field]


def test_a_deleted_draft_leaves_its_month_free(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    drafting.delete_draft(invoice_id=draft(acme).pk)
    assert amounts(draft(acme)) == [Decimal("5.00")]
    assert PricingRule.objects.count() == 1


def test_late_usage_after_a_change_of_currency_is_never_set_against_the_old_one(
    acme: Organisation, project: Project
) -> None:
    """October was charged 5,000 rupees; 10 more calls at 0.10 dollars are one dollar, not minus 4,949."""
    per_unit("50")
    per_unit("0.10", currency="USD")
    used(project, 100)
    issued(acme)
    # as could be done before currencies were fixed once something is billed
    Organisation.objects.filter(pk=acme.pk).update(currency="USD")
    acme.refresh_from_db()
    used(project, 10, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    with at("2026-12-01 10:00"):
        november = drafting.create_draft(organisation=acme, period=NOVEMBER)
    assert (november.currency, amounts(november)) == ("USD", [Decimal("1.00")])


def test_a_credited_month_billed_anew_is_not_called_late(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    first = issued(acme)
    used(project, 10, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    with at("2026-12-01 10:00"):
        november = drafting.create_draft(organisation=acme, period=NOVEMBER)
        issuing.finalize_invoice(invoice_id=november.pk)
        issue_credit_note(invoice_id=first.pk, lines=None, why=Why("correction"), bill_again=True)
        line = drafting.create_draft(organisation=acme, period=OCTOBER).lines.get()
    # 110 in all, of which November's invoice has charged 10
    assert (line.kind, line.amount, line.description) == ("usage", Decimal(100), "api_calls (call) · October 2026")


@pytest.mark.django_db(transaction=True)
def test_an_upcoming_invoice_is_of_one_moment(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Usage is read first, then prices: a price that is saved in between is not mixed with the usage from before."""
    rule = per_unit("1")
    used(project, 100)
    read_rules = month_facts.RuleBook

    def reads_rules_after_a_change(*arguments: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_save_another_price, rule).result(timeout=20)
        return read_rules(*arguments)

    monkeypatch.setattr(month_facts, "RuleBook", reads_rules_after_a_change)
    with after_october():
        computed = drafting.compute_month(organisation=acme, period=OCTOBER)
    assert computed.totals.subtotal == Decimal("100.00")
    rule.refresh_from_db()
    assert rule.parameters == {"unit_price": "2"}


def _save_another_price(rule: PricingRule) -> None:
    try:
        PricingRule.objects.filter(pk=rule.pk).update(parameters={"unit_price": "2"})
    finally:
        connection.close()


def test_a_time_zone_stays_once_usage_is_counted_in_it(acme: Organisation, project: Project) -> None:
    """Moved to New York, the first 9.5 hours of September would fall into August: charged, and taken off again."""
    update_organisation(organisation=acme, time_zone="Asia/Dubai")
    used(project, 1)
    with pytest.raises(InvalidInput) as caught:
        update_organisation(organisation=acme, time_zone="America/New_York")
    assert "time_zone" in caught.value.details
    acme.refresh_from_db()
    assert acme.time_zone == "Asia/Dubai"
    update_organisation(organisation=acme, payment_terms_days=30)
