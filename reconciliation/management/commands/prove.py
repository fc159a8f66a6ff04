"""Prove statements from this database, or a copy of it, and say where it first differs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn, TextIO
from uuid import UUID

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod, PeriodError
from organisations.models import Organisation
from reconciliation.proof.signatures import NotAKey, believed_keys, by_id
from reconciliation.proving.chain import Difference
from reconciliation.proving.comparing import Proven
from reconciliation.proving.files import parsed
from reconciliation.proving.proving import Asked, prove, statements_of

MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Prove that ledger and documents are as they were stated each day, by the chain of signed statements. It only "
        "reads. Ends with 1 where something differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", default="", help="slug or id of one customer; all of them if left out")
        parser.add_argument("--period", default="", help="a month, such as 2026-10; all days if left out")
        parser.add_argument("--from", dest="first", type=_day, help="first day in UTC, such as 2026-10-01")
        parser.add_argument("--to", dest="last", type=_day, help="last day in UTC")
        parser.add_argument(
            "--public-key", action="append", default=[], help="believe this key (base64) and no other; may be repeated"
        )
        parser.add_argument("--file", type=Path, help="a file of statements that was exported earlier, to compare with")
        parser.add_argument("--stored-pdfs", action="store_true", help="read each stored PDF as well")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ExitStack() as stack:
                self._prove(self._asked(options, stack))
        except DomainError as error:
            raise CommandError(error.message) from None

    def _asked(self, options: dict[str, Any], stack: ExitStack) -> Asked:
        first, last = options["first"], options["last"]
        if options["period"]:
            try:
                month = BillingPeriod.parse(options["period"])
            except PeriodError as error:
                raise CommandError(str(error)) from None
            first, last = month.start, month.end - timedelta(days=1)
        try:
            keys = by_id(options["public_key"]) if options["public_key"] else believed_keys()
        except NotAKey as error:
            raise CommandError(f"--public-key: {error}") from None
        exported = parsed(stack.enter_context(_opened(options["file"]))) if options["file"] else ()
        return Asked(
            first, last, _organisation(options["organisation"]), keys, exported, with_files=options["stored_pdfs"]
        )

    def _prove(self, asked: Asked) -> None:
        statements, proven = statements_of(asked), Proven()
        label = f"Proving {statements[0]} to {statements[-1]}"
        shown: list[Difference] = []
        with click.progressbar(length=len(statements), label=label, file=sys.stderr) as bar:
            for difference in prove(asked, proven, statements=statements, step=lambda: bar.update(1)):
                shown.append(difference)
                if len(shown) > MOST_SHOWN:
                    break
        if shown:
            self._differs(shown)
        self.stdout.write(
            f"Proved: {proven.statements:,} statements, {proven.entries:,} entries of the ledger, "
            f"{proven.document_leaves:,} rows of documents."
        )

    def _differs(self, shown: list[Difference]) -> NoReturn:
        first, *others = shown[:MOST_SHOWN]
        self.stdout.write(f"It first differs on {first.day}: {first.sentence}")
        for each in others:
            self.stdout.write(f"  {each.day}: {each.sentence}")
        if len(shown) > MOST_SHOWN:
            self.stdout.write("  There is more; it was not looked at further.")
        sys.exit(1)


def _opened(file: Path) -> TextIO:
    try:
        return file.open(encoding="utf-8", errors="replace")  # a line that is no text is no statement either
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day: write it as 2026-10-01.") from None


def _organisation(text: str) -> UUID | None:
    if not text:
        return None
    try:
        named = Q(pk=UUID(text)) | Q(slug=text)
    except ValueError:
        named = Q(slug=text)
    found: UUID | None = Organisation.objects.filter(named).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"There is no organisation {text!r}.")
    return found
