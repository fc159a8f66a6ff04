"""Write the statements to a file, to be handed to an auditor or published."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reconciliation.proving.files import lines


class Command(BaseCommand):
    help = "Write all statements as NDJSON, to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="standard output if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] is None:
            sys.stdout.writelines(lines())
            return
        with options["file"].open("w", encoding="utf-8") as file:
            file.writelines(lines())
