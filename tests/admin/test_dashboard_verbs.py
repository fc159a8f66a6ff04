"""Each line of the dashboard says who has it in hand, and has the button that mends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test.client import Client
from django.urls import reverse

from billing_platform.backoffice import attention
from billing_platform.backoffice.attention import Attention
from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import verbs, waiting_kinds
from invoicing.models import Invoice
from organisations.models import CustomerNote, Membership, Organisation
from organisations.services.notes import write_note
from payments.models import Reminder
from payments.services.dunning import pauses
from reconciliation.models import Discrepancy
from tests import factories
from tests.admin.bulk import confirmed, outcomes
from tests.admin.test_dashboard import issue

ONLY_LOOKED_AT = {"conflicts", "downtime"}
"""Nothing is to be done here: the sender, or Razorpay, mends it."""


def line(user: Any, kind: str) -> Attention:
    waiting = attention.of(user)
    return next(item for item in (*waiting.billing, *waiting.technical) if item.kind == kind)


@pytest.fixture
def late(acme: Organisation) -> Invoice:
    """Due three days ago."""
    with clock.standing_at(clock.now() - timedelta(days=acme.payment_terms_days + 3)):
        return issue(acme, "1000")


def test_each_kind_has_a_verb_with_a_permission_and_a_page_that_exist(db: None) -> None:
    kinds = {kind.kind: kind for kind in waiting_kinds()}
    assert set(kinds) - set(verbs()) == ONLY_LOOKED_AT
    assert set(verbs()) <= set(kinds)
    every = {f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()}
    for kind, verb in verbs().items():
        assert verb.permission in every, kind
        if verb.action:
            page: Any = admin.site._registry[kinds[kind].model]
            action = page.admin_actions[verb.action]
            assert (action.on_rows, action.permission) == (True, verb.permission), kind


def test_the_button_leads_to_what_would_be_done_to_the_rows_of_the_line(
    late: Invoice, operator: Any, as_operator: Client
) -> None:
    issue(late.organisation, "500")  # not due yet
    item = line(operator, "overdue")
    assert (item.verb, item.owner) == ("Remind", "")  # an invoice can't be given to anybody
    home = as_operator.get(reverse("admin:index")).content.decode()
    assert "Who has it in hand" not in home
    assert f'href="{item.verb_href.replace("&", "&amp;")}"' in home
    job = confirmed(as_operator, item.verb_href)
    assert outcomes(job) == {late.number: ("done", "")}
    assert Reminder.objects.get().sent_by == operator.get_username()
    again = as_operator.get(item.verb_href).context["form"].preview
    assert [(row.count, row.because) for row in again.skipped] == [(1, "It was reminded within a day.")]


def test_who_may_not_mend_it_sees_the_line_without_the_button(late: Invoice, viewer: Any, as_viewer: Client) -> None:
    item = line(viewer, "overdue")
    assert (item.count, item.verb, item.verb_href) == (1, "", "")
    assert 'class="verb"' not in as_viewer.get(reverse("admin:index")).content.decode()


def test_a_broken_promise_waits_with_who_wrote_it_down(late: Invoice, operator: Any, as_operator: Client) -> None:
    with clock.standing_at(clock.now() - timedelta(days=2)):
        day = clock.today(late.organisation.time_zone)
        pauses.note_promise(invoice_id=late.pk, last_day=day + timedelta(days=1), note="By phone.", placed_by="olga")
        assert "broken_promises" not in {item.kind for item in attention.of(operator).billing}
    issue(late.organisation, "500")
    item = line(operator, "broken_promises")
    assert (item.count, item.label, item.owner) == (1, "broken promise to pay", "olga")
    assert item.facts == ("₹1,180.00", "1 day")
    assert list(as_operator.get(item.href).context["cl"].result_list) == [late]
    pauses.note_promise(
        invoice_id=late.pk, last_day=clock.now().date() + timedelta(days=5), note="Again.", placed_by="om"
    )
    assert "broken_promises" not in {item.kind for item in attention.of(operator).billing}


def test_a_line_names_those_who_have_its_rows_in_hand(acme: Organisation, admin_user: Any) -> None:
    olga, om = (factories.member(name, acme, Membership.Role.OPERATOR) for name in ("olga", "om"))
    now = clock.now()
    people = [None, om, olga, om]
    for number, person in enumerate(people):
        Discrepancy.objects.create(
            check_name="balances", kind="differs", subject=str(number), organisation=acme, about="Acme", expected="1",
            found="2", day=now.date(), first_seen_at=now, last_seen_at=now, assigned_to=person,
        )  # fmt: skip
    assert line(admin_user, "discrepancies").owner == "olga, om; 1 nobody yet"
    Discrepancy.objects.update(assigned_to=None)
    assert line(admin_user, "discrepancies").owner == "nobody yet"
    Discrepancy.objects.update(assigned_to=olga)
    assert line(admin_user, "discrepancies").owner == "olga"
    for day, writer in enumerate(["zoe", "anna", "ben", "carl"]):
        CustomerNote.objects.create(
            organisation=acme, text="Call", follow_up_on=now.date() - timedelta(days=day), written_by=writer
        )
    assert line(admin_user, "follow_ups").owner == "anna, ben and 2 more"


def test_a_note_that_names_two_people_is_one_line_of_each(acme: Organisation) -> None:
    olga, om = (factories.member(name, acme, Membership.Role.OPERATOR) for name in ("olga", "om"))
    write_note(organisation=acme, written_by="zoe", text="Please call them, @olga and @om")
    for person in (olga, om):
        item = line(person, "note_mentions")
        assert (item.count, item.owner) == (1, person.get_username())
