"""The invoicing API: the shapes of the contract, exact numbers, and access only to the key's organisations."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test.client import Client
from pypdf import PdfReader

from invoicing.models import Invoice, PricingRule
from invoicing.services import issuing
from invoicing.services.paid_total import record_paid_total
from organisations.models import ApiKey, Membership, Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, after_october, issued, one_off, per_unit, used

pytestmark = pytest.mark.django_db

ADMIN = "/api/v1/admin"
RULE = {
    "organisation": None,
    "metric_name": "api_calls",
    "unit": "call",
    "currency": "INR",
    "model": "per_unit",
    "unit_price": "0.0123",
    "effective_from": "2026-04-01",
    "effective_to": None,
}


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def post(client: Client, path: str, body: Any = None) -> Any:
    text = body if isinstance(body, str) else json.dumps({} if body is None else body)
    return client.post(f"{ADMIN}{path}", text, content_type="application/json")


def get(client: Client, path: str) -> Any:
    return client.get(f"{ADMIN}{path}")


def key_of(organisation: Organisation | None, role: str, scope: str = ApiKey.Scope.ADMIN) -> Client:
    owner = factories.member(f"{role}-{scope}-{organisation and organisation.slug}", organisation, role)
    return factories.client(factories.admin_key(owner, scope))


# --- prices -----------------------------------------------------------------------------------------------------


def test_a_price_is_made_read_listed_and_ended(api: Client, acme: Organisation) -> None:
    made = post(api, "/pricing-rules", RULE | {"organisation": str(acme.pk), "dimensions": {"region": "in"}})
    assert made.status_code == 201
    body = made.json()
    assert (body["unit_price"], body["free_units"], body["pool"]) == ("0.0123", "0", "organisation")
    assert (body["organisation"], body["dimensions"]) == (str(acme.pk), {"region": "in"})
    assert get(api, f"/pricing-rules/{body['id']}").json() == body
    assert get(api, "/pricing-rules?metric_name=api_calls&currency=INR").json()["count"] == 1
    assert get(api, "/pricing-rules?metric_name=storage").json()["count"] == 0
    ended = api.patch(
        f"{ADMIN}/pricing-rules/{body['id']}", {"effective_to": "2027-01-01"}, content_type="application/json"
    )
    assert (ended.status_code, ended.json()["effective_to"]) == (200, "2027-01-01")


def test_the_reason_of_a_price_is_kept_in_its_history(api: Client) -> None:
    made = post(api, "/pricing-rules", RULE | {"reason": "New contract"}).json()
    assert "reason" not in made
    address = f"{ADMIN}/pricing-rules/{made['id']}"
    assert api.patch(address, {"unit_price": "1", "reason": "A typing mistake"}, "application/json").status_code == 200
    reasons = [entry["reason"] for entry in get(api, f"/pricing-rules/{made['id']}/history").json()["results"]]
    assert reasons == ["A typing mistake", "New contract"]
    refused = api.patch(address, {"unit_price": "2", "reason": "x" * 1001}, "application/json")
    assert (refused.status_code, [*refused.json()["details"]]) == (400, ["reason"])


def test_a_number_in_json_is_taken_as_it_is_written(api: Client) -> None:
    # as a float, 0.1234567890 x 3 would carry a tail of binary noise
    body = json.dumps(RULE).replace('"0.0123"', "0.1234567890")
    assert post(api, "/pricing-rules", body).json()["unit_price"] == "0.1234567890"
    preview = '{"rule": ' + body + ', "quantity": 3}'
    assert post(api, "/pricing/preview", preview).json()["exact_amount"] == "0.370370367"


def test_the_preview_shows_exact_and_rounded_amount_with_the_working(api: Client) -> None:
    tiers = [{"up_to": "100", "unit_price": "10"}, {"up_to": None, "unit_price": "5", "flat_fee": "195"}]
    rule = {"model": "graduated", "tiers": tiers, "currency": "INR"}
    answer = post(api, "/pricing/preview", {"rule": rule, "quantity": "121"})
    assert answer.status_code == 200
    # 100 x 10 + 195 + 21 x 5 = 1,300.00
    body = answer.json()
    assert body["exact_amount"] == "1300.00"
    assert body["amount"] == {"amount": "1300.00", "currency": "INR"}
    numbers = ("quantity", "unit_price", "flat_fee", "amount")
    assert [tuple(step[name] for name in numbers) for step in body["explanation"]] == [
        ("100", "10", "0", "1000"),
        ("21", "5", "195", "300"),
    ]


def test_every_field_of_the_models_is_stored_and_read(api: Client) -> None:
    bodies: list[dict[str, Any]] = [
        {"model": "graduated_percentage", "tiers": [{"up_to": None, "rate": "2.5", "flat_fee": "1"}]},
        {"model": "percentage", "rate": "1.3", "fixed_fee": "2", "free_events": 3, "free_amount": "500"},
        {"model": "package", "package_price": "100", "package_size": "10", "rounding": "down", "charge_at_zero": True},
    ]
    for month, body in enumerate(bodies, start=5):
        days = {"effective_from": f"2026-{month:02}-01", "effective_to": f"2026-{month:02}-28"}
        made = post(api, "/pricing-rules", RULE | days | body)
        assert made.status_code == 201, made.json()
        assert body.items() <= made.json().items()
        answer = api.patch(f"{ADMIN}/pricing-rules/{made.json()['id']}", {"minimum": "7"}, "application/json")
        assert (body | {"minimum": "7"}).items() <= answer.json().items()


def test_a_stored_rule_is_previewed_by_its_id_either_way(api: Client) -> None:
    rule = per_unit("0.015")
    for body in ({"rule_id": str(rule.pk)}, {"rule": str(rule.pk)}):
        answer = post(api, "/pricing/preview", body | {"quantity": "3"}).json()
        # 0.045 is shown as it is, and rounded up to 0.05
        assert (answer["exact_amount"], answer["amount"]["amount"]) == ("0.045", "0.05")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit_price": "-1"}, "unit_price"),
        ({"unit_price": "x"}, "unit_price"),
        ({"unit_price": "0.00000000001"}, "unit_price"),
        ({"model": "graduated", "tiers": [{"up_to": "5"}]}, "tiers[0].up_to"),
        ({"model": "magic"}, "model"),
        ({"currency": "ZZZ"}, "currency"),
        ({"effective_to": "2026-04-01"}, "effective_to"),
        ({"dimensions": {"region": ""}}, "dimensions"),
        ({"maximum": "1", "minimum": "2"}, "maximum"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_by_its_field(api: Client, change: dict[str, Any], field: str) -> None:
    answer = post(api, "/pricing-rules", RULE | change)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert field in answer.json()["details"]


def test_overlapping_prices_are_a_conflict(api: Client) -> None:
    post(api, "/pricing-rules", RULE)
    answer = post(api, "/pricing-rules", RULE | {"effective_from": "2026-12-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_OVERLAP")
    assert answer.json()["error"] == (
        "“api_calls” (call) has a price from 1 Apr 2026 on already: end that price on 30 Nov 2026 first."
    )


def test_a_billed_price_cannot_be_changed_nor_ended_before_what_it_billed(
    api: Client, acme: Organisation, project: Project
) -> None:
    rule = per_unit("1")
    used(project, 5)
    issued(acme)
    for change, code in (
        ({"unit_price": "2"}, "PRICE_IN_USE"),
        ({"effective_to": "2026-10-15"}, "PRICE_REACHES_BILLED_MONTH"),
    ):
        answer = api.patch(f"{ADMIN}/pricing-rules/{rule.pk}", change, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    answer = api.patch(
        f"{ADMIN}/pricing-rules/{rule.pk}", {"effective_to": "2026-11-01"}, content_type="application/json"
    )
    assert answer.status_code == 200


def test_the_history_of_a_price_tells_who_changed_what(api: Client) -> None:
    made = post(api, "/pricing-rules", RULE).json()
    api.patch(f"{ADMIN}/pricing-rules/{made['id']}", {"unit_price": "0.02"}, content_type="application/json")
    history = get(api, f"/pricing-rules/{made['id']}/history").json()
    assert [entry["action"] for entry in history["results"]] == ["update", "create"]
    assert "0.02" in str(history["results"][0]["changes"])
    assert history["results"][0]["actor"] == "admin@metrics.example"


def test_a_global_price_needs_a_role_for_every_organisation(acme: Organisation) -> None:
    mine = key_of(acme, Membership.Role.OPERATOR)
    assert post(mine, "/pricing-rules", RULE).status_code == 403
    assert post(mine, "/pricing-rules", RULE | {"organisation": str(acme.pk)}).status_code == 201
    foreign = factories.organisation("Umbrella")
    assert post(mine, "/pricing-rules", RULE | {"organisation": str(foreign.pk)}).status_code == 404


# --- rates ------------------------------------------------------------------------------------------------------


def test_tax_rates_are_listed_and_added(api: Client) -> None:
    assert [rate["rate"] for rate in get(api, "/tax-rates").json()["results"]] == ["18"]
    added = post(api, "/tax-rates", {"name": "GST 5%", "rate": 5, "sac": "998439", "effective_from": "2026-01-01"})
    assert (added.status_code, added.json()["rate"]) == (201, "5")


def test_the_exchange_rate_of_a_day_is_the_last_one_published(api: Client) -> None:
    for day, rate in (("2026-10-30", "83.5"), ("2026-11-02", 84.25)):
        body = {"base": "USD", "target": "INR", "rate": rate, "as_of": day, "source": "FBIL"}
        assert post(api, "/exchange-rates", body).status_code == 201
    assert get(api, "/exchange-rates/USD/INR?at=2026-11-01").json()["rate"] == "83.5"
    assert get(api, "/exchange-rates/usd/inr?at=2026-11-02").json()["rate"] == "84.25"
    assert get(api, "/exchange-rates/USD/INR?at=2026-10-29").status_code == 404
    assert get(api, "/exchange-rates?base=USD").json()["count"] == 2


# --- invoices ---------------------------------------------------------------------------------------------------


def test_a_month_is_drafted_finalized_read_and_printed(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("0.0123")
    used(project, 1000)
    with after_october():
        drafted = post(api, f"/organisations/{acme.pk}/invoices", {"period": "2026-10"})
        assert drafted.status_code == 201
        draft = drafted.json()
        assert (draft["status"], draft["number"], draft["pdf_url"]) == ("draft", None, None)
        finalized = post(api, f"/invoices/{draft['id']}/finalize")
    assert finalized.status_code == 200
    body = get(api, f"/invoices/{draft['id']}").json()
    expected = {
        "number": "INV/26-27/000001",
        "status": "finalized",
        "period_start": "2026-10-01",
        "period_end": "2026-11-01",
        "issue_date": "2026-11-01",
        "due_date": "2026-11-16",
        "currency": "INR",
        "subtotal": "12.30",  # 1,000 x 0.0123
        "discount_total": "0.00",
        "tax_total": "2.22",  # 2 x 1.11
        "round_off": "0.00",
        "total": "14.52",
        "amount_paid": "0.00",
        "amount_due": "14.52",
        "pdf_url": f"{ADMIN}/invoices/{draft['id']}/pdf",
        "taxes": [
            {"name": "CGST", "rate": "9", "taxable_amount": "12.30", "amount": "1.11"},
            {"name": "SGST", "rate": "9", "taxable_amount": "12.30", "amount": "1.11"},
        ],
    }
    assert {name: body[name] for name in expected} == expected
    line = body["line_items"][0]
    assert {
        name: line[name] for name in ("line_number", "kind", "metric_name", "unit", "quantity", "unit_price", "amount")
    } == {
        "line_number": 1,
        "kind": "usage",
        "metric_name": "api_calls",
        "unit": "call",
        "quantity": "1000",
        "unit_price": "0.0123",
        "amount": "12.30",
    }
    assert line["project"] == str(project.pk)
    assert line["explanation"][0]["description"] == "Units"
    pdf = api.get(body["pdf_url"], headers={"Accept": "application/pdf"})
    assert pdf["Content-Type"] == "application/pdf"
    assert "INV-26-27-000001.pdf" in pdf["Content-Disposition"]
    assert "INV/26-27/000001" in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()


def test_a_one_off_invoice_takes_numbers_or_text(api: Client, acme: Organisation) -> None:
    body = '{"lines": [{"description": "Training", "quantity": 1.5, "unit_price": "999.99", "sac": "998313"}]}'
    answer = post(api, f"/organisations/{acme.pk}/invoices", body)
    assert answer.status_code == 201
    # 1.5 x 999.99 = 1,499.985, rounded 1,499.99; CGST 9 % = 134.9991, rounded 135.00
    assert (answer.json()["subtotal"], answer.json()["total"]) == ("1499.99", "1769.99")
    assert answer.json()["line_items"][0]["sac"] == "998313"


@pytest.mark.parametrize("body", [{}, {"period": "2026-13"}, {"lines": []}, {"period": "2026-10", "lines": []}])
def test_a_draft_needs_a_month_or_lines(api: Client, acme: Organisation, body: dict[str, Any]) -> None:
    assert post(api, f"/organisations/{acme.pk}/invoices", body).status_code == 400


def test_the_upcoming_invoice_is_shown_and_not_stored(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("2")
    used(project, 3, on="2026-11-05")
    answer = get(api, f"/organisations/{acme.pk}/invoices/upcoming?period={NOVEMBER}")
    assert answer.status_code == 200
    body = answer.json()
    # 3 x 2 + 0.54 + 0.54
    assert (body["status"], body["total"], body["line_items"][0]["amount"]) == ("upcoming", "7.08", "6.00")
    assert not Invoice.objects.exists()


def test_each_step_answers_with_the_invoice_and_refuses_the_second_time(api: Client, acme: Organisation) -> None:
    invoice = one_off(acme)
    assert post(api, f"/invoices/{invoice.pk}/send").json()["code"] == "INVOICE_NOT_FINALIZED"
    assert get(api, f"/invoices/{invoice.pk}/pdf").json()["code"] == "INVOICE_NOT_FINALIZED"
    assert post(api, f"/invoices/{invoice.pk}/recompute").json()["status"] == "draft"
    assert post(api, f"/invoices/{invoice.pk}/finalize").json()["status"] == "finalized"
    again = post(api, f"/invoices/{invoice.pk}/finalize")
    assert (again.status_code, again.json()["code"]) == (409, "INVOICE_NOT_DRAFT")
    assert post(api, f"/invoices/{invoice.pk}/send").status_code == 200
    voided = post(api, f"/invoices/{invoice.pk}/void", {"reason": "Duplicate"})
    assert (voided.json()["status"], voided.json()["void_reason"], voided.json()["amount_due"]) == (
        "void",
        "Duplicate",
        "0.00",
    )


def test_invoices_are_listed_and_filtered(api: Client, acme: Organisation) -> None:
    one_off(acme)
    issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    path = f"/organisations/{acme.pk}/invoices"
    assert get(api, path).json()["count"] == 2
    assert [each["status"] for each in get(api, f"{path}?status=finalized").json()["results"]] == ["finalized"]


def test_invoices_of_another_organisation_do_not_exist(acme: Organisation) -> None:
    stranger = key_of(factories.organisation("Umbrella"), Membership.Role.ADMIN)
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    rule = per_unit("1", organisation=acme)
    for path in (f"/invoices/{invoice.pk}", f"/invoices/{invoice.pk}/pdf", f"/organisations/{acme.pk}/invoices",
                 f"/organisations/{acme.pk}/invoices/upcoming", f"/pricing-rules/{rule.pk}",
                 f"/pricing-rules/{rule.pk}/history"):  # fmt: skip
        assert get(stranger, path).status_code == 404, path
    for path in ("finalize", "send", "void", "recompute"):
        assert post(stranger, f"/invoices/{invoice.pk}/{path}").status_code == 404, path
    assert post(stranger, f"/organisations/{acme.pk}/invoices", {"period": "2026-10"}).status_code == 404
    assert post(stranger, "/pricing/preview", {"rule_id": str(rule.pk), "quantity": "1"}).status_code == 404
    assert get(stranger, "/pricing-rules").json()["count"] == 0


@pytest.mark.parametrize("step", ["finalize", "send", "void", "recompute"])
def test_a_viewer_may_read_and_change_nothing(acme: Organisation, step: str) -> None:
    viewer = key_of(acme, Membership.Role.VIEWER)
    invoice = one_off(acme)
    assert get(viewer, f"/invoices/{invoice.pk}").status_code == 200
    assert post(viewer, f"/invoices/{invoice.pk}/{step}").status_code == 403


def test_an_operator_finalizes_but_does_not_void(acme: Organisation) -> None:
    operator = key_of(acme, Membership.Role.OPERATOR)
    invoice = one_off(acme)
    assert post(operator, f"/invoices/{invoice.pk}/void").status_code == 403
    assert post(operator, f"/invoices/{invoice.pk}/finalize").status_code == 200


def test_a_key_that_reads_previews_prices_and_writes_nothing(acme: Organisation) -> None:
    reader = key_of(acme, Membership.Role.ADMIN, ApiKey.Scope.READ)
    assert post(reader, "/pricing/preview", {"rule": RULE, "quantity": "1"}).status_code == 200
    assert post(reader, "/pricing-rules", RULE | {"organisation": str(acme.pk)}).status_code == 403
    assert not PricingRule.objects.exists()


# --- billing runs -----------------------------------------------------------------------------------------------


def test_a_run_is_started_and_read(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    with after_october():
        started = post(api, "/billing-runs", {"period": "2026-10"})
        again = post(api, "/billing-runs", {"period": "2026-10"})
    assert (started.status_code, started.json()["status"]) == (201, "running")
    assert again.json()["id"] == started.json()["id"]
    body = get(api, f"/billing-runs/{started.json()['id']}").json()
    assert (body["period"], body["counts"]["pending"]) == ("2026-10", 1)
    assert body["progress"] == {"total": 1, "waiting": 1, "percent": 0, "per_second": None, "seconds_left": None}
    assert [(item["organisation"], item["status"]) for item in body["items"]] == [(str(acme.pk), "pending")]
    assert post(api, "/billing-runs", {"period": "nonsense"}).status_code == 400


def test_a_run_bills_and_shows_only_whom_the_key_reaches(api: Client, acme: Organisation) -> None:
    umbrella = factories.organisation("Umbrella")
    mine = key_of(acme, Membership.Role.OPERATOR)
    with after_october():
        run = post(mine, "/billing-runs", {"period": "2026-10"}).json()
        assert [item["organisation"] for item in run["items"]] == [str(acme.pk)]
        everyone = post(api, "/billing-runs", {"period": "2026-10"}).json()
    assert {item["organisation"] for item in everyone["items"]} == {str(acme.pk), str(umbrella.pk)}
    seen = get(mine, f"/billing-runs/{run['id']}").json()
    assert [item["organisation"] for item in seen["items"]] == [str(acme.pk)]
    assert sum(seen["counts"].values()) == 1


def test_a_viewer_of_everything_bills_only_where_also_operator(acme: Organisation) -> None:
    factories.organisation("Umbrella")
    user = factories.member("both", None, Membership.Role.VIEWER)
    Membership.objects.create(user=user, organisation=acme, role=Membership.Role.OPERATOR)
    with after_october():
        run = post(factories.client(factories.admin_key(user)), "/billing-runs", {"period": "2026-10"}).json()
    assert [item["organisation"] for item in run["items"]] == [str(acme.pk)]


def test_a_viewer_starts_no_run(acme: Organisation) -> None:
    assert post(key_of(acme, Membership.Role.VIEWER), "/billing-runs", {"period": "2026-10"}).status_code == 403


def test_receivables_are_what_is_outstanding_and_overdue_per_currency(acme: Organisation, admin_user: Any) -> None:
    from invoicing.selectors.receivables import receivables

    with after_october():
        first = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
        issuing.finalize_invoice(invoice_id=one_off(acme, "50").pk)
    record_paid_total(invoice=first, paid_total=Decimal("18.00"))
    (early,) = receivables(actor=admin_user, on=date(2026, 11, 16))
    # 118.00 - 18.00 + 59.00
    assert (early.currency, early.outstanding, early.outstanding_count, early.overdue) == ("INR", 159, 2, 0)
    (late,) = receivables(actor=admin_user, on=date(2026, 11, 17))
    assert (late.overdue, late.overdue_count) == (159, 2)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/organisations/{}/invoices", {"lines": [{"description": "Work", "unit_price": "9" * 12}] * 1000}, "lines"),
        ("/organisations/{}/invoices", {"period": "0001-01"}, "period"),
        ("/billing-runs", {"period": "0001-01"}, "period"),
        ("/billing-runs", {"period": "9998-12"}, "period"),
    ],
)
def test_what_is_beyond_all_bounds_is_refused_by_its_field(
    api: Client, acme: Organisation, path: str, body: dict[str, Any], field: str
) -> None:
    answer = post(api, path.format(acme.pk), body)
    assert answer.status_code == 400, answer.json()
    assert field in answer.json()["details"]


def test_a_currency_that_is_no_text_has_no_rate(api: Client) -> None:
    assert api.get("/api/v1/admin/exchange-rates/U%00D/INR").status_code == 404
