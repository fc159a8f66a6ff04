"""What tests of mandates say to the sandbox."""

from __future__ import annotations

from typing import Any

from tests.local.razorpay.harness import SandboxProcess

PAYER = {"name": "Gaurav Kumar", "email": "gaurav@acme.example", "contact": "+919876543210"}
HOUR, DAY = 3600, 24 * 3600


def ask_for_mandate(client: Any, method: str = "upi", **terms: Any) -> dict[str, Any]:
    """An authorisation order for ₹1 (nothing for a bank account), up to ₹20,000 a debit."""
    customer = client.customer.create(PAYER | {"fail_existing": "0"})
    order: dict[str, Any] = client.order.create(
        {
            "amount": 0 if method == "emandate" else 100,
            "currency": "INR",
            "customer_id": customer["id"],
            "method": method,
            "token": {"max_amount": 2000000, "frequency": "as_presented"} | terms,
        }
    )
    return order


def give_mandate(sandbox: SandboxProcess, client: Any, method: str = "upi", **terms: Any) -> dict[str, Any]:
    """A confirmed token, and the customer it belongs to as `customer_id`."""
    payment = sandbox.pay(ask_for_mandate(client, method, **terms)["id"])
    token: dict[str, Any] = client.token.fetch(payment["customer_id"], payment["token_id"])
    return token | {"customer_id": payment["customer_id"]}


def debit(client: Any, token: dict[str, Any], amount: int = 500000, **order_fields: Any) -> dict[str, Any]:
    """An order and the debit for it: the payment as it is then."""
    order = client.order.create({"amount": amount, "currency": "INR", "payment_capture": True} | order_fields)
    answer = client.payment.createRecurring(charge(token, order))
    payment: dict[str, Any] = client.payment.fetch(answer["razorpay_payment_id"])
    return payment


def charge(token: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    return {
        "email": PAYER["email"],
        "contact": PAYER["contact"],
        "amount": order["amount"],
        "currency": "INR",
        "order_id": order["id"],
        "customer_id": token["customer_id"],
        "token": token["id"],
        "recurring": True,
        "description": "August",
    }
