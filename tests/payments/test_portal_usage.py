"""The portal's usage: called as on the customer's invoices, in the unit that they charge."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from events.models import Metric
from organisations.models import Organisation, Project
from payments.customer.portal import usage
from tests.invoicing.language import at, used
from tests.payments.test_portal import address, inside, made


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def october(acme: Organisation, **asked: str) -> Any:
    with at("2026-11-05 12:00"):
        link = made(acme)
        return inside(link).get(address(link, "portal_usage"), {"month": "2026-10", **asked})


@pytest.fixture
def calls_and_a_level(acme: Organisation, project: Project) -> None:
    words = {"display_name": "API calls", "unit_name": "call", "unit_name_plural": "calls"}
    Metric.objects.create(name="hits", unit="hit", aggregation="sum", **words)
    Metric.objects.create(organisation=acme, name="disk", unit="GB", aggregation="weighted_sum")
    used(project, 1200, metric="hits", unit="hit")
    used(project, 10, on="2026-10-31", metric="disk", unit="GB")


def test_metrics_have_the_words_of_invoices_and_a_level_its_unit_hours(
    acme: Organisation, calls_and_a_level: None
) -> None:
    shown = october(acme).content.decode()
    for words in ("<h2>API calls</h2>", "1,200 calls", "120 GB-hours"):
        assert words in shown
    assert "hits" not in shown


def test_the_file_keeps_the_names_that_events_carry(acme: Organisation, calls_and_a_level: None) -> None:
    lines = b"".join(october(acme, format="csv")).decode()
    assert "2026-10-10,hits,hit,1200,1" in lines
    assert "2026-10-31,disk,GB-hour,120,1" in lines


def test_a_page_that_shows_only_some_metrics_says_so(
    acme: Organisation, calls_and_a_level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_METRICS", 1)
    assert "The first 1 of 2 metrics are shown." in october(acme).content.decode()
