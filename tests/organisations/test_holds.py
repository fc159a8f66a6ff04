"""Holds on a customer's billing: several at once, each ends by itself or is lifted, and e-mails obey."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.client import Client

from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import BillingHold, Notification, Organisation
from organisations.notifications import email
from organisations.services import holds
from tests import factories
from tests.invoicing.language import at
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"


def hold(organisation: Organisation, kind: str = "no_email", **fields: Any) -> BillingHold:
    return holds.place_hold(
        organisation=organisation, kind=kind, placed_by="alice", **{"reason": "In dispute", **fields}
    )


def kinds(organisation: Organisation) -> list[str]:
    return [each.kind for each in organisation.standing_holds]


def test_a_hold_ends_by_itself_with_its_last_day_in_the_sellers_zone(globex: Organisation) -> None:
    """The seller is in India: 31 December is over there at 18:30 UTC, in New York at half past one in the afternoon."""
    with at("2026-12-01 10:00"):
        placed = hold(globex, ends_at=holds.end_of_day(date(2026, 12, 31), globex))
        assert placed.sentence == "No e-mail until 31 Dec 2026: In dispute"
    with at("2026-12-31 23:59"):
        assert kinds(globex) == ["no_email"]
    with at("2027-01-01 00:00"):
        assert kinds(globex) == []


def test_a_customer_is_held_in_several_ways_and_for_several_reasons(acme: Organisation) -> None:
    first = hold(acme)
    hold(acme, reason="New address is awaited")
    hold(acme, "draft_only")
    holds.lift_hold(hold_id=first.pk, lifted_by="bob")
    assert kinds(acme) == ["no_email", "draft_only"]
    first.refresh_from_db()
    assert (first.is_standing, first.placed_by, first.lifted_by) == (False, "alice", "bob")
    with pytest.raises(DomainError, match="over already") as refused:
        holds.lift_hold(hold_id=first.pk, lifted_by="bob")
    assert refused.value.code == "HOLD_OVER"


def test_a_hold_has_a_reason_and_an_end_to_come(acme: Organisation) -> None:
    with pytest.raises(ValidationError, match="blank"):
        hold(acme, reason=" ")
    with pytest.raises(ValidationError, match="choice"):
        hold(acme, "everything")
    with pytest.raises(InvalidInput, match="over already"):
        hold(acme, ends_at=holds.end_of_day(date(2026, 1, 1), acme))


def test_who_is_held_is_asked_of_many_at_once(acme: Organisation, globex: Organisation) -> None:
    hold(acme, "draft_only")
    hold(globex, "no_email")
    found = holds.standing_holds(organisations=[acme.pk, globex.pk], kind="draft_only")
    assert {pk: [each.kind for each in rows] for pk, rows in found.items()} == {acme.pk: ["draft_only"]}


def test_a_hold_of_a_customer_keeps_nothing_from_the_seller(acme: Organisation) -> None:
    hold(acme)
    row: dict[str, Any] = {"organisation": acme, "recipients": ["x@seller.example"], "subject": "s", "text": "t"}
    Notification.objects.create(kind="reminder", dedupe_key="1", **row)
    told = Notification.objects.create(kind="dispute_deadline", dedupe_key="2", **row)
    assert email.due_notifications() == [told.pk]


def test_an_email_waits_for_the_end_of_the_hold(acme: Organisation, globex: Organisation, mailbox: Mailbox) -> None:
    placed = hold(acme)
    for customer in (acme, globex):
        Notification.objects.create(
            organisation=customer,
            kind="test",
            dedupe_key=customer.name,
            recipients=["a@example.com"],
            subject="s",
            text="t",
        )
    held_back = Notification.objects.get(organisation=acme)
    assert email.due_notifications() == [Notification.objects.get(organisation=globex).pk]
    assert not email.send_notification(notification_id=held_back.pk)
    held_back.refresh_from_db()
    assert (held_back.status, held_back.attempts) == ("pending", 0)
    holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert held_back.pk in email.due_notifications()
    assert email.send_notification(notification_id=held_back.pk)
    assert len(mailbox.messages) == 1


# --- at /billing-config ---------------------------------------------------------------------------------------------


def patch(api: Client, organisation: Organisation, **body: Any) -> Any:
    return api.patch(f"{URL}/{organisation.pk}/billing-config", body, content_type="application/json")


def test_billing_config_sets_the_holds_that_stand(api: Client, acme: Organisation) -> None:
    kept = {"kind": "no_email", "reason": "In dispute", "ends_at": "2027-01-01T00:00:00+05:30"}
    lifted = {"kind": "draft_only", "reason": "New contract", "ends_at": None}
    with at("2026-12-01 10:00"):
        answer = patch(api, acme, holds=[kept, lifted]).json()
        assert [(each["kind"], each["ends_at"], each["placed_by"]) for each in answer["holds"]] == [
            ("draft_only", None, "admin"),
            ("no_email", "2026-12-31T18:30:00Z", "admin"),
        ]
        stands = answer["holds"][1]["id"]
    with at("2026-12-02 10:00"):
        answer = patch(api, acme, holds=[kept, {"kind": "no_collection", "reason": "Promised"}]).json()
        assert [each["kind"] for each in answer["holds"]] == ["no_email", "no_collection"]
        assert answer["holds"][0]["id"] == stands  # it is the same one
        assert patch(api, acme, strict_metrics=True).json()["holds"] == answer["holds"]  # not named: not changed
        assert patch(api, acme, holds=[]).json()["holds"] == []
    assert BillingHold.objects.filter(lifted_by="admin").count() == 3


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ([{"kind": "everything", "reason": "x"}], "holds"),
        ([{"kind": "no_email"}], "holds"),
        ([{"kind": "no_email", "reason": "x", "ends_at": "2026-01-01T00:00:00Z"}], "ends_at"),
        ("no_email", "holds"),
    ],
)
def test_a_wrong_hold_is_refused_and_nothing_is_changed(
    api: Client, acme: Organisation, wanted: Any, named: str
) -> None:
    hold(acme, "draft_only")
    answer = patch(api, acme, holds=wanted)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [named])
    assert kinds(acme) == ["draft_only"]


def test_rules_of_issuing_are_the_sellers_unless_the_customer_has_its_own(api: Client, acme: Organisation) -> None:
    seller = acme.billing_entity
    seller.draft_days, seller.approve_above, seller.four_eyes = 3, {"INR": "500000", "USD": "6000"}, True
    seller.approve_first = True
    seller.save()
    answer = patch(api, acme, draft_days=0, approve_change_percent="25.5", approve_first=False).json()
    assert (answer["draft_days"], answer["approve_above"], answer["approve_first"]) == (0, None, False)
    assert answer["in_force"] == {
        "draft_days": 0,
        "approve_above": "500000.00",
        "approve_change_percent": "25.5",
        "approve_first": False,
        "approve_edited": False,
        "four_eyes": True,
    }
    assert patch(api, acme, draft_days=None, approve_above="10").json()["in_force"]["draft_days"] == 3


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"draft_days": 26}, "draft_days"),
        ({"draft_days": -1}, "draft_days"),
        ({"approve_above": "0"}, "approve_above"),
        ({"approve_above": "1.23456"}, "approve_above"),
        ({"approve_change_percent": "-1"}, "approve_change_percent"),
        ({"in_force": {"draft_days": 1}}, "in_force"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_field(
    api: Client, acme: Organisation, body: dict[str, Any], named: str
) -> None:
    answer = patch(api, acme, **body)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [named])


def test_a_key_of_a_viewer_holds_nobody(acme: Organisation, viewer: Any) -> None:
    client = factories.client(factories.admin_key(viewer))
    assert patch(client, acme, holds=[{"kind": "no_email", "reason": "x"}]).status_code == 403
