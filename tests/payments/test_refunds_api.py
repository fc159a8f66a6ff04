"""Refunds over the API: once per Idempotency-Key, also after a crash, and spelled as in the contract."""

from __future__ import annotations

from typing import Any

from django.test.client import Client

from invoicing.models import Invoice
from organisations.models import IdempotencyRecord
from payments.models import Payment, Refund
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import issued_invoice
from tests.payments.test_crediting import offline
from tests.payments.test_refunding import at_razorpay, paid

ADMIN = "/api/v1/admin"


def ask(api: Client, payment: Payment, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"{ADMIN}/payments/{payment.pk}/refunds", body, content_type="application/json", headers=headers)


def test_a_refund_in_the_shape_of_the_contract(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    payment = paid(razorpay, invoice)
    answer = ask(api, payment, amount="180.00", reason="Left out")
    assert answer.status_code == 201
    body = answer.json()
    refund = Refund.objects.get()
    expected = {
        "id": str(refund.pk),
        "refund_number": refund.refund_number,
        "payment": str(payment.pk),
        "amount": "180.00",
        "status": "processed",
        "refund_type": "partial",
        "razorpay_refund_id": refund.razorpay_refund_id,
        "credit_note": str(refund.credit_note_id),
        "afterwards": "credit_note",
        "off_invoice": "180.00",
    }
    assert expected.items() <= body.items()
    assert api.get(f"{ADMIN}/refunds/{refund.pk}").json() == body
    assert api.get(f"{ADMIN}/payments/{payment.pk}/refunds?status=processed").json()["results"] == [body]
    assert api.get(f"{ADMIN}/payments/{payment.pk}").json()["amount_refunded"] == "180.00"


def test_the_same_key_refunds_once_also_when_the_stored_answer_was_lost(
    razorpay: SandboxProcess, invoice: Invoice, api: Client
) -> None:
    """The process died between the refund and its stored answer: the client asks again with the same key."""
    payment = paid(razorpay, invoice)
    first = ask(api, payment, "once", amount="180.00", reason="Left out")
    assert ask(api, payment, "once", amount="180.00", reason="Left out").json() == first.json()
    IdempotencyRecord.objects.all().delete()
    again = ask(api, payment, "once", amount="180.00", reason="Left out")
    assert again.json()["id"] == first.json()["id"]
    ask(api, payment, "another", amount="180.00", reason="Left out")
    assert at_razorpay(razorpay, payment) == [(18000, "processed")] * 2


def test_refusals_name_the_field_or_have_a_code(razorpay: SandboxProcess, invoice: Invoice, api: Client) -> None:
    payment = paid(razorpay, invoice)
    transfer = offline(issued_invoice(invoice.organisation), "1180.00")
    too_much = ask(api, payment, amount="1180.01", reason="Left out")
    assert (too_much.status_code, list(too_much.json()["details"])) == (400, ["amount"])
    assert ask(api, payment, amount="1.00").status_code == 400
    assert ask(api, payment, reason="All").json()["refund_type"] == "full"
    for other, code in ((payment, "NOTHING_TO_REFUND"), (transfer, "NOT_REFUNDABLE_ONLINE")):
        refused = ask(api, other, reason="Again")
        assert (refused.status_code, refused.json()["code"]) == (409, code)
