"""Import a file of usage, larger than a request may be, and say what became of its rows."""

from __future__ import annotations

from argparse import FileType
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.lib.errors import DomainError
from events.models import UsageImport
from events.services.importing import process_import, start_import
from organisations.models import Project

MEGABYTE = 1024 * 1024


class Command(BaseCommand):
    help = "Import usage of one project from a file: CSV or one JSON object a line, each plain or gzip."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's id")
        parser.add_argument("file", type=FileType("rb"))
        parser.add_argument("--again", action="store_true", help="a file that was imported before")
        parser.add_argument("--most-mb", type=int, default=4096, help="what the file may hold unpacked (4096)")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self._project(options["project"])
        file = options["file"]
        try:
            made = start_import(
                project=project,
                file=file,
                file_name=Path(file.name).name,
                by="command",
                again=options["again"],
                most_bytes=options["most_mb"] * MEGABYTE,
            )
        except DomainError as error:
            raise CommandError(error.message) from None
        while process_import(import_id=made.pk):
            self.stdout.write("…")
        found: UsageImport = UsageImport.objects.get(pk=made.pk)
        if found.last_failure:
            raise CommandError(found.last_failure)
        self.stdout.write(f"{made.pk}: {found.row_count} rows accepted or refused, {found.bad} of them bad.")
        self.stdout.write("Workers count them now; Usage imports in the admin has the result.")

    def _project(self, project_id: str) -> Project:
        try:
            return Project.objects.select_related("organisation").get(pk=project_id)  # type: ignore[no-any-return]
        except (Project.DoesNotExist, ValidationError):
            raise CommandError("There is no project of this id.") from None
