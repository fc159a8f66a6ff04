"""/v1/customers through the SDK."""

from __future__ import annotations

from typing import Any

import pytest
from razorpay.errors import BadRequestError

ACME = {"name": "Acme (Ltd)", "email": "pay@acme.example", "contact": "+919876543210"}


def test_a_customer_is_created_fetched_listed_and_edited(client: Any) -> None:
    customer = client.customer.create(ACME | {"notes": {"k": "v"}})
    assert customer == {
        "id": customer["id"],
        "entity": "customer",
        **ACME,
        "gstin": None,
        "notes": {"k": "v"},
        "created_at": customer["created_at"],
    }
    edited = client.customer.edit(customer["id"], {"name": "Acme again"})
    assert edited == customer | {"name": "Acme again"}
    assert client.customer.fetch(customer["id"]) == edited
    assert client.customer.all()["items"] == [edited]


def test_the_same_details_are_an_error_or_the_same_customer(client: Any) -> None:
    customer = client.customer.create(ACME)
    with pytest.raises(BadRequestError, match="Customer already exists for the merchant"):
        client.customer.create(ACME)
    assert client.customer.create(ACME | {"fail_existing": "0"}) == customer
    with pytest.raises(BadRequestError, match="The selected fail_existing is invalid"):
        client.customer.create(ACME | {"fail_existing": 0})  # only the string
    other = client.customer.create(ACME | {"email": "other@acme.example"})
    with pytest.raises(BadRequestError, match="Customer already exists"):
        client.customer.edit(other["id"], {"email": ACME["email"]})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "Ab"}, "at least 3 characters"),
        ({"name": "A" * 51}, "may not be greater than 50 characters"),
        ({"name": "Acme & Sons"}, "The name format is invalid"),
        ({"contact": "1234567"}, "Contact number should be at least 8 digits, including country code"),
        ({"email": "nowhere"}, "must be a valid email address"),
    ],
)
def test_bad_details_are_refused(client: Any, changes: dict[str, str], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.customer.create(ACME | changes)
    assert client.customer.all()["count"] == 0
