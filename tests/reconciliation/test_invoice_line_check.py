"""Usage and invoice lines: each planted fault is found with what it is worth; late, corrected and unpriced usage is
none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services.aggregates.rebuilding import rebuild_aggregates
from invoicing.models import Invoice
from invoicing.services import voiding
from invoicing.services.charged_usage import charged_usage
from organisations.models import Organisation, Project
from organisations.services.onboarding import create_project
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName
from tests.invoicing.language import NOVEMBER, OCTOBER, at, issued, per_unit, price, used
from tests.invoicing.test_corrections import correct, november
from tests.invoicing.test_usage_credits import bill, settle
from tests.reconciliation.language import found, run, states, tamper

pytestmark = pytest.mark.django_db

LINES = CheckName.INVOICE_LINES
NOVEMBER_1, DECEMBER_1 = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def october(acme: Organisation, project: Project) -> Invoice:
    """100 calls at ₹10, the first 5 of them free: 950.00. 7 pings have no price, and 3 calls are of a test project."""
    price({"model": "per_unit", "unit_price": "10", "free_units": "5"})
    used(project, 60)
    used(project, 40)
    used(project, 7, metric="pings", unit="ping")
    used(create_project(organisation=acme, name="Try", mode="test"), 3)
    return issued(acme)


PLANTED = [
    ("DELETE FROM invoicing_invoiceline", FindingKind.USAGE_NOT_CHARGED, "950.00", "0 calls on lines"),
    (
        "UPDATE invoicing_invoiceline SET quantity = 90, amount = 850",
        FindingKind.USAGE_NOT_CHARGED,
        "100.00",
        "90 calls on lines",
    ),
    (
        "UPDATE invoicing_invoiceline SET quantity = 150, amount = 1450",
        FindingKind.CHARGED_BEYOND_USAGE,
        "500.00",
        "150 calls on lines",
    ),
    (
        "UPDATE events_usageaggregate SET total = total - 50 WHERE total = 100",
        FindingKind.CHARGED_BEYOND_USAGE,
        "500.00",
        "100 calls on lines",
    ),
    (
        "DELETE FROM events_usageaggregate WHERE total = 100",
        FindingKind.LINE_WITHOUT_USAGE,
        "950.00",
        "100 calls on lines",
    ),
]


@pytest.mark.parametrize(("statement", "kind", "worth", "told"), PLANTED)
def test_a_line_that_does_not_say_what_was_used_is_found(
    october: Invoice, statement: str, kind: FindingKind, worth: str, told: str
) -> None:
    Metric.objects.filter(name="api_calls").update(unit_name="call", unit_name_plural="calls")
    assert found(LINES, NOVEMBER_1) == []
    tamper(statement)
    (finding,) = found(LINES, NOVEMBER_1)
    assert (finding.kind, finding.worth, finding.found) == (kind, Decimal(worth), told)
    assert found(LINES, NOVEMBER_1.replace(day=2)) == []


def test_it_is_gone_once_the_aggregates_are_as_the_ledger_says(october: Invoice, acme: Organisation) -> None:
    tamper("UPDATE events_usageaggregate SET total = 30 WHERE total = 100")
    run(NOVEMBER_1, NOVEMBER_1, LINES)
    assert states(LINES) == ["open"]
    rebuild_aggregates(organisation=acme, period=OCTOBER)
    run(NOVEMBER_1, NOVEMBER_1, LINES)
    assert states(LINES) == ["gone"]


def test_late_usage_is_a_finding_only_if_its_invoice_lacks_it(
    october: Invoice, acme: Organisation, project: Project
) -> None:
    used(project, 20, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    assert found(LINES, NOVEMBER_1) == []  # it is still to come
    invoice = bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert found(LINES, NOVEMBER_1, DECEMBER_1) == []
    tamper("DELETE FROM invoicing_invoiceline WHERE invoice_id = %s", invoice.pk)
    for day in NOVEMBER_1, DECEMBER_1:  # its month's invoice leads to it, and so does the one that lacks it
        (finding,) = found(LINES, day)
        assert (finding.kind, finding.worth, finding.day) == (FindingKind.USAGE_NOT_CHARGED, Decimal("200.00"), day)


def test_what_a_credit_note_gave_back_was_charged_no_more(
    october: Invoice, acme: Organisation, project: Project
) -> None:
    correct(project, 60)
    settle(november(acme))
    assert found(LINES, NOVEMBER_1, DECEMBER_1) == []
    tamper("UPDATE invoicing_creditnoteline SET usage_amount = usage_amount - 100")
    (finding,) = found(LINES, NOVEMBER_1)
    assert (finding.kind, finding.worth) == (FindingKind.CHARGED_BEYOND_USAGE, Decimal("100.00"))


@pytest.mark.parametrize("aggregation", ["max", "latest", "unique", "count"])
def test_quantities_that_do_not_add_up_are_told_by_amounts(
    acme: Organisation, project: Project, aggregation: str
) -> None:
    """October is void while November is billed, which has late usage of it; then it is billed again."""
    unique = {"unique_property": "user"} if aggregation == "unique" else {}
    Metric.objects.create(name="api_calls", unit="call", aggregation=aggregation, **unique)
    per_unit("10")
    for number, value in enumerate((9, 4)):
        used(project, value, user=f"u{number}")
    october = issued(acme)
    used(project, 12, on="2026-11-05", happened="2026-10-20T06:00:00Z", user="u1")
    bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert found(LINES, NOVEMBER_1, DECEMBER_1) == []
    voiding.void_invoice(invoice_id=october.pk, reason="wrong address")
    bill(acme, OCTOBER, "2026-12-02 10:00")
    assert found(LINES, NOVEMBER_1, DECEMBER_1.replace(day=2)) == []
    tamper("UPDATE invoicing_invoiceline SET quantity = quantity + 1, amount = amount + 10")
    assert {each.kind for each in found(LINES, DECEMBER_1)} == {FindingKind.CHARGED_BEYOND_USAGE}


def test_rounded_conversions_and_levels_agree(acme: Organisation, project: Project) -> None:
    Metric.objects.create(name="traffic", unit="byte", aggregation="sum", divisor=1000, rounding="up", billed_unit="kB")
    Metric.objects.create(name="storage", unit="GB", aggregation="weighted_sum")
    for name, unit in ("traffic", "byte"), ("storage", "GB"):
        per_unit("0.5", metric_name=name, unit=unit)
        used(project, 1500, metric=name, unit=unit)
    issued(acme)
    for name, unit in ("traffic", "byte"), ("storage", "GB"):
        used(project, 200, on="2026-11-05", happened="2026-10-20T06:00:00Z", metric=name, unit=unit)
    bill(acme, NOVEMBER, "2026-12-01 10:00")
    with at("2026-12-02 10:00"):  # a level's hours count when they are over
        assert found(LINES, NOVEMBER_1, DECEMBER_1) == []


def test_used_is_on_lines_or_has_no_price(october: Invoice, acme: Organisation) -> None:
    calls, pings = charged_usage([(acme.pk, OCTOBER)])
    assert (calls.used, calls.on_lines, calls.unpriced, calls.differs) == (100, 100, 0, False)
    assert (pings.used, pings.on_lines, pings.unpriced, pings.differs) == (7, 0, 7, False)
    assert list(charged_usage([(acme.pk, BillingPeriod.parse("2026-09"))])) == []
