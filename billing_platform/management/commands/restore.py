"""Restore a backup, and prove that everything is as it was."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.backup import numbers
from billing_platform.backup.manifest import BackupError, Manifest
from billing_platform.backup.restoring import look_at, migrations_to_come, restore, unlike, unlike_sums
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run

DAYS = 35
ASK_OTHERS = {CheckName.GATEWAY, CheckName.PAYOUTS}  # Razorpay knows what happened since; this is about the backup


class Command(BaseCommand):
    help = (
        "Restore a backup into the database and storage of the settings, then compare all numbers with those of the "
        "backup, prove the daily statements and reconcile. Ends with 1 where anything is not as it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder of one backup")
        parser.add_argument("--check", action="store_true", help="only read the backup wholly: is it whole?")
        parser.add_argument("--replace", action="store_true", help="delete what is in the database")
        parser.add_argument(
            "--jobs", type=int, default=1, help="restore so many tables at once (not into a server older than 17)"
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"reconcile so many days before it; {DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"].absolute()
        try:
            if options["check"]:
                self._say_whole(look_at(folder))
                return
            made = restore(folder, replace=options["replace"], jobs=max(options["jobs"], 1), tell=self._tell)
        except BackupError as error:
            raise CommandError(error.message) from None
        problems = self._compare(made)
        to_come = migrations_to_come()
        if to_come:
            raise CommandError(
                f"Restored, with {len(problems)} differences, and not proved yet: the backup is of version "
                f"{made.program}. Run migrate ({to_come[0]}, …), then prove and reconcile."
            )
        problems += [*self._compare_sums(made), *self._prove(made), *self._reconcile(made, days=options["days"])]
        if problems:
            self._tell(f"Restored, and {len(problems)} things are not as they were:")
            for problem in problems:
                self._tell(f"  {problem}")
            sys.exit(1)
        self._tell("Restored: same numbers, same proof.")

    def _tell(self, sentence: str) -> None:
        self.stdout.write(sentence)

    def _say_whole(self, made: Manifest) -> None:
        self._tell(f"The backup of {made.taken_at} is whole: {len(made.tables)} tables, {made.file_count:,} files.")

    def _compare(self, made: Manifest) -> list[str]:
        found = unlike(made)
        if not found:
            rows = sum(table.rows for table in made.tables.values())
            self._tell(f"All {rows:,} rows of {len(made.tables)} tables are as they were.")
        return found

    def _compare_sums(self, made: Manifest) -> list[str]:
        for what, text in made.sums.items():
            self._tell(f"  {what}: {text}")
        return unlike_sums(made)

    def _prove(self, made: Manifest) -> list[str]:
        """The chain of statements, the ledger, the documents and their PDFs; the last statement is the same."""
        if made.statement is None:
            self._tell("There was no daily statement to prove.")
            return []
        if numbers.last_statement() != made.statement:
            return [f"The last statement is not that of {made.statement.day}"]
        return self._failed("prove", "--stored-pdfs", why="the statements can't be proved: see above")

    def _reconcile(self, made: Manifest, *, days: int) -> list[str]:
        """Compare the days before the backup; what stood already when it was taken is no news."""
        last = datetime.fromisoformat(made.taken_at).astimezone(UTC).date() - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        stood = set(Discrepancy.objects.standing().values_list("pk", flat=True))
        checks = [f"--check={name}" for name in CheckName.values if name not in ASK_OTHERS]
        failed = self._failed("reconcile", f"--from={first}", f"--to={last}", *checks, why="reconciliation: see above")
        unended = CheckRun.objects.filter(run=Run.objects.order_by("-created_at").first()).exclude(status="done")
        if failed and unended.exists():
            return failed
        if failed:
            self._tell(f"Of what does not agree, {len(stood):,} stood already when the backup was taken.")
        found = Discrepancy.objects.standing().exclude(pk__in=stood)
        return [f"{each.about}: expected {each.expected}; found {each.found}" for each in found]

    def _failed(self, name: str, *arguments: str, why: str) -> list[str]:
        try:
            call_command(name, *arguments, stdout=self.stdout, stderr=self.stderr)
        except SystemExit:
            return [why]
        except CommandError as error:
            return [f"{name}: {error}"]
        return []
