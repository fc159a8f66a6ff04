"""Who gets a customer's e-mails: its billing e-mail, and its contacts by purpose."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from billing_platform.lib.errors import InvalidInput
from organisations.models import Organisation
from organisations.notifications.recipients import listed, recipients
from organisations.services.contacts import MOST_FOR_ONE_PURPOSE, add_contact, update_contact

pytestmark = pytest.mark.django_db


def test_without_contacts_everything_goes_to_the_billing_email(acme: Organisation) -> None:
    assert {tuple(recipients(acme, kind)) for kind in ("invoice_issued", "payment_received", "alert")} == {
        (acme.billing_email,)
    }


def test_billing_contacts_come_besides_and_others_in_place_of_the_billing_email(acme: Organisation) -> None:
    add_contact(organisation=acme, purpose="billing", email="ap@acme.example")
    add_contact(organisation=acme, purpose="billing", email=acme.billing_email.upper())  # no second copy
    add_contact(organisation=acme, purpose="technical", email="dev@acme.example", name="Developers")
    off = add_contact(organisation=acme, purpose="technical", email="old@acme.example", is_active=False)
    assert listed(acme, "invoice_issued") == f"{acme.billing_email}, ap@acme.example"
    assert recipients(acme, "alert") == ["dev@acme.example"]
    assert recipients(acme, "refund_done") == [acme.billing_email]
    update_contact(contact_id=off.pk, changes={"is_active": True})
    assert recipients(acme, "alert") == ["dev@acme.example", "old@acme.example"]


def test_an_address_is_a_contact_for_a_purpose_once_and_there_are_ten_recipients_at_most(acme: Organisation) -> None:
    for number in range(MOST_FOR_ONE_PURPOSE):
        add_contact(organisation=acme, purpose="billing", email=f"{number}@acme.example")
    assert len(recipients(acme, "invoice_issued")) == 10
    with pytest.raises(InvalidInput, match="remove one first"):
        add_contact(organisation=acme, purpose="billing", email="more@acme.example")
    add_contact(organisation=acme, purpose="finance", email="0@acme.example")
    with pytest.raises(ValidationError, match="already"):
        add_contact(organisation=acme, purpose="finance", email="0@ACME.example")


def test_the_api_makes_changes_and_removes_contacts(acme: Organisation, api: Client) -> None:
    url = f"/api/v1/admin/organisations/{acme.pk}/contacts"
    made = api.post(url, {"purpose": "finance", "email": "cfo@acme.example"}, content_type="application/json")
    assert (made.status_code, made.json()["is_active"]) == (201, True)
    again = api.post(url, {"purpose": "finance", "email": "cfo@acme.example"}, content_type="application/json")
    assert (again.status_code, list(again.json()["details"])) == (400, ["email"])
    one = f"/api/v1/admin/contacts/{made.json()['id']}"
    assert api.patch(one, {"name": "CFO"}, content_type="application/json").json()["name"] == "CFO"
    assert api.get(f"{url}?purpose=finance").json()["count"] == 1
    assert api.delete(one).status_code == 204
    assert api.get(url).json()["count"] == 0
