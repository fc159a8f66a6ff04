"""The payments API: shapes of the contract, permissions, and access only to the key's organisations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from invoicing.models import Invoice
from organisations.models import ApiKey, Organisation
from payments.models import Payment, PaymentOrder
from payments.services import collection
from tests import factories
from tests.local.razorpay.harness import KEY_ID, SandboxProcess
from tests.payments.language import open_order
from tests.payments.test_checkout import claims, pay

ADMIN = "/api/v1/admin"
ORDERS, LINKS, VERIFY = "/api/v1/payments/orders", "/api/v1/payments/links", "/api/v1/payments/verify"


def post(client: Client, url: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(url, body, content_type="application/json", headers=headers)


def offline(invoice: Invoice, **changes: Any) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice.pk),
        "amount": "1180.00",
        "method": "bank_transfer",
        "reference": "UTR-1",
        "received_on": "2026-11-20",
    } | changes


def test_an_order_is_answered_in_the_shape_of_the_contract(
    razorpay: SandboxProcess, invoice: Invoice, api: Client
) -> None:
    response = post(api, ORDERS, {"invoice_id": str(invoice.pk)})
    order = PaymentOrder.objects.get()
    assert response.status_code == 201
    body = response.json()
    assert body["order"] == {
        "id": order.razorpay_order_id,
        "amount": 118000,
        "currency": "INR",
        "status": "created",
        "receipt": order.receipt,
    }
    assert body["key_id"] == KEY_ID
    assert (body["payment_order"]["id"], body["payment_order"]["amount"]) == (str(order.pk), "1180.00")
    again = post(api, ORDERS, {"invoice_id": str(invoice.pk)})
    assert (again.status_code, again.json()["order"]) == (201, body["order"])


def test_an_idempotency_key_replays_the_order(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    first = post(api, ORDERS, {"invoice_id": str(invoice.pk)}, **headers)
    second = post(api, ORDERS, {"invoice_id": str(invoice.pk)}, **headers)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()


def test_a_link_is_answered_with_its_address(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    response = post(api, LINKS, {"invoice_id": str(invoice.pk)})
    assert response.status_code == 201
    assert response.json()["short_url"].startswith(razorpay.base_url)
    assert response.json()["payment_order"]["kind"] == "link"


def test_a_gateway_fault_is_a_502(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    razorpay.control("faults", {"match": "POST /v1/orders", "kind": "500"})
    response = post(api, ORDERS, {"invoice_id": str(invoice.pk)})
    assert (response.status_code, response.json()["code"]) == (502, "GATEWAY_ERROR")


def test_verifying_answers_with_the_payment(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    answer = claims(order, pay(razorpay, order))
    response = post(api, VERIFY, answer)
    assert response.status_code == 200
    body = response.json()
    assert {name: body[name] for name in ("invoice", "amount", "currency", "status", "method", "amount_refunded")} == {
        "invoice": str(invoice.pk),
        "amount": "1180.00",
        "currency": "INR",
        "status": "captured",
        "method": "upi",
        "amount_refunded": "0.00",
    }
    assert (body["razorpay_order_id"], body["razorpay_payment_id"]) == (
        answer["razorpay_order_id"],
        answer["razorpay_payment_id"],
    )
    assert post(api, VERIFY, answer).json()["id"] == body["id"]
    forged = post(api, VERIFY, answer | {"razorpay_signature": "0" * 64})
    assert (forged.status_code, forged.json()["code"]) == (400, "SIGNATURE_INVALID")


def test_an_offline_payment_pays_the_invoice_and_is_listed(invoice: Invoice, api: Client, acme: Organisation) -> None:
    created = post(api, f"{ADMIN}/payments/offline", offline(invoice))
    assert created.status_code == 201
    body = created.json()
    assert (body["status"], body["amount"], body["kind"], body["reference"]) == (
        "captured",
        "1180.00",
        "offline",
        "UTR-1",
    )
    assert api.get(f"{ADMIN}/payments/{body['id']}").json() == body
    listed = api.get(f"{ADMIN}/organisations/{acme.pk}/payments").json()
    assert (listed["count"], listed["results"]) == (1, [body])
    assert api.get(f"{ADMIN}/organisations/{acme.pk}/payments?status=failed").json()["count"] == 0
    assert api.get(f"{ADMIN}/organisations/{acme.pk}/payments?invoice={invoice.pk}").json()["count"] == 1
    assert api.get(f"{ADMIN}/organisations/{acme.pk}/payments?invoice=x").status_code == 400
    twice = post(api, f"{ADMIN}/payments/offline", offline(invoice))
    assert (twice.status_code, twice.json()["code"]) == (409, "INVOICE_NOT_COLLECTABLE")


def test_an_amount_is_not_taken_for_one_of_another_currency(invoice: Invoice, api: Client) -> None:
    refused = post(api, f"{ADMIN}/payments/offline", offline(invoice, currency="USD"))
    assert (refused.status_code, refused.json()["details"]) == (
        400,
        {"currency": ["The currency must be INR, the invoice's: give the amount in it."]},
    )
    assert post(api, f"{ADMIN}/payments/offline", offline(invoice, currency="INR")).status_code == 201


def test_a_list_costs_the_same_for_many_payments(
    invoice: Invoice, api: Client, acme: Organisation, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        post(api, f"{ADMIN}/payments/offline", offline(invoice, amount=10, reference=f"UTR-{number}"))
    with django_assert_max_num_queries(12):
        assert api.get(f"{ADMIN}/organisations/{acme.pk}/payments").json()["count"] == 8


@pytest.mark.parametrize(
    ("url", "body"), [(ORDERS, {}), (LINKS, {"invoice_id": "x"}), (VERIFY, {"razorpay_order_id": "o"})]
)
def test_a_body_without_its_fields_is_a_400(db: None, api: Client, url: str, body: dict[str, Any]) -> None:
    response = post(api, url, body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_another_customers_objects_are_not_found(
    razorpay: SandboxProcess, invoice: Invoice, acme: Organisation
) -> None:
    payment = Payment.objects.create(
        organisation=acme,
        invoice=invoice,
        order=open_order(invoice),
        razorpay_payment_id="pay_1",
        method="upi",
        amount=1180,
        currency="INR",
        attempted_at=invoice.created_at,
    )
    stranger = factories.member("stranger", factories.organisation("Initech"), "admin")
    theirs = factories.client(factories.admin_key(stranger))
    order_id = "order_Test0000000001"
    asked = [
        post(theirs, ORDERS, {"invoice_id": str(invoice.pk)}),
        post(theirs, LINKS, {"invoice_id": str(invoice.pk)}),
        post(theirs, VERIFY, {"razorpay_order_id": order_id, "razorpay_payment_id": "p", "razorpay_signature": "s"}),
        post(theirs, f"{ADMIN}/payments/offline", offline(invoice)),
        theirs.get(f"{ADMIN}/payments/{payment.pk}"),
        theirs.get(f"{ADMIN}/organisations/{acme.pk}/payments"),
    ]
    assert [response.status_code for response in asked] == [404] * 6
    assert razorpay.client().order.all({})["count"] == 0


def test_keys_without_the_right_are_turned_away(
    invoice: Invoice, viewer: Any, admin_user: Any, project_key: str
) -> None:
    body = {"invoice_id": str(invoice.pk)}
    by_viewer = factories.client(factories.admin_key(viewer))
    read_only = factories.client(factories.admin_key(admin_user, ApiKey.Scope.READ))
    by_project = factories.client(project_key)
    for client in (by_viewer, read_only, by_project):
        assert post(client, ORDERS, body).status_code == 403
        assert post(client, f"{ADMIN}/payments/offline", offline(invoice)).status_code == 403
    assert post(Client(), ORDERS, body).status_code == 401


def test_an_operator_may_collect_and_record(razorpay: SandboxProcess, invoice: Invoice, operator: Any) -> None:
    client = factories.client(factories.admin_key(operator, ApiKey.Scope.WRITE))
    assert post(client, ORDERS, {"invoice_id": str(invoice.pk)}).status_code == 201
    assert post(client, f"{ADMIN}/payments/offline", offline(invoice)).status_code == 201


def test_money_on_account_is_recorded_allocated_and_taken_off(
    invoice: Invoice, api: Client, acme: Organisation
) -> None:
    body = offline(invoice, organisation_id=str(acme.pk))
    both = post(api, f"{ADMIN}/payments/offline", body)
    assert (both.status_code, list(both.json()["details"])) == (400, ["organisation_id"])
    del body["invoice_id"]
    created = post(api, f"{ADMIN}/payments/offline", body)
    assert (created.status_code, created.json()["invoice"], created.json()["unallocated"]) == (201, None, "1180.00")
    url = f"{ADMIN}/payments/{created.json()['id']}"
    row = {"invoice_id": str(invoice.pk), "amount": "180.00"}
    assert post(api, f"{url}/allocate", {"allocations": [row, row]}).status_code == 400
    assert post(api, f"{url}/allocate", {"allocations": [row]}).json()["unallocated"] == "1000.00"
    assert post(api, f"{url}/allocate", {}).json()["unallocated"] == "0.00"
    taken = post(api, f"{url}/unallocate", {"invoice_id": str(invoice.pk), "reason": "wrong one"})
    assert taken.json()["unallocated"] == "1180.00"


def test_money_and_the_tax_withheld_of_it_are_one_request(invoice: Invoice, api: Client) -> None:
    short = offline(invoice, amount="1080.00", tds_amount="100.00", section_code="1026")
    asked = post(api, f"{ADMIN}/payments/offline", short)
    assert (asked.status_code, asked.json()["code"]) == (409, "UNUSUAL_TDS")
    created = post(api, f"{ADMIN}/payments/offline", short | {"section_code": "1027"})
    assert (created.status_code, created.json()["amount"]) == (201, "1080.00")
    invoice.refresh_from_db()
    assert invoice.amount_due == 0
