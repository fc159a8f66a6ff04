"""Compare an organisation's aggregates with the ledger, and rebuild them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.lib.periods import BillingPeriod, PeriodError
from events.services.rebuilding import rebuild_aggregates
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
        verb = "differ" if options["dry_run"] else "differed and were rebuilt"
        for number, organisation in enumerate(organisations, start=1):
            report = rebuild_aggregates(organisation=organisation, period=period, dry_run=options["dry_run"])
            self.stdout.write(
                f"[{number}/{len(organisations)}] {organisation.slug} {period}: {report.rows} rows, "
                f"{report.differences} {verb} "
                f"(missing {report.missing}, surplus {report.surplus}, wrong {report.wrong})"
            )
