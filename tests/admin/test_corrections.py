"""Operators void and correct events on the events' pages, and each page shows the history of the event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from events.models import UsageCorrection, UsageEvent
from organisations.models import Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url
from tests.events.correcting import IN_NOVEMBER, MID_NOVEMBER, correct, counted, usage, void
from tests.events.language import event

pytestmark = pytest.mark.django_db

EVENTS = reverse("admin:events_usageevent_changelist")
CORRECTIONS = reverse("admin:events_usagecorrection_changelist")


@pytest.fixture(autouse=True)
def the_twelfth_of_november() -> Iterator[None]:
    with clock.standing_at(MID_NOVEMBER):
        yield


@pytest.fixture
def a(project: Project) -> UsageEvent:
    """An event that counts 10."""
    counted(project, event("a", "10", timestamp=IN_NOVEMBER))
    return UsageEvent.objects.get(event_id="a")


def page_of(row: Any) -> str:
    return reverse(f"admin:events_{row._meta.model_name}_change", args=[row.pk])


def text_of(answer: Any) -> str:
    return answer.content.decode()


def buttons(answer: Any) -> set[str]:
    """What may be done with the object, by name: the menu's links lead to pages of lists."""
    return set(re.findall(r"/events/\w+/[^/\"]+/actions/(\w+)/", text_of(answer)))


def test_an_operator_voids_an_event_on_its_page(as_operator: Client, project: Project, a: UsageEvent) -> None:
    assert buttons(as_operator.get(page_of(a))) == {"correct", "void"}
    assert "It counts 10 call now." in text_of(as_operator.get(action_url(a, "void")))
    done = act(as_operator, action_url(a, "void"), reason="sent by mistake")
    assert "counts nothing any more. Reversed in November 2026." in text_of(done)
    assert usage(project) == 0
    assert UsageCorrection.objects.get().created_by == "operator"
    assert buttons(done) == set()


def test_an_operator_corrects_a_quantity(as_operator: Client, project: Project, a: UsageEvent) -> None:
    refused = act(as_operator, action_url(a, "correct"), quantity="10.0", reason="sent by mistake")
    assert "counts 10 already" in text_of(refused)
    refused = act(as_operator, action_url(a, "correct"), quantity="7", reason="")
    assert "This field is required" in text_of(refused)
    assert not UsageCorrection.objects.exists()
    done = act(as_operator, action_url(a, "correct"), quantity="7.5", reason="sent by mistake")
    assert "The event counts 7.5 call. Corrected in November 2026." in text_of(done)
    assert usage(project) == 7.5
    assert buttons(done) == {"correct", "void"}


def test_every_entry_shows_the_whole_history(as_operator: Client, project: Project, a: UsageEvent) -> None:
    correct(project, "a", "7", reason="too many by three", by="asha")
    void(project, "a", reason="not theirs <at all>", by="bela")
    pages = [page_of(row) for row in UsageEvent.objects.all()]
    pages += [page_of(row) for row in UsageCorrection.objects.all()]
    assert len(pages) == 4 + 2
    for page in pages:
        shown = as_operator.get(page)
        table = text_of(shown).partition("<th>Why, and who</th>")[2].partition("</table>")[0]
        quantities = re.findall(r"(-?[\d.]+) call", table)
        assert quantities == ["10", "-10", "7", "-7"], page
        for said in ("too many by three", "not theirs &lt;at all&gt;", "asha", "bela"):
            assert said in table, (page, said)
        assert buttons(shown) == set()
        assert "Counts" not in table, "nothing counts any more"


def test_every_entry_says_what_its_event_counts_now(as_operator: Client, project: Project, a: UsageEvent) -> None:
    assert counts_now(as_operator) == {"10 call"}
    correct(project, "a", "0.5")
    assert counts_now(as_operator) == {"0.5 call, corrected 12 Nov 2026"}
    void(project, "a")
    assert counts_now(as_operator) == {"Nothing: void since 12 Nov 2026"}


def counts_now(client: Client) -> set[str]:
    """What the page of each entry says, without its markup."""
    pages = [text_of(client.get(page_of(row))) for row in UsageEvent.objects.all()]
    rows = [re.search(r"Counts now.*?class=\"readonly[^>]*>(.*?)</div>", page, re.DOTALL) for page in pages]
    assert all(rows), "every page has the row"
    return {" ".join(re.sub("<[^>]+>", "", row[1]).split()) for row in rows if row}


