"""Begin a bulk job: fix its rows in one statement, exactly as they were shown; stop it, and try again what failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from billing_platform.lib.work.waking import wake_on_commit
from organisations.audit import note
from organisations.models import BulkItem, BulkJob
from organisations.services.bulk.preview import preview_of
from organisations.services.bulk.verbs import BulkVerb, Options

TASK = "organisations.tasks.run_bulk_job"
_FREEZE = """
    INSERT INTO organisations_bulkitem (id, created_at, updated_at, job_id, position, object_id, name, organisation_id,
                                        amount, currency, seen, state, reason, finished_at)
    SELECT gen_random_uuid(), %s, %s, %s, item_position, item_object, item_name, item_organisation,
           item_amount, item_currency, item_seen,
           CASE WHEN item_because = '' THEN 'waiting' ELSE 'skipped' END, item_because,
           CASE WHEN item_because = '' THEN NULL ELSE %s END
    FROM ({rows}) AS found
"""
State = BulkItem.State


class ShownOtherwise(DomainError):
    """Rows came, went or changed since the page was shown."""


@transaction.atomic
def start_job(
    *, verb: BulkVerb, rows: QuerySet[Any], maker: Any, options: Options, token: UUID, seal: str, query: str = ""
) -> BulkJob:
    """Confirm what a page showed (`seal`): these rows now, whatever the list's filters find later. The same page
    confirmed twice is one job.

    Raises ShownOtherwise if it would not do exactly what was shown, and DomainError NOTHING_TO_DO.
    """
    job, is_new = BulkJob.objects.get_or_create(
        token=token, defaults={"verb": verb.name, "maker": maker, "options": dict(options), "query": query}
    )
    if not is_new:
        return job
    _freeze(job, verb, rows)
    frozen = preview_of(job)
    if not frozen.is_sealed_by(seal):
        raise ShownOtherwise("It would do something else by now: look at it again.", code="SHOWN_OTHERWISE")
    if not frozen.ready:
        raise DomainError("There is none among them to do this to.", code="NOTHING_TO_DO")
    note(job, reason=f"{verb.label}: {frozen.ready:,} of {frozen.matching:,} rows.")
    wake_on_commit(TASK, job.pk)
    return job


def _freeze(job: BulkJob, verb: BulkVerb, rows: QuerySet[Any]) -> None:
    try:
        sql, given = verb.in_order(job.options, rows).query.sql_with_params()
    except EmptyResultSet:
        return
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_FREEZE.format(rows=sql), [now, now, job.pk, now, *given])


@transaction.atomic
def stop_job(*, job_id: UUID, by: str) -> BulkJob:
    """What is not begun is skipped; the row at which a worker is at this moment is done. Raises NotFound, and
    DomainError JOB_OVER."""
    job = _locked(job_id)
    if job.finished_at is not None:
        raise DomainError("The job is over already.", code="JOB_OVER")
    job.stopped_by, job.finished_at = by[:200], clock.now()
    job.save(update_fields=[*job.end(), "stopped_by", "finished_at", "updated_at"])
    job.items.filter(state=State.WAITING).update(
        state=State.SKIPPED, reason=f"{by} stopped the job.", finished_at=clock.now(), updated_at=clock.now()
    )
    note(job, reason="Stopped.")
    return job


@transaction.atomic
def try_failed_again(*, job_id: UUID) -> BulkJob:
    """Rows that failed wait anew. Raises NotFound, and DomainError NOTHING_FAILED."""
    job = _locked(job_id)
    failed = job.items.filter(state=State.FAILED)
    if not failed.update(state=State.WAITING, reason="", finished_at=None, updated_at=clock.now()):
        raise DomainError("No row of the job failed.", code="NOTHING_FAILED")
    return _open(job, "What failed is tried again.")


@transaction.atomic
def try_now(*, job_id: UUID) -> BulkJob:
    """A job whose workers died, or that waits after a failure, goes on at once. Raises NotFound, and DomainError
    JOB_OVER."""
    job = _locked(job_id)
    if job.finished_at is not None:
        raise DomainError("The job is over already.", code="JOB_OVER")
    return _open(job, "Tried again at once.")


def _open(job: BulkJob, said: str) -> BulkJob:
    job.stopped_by, job.finished_at = "", None
    job.save(update_fields=[*job.try_now(), "stopped_by", "finished_at", "updated_at"])
    note(job, reason=said)
    wake_on_commit(TASK, job.pk)
    return job


def _locked(job_id: UUID) -> BulkJob:
    job: BulkJob | None = BulkJob.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    return job
