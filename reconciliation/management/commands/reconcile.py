"""Compare the numbers of some days, here and now, and say what does not agree."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, timedelta
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from organisations.models import Organisation
from reconciliation.checks import CHECKS
from reconciliation.models import CheckRun, Discrepancy, Run
from reconciliation.services.running import OPEN, do_check, start_run

PAUSE_SECONDS = 1


class Command(BaseCommand):
    help = "Compare the numbers of some days and say what does not agree. Ends with 1 where something does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", help="first day in UTC, such as 2026-10-01; yesterday if left out")
        parser.add_argument("--to", dest="last", help="last day in UTC; the first day if left out")
        parser.add_argument("--organisation", default="", help="slug of one customer; all of them if left out")
        parser.add_argument("--check", action="append", default=[], choices=list(CHECKS), help="once for each check")

    def handle(self, *args: Any, **options: Any) -> None:
        yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
        first = _day(options["first"]) if options["first"] else yesterday
        last = _day(options["last"]) if options["last"] else first
        try:
            run = start_run(
                first_day=first,
                last_day=last,
                organisation=_organisation(options["organisation"]),
                checks=options["check"],
                cause=Run.Cause.COMMAND,
            )
        except DomainError as error:
            raise CommandError(error.message) from None
        checks = list(run.checks.all())
        with click.progressbar(checks, label=f"Comparing {run}", file=sys.stderr) as bar:
            for check in bar:
                _do(check)
        if sum(self._say(check) for check in run.checks.all()):
            sys.exit(1)

    def _say(self, check: CheckRun) -> bool:
        """True if something does not agree, or is not known to."""
        if check.status != CheckRun.Status.DONE:
            self.stdout.write(f"{check}: {check.last_failure}")
            return True
        self.stdout.write(f"{check}: {check.compared:,} compared, {check.found:,} do not agree")
        standing = Discrepancy.objects.standing().filter(
            check_name=check.check_name, last_seen_at__gte=check.created_at
        )
        for each in standing.order_by("day", "subject"):
            self.stdout.write(f"  {each.about}: expected {each.expected}; found {each.found}")
        return bool(check.found)


def _do(check: CheckRun) -> None:
    """Go on until the check has ended. A worker of the platform may take it, or the rest of it: then wait for it."""
    while check.status in OPEN:
        try:
            worked = do_check(check_id=check.pk)
        except Exception:  # it is noted on the row, and tried again
            worked = True
        if not worked:
            time.sleep(PAUSE_SECONDS)
        check.refresh_from_db()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day: write it as 2026-10-01.") from None


def _organisation(slug: str) -> Organisation | None:
    if not slug:
        return None
    found: Organisation | None = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return found