def test_an_entry_leads_to_its_correction(as_operator: Client, project: Project, a: UsageEvent) -> None:
    correction = correct(project, "a", "7")
    replacement = UsageEvent.objects.get(kind="replacement")
    assert page_of(correction) in text_of(as_operator.get(page_of(replacement)))
    assert page_of(a) in text_of(as_operator.get(page_of(correction)))


def test_the_list_of_corrections_is_searched_by_event_and_reason(
    as_operator: Client, project: Project, a: UsageEvent
) -> None:
    counted(project, event("ab", timestamp=IN_NOVEMBER))
    void(project, "a", reason="a bug of ours")
    void(project, "ab", reason="their wish")
    assert _listed(as_operator, "a") == ["a"]
    assert _listed(as_operator, "wish") == ["ab"]
    assert sorted(_listed(as_operator, "")) == ["a", "ab"]


def _listed(client: Client, query: str) -> list[str]:
    return [row.event_id for row in client.get(CORRECTIONS, {"q": query}).context["cl"].result_list]


def test_the_list_calls_every_entry_by_its_event(as_operator: Client, project: Project, a: UsageEvent) -> None:
    correct(project, "a", "7")
    shown = text_of(as_operator.get(EVENTS))
    rows = re.findall(r'href="[^"]*/usageevent/\d+/change/[^"]*"[^>]*>\s*(\S+?)\s*</a>', shown)
    assert rows == ["a", "a", "a"]
    assert {"Replacement", "Reversal"} <= set(re.findall(r">(\w+)</span>", shown))


def test_ticked_events_are_voided_together(as_operator: Client, project: Project, a: UsageEvent) -> None:
    counted(project, *[event(name, "5", timestamp=IN_NOVEMBER) for name in ("b", "c")])
    void(project, "b")
    rows = UsageEvent.objects.exclude(event_id="c")  # of a and b, and the reversal of b
    ticked = {"action": "void_many", "index": "0", "_selected_action": [str(row.pk) for row in rows]}
    asked = as_operator.post(EVENTS, ticked)
    assert asked.status_code == 302
    done = act(as_operator, asked["Location"], reason="a bug of theirs")
    assert "Voided 1; 1 left: The event b is void already." in text_of(done)
    assert usage(project) == 5
    assert UsageCorrection.objects.get(event_id="a").reason == "a bug of theirs"


def test_when_nothing_could_be_voided_that_is_no_success(as_operator: Client, project: Project, a: UsageEvent) -> None:
    void(project, "a")
    url = reverse("admin:events_usageevent_list_action", args=["void_many"])
    refused = act(as_operator, f"{url}?pk__in={a.pk}", reason="again")
    assert refused.context["form"].non_field_errors() == ["Voided 0; 1 left: The event a is void already."]
    reversal = UsageEvent.objects.get(kind="reversal")
    refused = act(as_operator, f"{url}?pk__in={reversal.pk}", reason="again")
    assert refused.context["form"].non_field_errors() == [
        "None of them is an event: an entry of a correction can't be voided."
    ]
    assert UsageCorrection.objects.count() == 1


def test_without_ticks_nothing_is_voided(as_operator: Client, a: UsageEvent) -> None:
    url = reverse("admin:events_usageevent_list_action", args=["void_many"])
    assert as_operator.get(url).status_code == 404
    assert as_operator.post(url, {"reason": "x"}).status_code == 404


def test_only_users_who_may_correct_see_the_buttons(viewer: Any, a: UsageEvent, db: None) -> None:
    looking = signed_in(viewer)
    assert buttons(looking.get(page_of(a))) == set()
    assert looking.post(action_url(a, "void"), {"reason": "x"}).status_code == 403
    stranger = signed_in(factories.member("stranger", factories.organisation("Initech"), "operator"))
    assert stranger.get(action_url(a, "void")).status_code == 302
    url = reverse("admin:events_usageevent_list_action", args=["void_many"]) + f"?pk__in={a.pk}"
    assert act(stranger, url, reason="x").status_code == 200
    assert not UsageCorrection.objects.exists()
