"""Work off a bulk job: each row in a transaction of its own, by the service of its verb.

A row's lock is held while it is done, and its end is written in the same transaction: two workers do it once, and one
that dies leaves it waiting.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.constraints import refusal_of
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.work.claims import claim, done, due_ids, failure_text, let_go, note_failure, note_progress
from billing_platform.lib.work.waking import wake
from organisations.audit import act_as
from organisations.models import BulkItem, BulkJob, Organisation
from organisations.services.bulk.starting import TASK
from organisations.services.bulk.verbs import BulkVerb, verb_named

logger = logging.getLogger(__name__)
State = BulkItem.State
AT_ONCE = 500
"""Rows of one try: afterwards another worker may go on, and a deployment has not long to wait."""
LONGEST_TRY = timedelta(minutes=4)
RENEWED_AFTER = timedelta(seconds=30)
LOCKED_ELSEWHERE = timedelta(seconds=30)


class _Changed(Exception):
    """The row is not what the operator saw any more."""


def due_jobs() -> list[UUID]:
    return due_ids(BulkJob.objects.all())


def run_job(*, job_id: UUID) -> None:
    """A worker's part: rows that wait, in their order. A job that has more is sent to a worker again."""
    job = claim(BulkJob.objects.all(), job_id, early=True)
    if job is None:
        return
    try:
        _go_on(job)
    except Exception as error:  # the database was away: the job says so, and is tried again
        note_failure(job, error)


def _go_on(job: BulkJob) -> None:
    verb = verb_named(job.verb)
    maker = get_user_model()._default_manager.get(pk=job.maker_id)
    act_as(user=maker)
    began = renewed = clock.now()
    waiting = BulkItem.objects.filter(job=job, state=State.WAITING).order_by("position")
    for item_id in waiting.values_list("pk", flat=True)[:AT_ONCE]:
        do_item(item_id=item_id, job=job, verb=verb, maker=maker)
        now = clock.now()
        if now - renewed > RENEWED_AFTER:
            if not note_progress(job):
                return
            renewed = now
        if now - began > LONGEST_TRY:
            break
    _end(job, waiting)


def _end(job: BulkJob, waiting: Any) -> None:
    """Nothing waits, or another try goes on; a row that another worker holds at this moment is waited for."""
    if not waiting.exists():
        done(job, finished_at=clock.now())
        return
    is_locked = not _has_free(waiting)
    if let_go(job, after=LOCKED_ELSEWHERE if is_locked else timedelta(0)) and not is_locked:
        wake(TASK, job.pk)


@transaction.atomic
def _has_free(waiting: Any) -> bool:
    return bool(waiting.select_for_update(skip_locked=True)[:1])


@transaction.atomic
def do_item(*, item_id: UUID, job: BulkJob, verb: BulkVerb, maker: Any) -> None:
    """Do one row that waits, unless another worker is at it, and write down what became of it."""
    rows = BulkItem.objects.select_for_update(of=("self",), skip_locked=True)
    item: BulkItem | None = rows.filter(pk=item_id, state=State.WAITING).first()
    if item is None:
        return
    item.state, item.reason = _outcome(item, job, verb, maker)
    item.finished_at = clock.now()
    item.save(update_fields=["state", "reason", "finished_at", "updated_at"])


def _outcome(item: BulkItem, job: BulkJob, verb: BulkVerb, maker: Any) -> tuple[str, str]:
    if because := _why_not(item, job, verb, maker):
        return State.SKIPPED, because
    try:
        with transaction.atomic():
            verb.act(item.object_id, maker, job.options)
            _check_amount(item, job, verb)
    except _Changed as changed:
        return State.SKIPPED, str(changed)
    except DomainError as error:
        return State.FAILED, failure_text(error)
    except ValidationError as error:
        return State.FAILED, " ".join(error.messages)
    except IntegrityError as error:
        refusal = refusal_of(error)
        return State.FAILED, failure_text(refusal or error)
    except DatabaseError:
        raise
    except Exception as error:  # a fault of ours in one row keeps no other row waiting
        logger.exception("a row of a bulk job failed", extra={"job": str(job.pk), "row": str(item.object_id)})
        return State.FAILED, failure_text(error)
    return State.DONE, ""


def _why_not(item: BulkItem, job: BulkJob, verb: BulkVerb, maker: Any) -> str:
    owner = verb.model() if item.organisation_id is None else Organisation(pk=item.organisation_id)
    if not maker.has_perm(verb.permission, owner):
        return f"{maker.get_username()} may not do this any more."
    now = verb.judged(job.options).filter(pk=item.object_id).first()
    if now is None:
        return "It is not there any more."
    if now["item_because"]:
        return str(now["item_because"])
    if (now["item_amount"], now["item_seen"]) != (item.amount, item.seen):
        return _told_otherwise(item, now)
    return ""


def _check_amount(item: BulkItem, job: BulkJob, verb: BulkVerb) -> None:
    """What is done has the amount that was shown, or is not done."""
    if not verb.keeps_amount:
        return
    now = verb.judged(job.options).filter(pk=item.object_id).first()
    if now is not None and now["item_amount"] != item.amount:
        raise _Changed(_told_otherwise(item, now))


def _told_otherwise(item: BulkItem, now: Any) -> str:
    amount, before = now["item_amount"], item.amount
    if amount is None or before is None or amount == before:
        return "It has changed since it was confirmed."
    shown = [format_money(each, item.currency) for each in (amount, before)]
    return f"It has changed since it was confirmed: {shown[0]} now, {shown[1]} then."
