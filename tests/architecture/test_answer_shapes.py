"""Answers of the API have the keys that clients rely on, and each looks as they expect; lists are as long as asked."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client

from organisations.models import Organisation, Project
from tests import factories
from tests.architecture.tenants import Tenant, tenant

ADMIN = "/api/v1/admin"

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MONEY = re.compile(r"-?\d+\.\d\d")
DECIMAL = re.compile(r"-?\d+(\.\d+)?")

ORGANISATION = {
    "id": UUID, "name": str, "slug": str, "billing_email": str, "currency": "INR", "time_zone": "Asia/Kolkata",
    "country": "IN", "state_code": "29", "gstin": str, "payment_terms_days": int, "is_active": True,
    "is_test": False,
}  # fmt: skip
PROJECT = {"id": UUID, "organisation": UUID, "name": str, "mode": "live", "is_active": True}
ISSUED_KEY = {
    "id": UUID, "api_key": re.compile(r"mbp_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{32,}"), "prefix": re.compile(r"\w{8}"),
    "name": str, "expires_at": None,
}  # fmt: skip
LINE = {
    "id": UUID, "line_number": 1, "kind": str, "description": str, "project": None, "metric_name": str, "unit": str,
    "quantity": DECIMAL, "unit_price": DECIMAL, "amount": MONEY, "discount": "0.00", "discounts": [],
    "explanation": list,
}  # fmt: skip
TAX = {"name": str, "rate": DECIMAL, "taxable_amount": MONEY, "amount": MONEY}
INVOICE = {
    "id": UUID, "organisation": UUID, "number": re.compile(r"[A-Z]{1,3}/\d\d-\d\d/\d{6}"), "status": "partially_paid",
    "period_start": None, "period_end": None, "issue_date": DAY, "due_date": DAY, "currency": "INR",
    "subtotal": "1000.00", "discount_total": "0.00", "tax_total": "180.00", "round_off": "0.00", "total": "1180.00",
    "amount_paid": "100.00", "amount_credited": "11.80", "amount_due": "1068.20",
    "pdf_url": re.compile(r"/api/v1/admin/invoices/.+/pdf"),
    "line_items": [LINE], "taxes": [TAX, TAX],
}  # fmt: skip
PAYMENT = {
    "id": UUID, "invoice": UUID, "amount": "100.00", "currency": "INR", "status": "captured", "method": str,
    "razorpay_order_id": str, "razorpay_payment_id": None, "paid_at": INSTANT, "amount_refunded": "0.00",
}  # fmt: skip


def assert_shape(found: Any, shape: Any, where: str = "answer") -> None:
    """Every key of the shape is there and looks as described; further keys may be added by later versions."""
    if isinstance(shape, dict):
        assert isinstance(found, dict), where
        assert set(shape) <= set(found), f"{where} lacks {set(shape) - set(found)}"
        for key, expected in shape.items():
            assert_shape(found[key], expected, f"{where}.{key}")
    elif isinstance(shape, list):
        assert len(found) == len(shape), f"{where}: {found}"
        for index, (item, expected) in enumerate(zip(found, shape, strict=True)):
            assert_shape(item, expected, f"{where}[{index}]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(found, str), f"{where}: {found!r}"
        assert shape.fullmatch(found), f"{where}: {found!r}"
    elif isinstance(shape, type):
        assert isinstance(found, shape), f"{where}: {found!r}"
    else:
        assert found == shape, f"{where}: {found!r}"


def _page_of_one(answer: Any, shape: Any) -> None:
    assert answer.status_code == 200, answer.content
    assert_shape(answer.json(), {"count": 1, "next": None, "previous": None, "results": [shape]})


def _post(client: Client, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.fixture
def theirs(db: None) -> Tenant:
    return tenant("Shapely")


def test_organisations(api: Client) -> None:
    factories.billing_entity()
    body = {"name": "Initech", "billing_email": "a@initech.example", "state_code": "29", "payment_terms_days": 15}
    made = _post(api, f"{ADMIN}/organisations", body)
    assert_shape(made, ORGANISATION)
    assert_shape(api.get(f"{ADMIN}/organisations/{made['id']}").json(), ORGANISATION)
    _page_of_one(api.get(f"{ADMIN}/organisations"), ORGANISATION)


def test_projects_and_keys(api: Client, acme: Organisation) -> None:
    project = _post(api, f"{ADMIN}/organisations/{acme.pk}/projects", {"name": "Main"})
    assert_shape(project, PROJECT)
    _page_of_one(api.get(f"{ADMIN}/organisations/{acme.pk}/projects"), PROJECT)
    keys = f"{ADMIN}/projects/{project['id']}/api-keys"
    issued = _post(api, keys, {"name": "app"})
    assert_shape(issued, ISSUED_KEY)
    listed = api.get(keys)
    _page_of_one(listed, {"id": issued["id"], "prefix": issued["prefix"], "name": "app"})
    assert issued["api_key"] not in listed.content.decode(), "the key is in the 201 only"
    rotated = _post(api, f"{ADMIN}/api-keys/{issued['id']}/rotate", {})
    assert_shape(rotated, ISSUED_KEY)
    assert api.delete(f"{ADMIN}/api-keys/{rotated['id']}").status_code == 204


def test_invoices_and_their_pdf(api: Client, theirs: Tenant) -> None:
    invoice = f"{ADMIN}/invoices/{theirs.invoice.pk}"
    shown = api.get(invoice).json()
    assert_shape(shown, INVOICE)
    assert [tax["name"] for tax in shown["taxes"]] == ["CGST", "SGST"]
    assert sum(Decimal(line["amount"]) for line in shown["line_items"]) == Decimal(shown["subtotal"])
    listed = api.get(f"{ADMIN}/organisations/{theirs.organisation.pk}/invoices?status=partially_paid")
    _page_of_one(listed, {key: value for key, value in INVOICE.items() if key not in {"line_items", "taxes"}})
    pdf = api.get(shown["pdf_url"])
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")


def test_a_draft_has_no_number_yet(api: Client, theirs: Tenant) -> None:
    draft = {"number": None, "status": "draft", "issue_date": None, "due_date": None, "pdf_url": None}
    assert_shape(api.get(f"{ADMIN}/invoices/{theirs.draft.pk}").json(), {**draft, "total": "1180.00"})


def test_a_one_off_draft_finalized_and_voided(api: Client, acme: Organisation) -> None:
    lines = [{"description": "Set-up", "quantity": "2", "unit_price": "12.345", "sac": "998315"}]
    draft = _post(api, f"{ADMIN}/organisations/{acme.pk}/invoices", {"lines": lines})
    assert_shape(draft, {"status": "draft", "subtotal": "24.69", "tax_total": "4.44", "total": "29.13"})
    issued = _post(api, f"{ADMIN}/invoices/{draft['id']}/finalize", {}, status=200)
    assert_shape(issued, {"status": "finalized", "number": INVOICE["number"], "amount_due": "29.13"})
    void = _post(api, f"{ADMIN}/invoices/{draft['id']}/void", {"reason": "a test"}, status=200)
    assert_shape(void, {"status": "void", "number": issued["number"]})


def test_payments(api: Client, theirs: Tenant) -> None:
    _page_of_one(api.get(f"{ADMIN}/organisations/{theirs.organisation.pk}/payments?status=captured"), PAYMENT)
    assert_shape(api.get(f"{ADMIN}/payments/{theirs.payment.pk}").json(), PAYMENT)


def test_events(project: Project, project_key: str) -> None:
    client = factories.client(project_key)
    good = {"event_id": "e-1", "metric_name": "api_calls", "metric_value": 1, "unit": "call"}
    assert _post(client, "/api/v1/events", good, status=202) == {"status": "accepted", "event_id": "e-1"}
    batch = _post(client, "/api/v1/events/batch", {"events": [good, {**good, "metric_value": -1}]}, status=202)
    rejection = {"index": 1, "event_id": "e-1", "code": str, "message": str}
    assert_shape(batch, {"status": "accepted", "batch_id": UUID, "accepted": 1, "rejected": [rejection]})
    assert_shape(client.get("/api/v1/events/e-1").json(), {"event_id": "e-1", "status": "pending"})
    assert client.get("/api/v1/events/e-2").status_code == 404
    atomic = _post(client, "/api/v1/events/batch?atomic=true", {"events": [good, {}]}, status=400)
    assert_shape(atomic, {"code": "VALIDATION_ERROR", "details": {"rejected": [{"index": 1}]}})


def test_dead_letters(api: Client, theirs: Tenant) -> None:
    payload = {"event_id": "Shapely-1", "metric_name": "Shapely calls", "metric_value": "3", "unit": "call"}
    shape = {
        "id": UUID, "organisation": str(theirs.organisation.pk), "project": str(theirs.project.pk),
        "event_id": "Shapely-dead", "reason": "METRIC_UNKNOWN", "message": str, "payload": payload, "batch_id": UUID,
        "status": "open", "attempts": 1, "first_seen_at": INSTANT, "last_seen_at": INSTANT, "resolved_at": None,
        "resolved_by": "", "resolution": "", "replay_batch_id": None,
    }  # fmt: skip
    _page_of_one(api.get(f"{ADMIN}/dead-letters?event_id=Shapely-dead&status=open&reason=METRIC_UNKNOWN"), shape)
    letter = f"{ADMIN}/dead-letters/{theirs.letter.pk}"
    replayed = _post(api, f"{letter}/replay", {}, status=200)
    done = {"status": "replayed", "resolved_at": INSTANT, "resolved_by": "admin", "replay_batch_id": UUID}
    assert_shape(replayed, {**shape, **done})
    assert _post(api, f"{letter}/discard", {"reason": "no"}, status=409)["code"] == "DEAD_LETTER_RESOLVED"


def test_usage_corrections(api: Client, theirs: Tenant) -> None:
    shape = {
        "id": UUID, "event_id": "Shapely-1", "project": str(theirs.project.pk), "organisation": UUID,
        "action": "correct", "metric_name": "Shapely calls", "unit": "call", "quantity_before": DECIMAL,
        "quantity_after": DECIMAL, "counted_in": re.compile(r"\d{4}-\d\d"), "is_late": False, "reason": str,
        "created_by": str, "created_at": INSTANT,
    }  # fmt: skip
    _page_of_one(api.get(f"{ADMIN}/usage-corrections?event_id=Shapely-1"), shape)
    assert_shape(api.get(f"{ADMIN}/usage-corrections/{theirs.correction.pk}").json(), shape)
    body = {"project": str(theirs.project.pk), "event_id": "Shapely-1", "action": "void", "reason": "a test"}
    made = _post(api, f"{ADMIN}/usage-corrections", body)
    assert_shape(made, {**shape, "action": "void", "quantity_after": None})


def test_the_price_preview(api: Client) -> None:
    """10 free of 121: 111 × 2.345 = 260.295, rounded half up to 260.30."""
    rule = {"model": "per_unit", "unit_price": "2.345", "free_units": "10", "currency": "INR"}
    shown = _post(api, f"{ADMIN}/pricing/preview", {"rule": rule, "quantity": "121"}, status=200)
    step = {"description": str, "quantity": str, "unit_price": str, "flat_fee": str, "amount": str}
    assert_shape(shown, {"exact_amount": "260.295", "amount": {"amount": "260.30", "currency": "INR"}})
    assert shown["explanation"]
    for found in shown["explanation"]:
        assert_shape(found, step)


def test_a_page_is_as_long_as_asked_up_to_200(api: Client, acme: Organisation) -> None:
    for number in range(3):
        factories.project(acme, f"P{number}")
    path = f"{ADMIN}/organisations/{acme.pk}/projects"
    first = api.get(f"{path}?page_size=2").json()
    assert (first["count"], len(first["results"])) == (3, 2)
    assert "page=2" in first["next"]
    assert len(api.get(f"{path}?page=2&page_size=2").json()["results"]) == 1
    assert len(api.get(f"{path}?page_size=100000").json()["results"]) == 3
