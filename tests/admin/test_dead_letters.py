"""Dead letters in the admin: open ones come first; one is edited in a form; many are replayed or discarded at once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from events.models import DeadLetter, Metric, UsageEvent
from organisations.models import BulkJob, Membership, Organisation, Project
from tests import factories
from tests.admin.bulk import confirmed, hidden, outcomes
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url, token
from tests.events.language import event, now, send, settle

pytestmark = pytest.mark.django_db
LIST = "/admin/events/deadletter/"


@pytest.fixture
def strict(acme: Organisation) -> Organisation:
    acme.strict_metrics = True
    acme.save()
    return acme


@pytest.fixture
def letters(strict: Organisation, project: Project) -> dict[str, DeadLetter]:
    """Of "a", "b" and "c"; in two days, c names another metric."""
    send(project, event("a", "2.5", metadata={"rate": 0.5}), event("b"), at=now() - timedelta(days=2))
    send(project, event("c", unit="bunch"))
    settle()
    return {letter.event_id: letter for letter in DeadLetter.objects.all()}


def define(organisation: Organisation) -> None:
    Metric.objects.create(organisation=organisation, name="api_calls", unit="call")


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def states() -> dict[str, str]:
    return dict(DeadLetter.objects.values_list("event_id", "status"))


def tick(client: Client, action: str, *letters: DeadLetter, query: str = "", **fields: str) -> Any:
    """Choose from the list's menu; what it answers leads to the page that asks."""
    ticked = {"action": action, "index": "0", "_selected_action": [str(letter.pk) for letter in letters], **fields}
    return client.post(f"{LIST}{query}", ticked)


def test_the_list_shows_what_is_open_and_what_the_events_say(
    letters: dict[str, DeadLetter], as_operator: Client
) -> None:
    act(as_operator, action_url(letters["b"], "discard"), reason="no")
    shown = text_of(as_operator.get(LIST))
    assert "api_calls 2.5 call" in shown
    assert action_url(letters["c"], "x").split("/actions")[0] in shown
    assert str(letters["b"].pk) not in shown
    for query, expected in {
        "status__exact=open": {"a", "c"},
        "status__exact=discarded": {"b"},
        "status__exact=all": {"a", "b", "c"},
        "q=bunch": {"c"},
    }.items():
        shown = text_of(as_operator.get(f"{LIST}?{query}"))
        assert {name for name, letter in letters.items() if str(letter.pk) in shown} == expected, query


def test_an_operator_replays_one_and_sees_what_became_of_it(
    letters: dict[str, DeadLetter], strict: Organisation, as_operator: Client
) -> None:
    refused = act(as_operator, action_url(letters["a"], "replay"))
    assert "Define the metric api_calls (call) first, or edit the event." in text_of(refused)
    define(strict)
    assert "goes back to be counted" in text_of(act(as_operator, action_url(letters["a"], "replay"), reason="defined"))
    page = reverse("admin:events_deadletter_change", args=[letters["a"].pk])
    assert "Waits to be counted" in text_of(as_operator.get(page))
    settle()
    shown = text_of(as_operator.get(page))
    counted = UsageEvent.objects.get()
    assert f'Counted: <a class="text-link" href="/admin/events/usageevent/{counted.pk}/change/">' in shown
    assert action_url(letters["a"], "discard") not in shown, "it is done with"


