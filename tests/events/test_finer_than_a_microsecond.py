"""A timestamp finer than a microsecond is cut, never rounded up: usage stays in the month in which it happened."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import pytest

from billing_platform.lib import clock
from events.models import DeadLetter, UsageEvent
from events.services import dead_letters
from organisations.models import Organisation, Project
from tests.events.language import event, post_raw, send, settle

pytestmark = pytest.mark.django_db
OCTOBER = date(2026, 10, 1)
LAST = datetime(2026, 10, 31, 18, 29, 59, 999999, tzinfo=UTC)
SPELLINGS = [
    "2026-10-31T18:29:59.9999999Z",
    "2026-10-31t18:29:59.9999999z",
    "2026-10-31 18:29:59.99999950Z",
    "2026-10-31T23:59:59.9999999+05:30",
    "2026-10-31T23:59:59.9999999+0530",
    "2026-10-31T12:29:59.9999999-06:00",
    "2026-10-31T18:29:59." + "9" * 200 + "Z",
    r"2026-10-31T18:29:59.999999\u0039Z",
    r"2026-10-31T18:29:59\u002e9999999Z",
]
ONE = '{{"event_id":"{id}","metric_name":"api_calls","metric_value":0.12345678,"unit":"call","timestamp":"{at}"}}'


@pytest.fixture(autouse=True)
def _in_november(db: None) -> object:
    with clock.standing_at(datetime(2026, 11, 2, tzinfo=UTC)):
        yield


@pytest.mark.parametrize("sent", SPELLINGS)
@pytest.mark.parametrize("form", ["single", "batch", "beside a bad one", "lines", "gzip"])
def test_it_happened_in_the_month_that_was_sent(
    acme: Organisation, project_key: str, project: Project, sent: str, form: str
) -> None:
    body = ONE.format(id="e", at=sent)
    path, more = "/api/v1/events/batch", {}
    if form == "single":
        path = "/api/v1/events"
    elif form == "lines":
        more = {"content_type": "application/x-ndjson"}
    elif form == "beside a bad one":
        body = f'{{"events":[{{"event_id":1}},{body}]}}'
    else:
        body = f'{{"events":[{ONE.format(id="plain", at="2026-10-31T18:29:59Z")},{body}]}}'
    if form == "gzip":
        more = {"HTTP_CONTENT_ENCODING": "gzip"}
    answer = post_raw(project_key, gzip.compress(body.encode()) if form == "gzip" else body, path, **more)
    assert answer.status_code == 202, answer.content
    settle()
    found = UsageEvent.objects.get(event_id="e")
    assert (found.occurred_at, found.counted_in) == (LAST, OCTOBER)


def test_other_fields_keep_their_digits(acme: Organisation, project_key: str, project: Project) -> None:
    metadata = '{"seen":"2026-10-31T18:29:59.9999999Z","n":1.123456789}'
    body = ONE.format(id="at.1234567-x", at="2026-10-31T18:29:59.1234567Z")[:-1] + f',"metadata":{metadata}}}'
    assert post_raw(project_key, body, "/api/v1/events").status_code == 202
    settle()
    found = UsageEvent.objects.get()
    assert (found.event_id, found.occurred_at.microsecond) == ("at.1234567-x", 123456)
    assert found.metadata["seen"] == "2026-10-31T18:29:59.9999999Z"
    assert str(found.quantity) == "0.12345678"


def test_an_edited_dead_letter_keeps_to_its_month_too(acme: Organisation, project: Project) -> None:
    acme.strict_metrics = True
    acme.save()
    send(project, event("e", timestamp="2026-10-31T18:29:59.9999999Z"))
    settle()
    acme.strict_metrics = False
    acme.save()
    letter = DeadLetter.objects.get()
    assert letter.accepted_event["timestamp"] == "2026-10-31T18:29:59.999999Z"
    edited = {"metric_name": "api_calls", "metric_value": "2", "unit": "call"}
    edited["timestamp"] = "2026-10-31T18:29:59.9999999Z"
    dead_letters.replay_edited(letter_id=letter.pk, event=edited, by="otto")
    settle()
    assert UsageEvent.objects.get().occurred_at == LAST
