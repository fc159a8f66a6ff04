"""Show the partitions of the hot log and the ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from events.services.partitions import ensure_partitions, list_partitions


class Command(BaseCommand):
    help = "List the partitions of the hot log and the ledger, with sizes and estimated rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ensure", action="store_true", help="first create the ones that are due")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["ensure"]:
            for name in ensure_partitions():
                self.stdout.write(f"created {name}")
        for partition in list_partitions():
            size = filesizeformat(partition.bytes).replace("\xa0", " ")
            self.stdout.write(f"{partition.name:<32} {size:>10} {partition.rows:>12} rows  {partition.bounds}")
