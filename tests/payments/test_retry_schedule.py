"""The pure tables of asking again: pauses of retries, steps of reminders, late fees."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.admin.dunning_rules import steps_text
from payments.dunning.late_fees import LateFeeRule
from payments.dunning.reminder_steps import DEFAULT_STEPS, next_step, steps_now
from payments.dunning.retry_schedule import RetrySchedule
from tests.money.golden_tables import golden

FAILED = datetime(2026, 11, 2, 6, tzinfo=UTC)
ISSUED, DUE = date(2026, 11, 1), date(2026, 11, 16)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        (RetrySchedule(), [24, 48, 96]),
        (RetrySchedule(attempts=5), [24, 48, 96, 168, 168]),
        (RetrySchedule(attempts=3, base_hours=24, factor=Decimal(3), cap_hours=100), [24, 72, 100]),
        (RetrySchedule(attempts=3, base_hours=1, factor=Decimal("1.5")), [1, 1.5, 2.25]),
        (RetrySchedule(attempts=2, base_hours=48, factor=Decimal(1)), [48, 48]),
        (RetrySchedule(attempts=1, base_hours=200, cap_hours=24), [24]),
    ],
)
def test_pauses_grow_by_the_factor_up_to_the_cap(schedule: RetrySchedule, hours: list[float]) -> None:
    pauses = [timedelta(hours=each) for each in hours]
    assert [schedule.pause(number) for number in range(1, len(hours) + 1)] == pauses
    assert schedule.times(FAILED) == [FAILED + sum(pauses[:end], timedelta()) for end in range(1, len(hours) + 1)]
    with pytest.raises(ValueError, match="no number"):
        schedule.pause(len(hours) + 1)


@pytest.mark.parametrize(
    ("today", "known", "send", "skip"),
    [
        (date(2026, 11, 12), [], None, ()),
        (date(2026, 11, 13), [], -3, ()),
        (date(2026, 11, 13), [-3], None, ()),
        (date(2026, 11, 15), [], -3, ()),  # late rather than never
        (date(2026, 11, 16), [-3], 0, ()),
        (date(2026, 11, 24), [-3], 7, (0, 3)),  # only the latest of the missed ones
        (date(2026, 11, 24), [-3, 0, 3, 7], None, ()),
        (date(2026, 11, 24), [-3, 7], None, ()),  # none goes out before one that was sent
        (date(2027, 5, 1), [], 30, (-3, 0, 3, 7, 14)),
    ],
)
def test_the_latest_step_that_has_come_is_sent_and_the_missed_ones_are_skipped(
    today: date, known: list[int], send: int | None, skip: tuple[int, ...]
) -> None:
    now = steps_now(steps=DEFAULT_STEPS, issued=ISSUED, due=DUE, today=today, known=known)
    assert (now.send, now.skip) == (send, skip)


def test_a_step_before_the_invoice_was_issued_is_none() -> None:
    """Due on the day of issue: the invoice itself has just come, so the first reminder is after three days."""
    for today, send in [(DUE, None), (DUE + timedelta(days=3), 3)]:
        assert steps_now(steps=DEFAULT_STEPS, issued=DUE, due=DUE, today=today, known=[]).send == send
    assert next_step(steps=DEFAULT_STEPS, issued=DUE, due=DUE, today=DUE, known=[]) == DUE + timedelta(days=3)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=15), st.sets(st.integers(-30, 60), min_size=1, max_size=6))
def test_whatever_days_the_job_runs_on_no_step_is_sent_twice_or_after_a_later_one(
    days: list[int], steps: set[int]
) -> None:
    known: list[int] = []
    sent: list[int] = []
    for day in sorted(days):
        today = ISSUED + timedelta(days=day)
        now = steps_now(steps=steps, issued=ISSUED, due=DUE, today=today, known=known)
        coming = next_step(steps=steps, issued=ISSUED, due=DUE, today=today, known=known)
        assert (coming == today) or now.send is None
        if now.send is not None:
            sent.append(now.send)
            known += [*now.skip, now.send]
    assert sent == sorted(set(sent))
    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    ("rule", "late", "fees"),
    [
        (LateFeeRule(), 40, 0),
        (LateFeeRule(percent=Decimal("1.5")), 0, 0),
        (LateFeeRule(percent=Decimal("1.5")), 1, 1),
        (LateFeeRule(percent=Decimal("1.5")), 30, 1),
        (LateFeeRule(percent=Decimal("1.5")), 31, 2),
        (LateFeeRule(percent=Decimal("1.5"), grace_days=5), 5, 0),
        (LateFeeRule(percent=Decimal("1.5"), grace_days=5), 6, 1),
        (LateFeeRule(fixed=Decimal(500)), 90, 1),
    ],
)
def test_a_late_fee_is_for_each_thirty_days_that_have_begun_or_once(rule: LateFeeRule, late: int, fees: int) -> None:
    assert rule.periods(due=DUE, today=DUE + timedelta(days=late)) == fees
    if fees:
        assert rule.first_day(due=DUE, number=fees) <= DUE + timedelta(days=late)


@golden("payments", "late_fees")
def test_late_fees_of_an_invoice_by_the_table(row: dict[str, str]) -> None:
    """Day by day, as the job charges them: `paid` is "500.00 on 20", `fees` those of the periods that have begun."""
    rule = LateFeeRule(
        percent=Decimal(row["percent"]),
        fixed=Decimal(row["fixed"]),
        grace_days=int(row["grace"]),
        most=Decimal(row["most"]),
    )
    total, paid = Decimal(row["total"]), {}
    if row["paid"] != "-":
        amount, _on, day = row["paid"].partition(" on ")
        paid[int(day)] = Decimal(amount)
    due, fees = total, []
    for late in range(int(row["days"]) + 1):
        due -= paid.get(late, Decimal(0))
        for _number in range(len(fees), rule.periods(due=DUE, today=DUE + timedelta(days=late)) if due else 0):
            fee = rule.amount(due, "INR", total=total, charged=sum(fees, Decimal(0)))
            fees += [fee] if fee else []
    assert " ".join(map(str, fees)) == row["fees"]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([-3, 0, 3, 7], "3 days before, on, and 3 and 7 days after the due date"),
        ([-3, 0, 3, 7, 14], "3 days before, on, and 3, 7 and 14 days after the due date"),
        ([0], "on the due date"),
        ([1], "1 day after the due date"),
        ([-7, -1], "7 and 1 days before the due date"),
    ],
)
def test_steps_are_told_in_one_phrase(steps: list[int], text: str) -> None:
    assert steps_text(steps) == text