def test_the_form_holds_the_event_and_shows_what_is_wrong_at_the_field(
    letters: dict[str, DeadLetter], strict: Organisation, as_operator: Client
) -> None:
    define(strict)
    url = action_url(letters["a"], "edit")
    shown = as_operator.get(url).content.decode()
    assert 'value="2.5"' in shown
    assert "&quot;rate&quot;: 0.5" in shown
    answers = {"metric_name": "api_calls", "metric_value": "3", "unit": "call", "metadata": "", "timestamp": ""}
    for wrong, field in (
        ({"metric_value": "-3"}, "metric_value"),
        ({"metadata": "{nonsense"}, "metadata"),
        ({"metadata": "[1]"}, "metadata"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ):
        refused = as_operator.post(url, {"once": token(as_operator, url), **answers, **wrong})
        assert list(refused.context["form"].errors) == [field]
    assert states()["a"] == "open"
    act(as_operator, url, **answers, reason="their meter was wrong")
    settle()
    assert UsageEvent.objects.get().quantity == 3
    assert letters["a"].accepted_event["metric_value"] == "2.5"
    page = text_of(as_operator.get(reverse("admin:events_deadletter_change", args=[letters["a"].pk])))
    assert "metric_value 2.5 → 3" in page


def asked(client: Client, letter: DeadLetter, **typed: str) -> str:
    """What the panel of the letter's page shows, or that of *Edit and replay* with what is typed there."""
    answer = client.post(f"{LIST}preview/?of={letter.pk}", typed)
    assert answer.status_code == 200
    return text_of(answer)


def test_the_page_says_what_a_replay_would_do_to_whoever_may_see_it(
    letters: dict[str, DeadLetter], strict: Organisation, as_viewer: Client, as_operator: Client
) -> None:
    page = as_viewer.get(reverse("admin:events_deadletter_change", args=[letters["a"].pk])).content.decode()
    assert f'data-preview-url="{LIST}preview/?of={letters["a"].pk}"' in page
    assert "Define the metric api_calls (call) first, or edit the event." in asked(as_viewer, letters["a"])
    define(strict)
    for client in (as_viewer, as_operator):
        assert "2.5 call" in asked(client, letters["a"])
    assert "Late" not in asked(as_viewer, letters["a"])
    send(letters["a"].project, event("a", "9"))
    settle()
    shown = asked(as_operator, letters["a"])
    assert "A duplicate of <a" in shown
    assert "what is counted stays as it is" in shown
    assert states()["a"] == "open"


def test_what_is_typed_is_judged_before_it_is_sent(
    letters: dict[str, DeadLetter], strict: Organisation, as_operator: Client
) -> None:
    define(strict)
    for name in ("replay", "edit"):
        page = as_operator.get(action_url(letters["a"], name)).content.decode()
        assert f'data-preview-url="{LIST}preview/?of={letters["a"].pk}"' in page
    once = token(as_operator, action_url(letters["a"], "edit"))
    answers = {"once": once, "metric_name": "api_calls", "metric_value": "3", "unit": "call", "metadata": ""}
    assert "3 call" in asked(as_operator, letters["a"], **answers)
    hostile = asked(as_operator, letters["a"], **{**answers, "metric_name": "<script>alert(1)</script>"})
    assert "&lt;script&gt;" in hostile
    assert "<script>" not in hostile
    assert "metric_value" in asked(as_operator, letters["a"], **{**answers, "metric_value": "-3"})
    assert "once the form is filled in" in asked(as_operator, letters["a"], **{**answers, "metadata": "{nonsense"})
    assert states()["a"] == "open"


def test_a_letter_of_somebody_else_says_nothing(letters: dict[str, DeadLetter]) -> None:
    stranger = signed_in(factories.member("stranger", factories.organisation("Initech"), Membership.Role.OPERATOR))
    assert stranger.post(f"{LIST}preview/?of={letters['a'].pk}").status_code == 404


def test_ticked_letters_are_asked_about_and_replayed(
    letters: dict[str, DeadLetter], strict: Organisation, as_operator: Client
) -> None:
    define(strict)
    asked = tick(as_operator, "replay_many", letters["a"], letters["c"])
    assert states() == dict.fromkeys("abc", "open"), "choosing only asks"
    assert "2 dead letters. Those" in text_of(as_operator.get(asked.url))
    job = confirmed(as_operator, asked.url)
    assert outcomes(job) == {
        "a": ("done", ""),
        "c": ("failed", "Define the metric api_calls (bunch) first, or edit the event."),
    }
    assert states() == {"a": "replayed", "b": "open", "c": "open"}


def test_when_none_can_be_discarded_no_job_begins(letters: dict[str, DeadLetter], as_operator: Client) -> None:
    done_with = reverse("admin:events_deadletter_list_action", args=["discard_many"]) + "?status__exact=replayed"
    refused = as_operator.post(done_with, {**hidden(as_operator, done_with), "reason": "no"})
    assert "There is none among them to do this to." in text_of(refused)
    assert not BulkJob.objects.exists()


def test_all_that_the_filters_find_are_discarded(letters: dict[str, DeadLetter], as_operator: Client) -> None:
    asked = tick(
        as_operator, "discard_many", letters["a"], query=f"?batch_id={letters['a'].batch_id}&p=1", select_across="1"
    )
    confirmed(as_operator, asked.url, reason="a test of theirs")
    assert states() == {"a": "discarded", "b": "discarded", "c": "open"}


def test_only_letters_of_organisations_where_one_may_are_touched(
    letters: dict[str, DeadLetter], strict: Organisation
) -> None:
    """Operator of Acme, viewer of Initech: both are in the list, one's are discarded."""
    initech = factories.organisation("Initech", strict_metrics=True)
    send(factories.project(initech), event("theirs"))
    settle()
    person = factories.member("somebody", strict, Membership.Role.OPERATOR)
    Membership.objects.create(user=person, organisation=initech, role=Membership.Role.VIEWER)
    client = signed_in(person)
    theirs = DeadLetter.objects.get(event_id="theirs")
    assert str(theirs.pk) in text_of(client.get(LIST))
    asked = tick(client, "discard_many", letters["a"], theirs)
    assert "1 dead letter. Those" in text_of(client.get(asked.url))
    confirmed(client, asked.url, reason="no")
    assert (states()["a"], states()["theirs"]) == ("discarded", "open")


def test_a_viewer_has_nothing_to_tick_and_is_refused(letters: dict[str, DeadLetter], as_viewer: Client) -> None:
    assert "_selected_action" not in text_of(as_viewer.get(LIST))
    url = reverse("admin:events_deadletter_list_action", args=["discard_many"])
    assert as_viewer.get(url).status_code == as_viewer.post(url).status_code == 403
    tick(as_viewer, "discard_many", letters["a"])
    assert states()["a"] == "open"


def test_looking_and_posting_without_a_csrf_token_change_nothing(letters: dict[str, DeadLetter], operator: Any) -> None:
    client = signed_in(operator, enforce_csrf_checks=True)
    url = reverse("admin:events_deadletter_list_action", args=["discard_many"])
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "no"}).status_code == 403
    assert tick(client, "discard_many", letters["a"]).status_code == 403
    assert states() == dict.fromkeys("abc", "open")


def test_nonsense_in_the_filters_leads_nowhere(letters: dict[str, DeadLetter], as_operator: Client) -> None:
    url = reverse("admin:events_deadletter_list_action", args=["discard_many"])
    assert as_operator.get(f"{url}?pk__in=nonsense").status_code in (302, 404)
    assert as_operator.get(f"{url}?nonsense__x=1").status_code in (302, 404)


def test_an_unreadable_dead_letter_says_so(letters: dict[str, DeadLetter], as_operator: Client) -> None:
    whole = letters["a"]
    whole.accepted_event = {"base64": "Z2FyYmFnZQ=="}
    whole.save()
    page = text_of(as_operator.get(reverse("admin:events_deadletter_change", args=[whole.pk])))
    assert "only its sender can send it again" in page
    assert action_url(whole, "replay") not in page
    assert action_url(whole, "discard") in page
    assert as_operator.get(LIST).status_code == 200
