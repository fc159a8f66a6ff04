"""Changes of details that customers ask for: proposed, seen side by side, approved as the customer's form would, or
rejected."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.gst import gstin_check_character
from organisations.models import AuditEntry, DetailsRequest, Notification, Organisation
from organisations.services.details_requests import approve_details, ask_for_details, outlook, reject_details
from tests import factories
from tests.payments.language import at_once


def asked(organisation: Organisation, subject: str = "party", **proposed: str) -> DetailsRequest:
    return ask_for_details(organisation=organisation, subject=subject, proposed=proposed, asked_by="Asha")


@pytest.fixture
def registered(db: None) -> Organisation:
    """Of Karnataka, as its seller is."""
    return factories.organisation("Ganga", gstin=gstin_of("29"), state_code="29")


def gstin_of(state: str) -> str:
    first = f"{state}AAACG1234A1Z"
    return first + gstin_check_character(first)


def test_a_gstin_of_another_state_takes_its_state_with_it_and_tells_the_taxes(registered: Organisation) -> None:
    request = asked(registered, gstin=gstin_of("27").lower(), legal_name=registered.legal_name)
    assert request.proposed == {"gstin": gstin_of("27"), "state_code": "27"}
    assert request.before == {"gstin": gstin_of("29"), "state_code": "29"}
    to_confirm, [told] = outlook(request)
    assert to_confirm == []
    assert told.startswith("Next invoices: IGST, instead of CGST and SGST. Place of supply: ")
    registered.refresh_from_db()
    assert registered.gstin == gstin_of("29"), "nothing changes before somebody approves"


def test_an_approved_change_is_made_audited_and_told(registered: Organisation) -> None:
    registered.gstin_checked_on = "2026-11-01"
    registered.save()
    request = asked(registered, gstin=gstin_of("27"), city="Pune")
    approve_details(request_id=request.pk, decided_by="operator")
    registered.refresh_from_db()
    assert (registered.gstin, registered.state_code, registered.city) == (gstin_of("27"), "27", "Pune")
    assert registered.gstin_checked_on is None, "nobody has looked up the new one"
    assert AuditEntry.objects.filter(object_pk=str(registered.pk), changes__has_key="gstin").exists()
    [mail] = Notification.objects.filter(kind="details_request_decided")
    assert gstin_of("27") in mail.text
    with pytest.raises(DomainError, match="approved already, by operator"):
        reject_details(request_id=request.pk, decided_by="other", reason="late")


def test_a_new_billing_address_is_told_at_the_old_one_too(registered: Organisation) -> None:
    old = registered.billing_email
    request = asked(registered, "email", billing_email="new@ganga.example")
    approve_details(request_id=request.pk, decided_by="operator")
    [mail] = Notification.objects.filter(kind="details_request_decided")
    assert mail.recipients == [old, "new@ganga.example"]


def test_a_rejected_change_says_why_and_another_may_follow(registered: Organisation) -> None:
    request = asked(registered, legal_name="Ganga & <b>Sons</b>")
    with pytest.raises(DomainError, match="looking at your last request"):
        asked(registered, city="Pune")
    asked(registered, "email", billing_email="x@ganga.example")  # about something else
    with pytest.raises(InvalidInput, match="Say why"):
        reject_details(request_id=request.pk, decided_by="operator", reason=" ")
    reject_details(request_id=request.pk, decided_by="operator", reason="The portal names another one.")
    registered.refresh_from_db()
    assert registered.legal_name != request.proposed["legal_name"]
    [mail] = Notification.objects.filter(kind="details_request_decided")
    assert "The portal names another one." in mail.text
    assert "<b>Sons" not in mail.html
    asked(registered, city="Pune")


@pytest.mark.parametrize(
    ("proposed", "field"),
    [
        ({"gstin": "29AAACG1234A1ZX"}, "gstin"),
        ({"gstin": "99"}, "gstin"),
        ({"postal_code": "0"}, "postal_code"),
        ({"state_code": "07"}, "state_code"),
        ({"legal_name": " "}, "legal_name"),
        ({"legal_name": "x" * 201}, "legal_name"),
        ({"currency": "USD"}, "currency"),
        ({"is_active": ""}, "is_active"),
    ],
)
def test_what_the_customers_form_refuses_is_refused(
    registered: Organisation, proposed: dict[str, str], field: str
) -> None:
    with pytest.raises((InvalidInput, ValidationError)) as refused:
        asked(registered, **proposed)
    said = refused.value.details if isinstance(refused.value, InvalidInput) else refused.value.message_dict
    assert list(said) == [field]


def test_nothing_new_is_no_request(registered: Organisation) -> None:
    with pytest.raises(InvalidInput, match="nothing would change"):
        asked(registered, legal_name=registered.legal_name)
    with pytest.raises(InvalidInput, match="subject"):
        asked(registered, "currency", currency="USD")


def test_the_removal_of_a_gstin_has_to_be_confirmed(registered: Organisation) -> None:
    request = asked(registered, gstin="")
    assert any("unregistered" in each for each in outlook(request)[0])
    with pytest.raises(DomainError, match="unregistered"):
        approve_details(request_id=request.pk, decided_by="operator")
    approve_details(request_id=request.pk, decided_by="operator", confirm=True)
    registered.refresh_from_db()
    assert registered.gstin == ""


def test_what_was_proposed_and_decided_never_changes(registered: Organisation) -> None:
    request = asked(registered, city="Pune")
    with pytest.raises(Exception, match="annot"), transaction.atomic():
        DetailsRequest.objects.update(proposed={"city": "Goa"})
    with pytest.raises(IntegrityError, match="tells_its_decision"), transaction.atomic():
        DetailsRequest.objects.update(status="rejected")
    approve_details(request_id=request.pk, decided_by="operator")
    for forbidden in (
        lambda: DetailsRequest.objects.update(decided_by="other"),
        lambda: DetailsRequest.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="annot"), transaction.atomic():
            forbidden()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins() -> None:
    request = asked(factories.organisation("Ganga"), city="Pune")
    outcomes = at_once(
        [
            lambda: approve_details(request_id=request.pk, decided_by="one"),
            lambda: reject_details(request_id=request.pk, decided_by="two", reason="No"),
        ]
    )
    refused: list[Any] = [each for each in outcomes if isinstance(each, DomainError)]
    assert [each.code for each in refused] == ["REQUEST_DECIDED"]
    assert Notification.objects.filter(kind="details_request_decided").count() == 1
