"""Export a return, and note that it was filed: each export is a version that never changes."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.work.claims import claim, done, due_ids, note_failure
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.models import Filing, FilingFile
from invoicing.returns.period import ReturnPeriod
from invoicing.selectors.final_documents import gstins
from invoicing.services.returns.files import ReturnFile, refuse_blocked, return_files
from invoicing.services.returns.reading import Reading

Status = Filing.Status
_TASK = "invoicing.tasks.export_return"


@transaction.atomic
def request_export(*, gstin: str, period: ReturnPeriod, by: Any = None) -> Filing:
    """Have a worker export the return as it is now: the next version. One that failed is tried anew.

    Raises InvalidInput for a GSTIN that no seller has or had, DomainError RETURN_FILED, RETURN_BEING_MADE.
    """
    if gstin not in gstins():
        raise InvalidInput.field("gstin", f"No seller has or had the GSTIN {gstin}.")
    versions = Filing.objects.of(gstin, period).select_for_update()
    if any(each.status == Status.FILED for each in versions):
        raise DomainError(f"The return for {period} is filed: changes are in the next one.", code="RETURN_FILED")
    filing = next((each for each in versions if each.status == Status.DRAFT), None)
    if filing is None:
        newest = versions.model.objects.of(gstin, period).aggregate(newest=Max("version"))["newest"] or 0
        filing = Filing(
            gstin=gstin, period_start=period.start, period_end=period.end, frequency=period.frequency,
            version=newest + 1,
        )  # fmt: skip
    elif not filing.last_failure:
        raise DomainError(f"The return for {period} is being made already.", code="RETURN_BEING_MADE")
    filing.requested_by = by
    filing.try_now()
    filing.save()
    wake_on_commit(_TASK, filing.pk)
    return filing


def export(*, filing_id: UUID) -> None:
    """A worker's part: read the documents, make the files, store both. What blocks the export stands on the draft."""
    filing = claim(_drafts(), filing_id, early=True)
    if filing is None:
        return
    try:
        formats = tuple(FilingFile.Format.values)
        with return_files(gstin=filing.gstin, period=filing.period, formats=formats) as (reading, files):
            refuse_blocked(reading)
            _store(filing, reading, files)
    except DomainError as error:
        note_failure(filing, error, final=True)
    except Exception as error:  # whatever else it is: the draft says so, and is tried again
        note_failure(filing, error)


@transaction.atomic
def try_now(*, filing_id: UUID) -> None:
    """An operator's wish: make at once what waits after a failure or was given up.

    Raises DomainError RETURN_NOT_WAITING where nothing of the kind waits.
    """
    filing = _drafts().select_for_update().filter(pk=filing_id).first()
    if filing is None or not filing.may_be_tried_now:
        raise DomainError("This return waits for no other try.", code="RETURN_NOT_WAITING")
    filing.save(update_fields=filing.try_now())
    wake_on_commit(_TASK, filing.pk)


def due_exports() -> list[UUID]:
    """Ids of returns to be made now: new ones, those to be tried again, those whose worker died."""
    return due_ids(_drafts())


@transaction.atomic
def record_filing(*, filing_id: UUID, arn: str, filed_on: date, by: Any = None) -> Filing:
    """Note that a version was filed on the portal, with its receipt. No other version of the return can be filed then,
    and none is made; what changes afterwards is in the next return.

    Raises NotFound; DomainError RETURN_NOT_EXPORTED; InvalidInput for `arn` and `filed_on`. PostgreSQL refuses an ARN
    of another return, and a return over days that are filed.
    """
    filing = Filing.objects.select_for_update().filter(pk=filing_id).first()
    if filing is None:
        raise NotFound("There is no such return.")
    if filing.status != Status.EXPORTED:
        raise DomainError(
            f"{filing} is {filing.get_status_display().lower()}: only an exported one is filed.",
            code="RETURN_NOT_EXPORTED",
        )
    _check_day(filing, filed_on)
    filing.status, filing.arn, filing.filed_on, filing.filed_by = Status.FILED, arn.strip().upper(), filed_on, by
    filing.full_clean()
    filing.save(update_fields=["status", "arn", "filed_on", "filed_by", "updated_at"])
    return filing


def _check_day(filing: Filing, filed_on: date) -> None:
    if filed_on > clock.today(INDIAN_TIME):
        raise InvalidInput.field("filed_on", "Choose today or an earlier day.")
    if filed_on < filing.period_end:
        last = filing.period_end - timedelta(days=1)
        raise InvalidInput.field("filed_on", f"The return covers days up to {day_text(last)}: it is filed afterwards.")


def _drafts() -> QuerySet[Filing]:
    return Filing.objects.filter(status=Status.DRAFT)


@transaction.atomic
def _store(filing: Filing, reading: Reading, files: list[ReturnFile]) -> None:
    for each in files:
        content = each.file.read()
        FilingFile.objects.create(
            filing=filing,
            format=each.format,
            name=each.name,
            content=content,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    is_ours = done(
        filing,
        status=Status.EXPORTED,
        read_at=reading.read_at,
        documents=reading.gstr1.documents,
        summary=reading.summary,
        invoices=reading.documents.invoices,
        void_invoices=reading.documents.void_invoices,
        credit_notes=reading.documents.credit_notes,
    )
    if not is_ours:
        transaction.set_rollback(True)  # another worker took over: its files are the ones
