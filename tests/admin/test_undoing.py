"""The way back: the message about an act that can be reversed has a button that reverses it, once and with an entry."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

from django.contrib.admin.models import LogEntry
from django.test.client import Client

from organisations.models import BillingHold, Organisation
from organisations.services import holds
from payments.models import ReminderPause
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url
from tests.payments.language import issued_invoice
from tests.reconciliation.test_people import planted

Undo = tuple[str, dict[str, str]]


def undo_on(answer: Any) -> Undo | None:
    """Where the button of the page's message leads, and what it sends."""
    found = re.search(
        r'<form method="post" action="([^"]+)">(.*?)<button type="submit" class="undo">', _html(answer), re.S
    )
    if found is None:
        return None
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', found[2]))
    return unescape(found[1]), {name: unescape(value) for name, value in sent.items()}


def press(client: Client, undo: Undo | None) -> Any:
    assert undo is not None
    return client.post(*undo, follow=True)


def _html(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_pause_is_taken_back_and_placed_again_from_its_message(acme: Organisation, as_operator: Client) -> None:
    invoice = issued_invoice(acme)
    answer = act(as_operator, action_url(invoice, "pause"), note='Ravi said "wait" & called', last_day="2027-01-31")
    undo = undo_on(answer)
    assert "Undo" in _html(answer)
    answer = press(as_operator, undo)
    assert "Reminders and retries go on." in _html(answer)
    first = ReminderPause.objects.get()
    assert first.ended_at is not None
    press(as_operator, undo_on(answer))  # the way back of the way back
    again = ReminderPause.objects.get(ended_at=None)
    assert (again.note, again.last_day, again.kind) == ('Ravi said "wait" & called', date(2027, 1, 31), "pause")
    assert [each.change_message.partition(".")[0] for each in LogEntry.objects.order_by("pk")] == [
        "Pause reminders",
        "Resume reminders",
        "Pause reminders",
    ]


def test_pressed_twice_it_is_undone_once(acme: Organisation, as_operator: Client) -> None:
    hold = act(as_operator, action_url(acme, "hold"), kind="draft_only", reason="Moves to Pune", last_day="2027-01-31")
    placed = BillingHold.objects.get()
    lifted = undo_on(hold)
    again = undo_on(press(as_operator, lifted))
    assert "does not apply" in _html(press(as_operator, lifted))
    press(as_operator, again)
    assert "was sent already" in _html(press(as_operator, again))
    standing = BillingHold.objects.standing().get()
    assert (standing.kind, standing.reason, standing.ends_at) == (placed.kind, placed.reason, placed.ends_at)


def test_a_hold_that_the_form_cannot_place_again_has_no_button(acme: Organisation, as_operator: Client) -> None:
    ends = holds.end_of_day(date(2027, 1, 31), acme).replace(minute=17)
    hold = holds.place_hold(organisation=acme, kind="draft_only", reason="Over the API", placed_by="api", ends_at=ends)
    answer = act(as_operator, action_url(hold, "lift"))
    assert "is not held any more" in _html(answer)
    assert undo_on(answer) is None


def test_an_assigned_discrepancy_goes_back_to_whose_it_was(acme: Organisation) -> None:
    olga = factories.member("olga", None, "operator")
    factories.member("anna", acme, "operator")
    row, browser = planted(acme, "A1"), signed_in(olga)
    act(browser, action_url(row, "assign"), assigned_to="anna")
    undo = undo_on(act(browser, action_url(row, "assign"), assigned_to="olga"))
    press(browser, undo)
    row.refresh_from_db()
    assert row.assigned_to is not None
    assert row.assigned_to.get_username() == "anna"


def test_the_way_back_asks_for_the_permission_again(acme: Organisation, as_operator: Client, as_viewer: Client) -> None:
    undo = undo_on(act(as_operator, action_url(acme, "hold"), kind="draft_only", reason="Moves to Pune"))
    assert undo is not None
    assert as_viewer.post(*undo).status_code == 403
    assert BillingHold.objects.standing().exists()
