"""A metric that is priced in another unit, or rounded: on lines, over price changes, with late usage, and for ever."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib.errors import DomainError
from events.models import Metric
from events.services.metrics import save_definition
from invoicing.models import Invoice, PricingRule
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, at, draft, issued, per_unit, price, used
from tests.invoicing.test_aggregated_metrics import lines
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db

GIB = 2**30


def traffic(**fields: Any) -> Metric:
    """Bytes, priced in GiB."""
    values = {"display_name": "Traffic", "unit_name": "byte", "unit_name_plural": "bytes"}
    return Metric.objects.create(
        name="traffic", unit="byte", divisor=Decimal(GIB), billed_unit="GiB", **values | fields
    )


def cost(unit_price: str = "10", **fields: Any) -> PricingRule:
    return per_unit(unit_price, metric_name="traffic", unit="byte", **fields)


def send(project: Project, quantity: int, **fields: Any) -> None:
    used(project, quantity, metric="traffic", unit="byte", **fields)


def told(invoice: Invoice) -> list[list[str]]:
    return [[step.description for step in line.steps if step.is_note] for line in invoice.lines.order_by("position")]


def test_a_line_is_in_the_unit_that_is_priced_and_says_how_it_came_about(acme: Organisation, project: Project) -> None:
    traffic()
    cost()
    send(project, GIB)
    send(project, GIB // 2)
    invoice = issued(acme)
    assert lines(invoice) == [(Decimal("1.5"), Decimal("15.00"))]
    (line,) = invoice.lines.all()
    assert (line.unit, line.unit_label, line.unit_price) == ("byte", "GiB", Decimal(10))
    assert told(invoice) == [["1,610,612,736 bytes × 1/1,073,741,824 = 1.5 GiB"]]
    (printed,) = invoice.document.content["lines"]
    assert [step["description"] for step in printed["steps"]] == told(invoice)[0]


def test_each_meter_is_rounded_by_itself(acme: Organisation, project: Project) -> None:
    """1.5 GiB of each of two projects, rounded up, are 4 GiB."""
    traffic(rounding="up")
    cost()
    send(project, GIB + GIB // 2)
    send(factories.project(acme, "Other"), GIB + GIB // 2)
    invoice = draft(acme)
    assert lines(invoice) == [(Decimal(4), Decimal("40.00"))]
    assert told(invoice) == [
        [
            "3,221,225,472 bytes × 1/1,073,741,824 = 3 GiB",
            "Rounded up to whole GiB, each of 2 meters by itself: 4 GiB",
        ]
    ]


def test_parts_of_a_month_add_up_to_the_rounded_month(acme: Organisation, project: Project) -> None:
    """0.5 GiB at ₹10 start one GiB; 0.5 more at ₹20 are within it, and 0.25 more start the second."""
    traffic(rounding="up")
    cost("10", effective_to=date(2026, 10, 16))
    cost("20", effective_from=date(2026, 10, 16))
    send(project, GIB // 2, on="2026-10-10")
    send(project, GIB // 2, on="2026-10-20")
    send(project, GIB // 4, on="2026-10-25")
    assert lines(draft(acme)) == [(Decimal(1), Decimal("10.00")), (Decimal(1), Decimal("20.00"))]


def test_late_usage_is_charged_by_what_it_adds_to_the_rounded_month(acme: Organisation, project: Project) -> None:
    traffic(rounding="up")
    price(
        {"model": "graduated", "tiers": [{"up_to": "1", "unit_price": "10"}, {"up_to": None, "unit_price": "5"}]},
        metric_name="traffic",
        unit="byte",
    )
    send(project, GIB // 2)
    assert lines(issued(acme)) == [(Decimal(1), Decimal("10.00"))]
    send(project, GIB // 2, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    send(project, 1, on="2026-11-06", happened="2026-10-20T07:00:00Z")
    found = bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice
    assert lines(found) == [(Decimal(1), Decimal("5.00"))]  # 1 byte starts the second GiB


def test_a_percentage_of_paise_is_one_of_rupees(acme: Organisation, project: Project) -> None:
    """₹800.00 in four payments, the first two of them free: 1% of ₹400.00, and ₹2 for each of the other two."""
    Metric.objects.create(name="volume", unit="paisa", divisor=Decimal(100), billed_unit="rupee")
    price({"model": "percentage", "rate": "1", "fixed_fee": "2", "free_events": 2}, metric_name="volume", unit="paisa")
    for _each in range(4):
        used(project, 20_000, metric="volume", unit="paisa")
    assert lines(draft(acme)) == [(Decimal(800), Decimal("8.00"))]


def test_an_own_metric_without_a_conversion_has_the_shared_one(acme: Organisation, project: Project) -> None:
    cost()
    send(project, GIB)
    traffic()
    assert Metric.objects.get(organisation=acme).registered_automatically
    assert lines(draft(acme)) == [(Decimal(1), Decimal("10.00"))]


def test_a_month_to_be_billed_anew_may_be_converted_otherwise(acme: Organisation, project: Project) -> None:
    metric = traffic()
    cost()
    send(project, GIB)
    invoice = issued(acme)
    with at("2026-11-02 10:00"):
        issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("correction"), bill_again=True)
    metric.rounding = "up"
    save_definition(metric=metric)
    assert Metric.objects.get(pk=metric.pk).rounding == "up"


def test_what_is_billed_is_never_converted_otherwise(acme: Organisation, project: Project) -> None:
    metric = traffic()
    cost()
    send(project, GIB)
    invoice = issued(acme)
    metric.rounding = "up"
    with pytest.raises(DomainError) as refused:
        save_definition(metric=metric)
    assert refused.value.code == "METRIC_IS_BILLED"
    assert "Acme for October 2026" in refused.value.message
    assert refused.value.details == {"invoiced": [{"organisation": str(acme.pk), "period": "2026-10"}]}
    own = Metric(organisation=acme, name="traffic", unit="byte", divisor=Decimal(1000), billed_unit="kB")
    with pytest.raises(DomainError):
        save_definition(metric=own)
    metric.refresh_from_db()
    metric.billed_unit, metric.multiplier, metric.divisor = "gibibyte", Decimal(2), Decimal(2 * GIB)
    save_definition(metric=metric)  # other words, and the same fraction
    with at("2026-11-02 10:00"):
        void_invoice(invoice_id=invoice.pk, reason="Wrong unit")
    metric.rounding = "up"
    save_definition(metric=metric)


def test_another_customers_invoices_do_not_fix_an_own_conversion(acme: Organisation, project: Project) -> None:
    traffic()
    cost()
    other = factories.project(factories.organisation("Other"))
    send(other, GIB)
    issued(other.organisation)
    save_definition(
        metric=Metric(organisation=acme, name="traffic", unit="byte", divisor=Decimal(1000), billed_unit="kB")
    )
    send(project, 3000)
    assert lines(draft(acme)) == [(Decimal(3), Decimal("30.00"))]


def test_the_api_defines_a_conversion(acme: Organisation, api: Client) -> None:
    body = {"organisation": str(acme.pk), "name": "traffic", "unit": "byte", "divisor": str(GIB)}
    path = "/api/v1/admin/metrics"
    refused = api.post(path, body, content_type="application/json")
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["billed_unit"])
    body |= {"billed_unit": "GiB", "rounding": "up", "rounding_places": 2}
    for field, wrong in (("divisor", "0"), ("multiplier", "many"), ("rounding", "off"), ("rounding_places", 9)):
        refused = api.post(path, body | {field: wrong}, content_type="application/json")
        assert (refused.status_code, field in refused.json()["details"]) == (400, True), refused.json()
    made = api.post(path, body, content_type="application/json")
    assert made.status_code == 201, made.json()
    told = {field: made.json()[field] for field in ("multiplier", "divisor", "rounding", "rounding_places")}
    assert told == {"multiplier": "1", "divisor": "1073741824", "rounding": "up", "rounding_places": 2}


def test_the_api_changes_a_conversion_until_it_is_billed(acme: Organisation, project: Project, api: Client) -> None:
    metric = traffic(organisation=acme)
    path = f"/api/v1/admin/metrics/{metric.pk}"

    def change(**body: Any) -> Any:
        return api.patch(path, body, content_type="application/json")

    assert change(rounding="up", rounding_places=1).json()["rounding"] == "up"
    assert api.get(path).json()["rounding_places"] == 1
    for field, value in (("unit", "MB"), ("aggregation", "max"), ("organisation", None), ("divisor", "-1")):
        refused = change(**{field: value})
        assert (refused.status_code, list(refused.json()["details"])) == (400, [field]), refused.json()
    cost()
    send(project, GIB)
    issued(acme)
    assert change(rounding="down").json()["code"] == "METRIC_IS_BILLED"
    assert change(billed_unit="gibibyte").json()["billed_unit"] == "gibibyte"
