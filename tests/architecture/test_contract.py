"""The HTTP contract: every endpoint is there, and OpenAPI is complete and valid. Answers: `test_answer_shapes`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test.client import Client

from organisations.webhooks.event_types import EVENT_TYPES, TEST
from tests.architecture.routes import routes

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
