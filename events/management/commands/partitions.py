"""Show the partitions of the hot log and the ledger; make, verify and drop them by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from events.services.partitions import Partition, ensure_partitions, list_partitions
from events.services.proof import retention, verifying
from events.services.proof.retention import DayOutcome, DayState


class Command(BaseCommand):
    help = "List the partitions of the hot log and the ledger: size, rows (~ is an estimate), and why each remains."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ensure", action="store_true", help="first create the ones that are due")
        parser.add_argument("--verify", action="store_true", help="first compare the days that are due with the ledger")
        parser.add_argument("--drop", action="store_true", help="first drop the old days that are verified")
        parser.add_argument("--dry-run", action="store_true", help="with --drop: only say what it would do")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and not options["drop"]:
            raise CommandError("--dry-run goes with --drop.")
        if options["ensure"]:
            for name in ensure_partitions():
                self.stdout.write(f"created {name}")
        if options["verify"]:
            for day in verifying.days_to_verify():
                self._verify(day)
        if options["drop"]:
            for outcome in retention.drop_old_partitions(dry_run=options["dry_run"]):
                self._tell(outcome, would=options["dry_run"])
        states = {state.partition.name: state for state in retention.states()}
        for partition in list_partitions():
            self._show(partition, states.get(partition.name))

    def _verify(self, day: date) -> None:
        report = verifying.verify_day(day=day, verified_by="command")
        self.stdout.write(f"{day} not verified: {report.reason}" if report.reason else f"{day} verified")
        for finding in report.findings:
            about = " ".join(str(name) for name in (finding.batch_id, finding.event_id) if name)
            self.stdout.write(f"  {finding.kind} {about}: expected {finding.expected}; found {finding.found}")

    def _tell(self, outcome: DayOutcome, *, would: bool) -> None:
        if outcome.retained_because:
            done = "would retain" if would else "retained"
            self.stdout.write(f"{done} {outcome.day}: {outcome.retained_because}")
        else:
            done = "would drop" if would else "dropped"
            self.stdout.write(f"{done} {outcome.day}: {outcome.batches} rows, {_size(outcome.bytes)}")

    def _show(self, partition: Partition, state: DayState | None) -> None:
        rows = f"~{partition.rows}" if state is None or state.batches is None else str(state.batches)
        line = f"{partition.name:<32} {_size(partition.bytes):>10} {rows:>12} rows  {partition.bounds}"
        self.stdout.write(f"{line}  {_remark(state)}" if state else line)


def _remark(state: DayState) -> str:
    """Settled, verified, and why it is still there."""
    words = [f"{state.unsettled} unsettled" if state.unsettled else "settled"]
    record = state.record
    if record and record.verified_at:
        words.append(f"verified {record.verified_at:%Y-%m-%d %H:%M}")
    elif record and record.discrepancies:
        words.append(f"{record.discrepancies} discrepancies")
    if state.retained_because:
        words.append(f"retained: {state.retained_because}")
    return ", ".join(words)


def _size(count: int) -> str:
    return filesizeformat(count).replace("\xa0", " ")
