"""Customers: who gives the merchant a mandate."""

from __future__ import annotations

import re

from django.db import transaction

from billing_platform.local.razorpay import clock
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_customer
from billing_platform.local.razorpay.models import Customer
from billing_platform.local.razorpay.validation import clean_notes, clean_text, reject_unexpected

DETAILS = ("name", "email", "contact")
FIELDS = (*DETAILS, "fail_existing", "gstin", "notes")
SHORTEST_NAME, LONGEST_NAME = 3, 50
FEWEST_DIGITS, LONGEST_CONTACT = 8, 15
LONGEST_EMAIL = 64


@transaction.atomic
def create_customer(*, data: JSON) -> Customer:
    """A new customer, or, with `fail_existing` "0", the one who has these details already."""
    reject_unexpected(data, FIELDS)
    details = _clean_details(data)
    must_be_new = _clean_fail_existing(data.get("fail_existing", "1"))
    earlier = _find(details)
    if earlier is not None and must_be_new:
        raise RazorpayError("Customer already exists for the merchant")
    return earlier or Customer.objects.create(
        **details,
        gstin=clean_text(data.get("gstin"), "gstin", 15),
        notes=clean_notes(data.get("notes")),
        created_at=clock.now(),
    )


def _clean_fail_existing(value: object) -> bool:
    if value not in ("0", "1"):  # a string: 0 and false are refused
        raise RazorpayError("The selected fail_existing is invalid.", field="fail_existing")
    return value == "1"


def _find(details: JSON) -> Customer | None:
    """The same e-mail address and contact make the same customer."""
    if not details["email"] and not details["contact"]:
        return None
    return Customer.objects.filter(email=details["email"], contact=details["contact"]).first()


@transaction.atomic
def edit_customer(*, customer_id: str, data: JSON) -> Customer:
    reject_unexpected(data, DETAILS)
    customer = get_customer(customer_id)
    asked = _clean_details(data)
    for name in set(DETAILS) & set(data):
        setattr(customer, name, asked[name])
    other = _find({"email": customer.email, "contact": customer.contact})
    if other is not None and other != customer:
        raise RazorpayError("Customer already exists for the merchant")
    customer.save()
    return customer


def find_or_create_customer(details: JSON) -> Customer:
    """The customer of a registration link, found by the details that it carries."""
    known = {name: details[name] for name in DETAILS if name in details}
    return create_customer(data=known | {"fail_existing": "0"})


def _clean_details(data: JSON) -> JSON:
    return {
        "name": _clean_name(data.get("name")),
        "email": _clean_email(data.get("email")),
        "contact": _clean_contact(data.get("contact")),
    }


def _clean_name(value: object) -> str | None:
    name = clean_text(value, "name", LONGEST_NAME)
    if name and len(name) < SHORTEST_NAME:
        raise RazorpayError(f"The name must be at least {SHORTEST_NAME} characters.", field="name")
    if name and not re.fullmatch(r"[\w .'/@()]+", name):
        raise RazorpayError("The name format is invalid.", field="name")
    return name or None


def _clean_email(value: object) -> str | None:
    email = clean_text(value, "email", LONGEST_EMAIL)
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise RazorpayError("The email must be a valid email address.", field="email")
    return email or None


def _clean_contact(value: object) -> str | None:
    contact = clean_text(value, "contact", LONGEST_CONTACT)
    if contact and sum(letter.isdigit() for letter in contact) < FEWEST_DIGITS:
        raise RazorpayError(
            "Contact number should be at least 8 digits, including country code",
            field="contact",
            details={"source": "business", "step": "NA", "reason": "invalid_contact_number", "metadata": {}},
        )
    return contact or None
