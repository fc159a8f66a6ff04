"""Compare an organisation's aggregates with the ledger, and rebuild them."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.lib.periods import BillingPeriod, PeriodError
from events.services.aggregates.comparing import RebuildReport
from events.services.aggregates.rebuilding import rebuild_aggregates
from organisations.models import Organisation


class Command(BaseCommand):
    help = "Rebuild a month's usage aggregates from the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", required=True, help="slug, or `all`")
        parser.add_argument("--period", required=True, help="month, such as 2026-10")
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            period = BillingPeriod.parse(options["period"])
        except PeriodError as error:
            raise CommandError(str(error)) from None
        organisations = Organisation.objects.order_by("slug")
        if options["organisation"] != "all":
            organisations = organisations.filter(slug=options["organisation"])
        if not organisations:
            raise CommandError(f"There is no organisation {options['organisation']!r}.")
        for number, organisation in enumerate(organisations, start=1):
            label = f"[{number}/{len(organisations)}] {organisation.slug} {period}"
            with click.progressbar(length=100, label=label, file=sys.stderr) as bar:
                report = rebuild_aggregates(
                    organisation=organisation, period=period, dry_run=options["dry_run"], progress=partial(_show, bar)
                )
            self._say(organisation, period, report, dry_run=options["dry_run"])

    def _say(self, organisation: Organisation, period: BillingPeriod, report: RebuildReport, *, dry_run: bool) -> None:
        verb = "differ" if dry_run else "differed and were rebuilt"
        self.stdout.write(
            f"{organisation.slug} {period}: {report.rows} rows, {report.differences} {verb} "
            f"(missing {report.missing}, surplus {report.surplus}, wrong {report.wrong})"
        )


def _show(bar: Any, done: int, of: int) -> None:
    bar.update(100 * done // of - bar.pos)
