"""Makes the tests' objects, through the services where there is one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.test.client import Client

from invoicing.models import LetterOfUndertaking
from invoicing.services.letters import add_letter
from organisations.models import ApiKey, BillingEntity, Membership, Organisation, Project
from organisations.services import api_keys, onboarding

KARNATAKA_GSTIN = "29AAGCB7383J1Z4"
MAHARASHTRA_GSTIN = "27AAPFU0939F1ZV"


def billing_entity(**fields: Any) -> BillingEntity:
    """The seller: Karnataka (29), registered, with a letter of undertaking for 2026-27."""
    values = {
        "legal_name": "Metrics Cloud Private Limited",
        "email": "billing@metrics.example",
        "address_line1": "12 Residency Road",
        "city": "Bengaluru",
        "postal_code": "560025",
        "state_code": "29",
        "gstin": "29AAACA1234A1ZG",
        "is_default": True,
    } | fields
    has_letter = values.pop("has_letter", bool(values["gstin"]))
    entity, created = BillingEntity.objects.get_or_create(name=values.pop("name", "Metrics Cloud"), defaults=values)
    if created and has_letter:
        letter(entity)
    return entity


def sandbox_seller(**fields: Any) -> BillingEntity:
    """Maharashtra (27), with a GSTIN and number series that no real seller has."""
    values = {
        "name": "Sandbox",
        "legal_name": "TEST Metrics Cloud",
        "gstin": MAHARASHTRA_GSTIN,
        "state_code": "27",
        "invoice_prefix": "TST",
        "credit_note_prefix": "TCN",
        "is_default": False,
        "is_test": True,
        "has_letter": False,
    }
    return billing_entity(**values | fields)


def letter(entity: BillingEntity, year: int = 2026, last: date | None = None, **fields: Any) -> LetterOfUndertaking:
    """The letter of undertaking of the financial year that begins in April of `year`."""
    days = {"valid_from": date(year, 4, 1), "valid_to": last or date(year + 1, 3, 31)}
    return add_letter(billing_entity=entity, **{"number": f"AD2904{year % 100}000001X"} | days | fields)


def organisation(name: str = "Acme", **fields: Any) -> Organisation:
    """A customer in Karnataka (29), unless told otherwise."""
    values = {
        "name": name,
        "legal_name": f"{name} Private Limited",
        "billing_email": f"accounts@{name.lower().replace(' ', '-')}.example",
        "address_line1": "1 Main Street",
        "city": "Bengaluru",
        "postal_code": "560001",
        "state_code": "29",
        "billing_entity": fields.pop("billing_entity", None) or billing_entity(),
    } | fields
    return onboarding.create_organisation(**values)


def project(owner: Organisation, name: str = "Main") -> Project:
    return onboarding.create_project(organisation=owner, name=name)


def project_key(owner: Project) -> str:
    return api_keys.issue_project_key(project=owner, name="tests").secret


def member(username: str, organisation: Organisation | None, role: str) -> Any:
    user = get_user_model().objects.create_user(
        username, f"{username}@metrics.example", "a-good-password", is_staff=True
    )
    Membership.objects.create(user=user, organisation=organisation, role=role)
    return user


def admin_key(owner: Any, scope: str = ApiKey.Scope.ADMIN) -> str:
    return api_keys.issue_admin_key(owner=owner, name="tests", scope=scope).secret


def client(key: str) -> Client:
    """Django's test client with an API key on every request."""
    return Client(HTTP_AUTHORIZATION=f"Bearer {key}")
