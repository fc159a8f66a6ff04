"""Which backups stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing_platform.backup.retention import Retained, prune, to_retain

LAST = datetime(2026, 11, 26, 2, tzinfo=UTC)  # a Thursday
NIGHTS = [LAST - timedelta(days=number) for number in range(100)]


@pytest.mark.parametrize(
    ("retained", "days"),
    [
        (Retained(0, 0, 0), ["11-26"]),
        (Retained(3, 0, 0), ["11-26", "11-25", "11-24"]),
        (Retained(1, 3, 0), ["11-26", "11-22", "11-15"]),  # Sundays end a week
        (Retained(2, 1, 3), ["11-26", "11-25", "10-31", "09-30"]),
    ],
)
def test_the_last_backup_of_each_period_stays(retained: Retained, days: list[str]) -> None:
    stay = to_retain(NIGHTS, retained)
    assert sorted(stay, reverse=True) == [moment for moment in NIGHTS if f"{moment:%m-%d}" in days]


def test_several_backups_of_a_day_count_once() -> None:
    evening = LAST + timedelta(hours=18)
    assert to_retain([*NIGHTS, evening], Retained(2, 0, 0)) == {evening, NIGHTS[1]}


def test_files_go_with_the_last_backup_that_has_them(tmp_path: Path) -> None:
    def made(night: datetime, *names: str) -> None:
        (tmp_path / f"{night:%Y-%m-%dT%H%M%SZ}").mkdir()
        for name in names:
            file = tmp_path / "files" / name[:2] / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            os.utime(file, (night.timestamp() + 60,) * 2)  # a backup marks what it uses

    made(NIGHTS[2], "aa-old", "ab-always")
    made(NIGHTS[1], "ab-always")
    made(NIGHTS[0], "ab-always", "ac-new")
    (tmp_path / "notes").mkdir()
    (gone,) = prune(tmp_path, Retained(2, 0, 0))
    assert gone.name == "2026-11-24T020000Z"
    assert {file.name for file in (tmp_path / "files").glob("??/*")} == {"ab-always", "ac-new"}
    assert (tmp_path / "notes").exists(), "what is no backup is left alone"
