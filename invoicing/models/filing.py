"""What was filed: a GST return as it was exported, with its files, the documents in it, and the portal's receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from billing_platform.lib.database.append_only import append_only, no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import validate_business_date
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.returns.period import Frequency, ReturnPeriod

ARN_PATTERN = r"^[A-Z]{2}[0-9]{6}[0-9A-Z]{7}$"
"""The portal's receipt: two letters, State, month and year, and seven characters more."""

# What may still change of an exported return: that it was filed. Of a filed one, nothing.
_MUTABLE = "'status', 'arn', 'filed_on', 'filed_by_id', 'updated_at'"


def _never_overlap(name: str, kind: Q) -> ExclusionConstraint:
    days = Func("period_start", "period_end", function="DATERANGE", output_field=DateRangeField())
    return ExclusionConstraint(
        name=name,
        expressions=[("gstin", RangeOperators.EQUAL), (days, RangeOperators.OVERLAPS)],
        condition=Q(status="filed") & kind,
        violation_error_message="A return of this GSTIN over these days is filed already.",
    )


class FilingQuerySet(models.QuerySet["Filing"]):
    def of(self, gstin: str, period: ReturnPeriod) -> Self:
        """The versions of one return."""
        return self.filter(gstin=gstin, period_start=period.start, frequency=period.frequency)

    def filed(self) -> Self:
        return self.filter(status="filed")


class Filing(ClaimedWork, BaseModel):
    """One version of a GSTIN's return: made by a worker as a draft, then exported, then filed. Its documents are those
    it had when it was read, by id; `void_invoices` are those of `invoices` that were void then.

    `summary` is what the page showed: sections, tables and findings. Rows of b2cs are in it to be changed later.
    """

    claim_lasts = timedelta(minutes=15)
    max_attempts = 5

    class Status(models.TextChoices):
        DRAFT = "draft", "Being made"
        EXPORTED = "exported", "Exported"
        FILED = "filed", "Filed"

    gstin = models.CharField("GSTIN", max_length=15)
    period_start = models.DateField(help_text="First day of the return's documents.")
    period_end = models.DateField(help_text="The first day after.")
    frequency = models.CharField(max_length=9, choices=[(each.value, each.name.capitalize()) for each in Frequency])
    version = models.PositiveSmallIntegerField(default=1, help_text="1 is the first export of the return.")
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    read_at = models.DateTimeField(null=True, blank=True, help_text="The documents are those of this moment.")
    documents = models.PositiveIntegerField(default=0, help_text="Invoices and credit notes in it, void ones too.")
    summary = models.JSONField(default=dict, blank=True)
    invoices = ArrayField(models.UUIDField(), default=list, blank=True)
    void_invoices = ArrayField(models.UUIDField(), default=list, blank=True)
    credit_notes = ArrayField(models.UUIDField(), default=list, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    arn = models.CharField("ARN", max_length=15, blank=True, help_text="The portal's receipt for the filed return.")
    filed_on = models.DateField(null=True, blank=True, validators=[validate_business_date])
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = FilingQuerySet.as_manager()

    constraint_fields = {
        "filed_returns_never_overlap": "arn",
        "filed_iffs_never_overlap": "arn",
        "arn_once": "arn",
        "filing_arn_is_a_receipt": "arn",
    }

    class Meta:
        verbose_name = "GST return"
        verbose_name_plural = "GST returns"
        ordering = ["-period_start", "gstin", "-version"]
        permissions = [("export_filing", "Can export a GST return"), ("file_filing", "Can note that it was filed")]
        indexes = [due_index("filing_to_make")]
        constraints = [
            models.UniqueConstraint(
                fields=["gstin", "period_start", "frequency", "version"], name="filing_version_once"
            ),
            models.UniqueConstraint(
                fields=["gstin", "period_start", "frequency"],
                condition=Q(status="draft"),
                name="one_filing_made_at_a_time",
                violation_error_message="This return is being made already.",
            ),
            models.UniqueConstraint(
                fields=["arn"],
                condition=~Q(arn=""),
                name="arn_once",
                violation_error_message="Another return has this ARN.",
            ),
            _never_overlap("filed_returns_never_overlap", ~Q(frequency="iff")),
            _never_overlap("filed_iffs_never_overlap", Q(frequency="iff")),
            models.CheckConstraint(
                condition=Q(status="filed", filed_on__isnull=False) & ~Q(arn="")
                | ~Q(status="filed") & Q(arn="", filed_on__isnull=True),
                name="filed_return_has_its_receipt",
            ),
            models.CheckConstraint(
                condition=Q(arn="") | Q(arn__regex=ARN_PATTERN),
                name="filing_arn_is_a_receipt",
                violation_error_message="An ARN has 15 characters, such as AA2910261234567.",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(read_at__isnull=False), name="exported_return_was_read"
            ),
            models.CheckConstraint(condition=Q(period_end__gt=F("period_start")), name="filing_period_in_order"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[("draft", "exported"), ("exported", "filed")],
            ),
            pgtrigger.Trigger(
                name="begins_as_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="draft"),
                func="RAISE EXCEPTION 'A return is a draft before it is exported.';",
            ),
            pgtrigger.Trigger(
                name="exported_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__status="draft"),
                func=f"""
                    IF OLD.status = 'filed' OR
                       to_jsonb(OLD) - ARRAY[{_MUTABLE}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{_MUTABLE}] THEN
                        RAISE EXCEPTION 'GST return % is exported: what it says never changes.', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="exported_has_its_files",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="draft", new__status="exported"),
                func="""
                    IF (SELECT count(*) FROM invoicing_filingfile WHERE filing_id = NEW.id) <> 3 THEN
                        RAISE EXCEPTION 'GST return % is exported without its files.', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Protect(
                name="exported_never_deleted",
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__status="draft"),
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"GSTR-1 of {self.gstin}, {self.period}, version {self.version}"

    @property
    def period(self) -> ReturnPeriod:
        last = BillingPeriod.of(self.period_end).previous()
        return ReturnPeriod.of(last, Frequency(self.frequency))


class FilingFile(BaseModel):
    """The bytes of an export, for ever, with their SHA-256."""

    class Format(models.TextChoices):
        JSON = "json", "JSON for the portal"
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Workbook"

    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, related_name="files")
    format = models.CharField(max_length=4, choices=Format)
    name = models.CharField(max_length=100, help_text="As it is downloaded.")
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        ordering = ["filing", "format"]
        constraints = [models.UniqueConstraint(fields=["filing", "format"], name="filing_file_once")]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="is_its_fingerprint",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.sha256 <> encode(sha256(NEW.content), 'hex') OR NEW.size <> length(NEW.content) THEN
                        RAISE EXCEPTION 'The file % is not what its fingerprint says.', NEW.name
                            USING ERRCODE = 'check_violation';
                    END IF;
                    PERFORM 1 FROM invoicing_filing WHERE id = NEW.filing_id AND status = 'draft' FOR UPDATE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'GST return % is exported: no file is added.', NEW.filing_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.name.rpartition(".")[2]]


MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
