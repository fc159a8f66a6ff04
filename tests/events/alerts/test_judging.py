"""What a rule looks at, and what follows from what it sees."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from events.alerts.baseline import usual
from events.alerts.judging import Known, Look, Reading, Terms, Verdict, judge, looks, read
from events.alerts.windows import Window

D = Decimal
INDIA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 26, 10, 40, tzinfo=UTC)  # a Thursday, 16:10 in India
EVER = datetime(2000, 1, 1, tzinfo=UTC)


def terms(kind: str, span: str, operator: str = "gte", *thresholds: str, step: str | None = None) -> Terms:
    return Terms(kind, span, operator, tuple(map(D, thresholds or ("10",))), step and D(step))  # type: ignore[arg-type]


def local(window: Window, zone: ZoneInfo = INDIA) -> str:
    return " to ".join(f"{each.astimezone(zone):%m-%d %H:%M}" for each in (window.start, window.end))


@pytest.mark.parametrize(
    ("rule", "periods", "compared"),
    [
        (terms("usage_threshold", "month"), ["11-01 00:00 to 12-01 00:00"], []),
        (terms("usage_threshold", "day"), ["11-25 00:00 to 11-26 00:00", "11-26 00:00 to 11-27 00:00"], []),
        (terms("usage_threshold", "hour"), ["11-26 15:00 to 11-26 16:00", "11-26 16:00 to 11-26 17:00"], []),
        (terms("usage_threshold", "day", "lte"), ["11-25 00:00 to 11-26 00:00"], []),
        (terms("usage_spike", "previous_hour"), ["11-26 15:00 to 11-26 16:00"], ["11-26 14:00 to 11-26 15:00"]),
        (terms("usage_spike", "previous_day"), ["11-25 00:00 to 11-26 00:00"], ["11-24 00:00 to 11-25 00:00"]),
        (terms("usage_spike", "previous_week"), ["11-19 00:00 to 11-26 00:00"], ["11-12 00:00 to 11-19 00:00"]),
        (terms("usage_spike", "same_weekday"), ["11-25 00:00 to 11-26 00:00"], ["11-18 00:00 to 11-19 00:00"]),
        (terms("cost_threshold", "projected"), ["11-01 00:00 to 12-01 00:00"], []),
    ],
)
def test_what_is_looked_at(rule: Terms, periods: list[str], compared: list[str]) -> None:
    since = EVER if rule.is_running else NOW - timedelta(minutes=45 if rule.grain == "hour" else 24 * 60)
    found = looks(rule, now=NOW, since=since, zone=INDIA)
    assert [local(each.period) for each in found] == periods
    assert [local(each) for each in found[-1].compared] == compared


def test_periods_that_nobody_judged_are_caught_up_in_order_but_none_that_ended_before_the_rule() -> None:
    rule = terms("usage_spike", "previous_hour")
    found = looks(rule, now=NOW, since=NOW - timedelta(hours=3, minutes=45), zone=INDIA)
    assert [local(each.period)[6:11] for each in found] == ["12:00", "13:00", "14:00", "15:00"]
    assert len(looks(rule, now=NOW, since=EVER, zone=INDIA)) == 24
    assert looks(rule, now=NOW, since=NOW, zone=INDIA) == []


def test_the_same_hour_of_the_week_is_one_of_the_clock() -> None:
    """New York's clocks went back on 1 November 2026: the hour from 9 is another one of UTC before that."""
    rule = terms("unusual_pattern", "hour_of_week")
    (look,) = looks(
        rule, now=datetime(2026, 11, 5, 15, 1, tzinfo=UTC), since=datetime(2026, 11, 5, 14, tzinfo=UTC), zone=NEW_YORK
    )
    assert local(look.period, NEW_YORK) == "11-05 09:00 to 11-05 10:00"
    assert [local(each, NEW_YORK)[:11] for each in look.compared[-2:]] == ["10-22 09:00", "10-29 09:00"]
    assert look.compared[-1].start.hour == 13


def test_what_is_usual_is_not_moved_by_one_odd_week() -> None:
    samples = [D(value) for value in (0, 0, 100, 104, 96, 4000, 102, 98)]
    found = usual(samples)
    assert found is not None
    assert found.median == 101
    assert found.deviations(D(101)) == 0
    assert found.deviations(D(160)) > 7
    assert found.is_drop_to_zero(D(0))
    assert usual(samples[:5]) is None, "three weeks with usage say nothing yet"
    assert usual([D(0)] * 8) is None
    assert usual([D(50)] * 8).deviations(D(60)) == 4  # type: ignore[union-attr]  # 5% of the median at least


def test_percent_and_deviations() -> None:
    look = Look(Window(NOW, NOW))
    spike = terms("usage_spike", "previous_day")
    assert read(spike, look, D(330), [D(100)]).value == 230
    assert read(spike, look, D(20), [D(100)]).value == -80
    assert read(spike, look, D(20), [D(0)]).value is None
    rows = [(500, 0, 400), (50, 3, 0), (150, 3, 50), (0, 3, 0), (0, 500, -100), (50, 500, -90), (500, 200, 150)]
    for now, before, percent in rows:
        assert read(replace(spike, least=D(100)), look, D(now), [D(before)]).value == percent, (now, before)
    pattern = terms("unusual_pattern", "hour_of_week", "gte", "4")
    least, most = D("0.00000001"), D(10) ** 29  # of usage, and of what a row holds
    assert read(spike, look, 2 * D(10) ** 21, [least]).value == most
    assert read(pattern, look, 2 * D(10) ** 21, [least] * 8).value == most
    wild = [D(value) for value in (1, 900, 3, 800, 5, 700, 7, 600)]
    assert read(pattern, look, D(0), wild).value == 4, "a drop to zero, however much the weeks differ"
    assert read(pattern, look, D(5), wild).value < 4  # type: ignore[operator]  # there is a value


MONTH = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
A, B = uuid.uuid4(), uuid.uuid4()


def test_a_running_threshold_fires_once_in_a_period() -> None:
    rule = terms("usage_threshold", "month", "gte", "10", "30", "50", step="100")
    reading = Reading(MONTH, D(351))
    known = [Known(A, D(10), MONTH.start, is_open=True), Known(B, D(30), MONTH.start, is_open=False)]
    assert judge(rule, reading, previous=D(33), known=known).fired == (50, 150, 250, 350)
    assert judge(rule, reading, previous=None, known=known).fired == (50, 150, 250, 350)
    assert judge(rule, Reading(MONTH, D(9)), previous=D(33), known=known) == Verdict(recovered=(A,))
    assert judge(rule, Reading(MONTH, D(33)), previous=D(33), known=known) == Verdict()


def test_a_value_of_a_period_that_is_over_fires_until_it_recovers() -> None:
    rule = terms("usage_threshold", "day", "eq", "0")
    today = Window(NOW, NOW + timedelta(days=1))
    is_open = [Known(A, D(0), MONTH.start, is_open=True)]
    assert judge(rule, Reading(today, D(0)), previous=None, known=[]).fired == (0,)
    assert judge(rule, Reading(today, D(0)), previous=None, known=is_open) == Verdict()
    assert judge(rule, Reading(today, D(5)), previous=None, known=is_open) == Verdict(recovered=(A,))
    assert judge(rule, Reading(today, None), previous=None, known=is_open) == Verdict()
