"""The customer's page: how they stand, what happened, and what colleagues noted."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_platform.lib.admin.contributions import kinds_told
from invoicing.services import drafting
from organisations.models import CustomerNote, Organisation, Project
from organisations.services.holds import place_hold
from organisations.services.notes import finish_follow_up, write_note
from payments.services.dunning.pauses import note_promise
from payments.services.offline import record_offline_payment, reverse_payment
from tests import factories
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


# --- tabs ---------------------------------------------------------------------------------------------------------

TABS = ["Overview", "Timeline", "Projects and keys", "Prices", "Invoices and notes", "Payments and balance", "Alerts",
        "Details", "Audit"]  # fmt: skip


def strip(person: Client, customer: Organisation) -> dict[str, str]:
    """The tabs of a customer's page and their addresses, in order."""
    shown = page(person, customer)
    found = re.search(r'<nav class="page-tabs".*?</nav>', shown, re.DOTALL)
    return {label: url for url, label in re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', found[0])} if found else {}


@pytest.mark.parametrize("person", ["as_admin", "as_operator", "as_viewer"])
def test_every_tab_opens_at_an_address_of_its_own(
    person: str, november: Organisation, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(person)
    tabs = strip(client, november)
    assert list(tabs) == TABS
    for label, url in tabs.items():
        shown = client.get(url)
        assert shown.status_code == 200, label
        assert re.search(rf'<a href="{url}" aria-current="page">{label}</a>', shown.content.decode()), label


def test_no_tab_of_a_customer_of_somebody_else_opens(
    november: Organisation, globex: Organisation, as_operator: Client, as_admin: Client
) -> None:
    for label, url in strip(as_admin, globex).items():
        assert as_operator.get(url).status_code in (302, 404), label
    unknown = reverse("admin:organisations_organisation_tab", args=[november.pk, "nonsense"])
    assert as_operator.get(unknown).status_code == 404


def test_who_only_looks_has_no_button_that_acts(november: Organisation, as_operator: Client, as_viewer: Client) -> None:
    for person, acts in ((as_operator, True), (as_viewer, False)):
        shown = person.get(strip(person, november)["Invoices and notes"]).content.decode()
        assert ("Draft one-off invoice" in shown) is acts
        assert "Upcoming invoice" in shown


def test_a_tab_shows_the_rows_of_its_lists_and_leads_to_all_of_them(november: Organisation, as_admin: Client) -> None:
    """Each list behind a tab has as many rows as the tab says."""
    seen = 0
    for label in ("Projects and keys", "Invoices and notes", "Payments and balance", "Alerts"):
        panels = as_admin.get(strip(as_admin, november)[label]).context_data["panels"]  # type: ignore[attr-defined]
        for panel in panels:
            if panel.note.startswith("All "):
                seen += 1
                listed = as_admin.get(panel.href).context_data["cl"]  # type: ignore[attr-defined]
                assert panel.note == f"All {listed.result_count}", panel.title
                assert panel.body.count("<tr>") == listed.result_count + 1
    assert seen >= 3


def test_what_waits_of_a_customer_leads_to_the_very_rows(
    november: Organisation, globex: Organisation, as_admin: Client
) -> None:
    """The statement that counts is put together once a minute, for whichever customer."""
    for _time in range(2):
        write_note(organisation=globex, text="Call them", written_by="asha", follow_up_on=date(2026, 11, 20))
    with at("2026-11-21 12:00"):
        theirs, lines = waiting_lines(as_admin, globex), waiting_lines(as_admin, november)
        assert ("2", "notes to follow up") in [(count, words) for count, _url, words in theirs]
        assert {"note to follow up", "invoice overdue"} <= {words for _count, _url, words in lines}
        for count, url, words in lines:
            listed = as_admin.get(url.replace("&amp;", "&")).context_data["cl"]  # type: ignore[attr-defined]
            assert str(listed.result_count) == count, words


def waiting_lines(person: Client, customer: Organisation) -> list[tuple[str, str, str]]:
    """How many, the address of their list, and what they are called."""
    panels = person.get(strip(person, customer)["Overview"]).context_data["panels"]  # type: ignore[attr-defined]
    waiting = next(panel.body for panel in panels if panel.title == "Needs attention")
    return re.findall(r"<strong>(.*?)</strong><a href=\"(.*?)\">(.*?)</a>", waiting)


def test_the_overview_draws_what_was_billed_paid_and_used(november: Organisation, as_admin: Client) -> None:
    with at("2026-11-21 12:00"):
        shown = page(as_admin, november)
    assert "October 2026: ₹1,000.00" in shown  # billed, before tax
    used_in = dict(re.findall(r"Usage by metric, last (\d+) days.*?(\d+) events?<", shown, re.DOTALL))
    assert used_in == {"30": "1", "90": "2"}
    assert "₹1,180.00 in October 2026" in shown  # beside this month so far, with tax


def test_more_rows_ask_no_more_questions(november: Organisation, as_admin: Client) -> None:
    urls = strip(as_admin, november)
    more_rows(november)
    before = {label: questions(as_admin, url) for label, url in urls.items()}
    for _time in range(3):
        more_rows(november)
    after = {label: questions(as_admin, url) for label, url in urls.items()}
    assert {label: (before[label], count) for label, count in after.items() if count > before[label]} == {}


def more_rows(customer: Organisation) -> None:
    project = factories.project(customer, f"P{Project.objects.count()}")
    factories.project_key(project)
    write_note(organisation=customer, text="Another", written_by="asha", follow_up_on=None)
    line = {"description": "Set-up", "quantity": "1", "unit_price": "5"}
    drafting.create_one_off_draft(organisation=customer, lines=[line])


def questions(person: Client, url: str) -> int:
    person.get(url)  # the counts of the sidebar are remembered for a minute
    with CaptureQueriesContext(connection) as asked:
        person.get(url)
    return len(asked)
