"""The API of retries: try again, see where it stands, other numbers for one payment."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from billing_platform.lib import clock
from invoicing.models import Invoice
from payments.models import Payment, PaymentRetry
from payments.services.payment_reports import apply_payment_report
from tests.payments.language import open_order, reported


@pytest.fixture
def failed(invoice: Invoice) -> Payment:
    report = reported(open_order(invoice), "failed", created_at=clock.now())
    return apply_payment_report(order_id=invoice.payment_orders.get().pk, report=report)


def url(payment: Payment, verb: str) -> str:
    return f"/api/v1/admin/payments/{payment.pk}/{verb}"


def patch(api: Client, payment: Payment, **body: Any) -> Any:
    return api.patch(url(payment, "retry-config"), body, content_type="application/json")


def test_where_a_retry_stands_is_told_and_its_numbers_change(api: Client, failed: Payment) -> None:
    body = api.get(url(failed, "retry-status")).json()
    assert (body["payment"], body["status"], body["attempts"], body["attempts_made"]) == (
        str(failed.pk), "scheduled", 3, 0,
    )  # fmt: skip
    assert (body["base_hours"], body["factor"], body["cap_hours"], body["history"]) == (24, "2.00", 168, [])
    changed = patch(api, failed, attempts=5, base_hours=12).json()
    assert (changed["attempts"], changed["base_hours"], changed["factor"]) == (5, 12, "2.00")
    refused = patch(api, failed, attempts=11)
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["attempts"])
    assert patch(api, failed).status_code == 400
    assert patch(api, failed, enabled=False).json()["status"] == "cancelled"
    assert patch(api, failed, base_hours=3).json()["code"] == "RETRY_NOT_PLANNED"


def test_a_person_tries_again_by_the_api(api: Client, failed: Payment) -> None:
    answer = api.post(url(failed, "retry"), {}, content_type="application/json")
    assert (answer.status_code, answer.json()["history"][0]["number"]) == (202, 1)
    assert PaymentRetry.objects.get().next_attempt_at <= clock.now()


def test_a_payment_that_did_not_fail_has_no_retry(api: Client, invoice: Invoice) -> None:
    order = open_order(invoice)
    paid = apply_payment_report(order_id=order.pk, report=reported(order))
    assert api.get(url(paid, "retry-status")).json() == {
        "payment": str(paid.pk), "invoice": str(invoice.pk), "status": "none", "attempts": 3, "attempts_made": 0,
        "base_hours": 24, "factor": "2.00", "cap_hours": 168, "failed_at": None, "next_attempt_at": None,
        "ended_at": None, "end_reason": "", "last_error": "", "history": [],
    }  # fmt: skip
    assert api.post(url(paid, "retry"), {}, content_type="application/json").json()["code"] == "PAYMENT_NOT_FAILED"
