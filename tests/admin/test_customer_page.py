"""The customer's page: how they stand, what happened, and what colleagues noted."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse

from billing_platform.lib.admin.contributions import kinds_told
from organisations.models import CustomerNote, Organisation, Project
from organisations.services.holds import place_hold
from organisations.services.notes import finish_follow_up, write_note
from payments.services.dunning.pauses import note_promise
from payments.services.offline import record_offline_payment, reverse_payment
from tests.invoicing.language import at, issued, per_unit, used


def page(person: Client, customer: Organisation) -> str:
    return person.get(reverse("admin:organisations_organisation_change", args=[customer.pk])).content.decode()


def moments(person: Client, customer: Organisation, **query: str) -> list[str]:
    address = reverse("admin:organisations_organisation_action", args=[customer.pk, "timeline"])
    shown = person.get(address, query).content.decode()
    texts = re.findall(r"<p>(?:<a[^>]*>)?(.*?)(?:</a>)?</p>", shown.partition('class="timeline"')[2], re.DOTALL)
    return [" ".join(text.split()) for text in texts]


@pytest.fixture
def november(acme: Organisation, project: Project) -> Organisation:
    """October: 100 calls at 10 rupees, invoiced on 1 November with 18%: 1,180. Then a payment that was a mistake, a
    promise, a hold and a note. In November 30 calls by the 16th, at noon."""
    per_unit("10")
    used(project, "100")
    invoice = issued(acme)
    with at("2026-11-05 10:00"):
        wrong = record_offline_payment(
            invoice_id=invoice.pk,
            amount=Decimal("180"),
            method="bank_transfer",
            reference="UTR7",
            received_on=date(2026, 11, 5),
        )
    with at("2026-11-06 10:00"):
        reverse_payment(payment_id=wrong.pk, reason="of another customer")
        note_promise(invoice_id=invoice.pk, last_day=date(2026, 11, 25), note="said Meera", placed_by="asha")
    with at("2026-11-07 10:00"):
        place_hold(organisation=acme, kind="no_reminders", reason="in talks", placed_by="asha")
        text, day = "Wants yearly\nbilling <b>", date(2026, 11, 20)
        write_note(organisation=acme, text=text, written_by="asha", follow_up_on=day)
    used(project, "30", on="2026-11-16")
    return acme


def test_the_page_begins_with_how_the_customer_stands(november: Organisation, as_operator: Client) -> None:
    """By noon of 21 November 20.5 days of 30 are over: 30 calls go on to 43.9, at 10 rupees with 18% 518.05."""
    with at("2026-11-21 12:00"):
        shown = page(as_operator, november)
    tiles = dict(re.findall(r'<span class="label">(.*?)</span>\s*<span class="value">(.*?)</span>', shown, re.DOTALL))

    assert tiles["Due"] == "₹1,180.00"
    assert "the oldest overdue for 5 days" in shown  # due on 16 November
    assert tiles["Unbilled so far"] == "₹354.00"
    assert tiles["Next invoice, probably"].startswith("₹518.0")


def test_the_timeline_tells_everything_newest_first_a_page_at_a_time(
    november: Organisation, as_operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at("2026-11-21 12:00"):
        every = moments(as_operator, november)
        monkeypatch.setattr("organisations.admin.timeline.SIZE", 2)
        paged, older = [], "2030-01-01T00:00:00+00:00~00000000-0000-0000-0000-000000000000"
        while older:
            paged += moments(as_operator, november, before=older)
            older = _older(as_operator, november, older)

    assert paged == every
    told = [each for each in every if not each.startswith(("Invoice INV", "Receipt"))]
    assert told[0] == "Busiest day of api_calls in November 2026: 1 event"
    assert "asha: Wants yearly billing &lt;b&gt; Follow up on 20 Nov 2026." in told
    assert any(each.startswith("Held by asha: No reminders") for each in told)
    assert any(each.startswith("Promised to pay INV/") and "by 25 Nov 2026: said Meera" in each for each in told)
    assert any("₹180.00: reversed" in each for each in told)
    assert "Busiest day of api_calls in October 2026: 1 event" in told


def _older(person: Client, customer: Organisation, before: str) -> str:
    address = reverse("admin:organisations_organisation_action", args=[customer.pk, "timeline"])
    shown = person.get(address, {"before": before})
    return str(shown.context_data["older"] or "")  # type: ignore[attr-defined]  # a TemplateResponse


def test_the_timeline_can_be_of_one_kind_and_shows_each_kind_to_who_may_see_it(
    november: Organisation, as_operator: Client, globex: Organisation
) -> None:
    assert len(moments(as_operator, november, kind="promises")) == 1
    assert len(moments(as_operator, november, kind="nonsense")) > 5
    assert moments(as_operator, november, before="nonsense")[:1]
    assert moments(as_operator, november, before=f"2030-01-01T00:00:00+23:59~{'0' * 32}")[:1]  # no offset of a zone
    address = reverse("admin:organisations_organisation_action", args=[globex.pk, "timeline"])
    assert as_operator.get(address).status_code == 302  # no such customer for an operator of Acme
    assert len({kind.kind for kind in kinds_told()}) == len(kinds_told())


def test_a_note_waits_from_its_day_on_until_it_is_followed_up(acme: Organisation, as_operator: Client) -> None:
    address = reverse("admin:organisations_organisation_action", args=[acme.pk, "add_note"])
    with at("2026-11-07 10:00"):
        once = as_operator.get(address).context_data["form"]["once"].value()  # type: ignore[attr-defined]
        as_operator.post(address, {"once": once, "text": "Call Meera", "follow_up_on": "2026-11-09"})
    note = CustomerNote.objects.get()
    assert (note.text, note.written_by) == ("Call Meera", "operator")

    with at("2026-11-08 10:00"):
        assert not CustomerNote.objects.due(date(2026, 11, 8)).exists()
    with at("2026-11-09 10:00"):
        assert "note to follow up" in as_operator.get("/admin/").content.decode()
        finish_follow_up(note_id=note.pk, done_by="operator")
        assert "note to follow up" not in as_operator.get("/admin/").content.decode()


def test_a_note_stays_as_it_was_written(acme: Organisation) -> None:
    note = write_note(organisation=acme, text="As said", written_by="asha")
    with pytest.raises(Error), transaction.atomic():
        CustomerNote.objects.filter(pk=note.pk).update(text="Never said")
