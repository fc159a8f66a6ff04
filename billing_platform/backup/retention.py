"""Which backups stay: the newest, and the last one of each of the latest days, weeks and months."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from billing_platform.backup.files import Pool
from billing_platform.backup.making import moment_of


@dataclass(frozen=True, slots=True)
class Retained:
    """How many days, weeks and months a backup of which stays. Weeks begin on Monday; all in UTC."""

    days: int
    weeks: int
    months: int


_PERIODS: dict[str, Callable[[datetime], object]] = {
    "days": lambda moment: moment.date(),
    "weeks": lambda moment: moment.isocalendar()[:2],
    "months": lambda moment: (moment.year, moment.month),
}


def to_retain(moments: Iterable[datetime], retained: Retained) -> set[datetime]:
    """Of the last backup of each period, the newest so many. The newest backup stays in any case."""
    newest_first = sorted(moments, reverse=True)
    stay = set(newest_first[:1])
    for name, period in _PERIODS.items():
        last_of: dict[object, datetime] = {}
        for moment in newest_first:
            last_of.setdefault(period(moment), moment)
        stay.update(list(last_of.values())[: getattr(retained, name)])
    return stay


def prune(directory: Path, retained: Retained) -> list[Path]:
    """Delete the other backups, then the files that none of those left has. Returns the folders deleted."""
    found = {folder: moment for folder in directory.iterdir() if (moment := moment_of(folder)) is not None}
    stay = to_retain(found.values(), retained)
    gone = sorted(folder for folder, moment in found.items() if moment not in stay)
    for folder in gone:
        shutil.rmtree(folder)
    if stay:
        Pool(directory).forget_unused(min(stay).timestamp())
    return gone
