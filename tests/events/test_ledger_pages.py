"""The ledger's pages show every event once, find one by its id, and read no more than they have to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.urls import reverse

from events.models import UsageEvent
from events.selectors import ledger_pages
from events.selectors.backlog import ledger_position
from organisations.models import Organisation, Project
from tests import factories
from tests.events.exploring import DAY_ONE, LEDGER, drill_downs
from tests.events.language import event, send, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_viewer(viewer: Any, client: Client) -> Client:
    client.force_login(viewer)
    return client


def fill(project: Project, *names: str) -> None:
    send(project, *(event(name, metric_name="calls", unit="x", timestamp=DAY_ONE) for name in names))
    settle()


def shown_ids(client: Client, url: str) -> tuple[list[str], Any]:
    changelist = client.get(url).context["cl"]
    return [row.event_id for row in changelist.result_list], changelist


def test_paging_shows_every_event_once_while_new_ones_come_in(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    names = [f"e{number:03}" for number in range(120)]
    fill(project, *names)
    seen, address = [], f"?organisation__id__exact={acme.pk}"
    while address:
        found, changelist = shown_ids(as_viewer, LEDGER + address)
        seen += found
        address = changelist.older_url
        fill(project, f"new-{len(seen)}")  # arrives while somebody reads
    assert seen == names[::-1]
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found == names[20:70][::-1]  # the page before the last one, of 20
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found == names[70:120][::-1]
    found, changelist = shown_ids(as_viewer, LEDGER + changelist.newer_url)
    assert found[:3] == ["new-120", "new-100", "new-50"]  # the newest page, as it is full again
    assert changelist.newer_url == changelist.newest_url == ""


def test_links_between_pages_keep_the_filters(acme: Organisation, project: Project, as_viewer: Client) -> None:
    other = factories.project(acme, "Other")
    for number in range(60):
        fill(project, f"mine-{number}")
        fill(other, f"other-{number}")
    first, changelist = shown_ids(as_viewer, f"{LEDGER}?project__id__exact={project.pk}")
    second, _changelist = shown_ids(as_viewer, LEDGER + changelist.older_url)
    assert first + second == [f"mine-{number}" for number in range(59, -1, -1)]


@contextmanager
def ids_gone_up(further: int) -> Iterator[None]:
    """As if others had written that many rows since. A sequence isn't rolled back with the test."""
    top = ledger_position()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('events_usageevent_id_seq', %s)", [top + further])
        try:
            yield
        finally:
            cursor.execute("SELECT setval('events_usageevent_id_seq', %s)", [top])


def test_a_search_that_takes_too_long_stops_and_goes_on_where_it_was(acme: Organisation, project: Project) -> None:
    fill(project, "far-back")
    events = UsageEvent.objects.filter(organisation=acme)
    with ids_gone_up(40_000):
        page = ledger_pages.page_before(events, size=50, patience_ms=0)
        assert (page.events, page.is_cut) == ((), True)
        steps = 1
        while page.older is not None and not page.events:
            page = ledger_pages.page_before(events, size=50, before=page.older, patience_ms=0)
            steps += 1
        assert [row.event_id for row in page.events] == ["far-back"]
        assert steps == 5  # of 10,000 ids each, and the last for what lies below
        assert ledger_pages.page_before(events, size=50).events[0].event_id == "far-back"  # with patience


def test_an_event_is_found_by_its_id_among_ones_own(acme: Organisation, project: Project, as_viewer: Client) -> None:
    fill(project, "mine")
    fill(factories.project(factories.organisation("Initech")), "theirs")
    assert shown_ids(as_viewer, f"{LEDGER}?q=mine")[0] == ["mine"]
    for odd in ("theirs", "min", "mine%"):
        assert shown_ids(as_viewer, f"{LEDGER}?q={odd}")[0] == []
    for name in ("q", "kind__exact"):
        assert as_viewer.get(f"{LEDGER}?{name}=%00", follow=True).status_code == 200


def test_filters_that_make_no_sense_show_nothing(acme: Organisation, project: Project, as_viewer: Client) -> None:
    fill(project, "mine")
    stranger = factories.project(factories.organisation("Initech"))
    theirs = send(stranger, event("theirs"))
    settle()
    assert shown_ids(as_viewer, f"{LEDGER}?counted_in=2026-10")[0] == ["mine"]
    for query in (
        "happened=nonsense", "happened=2026-10-01/2026-10-02", "dimensions=[1]", "counted_in=soon", "batch_id=7",
        f"batch_id={theirs.batch_id}", 'dimensions={"a":1}', "happened=0001-01-01T00:00:00Z/0001-01-02T00:00:00Z",
        "happened=9999-12-31T23:00:00-05:00/9999-12-31T23:00:00-05:00", f"dimensions={'[' * 3000}",
        r'dimensions={"a":"\ud800"}', r'dimensions={"\ud800":null}', "received_at_from=9999-12-31",
    ):  # fmt: skip
        found, _changelist = shown_ids(as_viewer, f"{LEDGER}?{query}")
        assert found == [], query
    for odd in ("received_at_to=9999-12-31", "before=x", "before=99999999999999999999", "after=-1", "before="):
        assert shown_ids(as_viewer, f"{LEDGER}?{odd}")[0] == ["mine"], odd


def test_a_batch_leads_to_its_events(acme: Organisation, project: Project, as_viewer: Client) -> None:
    accepted = send(project, event("in-it"), at=datetime(2026, 10, 5, 6, tzinfo=UTC))
    fill(project, "not-in-it")
    page = as_viewer.get(reverse("admin:events_eventbatch_change", args=[accepted.batch_id])).content.decode()
    (link,) = {link for link in drill_downs(page) if "batch_id" in link}
    assert shown_ids(as_viewer, link)[0] == ["in-it"]


def test_days_of_receipt_read_their_partitions_only(acme: Organisation, project: Project, as_viewer: Client) -> None:
    for day in (5, 6):
        send(project, event(f"october-{day}"), at=datetime(2026, 10, day, 6, tzinfo=UTC))
    settle()
    found, changelist = shown_ids(as_viewer, f"{LEDGER}?received_at_from=2026-10-06&received_at_to=2026-10-06")
    assert found == ["october-6"]
    assert "received_month" in str(changelist.queryset.query)
