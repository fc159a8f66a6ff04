"""Back up the database and the stored files while the platform runs."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.template.defaultfilters import filesizeformat
from redis.exceptions import RedisError

from billing_platform.backup.making import backup
from billing_platform.backup.manifest import LAST_BACKUP_KEY, BackupError
from billing_platform.backup.retention import Retained, prune
from billing_platform.lib import clock
from billing_platform.lib.database.failures import sentence


class Command(BaseCommand):
    help = (
        "Back up the database and the stored files into a new folder of the directory. Ends with 1 if there is no "
        "backup, and with 2 if there is one, but a stored file was lost or changed already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="where backups are; the next to each other share their files")
        parser.add_argument("--days", type=_count, help="then delete older backups, but the last one of so many days,")
        parser.add_argument("--weeks", type=_count, default=0, help="so many weeks")
        parser.add_argument("--months", type=_count, default=0, help="and so many months")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)  # the files have everything that customers told us
        try:
            folder, made = backup(options["directory"].absolute())
        except BackupError as error:
            raise CommandError(error.message) from None
        except OSError as error:  # such as a full disk
            raise CommandError(f"No backup was made: {error}.") from None
        except DatabaseError as error:  # such as a table that a migration holds
            raise CommandError(f"No backup was made: {sentence(error)}") from None
        size = filesizeformat(made.database.size).replace("\xa0", " ")
        self.stdout.write(f"Backed up: {folder} ({len(made.tables)} tables, {size}; {made.file_count:,} files).")
        for what, text in made.sums.items():
            self.stdout.write(f"  {what}: {text}")
        _note_for_metrics()
        if options["days"] is not None:
            retained = Retained(options["days"], options["weeks"], options["months"])
            for gone in prune(options["directory"].absolute(), retained):
                self.stdout.write(f"Deleted: {gone}")
        for problem in made.problems:
            self.stderr.write(problem)
        if made.problems:
            sys.exit(2)


def _note_for_metrics() -> None:
    with suppress(RedisError, OSError):  # a backup is none the worse for it
        cache.set(LAST_BACKUP_KEY, clock.now().timestamp(), timeout=None)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a number of days, weeks or months.")
    return int(text)
