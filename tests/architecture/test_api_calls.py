"""The calls of docs/api.md: one for each operation, and each is understood by the operation that it is for."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test.client import Client
from drf_spectacular.generators import SchemaGenerator

from billing_platform.local.request_examples import EXAMPLES, Call, calls, examples
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import Membership
from payments.models import WithheldTax
from payments.services.offline import record_offline_payment
from tests import factories
from tests.architecture.routes import routes
from tests.architecture.tenants import Tenant, run_of_both, tenant
from tests.architecture.test_tenancy import PARAMETERS, SIGNED_BY_THE_GATEWAY
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.conftest import _razorpay, razorpay

__all__ = ["_razorpay", "razorpay"]

NOT_SENT = {
    "POST /api/v1/admin/usage-imports": "needs a file: tests/events/test_imports.py",
    "POST /api/v1/payments/verify": "needs what Razorpay's checkout signed: tests/payments/test_api.py",
    "POST /api/v1/admin/invoices/{invoice_id}/e-invoice": "needs what the portal signed: tests/returns",
    "POST /api/v1/admin/credit-notes/{note_id}/e-invoice": "needs what the portal signed: tests/returns",
}
INVOICE = "/api/v1/admin/invoices/{invoice_id}"
OF_A_DRAFT = {f"DELETE {INVOICE}", f"POST {INVOICE}/recompute", f"POST {INVOICE}/approve", f"POST {INVOICE}/finalize"}
ANOTHER_STATE = {
    "POST /api/v1/admin/organisations/{organisation_id}/test-clock/try-again": "CLOCK_NOT_FAILED",
    "POST /api/v1/admin/price-simulations": "NOTHING_TO_SIMULATE",
    f"POST {INVOICE}/approve": "ALREADY_APPROVED",
    f"POST {INVOICE}/void": "INVOICE_NOT_VOIDABLE",
    f"POST {INVOICE}/credit-corrections": "INVOICE_NOT_DRAFT",
    "DELETE /api/v1/admin/invoice-templates/{template_id}": "TEMPLATE_RELEASED",
    "POST /api/v1/admin/invoice-templates/{template_id}/release": "TEMPLATE_HAS_NO_DRAFT",
    "POST /api/v1/admin/payments/{payment_id}/allocate": "NOTHING_TO_CREDIT",
    "POST /api/v1/admin/payments/{payment_id}/refunds": "NOT_REFUNDABLE_ONLINE",
    "POST /api/v1/admin/payments/{payment_id}/retry": "PAYMENT_NOT_FAILED",
    "POST /api/v1/admin/webhook-endpoints/deliveries/{delivery_id}/replay": "DELIVERY_ON_ITS_WAY",
}
"""What was sent is right, and the tenant's object is in a state of its own."""


def test_there_is_a_call_for_each_operation_and_no_other() -> None:
    routed = {
        (method, route.template)
        for route in routes()
        for method in route.methods
        if route.template not in SIGNED_BY_THE_GATEWAY
    }
    assert {(call.method, call.template) for call in calls()} == routed


@pytest.fixture
def owner(db: None, razorpay: SandboxProcess, settings: Any) -> Tenant:
    """Whose objects the calls are about, with what some of them need besides: a rate, and a tax of the certificate."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/m")
    found = tenant("Acmeqq")
    run_of_both(found, tenant("Zzyzxqq"))
    add_exchange_rate(base="USD", target="INR", rate=Decimal("88.25"), as_of=date(2026, 10, 30), source="a test")
    record_offline_payment(
        invoice_id=found.invoice.pk, amount=Decimal(1), method="tds", reference="TDS 2", received_on=date(2026, 9, 30)
    )
    return found


def test_each_call_is_understood(owner: Tenant) -> None:
    taxes = WithheldTax.objects.standing().filter(payment__organisation=owner.organisation)
    ids = {name: str(of(owner)) for name, of in PARAMETERS.items()} | {"tax_id": str(taxes.get().pk)}
    everybody = factories.admin_key(factories.member("serves-all", None, Membership.Role.ADMIN))
    admin, project = factories.client(everybody), factories.client(owner.project_key)
    refused = []
    for call in calls():
        operation = f"{call.method} {call.template}"
        if operation in NOT_SENT:
            continue
        named = ids | ({"invoice_id": str(owner.draft.pk)} if operation in OF_A_DRAFT else {})
        answer = _send(project if call.by_project else admin, call, named)
        code = answer.json()["code"] if answer.status_code >= 400 else None
        if code != ANOTHER_STATE.get(operation):
            refused.append(f"{operation}: {answer.content.decode() if code else answer.status_code}")
    assert not refused, "\n".join(refused)


def _send(client: Client, call: Call, ids: dict[str, str]) -> Any:
    """Nothing that it does stays: the next call finds everything as this one did."""
    sent = {"data": _filled(call.body, ids), "content_type": "application/json"} if call.body else {}
    with transaction.atomic():
        answer = getattr(client, call.method.lower())(_filled(call.address, ids), **sent)
        transaction.set_rollback(True)
    return answer


def _filled(text: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+_id)\}", lambda found: ids[found[1]], text)


def test_openapi_shows_the_bodies_of_the_calls() -> None:
    """`make examples` writes the file; a body belongs to each operation that reads one, and to no other."""
    assert EXAMPLES.read_text(encoding="utf-8") == examples()
    document = SchemaGenerator(api_version=None).get_schema(public=True)
    shown = {
        f"{method.upper()} {path}": operation["requestBody"]["content"]["application/json"].get("example")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path not in SIGNED_BY_THE_GATEWAY
        and "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert shown == json.loads(examples())
