"""Import usage from a file: the file is cut into parts and stored, and a job accepts them one after the other.

A part is accepted in one transaction with the note that it was: killed anywhere, the job goes on with the parts that
are left, and no row is accepted twice. The same file again is harmless for as long as ids are remembered
(EVENTS_DEDUP_WINDOW_DAYS): all that was counted is a duplicate then. Afterwards it is refused.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from billing_platform.lib import clock
from billing_platform.lib.batches import batches
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.periods import local_date
from billing_platform.lib.work.claims import claim, done, hand_out, let_go, note_failure, note_progress
from billing_platform.lib.work.waking import wake_on_commit
from events.models import EventBatch, UsageImport, UsageImportPart
from events.services.accepting import accept_lines
from events.wire import import_files
from events.wire.import_files import problem_of
from organisations.models import Project

LARGEST_UNPACKED = 128 * 1024 * 1024
"""Of a file that comes by the web: a request of ten megabytes holds at most so much."""
JOB_SECONDS = 600
LOOK_AGAIN = timedelta(seconds=5)
WAITS_FOR_A_PERSON = timedelta(minutes=1)
_MARGIN = timedelta(days=1)
_PARTS_AT_ONCE = 8
_READ_BYTES = 256 * 1024
IMPORT_USAGE = "events.tasks.import_usage"

Status = UsageImport.Status


def start_import(
    *,
    project: Project,
    file: IO[bytes],
    file_name: str,
    by: str,
    again: bool = False,
    most_bytes: int = LARGEST_UNPACKED,
) -> UsageImport:
    """Store a file for a job to import. `file` can be rewound; it is read as a stream.

    Raises InvalidInput at `file` for what is no file of usage, or too large; at `project` for an inactive one; and
    DomainError FILE_IMPORTED_BEFORE, whose details name the earlier import, unless it is to be done `again`.
    """
    if not (project.is_active and project.organisation.is_active):
        raise InvalidInput.field("project", "The project or its customer is not active: it reports no usage.")
    size, sha256 = _fingerprint(file)
    run = _next_run(project, sha256, again=again)
    opened = import_files.open_file(file, most_bytes=most_bytes)
    with transaction.atomic():
        made: UsageImport = UsageImport.objects.create(
            organisation=project.organisation,
            project=project,
            file_name=file_name[-200:],
            file_format=opened.file_format,
            header=opened.header,
            size=size,
            sha256=sha256,
            run=run,
            row_count=0,
            imported_by=by,
        )
        rows = 0
        for parts in batches(enumerate(import_files.parts_of(opened), start=1), _PARTS_AT_ONCE):
            UsageImportPart.objects.bulk_create(_part(made, number, part) for number, part in parts)
            rows += sum(part.row_count for _number, part in parts)
        UsageImport.objects.filter(pk=made.pk).update(row_count=rows)
        made.row_count = rows
        wake_on_commit(IMPORT_USAGE, made.pk)
    return made


def process_import(*, import_id: UUID, seconds: float = JOB_SECONDS) -> bool:
    """Accept the parts that are left; once all their batches are settled, note what became of the rows.

    Safe to repeat, to do twice at once, and to kill. True if there is more to do now.
    """
    row = claim(UsageImport.objects.select_related("project__organisation"), import_id, early=True)
    if row is None:
        return False
    deadline = time.monotonic() + seconds
    try:
        _check_remembered(row)
        for part_id in _parts_left(row):
            _accept(row, part_id)
            if not note_progress(row):
                return False
            if time.monotonic() >= deadline:
                let_go(row)
                return True
        _finish(row)
    except DomainError as error:
        note_failure(row, error, final=True)
    except Exception as error:  # whatever it is: the row keeps it, and is tried again
        note_failure(row, error)
    return False


def due_imports() -> list[UUID]:
    """What is to be gone on with: for one message each."""
    return hand_out(UsageImport.objects.all())


def try_now(*, import_id: UUID) -> UsageImport:
    """Go on with an import that was stopped, where it was."""
    with transaction.atomic():
        row: UsageImport | None = UsageImport.objects.select_for_update().filter(pk=import_id).first()
        if row is None:
            raise NotFound("There is no such usage import.")
        if not row.may_be_tried_now:
            raise DomainError("It is at work already, or done.", code="IMPORT_AT_WORK")
        later = UsageImport.objects.filter(project=row.project_id, sha256=row.sha256, run__gt=row.run).first()
        if later is not None:
            raise DomainError(
                "The file was imported again since. Once its ids are forgotten, the rest would count a second time.",
                code="FILE_IMPORTED_BEFORE",
                details={"usage_import": str(later.pk)},
            )
        row.save(update_fields=[*row.try_now(), "status"])
        wake_on_commit(IMPORT_USAGE, row.pk)
    return row


def forget_files() -> int:
    """Drop the rows of files that were imported longer ago than accepted usage is stored. Returns how many parts."""
    before = clock.now() - timedelta(days=max(settings.EVENTS_HOT_RETENTION_DAYS, 0))
    old = UsageImportPart.objects.filter(packed_lines__isnull=False, created_at__lt=before)
    return old.filter(usage_import__status__in=[Status.DONE, Status.FAILED], accepted__isnull=False).update(
        packed_lines=None
    )


def _fingerprint(file: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_READ_BYTES):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return size, digest.hexdigest()


def _next_run(project: Project, sha256: str, *, again: bool) -> int:
    earlier = UsageImport.objects.filter(project=project, sha256=sha256).order_by("-run").first()
    if earlier is None:
        return 1
    known: dict[str, Any] = {"details": {"usage_import": str(earlier.pk)}}
    if earlier.status in (Status.WAITING, Status.AT_WORK):
        raise DomainError("This file is being imported for this project just now.", code="IMPORT_AT_WORK", **known)
    first = _first_of(project, sha256)
    if first < clock.now() - _remembered() + _MARGIN:
        raise DomainError(
            f"This file was imported on {_day(project, first)}. Its ids are remembered for {_remembered().days} days: "
            "its usage would count a second time.",
            code="FILE_IMPORTED_LONG_AGO",
            **known,
        )
    if not again:
        raise DomainError(
            f"This file was imported for this project on {_day(project, earlier.created_at)}. Say that you want it "
            "again: what was counted then is a duplicate now, and counts once.",
            code="FILE_IMPORTED_BEFORE",
            **known,
        )
    return int(earlier.run) + 1


def _first_of(project: Project, sha256: str) -> datetime:
    """When a file was first imported for a project."""
    found: datetime = UsageImport.objects.filter(project=project, sha256=sha256).earliest("run").created_at
    return found


def _check_remembered(row: UsageImport) -> None:
    """Also when the job comes late. Raises DomainError FILE_IMPORTED_LONG_AGO."""
    if row.run > 1 and _parts_left(row) and _first_of(row.project, row.sha256) < clock.now() - _remembered():
        raise DomainError(
            "The ids of the first import are forgotten by now: the rest would count a second time.",
            code="FILE_IMPORTED_LONG_AGO",
        )


def _day(project: Project, moment: datetime) -> str:
    return day_text(local_date(moment, project.organisation.zone))


def _remembered() -> timedelta:
    return timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS)


def _part(made: UsageImport, number: int, part: import_files.Part) -> UsageImportPart:
    return UsageImportPart(
        usage_import=made,
        number=number,
        first_line=part.first_line,
        row_count=part.row_count,
        packed_lines=import_files.pack(part.lines),
    )


def _parts_left(row: UsageImport) -> list[UUID]:
    return list(row.parts.filter(accepted__isnull=True).order_by("number").values_list("pk", flat=True))


@transaction.atomic
def _accept(row: UsageImport, part_id: UUID) -> None:
    """The lock decides between two workers: the second finds the part accepted."""
    part: UsageImportPart = UsageImportPart.objects.select_for_update().get(pk=part_id)
    if part.accepted is not None:
        return
    project = Project.objects.select_related("organisation").get(pk=row.project_id)
    if not (project.is_active and project.organisation.is_active):
        raise DomainError("The project or its customer is not active any more: the rest was not imported.")
    content = import_files.unpack(bytes(part.packed_lines or b""))
    lines = import_files.numbered_lines(content, part.first_line, row.file_format)
    numbers, events, problems = import_files.as_json(lines, row.file_format, row.header)
    accepted = accept_lines(project=project, body=b"\n".join(events))
    problems += [problem_of(numbers[each.index], each.event_id, each.message) for each in accepted.rejected]
    part.accepted, part.bad = accepted.accepted, len(problems)
    part.packed_problems = import_files.packed_problems(problems)
    if accepted.batch_id is not None:
        part.batch_id, part.received_at = accepted.batch_id, accepted.received_at
    else:
        part.counted = part.duplicates = part.dead_lettered = 0
    part.save()


def _finish(row: UsageImport) -> None:
    waiting = _note_verdicts(row)
    if waiting:
        quarantined = any(status == EventBatch.Status.QUARANTINED for status in waiting)
        let_go(row, after=WAITS_FOR_A_PERSON if quarantined else LOOK_AGAIN)
        return
    sums = row.parts.aggregate(
        **{name: Sum(name, default=0) for name in ("bad", "counted", "duplicates", "dead_lettered")}
    )
    done(row, finished_at=clock.now(), **sums)


def _note_verdicts(row: UsageImport) -> list[str]:
    """Note on each part what its batch says, if that is settled. The states of the batches that are not."""
    parts = list(row.parts.filter(accepted__gt=0, counted__isnull=True).defer("packed_lines", "packed_problems"))
    found = _batches({part.batch_id: part.received_at for part in parts})
    waiting = []
    for part in parts:
        batch = found.get(part.batch_id)
        if batch is None:
            raise DomainError("An accepted batch of this import is gone before it was settled.")
        if batch.status != EventBatch.Status.SETTLED:
            waiting.append(batch.status)
            continue
        part.counted, part.duplicates, part.dead_lettered = batch.counted, batch.duplicates, batch.dead_lettered
        part.save(update_fields=["counted", "duplicates", "dead_lettered", "updated_at"])
    return waiting


def _batches(wanted: dict[Any, datetime]) -> dict[UUID, EventBatch]:
    """By id. The moments of receipt name the partitions to look in."""
    if not wanted:
        return {}
    span = Q(received_at__gte=min(wanted.values()), received_at__lte=max(wanted.values()))
    found = EventBatch.objects.filter(span, pk__in=list(wanted)).defer("packed_events")
    return {batch.pk: batch for batch in found}
