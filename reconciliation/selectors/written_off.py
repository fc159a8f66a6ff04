"""Whether all that the check of a day of the hot log found is written off: then the day may be dropped."""

from __future__ import annotations

from datetime import date

from events.models import HotLogDay
from reconciliation.checks.hot_log import name_of
from reconciliation.models import CheckName, Discrepancy


def all_is_written_off(day: HotLogDay) -> bool:
    """Each of the day's findings is known here, says the same, and is written off; and none waits for a person.

    A day with more findings than are stored with it is never written off: nobody has read them.
    """
    if len(day.findings) < day.discrepancies:
        return False
    known = Discrepancy.objects.filter(check_name=CheckName.HOT_LOG, day=day.day)
    if known.standing().exists():
        return False
    written_off = known.filter(state=Discrepancy.State.WRITTEN_OFF)
    names = set(written_off.values_list("kind", "subject", "expected", "found"))
    return all(_name(day.day, found) in names for found in day.findings)


def _name(day: date, found: dict[str, str]) -> tuple[str, str, str, str]:
    kind, subject = name_of(day, found["kind"], found.get("batch_id"), found.get("event_id"))
    return kind, subject, found["expected"], found["found"]
