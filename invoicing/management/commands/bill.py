"""Bill a month from the command line: with a progress bar, or as a dry run that stores nothing."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import click
from django.core.management.base import BaseCommand, CommandError

from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.csv_files import csv_lines
from billing_platform.lib.number_formats import format_money, format_sums
from billing_platform.lib.periods import BillingPeriod, PeriodError
from invoicing.models import BillingRun, BillingRunItem
from invoicing.selectors.billing_runs import BY_COMMAND
from invoicing.services.runs import billing_run
from invoicing.services.runs.dry_run import DryRow, Outcome, csv_rows, customers_of, deadlines, dry_run

FAILED, WAITS = 3, 4
LOOK_AGAIN_SECONDS = 1
Status = BillingRunItem.Status


class Command(BaseCommand):
    help = (
        "Start or continue the billing run of a month and work on it until nothing is left. Ends with 0 if everybody "
        f"is billed, {FAILED} if customers failed, {WAITS} if some wait or are parked for a person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--period", required=True, help="month, such as 2026-10")
        parser.add_argument("--dry-run", action="store_true", help="say who would be billed what; nothing is stored")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="with --dry-run: write it to a file")
        parser.add_argument("--retry-failed", action="store_true", help="try again what failed, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            period = BillingPeriod.parse(options["period"])
        except PeriodError as error:
            raise CommandError(str(error)) from None
        if options["csv"] and not options["dry_run"]:
            raise CommandError("--csv goes with --dry-run.")
        if options["dry_run"]:
            self._dry_run(period, options["csv"])
            return
        run = self._retried(period) if options["retry_failed"] else self._started(period)
        work(run)
        self._report(run)

    def _started(self, period: BillingPeriod) -> BillingRun:
        try:
            return billing_run.start_billing_run(period=period, requested_by=BY_COMMAND)
        except DomainError as error:
            raise CommandError(error.message) from None

    def _retried(self, period: BillingPeriod) -> BillingRun:
        run = BillingRun.objects.filter(period_start=period.start).first()
        if run is None:
            raise CommandError(f"{period} has no billing run yet.")
        self.stdout.write(f"Tried again: {billing_run.retry_failed(run_id=run.pk):,}")
        return run

    def _report(self, run: BillingRun) -> None:
        """How many customers ended how, and each that did not end well. Exits as `help` says."""
        counts = Counter(run.items.order_by().values_list("status", flat=True))
        for status in Status:
            if counts[status]:
                self.stdout.write(f"{status.label}: {counts[status]:,}")
        troubled = (Status.FAILED, Status.PARKED, Status.PENDING, Status.CLAIMED)
        for item in run.items.filter(status__in=troubled).select_related("organisation"):
            self.stderr.write(f"{item.organisation.name}: {item.get_status_display()}. {item.reason}")
        if counts[Status.FAILED]:
            _end(FAILED)
        if any(counts[status] for status in troubled):
            _end(WAITS)

    def _dry_run(self, period: BillingPeriod, file: Path | None) -> None:
        rows = []
        customers = customers_of(period)
        with click.progressbar(length=len(customers), label=f"Dry run {period}", file=sys.stderr) as bar:
            for row in dry_run(period=period, organisations=customers):
                rows.append(row)
                bar.update(1)
        if file is not None:
            with file.open("w", encoding="utf-8", newline="") as opened:
                opened.writelines(csv_lines(csv_rows(rows)))
            self.stdout.write(f"Wrote {len(rows):,} customers to {file}.")
        else:
            for row in rows:
                self.stdout.write(text_of(row))
            for sentence in deadlines(rows):
                self.stdout.write(sentence)
        for outcome, count in Counter(row.outcome for row in rows).items():
            self.stdout.write(f"{outcome.value}: {count:,} {_sums(rows, outcome)}".rstrip())


def work(run: BillingRun) -> None:
    """Bill what waits in the run, beside the workers that do the same, and look on until they have finished too. What
    waits for usage to be counted is left to them."""
    total, tried = run.items.count(), set[UUID]()
    with click.progressbar(length=total, label=str(run), file=sys.stderr, show_pos=True) as bar:
        while left := [pk for pk in billing_run.open_items(run_id=run.pk) if pk not in tried]:
            chunk = left[: billing_run.CHUNK]
            billing_run.process_items(item_ids=chunk)
            tried.update(chunk)
            _show(bar, run, total)
        while billing_run.at_work(run_id=run.pk):
            time.sleep(LOOK_AGAIN_SECONDS)
            _show(bar, run, total)


def text_of(row: DryRow) -> str:
    currency = row.organisation.currency
    total = "" if row.total is None else format_money(row.total, currency)
    before = "" if row.before is None else f"(before: {format_money(row.before, currency)})"
    line = f"{row.organisation.name:<32.32} {row.outcome.value:<18} {total:>18} {before}".rstrip()
    return "\n".join([line, *(f"    {remark}" for remark in row.remarks)])


def _show(bar: Any, run: BillingRun, total: int) -> None:
    bar.update(total - len(billing_run.open_items(run_id=run.pk)) - bar.pos)


def _sums(rows: list[DryRow], outcome: Outcome) -> str:
    return format_sums((row.organisation.currency, row.total) for row in rows if row.outcome == outcome and row.total)


def _end(code: int) -> NoReturn:
    raise SystemExit(code)
