"""Django's migrate, for a platform that is at work meanwhile."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from billing_platform.lib.database.patience import patiently

PAUSE_SECONDS = 2.0


class Command(migrate.Command):
    help = (
        "Migrate the database. Waits 3 s for each lock, so that nobody waits longer behind it, and tries again: what "
        "was done stays done, and the migration that did not get its lock was rolled back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--lock-seconds", type=int, default=3, help="how long to wait for a lock; 3")
        parser.add_argument("--attempts", type=int, default=20, help="how often to try in all; 20")

    def handle(self, *args: Any, **options: Any) -> None:
        patiently(
            lambda: super(Command, self).handle(*args, **options),
            seconds=options["lock_seconds"],
            attempts=options["attempts"],
            pause=PAUSE_SECONDS,
            tell=self.stderr.write,
        )
