"""The HTTP contract: OpenAPI is complete and valid, and answers have the keys and types that clients rely on."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test.client import Client

from organisations.models import Organisation, Project
from organisations.webhooks.event_types import EVENT_TYPES, TEST
from tests import factories
from tests.architecture.routes import routes
from tests.architecture.tenants import Tenant, tenant

ADMIN = "/api/v1/admin"

ENDPOINTS = f"""
GET POST /api/v1/events
POST /api/v1/events/batch
GET /api/v1/events/{{event_id}}
GET /api/v1/usage
GET {ADMIN}/audit-log
GET POST {ADMIN}/organisations
GET PATCH {ADMIN}/organisations/{{organisation_id}}
GET POST {ADMIN}/organisations/{{organisation_id}}/projects
GET PATCH {ADMIN}/organisations/{{organisation_id}}/billing-config
GET PATCH {ADMIN}/projects/{{project_id}}
GET POST {ADMIN}/projects/{{project_id}}/api-keys
POST {ADMIN}/api-keys/{{key_id}}/rotate
DELETE {ADMIN}/api-keys/{{key_id}}
GET POST {ADMIN}/metrics
GET PATCH {ADMIN}/metrics/{{metric_id}}
GET {ADMIN}/organisations/{{organisation_id}}/usage
GET POST {ADMIN}/usage-corrections
GET {ADMIN}/usage-corrections/{{correction_id}}
GET POST {ADMIN}/usage-imports
GET {ADMIN}/usage-imports/{{import_id}}
GET {ADMIN}/usage-imports/{{import_id}}/bad-rows
GET {ADMIN}/dead-letters
POST {ADMIN}/dead-letters/{{letter_id}}/replay
POST {ADMIN}/dead-letters/{{letter_id}}/discard
GET POST {ADMIN}/organisations/{{organisation_id}}/alert-rules
GET {ADMIN}/organisations/{{organisation_id}}/alert-history
GET PATCH DELETE {ADMIN}/alert-rules/{{alert_rule_id}}
POST {ADMIN}/alerts/{{alert_id}}/acknowledge
GET POST {ADMIN}/pricing-rules
GET PATCH {ADMIN}/pricing-rules/{{rule_id}}
GET {ADMIN}/pricing-rules/{{rule_id}}/history
POST {ADMIN}/pricing/preview
GET POST {ADMIN}/recurring-fees
GET PATCH DELETE {ADMIN}/recurring-fees/{{fee_id}}
GET POST {ADMIN}/minimum-charges
GET PATCH DELETE {ADMIN}/minimum-charges/{{minimum_id}}
GET POST {ADMIN}/discounts
GET PATCH DELETE {ADMIN}/discounts/{{discount_id}}
GET POST {ADMIN}/invoice-templates
GET PATCH DELETE {ADMIN}/invoice-templates/{{template_id}}
POST {ADMIN}/invoice-templates/{{template_id}}/preview
GET POST {ADMIN}/organisations/{{organisation_id}}/invoice-templates
GET POST {ADMIN}/tax-rates
GET POST {ADMIN}/exchange-rates
GET {ADMIN}/exchange-rates/{{base}}/{{target}}
GET POST {ADMIN}/organisations/{{organisation_id}}/invoices
GET {ADMIN}/organisations/{{organisation_id}}/invoices/upcoming
GET {ADMIN}/invoices/{{invoice_id}}
POST {ADMIN}/invoices/{{invoice_id}}/approve
POST {ADMIN}/invoices/{{invoice_id}}/finalize
POST {ADMIN}/invoices/{{invoice_id}}/send
POST {ADMIN}/invoices/{{invoice_id}}/void
POST {ADMIN}/invoices/{{invoice_id}}/recompute
GET {ADMIN}/invoices/{{invoice_id}}/pdf
GET POST {ADMIN}/billing-runs
GET {ADMIN}/billing-runs/{{run_id}}
POST /api/v1/payments/orders
POST /api/v1/payments/links
POST /api/v1/payments/verify
GET {ADMIN}/organisations/{{organisation_id}}/payments
GET {ADMIN}/payments/{{payment_id}}
GET POST {ADMIN}/payments/{{payment_id}}/refunds
POST {ADMIN}/payments/{{payment_id}}/retry
GET {ADMIN}/payments/{{payment_id}}/retry-status
PATCH {ADMIN}/payments/{{payment_id}}/retry-config
GET {ADMIN}/refunds/{{refund_id}}
POST {ADMIN}/payments/offline
GET {ADMIN}/organisations/{{organisation_id}}/test-clock
POST {ADMIN}/organisations/{{organisation_id}}/test-clock/advance
POST {ADMIN}/organisations/{{organisation_id}}/test-clock/try-again
POST /api/v1/webhooks/razorpay
"""


def _promised() -> set[tuple[str, str]]:
    found = set()
    for line in ENDPOINTS.strip().splitlines():
        *methods, path = line.split()
        found |= {(method, path) for method in methods}
    return found


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> dict[str, Any]:
    file: Path = tmp_path_factory.mktemp("openapi") / "schema.yml"
    with django_db_blocker.unblock():
        call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content


PROVIDERS = {("POST", "/api/v1/webhooks/email/{provider}")}
"""In the words of whoever sends our e-mails: their documentation describes it."""


def _described(schema: dict[str, Any]) -> set[tuple[str, str]]:
    methods = {"get", "post", "put", "patch", "delete"}
    return {(name.upper(), path) for path, item in schema["paths"].items() for name in item if name in methods}


def test_openapi_is_valid_and_promises_what_the_contract_does(schema: dict[str, Any]) -> None:
    assert _promised() <= _described(schema)


def test_openapi_describes_every_route(schema: dict[str, Any]) -> None:
    routed = {(method, route.template) for route in routes() for method in route.methods}
    assert _described(schema) == routed - PROVIDERS


def test_every_operation_names_its_security_and_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    operations = {
        (method, path): operation
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    open_doors = {path for (_method, path), operation in operations.items() if not operation.get("security")}
    assert open_doors <= {"/api/v1/webhooks/razorpay", "/api/v1/webhooks/razorpay/{account_id}"}


def test_the_document_and_its_reader_are_served(db: None) -> None:
    assert Client().get("/api/schema").status_code == 200
    assert b"swagger" in Client().get("/api/docs").content.lower()


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/vnd.oai.openapi"),
        ("?format=json", "*/*", "application/json"),
        ("?format=json", "text/html,*/*;q=0.8", "application/json"),
        ("", "application/json", "application/json"),
    ],
)
def test_the_openapi_document_is_json_if_the_client_accepts_json(
    db: None, query: str, accept: str, media_type: str
) -> None:
    answer = Client().get(f"/api/schema{query}", headers={"accept": accept})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, media_type)
    assert media_type != "application/json" or answer.json()["openapi"].startswith("3.")


@pytest.mark.parametrize("short", ["/events", "/events/batch", "/webhooks/razorpay"])
def test_the_short_forms_answer_as_the_long_ones(db: None, short: str) -> None:
    assert Client().post(short).status_code == Client().post(f"/api/v1{short}").status_code != 404


# --- shapes that clients rely on: every key, and what it looks like ---------------------------------------------------

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MONEY = re.compile(r"-?\d+\.\d\d")
DECIMAL = re.compile(r"-?\d+(\.\d+)?")

ORGANISATION = {
    "id": UUID, "name": str, "slug": str, "billing_email": str, "currency": "INR", "time_zone": "Asia/Kolkata",
    "country": "IN", "state_code": "29", "gstin": str, "payment_terms_days": int, "is_active": True,
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


def test_each_operation_documents_the_errors_it_may_answer(schema: dict[str, Any]) -> None:
    reference = {"$ref": "#/components/schemas/Error"}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            errors = {status for status in answers if status >= "400"}
            assert "400" in errors, (method, path)
            by_hand = path.endswith(("/events/batch", "/webhooks/razorpay", "/webhooks/razorpay/{account_id}"))
            own = {"400"} if by_hand else set()
            for status in errors - own:
                assert answers[status]["content"]["application/json"]["schema"] == reference, (method, path, status)
            if path.startswith(ADMIN):
                assert {"401", "403", "429"} <= errors, (method, path)
            if path.startswith(ADMIN) and "{" in path:
                assert "404" in errors, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        f"{ADMIN}/organisations",
        f"{ADMIN}/organisations/{{organisation_id}}/projects",
        f"{ADMIN}/metrics",
        f"{ADMIN}/pricing-rules",
        f"{ADMIN}/recurring-fees",
        f"{ADMIN}/minimum-charges",
        f"{ADMIN}/discounts",
        f"{ADMIN}/tax-rates",
    ],
)
def test_what_is_created_is_documented_as_created(schema: dict[str, Any], path: str) -> None:
    assert "201" in schema["paths"][path]["post"]["responses"]
    assert "200" not in schema["paths"][path]["post"]["responses"]


def test_each_outgoing_webhook_is_described_with_what_the_api_answers(schema: dict[str, Any]) -> None:
    described = schema["x-webhooks"]
    assert set(described) == {*EVENT_TYPES, TEST}
    for name, item in described.items():
        message = item["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        full, _thin = message["data"]["oneOf"]
        if "$ref" in full:
            assert full["$ref"].rpartition("/")[2] in schema["components"]["schemas"], name


def test_the_scope_of_a_projects_key_may_be_empty(schema: dict[str, Any]) -> None:
    assert "BlankEnum" in str(schema["components"]["schemas"]["ApiKey"]["properties"]["scope"])
