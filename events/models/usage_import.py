"""Usage that came as a file: what became of its rows, and the file itself in parts for as long as it is stored."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models import Organisation, Project
from organisations.scoping import TenantModel


class UsageImport(ClaimedWork, BaseModel, TenantModel):
    """One file for one project. Its rows take the way of events sent by the API: accepted, then counted once.

    `counted`, `duplicates` and `dead_lettered` are the verdicts of the batches that hold its rows, so they are exact
    whoever else sends the same ids meanwhile. They are known once all of the batches are settled.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        AT_WORK = "at_work", "At work"
        DONE = "done", "Imported"
        FAILED = "failed", "Stopped"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        NDJSON = "ndjson", "NDJSON"

    own_status = {
        State.WAITING: Status.WAITING,
        State.AT_WORK: Status.AT_WORK,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.DONE,
    }
    claim_lasts, max_attempts = timedelta(minutes=5), 5

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="usage_imports"
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="usage_imports")
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    file_name = models.CharField(max_length=200)
    file_format = models.CharField("format", max_length=6, choices=Format)
    header = models.TextField(blank=True, help_text="The first line of a CSV file.")
    size = models.PositiveBigIntegerField(help_text="Bytes, as it was sent.")
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Of the file as it was sent.")
    run = models.PositiveSmallIntegerField(default=1, help_text="How often this file was imported for this project.")
    row_count = models.PositiveIntegerField("rows", help_text="Empty lines and the header are none.")
    bad = models.PositiveIntegerField(default=0, help_text="Rows that were refused, each with its reason.")
    counted = models.PositiveIntegerField(null=True, blank=True)
    duplicates = models.PositiveIntegerField(null=True, blank=True)
    dead_lettered = models.PositiveIntegerField("dead letters", null=True, blank=True)
    imported_by = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True, blank=True)

    constraint_fields = {"usage_import_run_once": "project"}

    class Meta:
        verbose_name = "usage import"
        ordering = ["-created_at"]
        indexes = [due_index("usage_import_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "sha256", "run"],
                name="usage_import_run_once",
                violation_error_message="This file is being imported for this project just now.",
            ),
            models.CheckConstraint(
                condition=~Q(status="done")
                | Q(
                    row_count=F("bad") + F("counted") + F("duplicates") + F("dead_lettered"), finished_at__isnull=False
                ),
                name="usage_import_conserves_rows",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({format_number(self.row_count)} rows)"


class UsageImportPart(BaseModel, TenantModel):
    """Some thousand lines of the file. Accepting a part and noting it here are one transaction."""

    tenant_path = "usage_import__organisation"

    usage_import = models.ForeignKey(UsageImport, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    first_line = models.PositiveIntegerField(help_text="Where its lines begin in the file, from 1.")
    row_count = models.PositiveIntegerField()
    packed_lines = models.BinaryField(null=True, help_text="Empty: the file is not stored any more.")
    accepted = models.PositiveIntegerField(null=True, help_text="Empty: its rows are still to be accepted.")
    bad = models.PositiveIntegerField(null=True)
    packed_problems = models.BinaryField(null=True)
    batch_id = models.UUIDField(null=True, help_text="The accepted batch that holds its rows.")
    received_at = models.DateTimeField(null=True)
    counted = models.PositiveIntegerField(null=True)
    duplicates = models.PositiveIntegerField(null=True)
    dead_lettered = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["usage_import", "number"]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(packed_lines__isnull=False), name="usage_import_part_stored"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["usage_import", "number"], name="usage_import_part_once"),
            models.CheckConstraint(
                condition=Q(accepted__isnull=True, bad__isnull=True, batch_id__isnull=True)
                | Q(row_count=F("accepted") + F("bad"), batch_id__isnull=False, received_at__isnull=False)
                | Q(row_count=F("bad"), accepted=0, batch_id__isnull=True),
                name="usage_import_part_conserves_rows",
            ),
            models.CheckConstraint(
                condition=Q(counted__isnull=True) | Q(accepted=F("counted") + F("duplicates") + F("dead_lettered")),
                name="usage_import_part_conserves_events",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.usage_import}, from line {self.first_line}"
