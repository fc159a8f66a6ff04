"""Waiting work: a row that says by itself when it is tried next, who is at it, and why it failed.

Four columns, with the same names on every table that waits for something:

    attempts          how often it was tried since somebody last asked for it
    next_attempt_at   when it is due; empty: nothing waits
    claimed_until     a worker has the row to itself until then; empty: nobody is at it
    last_failure      why the last try failed; empty: it did not

A worker claims a row by one conditional UPDATE, works outside any transaction, and ends with `done`, `let_go` or
`note_failure`. Each of these three changes the row only while the claim is still the worker's own: a worker that was
too slow, and whose row another one took over, changes nothing. A worker that dies leaves its claim behind, which ends
by itself.

A new user of this machine:

    class Export(ClaimedWork, BaseModel, TenantModel):         # 1. the columns
        claim_lasts, max_attempts = timedelta(minutes=5), 8    # 2. the policy
    ...
    export = claim(Export.objects.all(), export_id)            # 3. in the service: claim, work, done or note_failure
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work import backoff

logger = logging.getLogger(__name__)

LONGEST_FAILURE = 2_000
"""Characters of `last_failure`."""
ALL_DIED = "Every worker that tried it died."


class State(models.TextChoices):
    """Where a waiting row stands. Follows from the columns; a table's own `status` may spell it otherwise."""

    WAITING = "waiting", "Waiting"
    AT_WORK = "at_work", "At work"
    GIVEN_UP = "given_up", "Given up"
    DONE = "done", "Nothing waits"


class RetriedWork(models.Model):
    """What is tried again after a failure. Without a claim: whoever works on the row holds its lock."""

    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was tried.")
    next_attempt_at = models.DateTimeField(
        "next try", null=True, blank=True, default=clock.now, help_text="When it is due. Empty: nothing waits."
    )
    last_failure = models.TextField(blank=True, help_text="Why the last try failed.")

    max_attempts: ClassVar[int | None] = 8
    """After so many tries it is given up, and waits for a person. None: never."""
    own_status: ClassVar[Mapping[State, str]] = {}
    """The value of the table's `status` column in each state, if it has such a column and it follows the state."""

    class Meta:
        abstract = True

    @property
    def work_state(self) -> State:
        """Where the row stands: as its own status says, or else as the columns do."""
        status = getattr(self, "status", None) if self.own_status else None
        if status is not None and status not in _open_statuses(type(self)):
            return State.GIVEN_UP if status == self.own_status.get(State.GIVEN_UP) else State.DONE
        if self.next_attempt_at is not None:
            return State.WAITING
        return State.GIVEN_UP if self.last_failure else State.DONE

    @property
    def may_be_tried_now(self) -> bool:
        """A person may ask for it: it waits after a failure, or was given up."""
        return self.work_state == State.GIVEN_UP or (self.work_state == State.WAITING and self.attempts > 0)

    def fail(self, failure: Exception | str, *, final: bool = False) -> list[str]:
        """Set the columns as after a failed try: due again after a pause, or given up. Nothing is saved: the caller
        holds the row's lock, and saves the fields that are given back."""
        return _set(self, _failed(self, failure, final=final))

    def try_now(self) -> list[str]:
        """Set the columns as if it had never been tried: due at once. Nothing is saved, as with `fail`."""
        return _set(self, {**_waits(self, clock.now()), "attempts": 0})

    def wait(self) -> list[str]:
        """Set the columns so that it is due at once, and keep the count of tries. Nothing is saved, as with `fail`."""
        return _set(self, _waits(self, clock.now()))

    def end(self) -> list[str]:
        """Set the columns so that nothing waits any more. Nothing is saved, as with `fail`."""
        return _set(self, _done(self))


class ClaimedWork(RetriedWork):
    """What one worker at a time does, outside any transaction: a row that is claimed for a while."""

    claimed_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A worker has it to itself until then. Empty: nobody."
    )

    claim_lasts: ClassVar[timedelta] = timedelta(minutes=5)
    """Longer than any honest try: afterwards the worker is taken to have died."""

    class Meta:
        abstract = True

    def renew(self) -> list[str]:
        """Begin the claim anew, for a worker that holds the lock and goes on. Nothing is saved, as with `fail`."""
        return _set(self, {"claimed_until": clock.now() + self.claim_lasts})

    @property
    def work_state(self) -> State:
        state = super().work_state
        is_claimed = self.claimed_until is not None and self.claimed_until > clock.now()
        return State.AT_WORK if is_claimed and state == State.WAITING else state


Row = TypeVar("Row", bound=ClaimedWork)


def due(rows: QuerySet[Row], now: datetime | None = None) -> QuerySet[Row]:
    """The rows that wait, whose time has come, and that nobody is at; longest due first."""
    now = now or clock.now()
    return _free(rows, now).filter(next_attempt_at__lte=now).order_by("next_attempt_at")


def due_ids(rows: QuerySet[Row], *, limit: int | None = 100) -> list[UUID]:
    return list(due(rows).values_list("pk", flat=True)[:limit])


def hand_out(rows: QuerySet[Row], *, limit: int | None = 1000) -> list[UUID]:
    """The ids of due rows, for one message each; the rows are due again when a claim of now would have ended.

    So a sweep every minute doesn't send a second message for each row of a long queue. Whoever gets the message claims
    the row with `early=True`.
    """
    ids = due_ids(rows, limit=limit)
    now = clock.now()
    free = _free(rows.model._base_manager.filter(pk__in=ids), now)
    free.update(next_attempt_at=now + rows.model.claim_lasts)
    return ids


def claim(rows: QuerySet[Row], pk: UUID, *, early: bool = False) -> Row | None:
    """Take one row for `claim_lasts`, and count the try. None if it is not due, or if somebody is at it.

    With `early` the row need not be due, but only wait: for a worker that was sent to this very row. A row whose tries
    all ended with a dead worker is given up here, and not handed to one more.
    """
    now, model = clock.now(), rows.model
    # The claim's own columns stand outside the subquery: PostgreSQL looks at them again when it had to wait for
    # another worker's claim to commit, but not at a subquery.
    allowed = model._base_manager.filter(pk__in=rows.filter(pk=pk).order_by().values("pk"))
    found = _free(allowed, now) if early else due(allowed, now).order_by()
    until = now + model.claim_lasts
    values = _touched(model, claimed_until=until, attempts=F("attempts") + 1, **_status(model, State.AT_WORK))
    if not found.update(**values):
        return None
    row: Row | None = rows.filter(pk=pk).first()
    if row is None:  # it left `rows` at this moment: an order was superseded, an invoice was voided
        return None
    if row.max_attempts is not None and row.attempts > row.max_attempts:
        note_failure(row, ALL_DIED, final=True)
        return None
    return row


def claim_all(rows: QuerySet[Row], pks: Collection[UUID], *, early: bool = False) -> list[Row]:
    """Take those of some rows that `claim` would take, with one UPDATE. Rows that another worker is taking at this
    moment are left to it. In the order of their keys."""
    now, model = clock.now(), rows.model
    with transaction.atomic():
        wanted = model._base_manager.filter(pk__in=rows.filter(pk__in=pks).order_by().values("pk"))
        found = _free(wanted, now) if early else due(wanted, now).order_by()
        taken = _take(found.order_by("pk"), now)
    return _claimed(rows, taken)


def claim_next(rows: QuerySet[Row], *, most: int) -> list[Row]:
    """Take so many of the rows that are due, the longest due first; those that another worker is taking are left to it.

    For a queue that several workers empty at once, a batch each. `rows` are of one table.
    """
    while True:
        now = clock.now()
        with transaction.atomic():
            taken = _take(due(rows, now)[:most], now)
        # not of `rows`: they may be those without a try, which the taken ones now have
        claimed = _claimed(rows.model._base_manager.all(), taken)
        if claimed or not taken:
            return claimed


def _take(found: QuerySet[Row], now: datetime) -> list[UUID]:
    """Claim rows that nobody holds, in the caller's transaction."""
    model = found.model
    taken = list(found.select_for_update(skip_locked=True).values_list("pk", flat=True))
    values = _touched(
        model, claimed_until=now + model.claim_lasts, attempts=F("attempts") + 1, **_status(model, State.AT_WORK)
    )
    model._base_manager.filter(pk__in=taken).update(**values)
    return taken


def _claimed(rows: QuerySet[Row], taken: list[UUID]) -> list[Row]:
    """Those of the rows just taken whose tries did not all end with a dead worker, in the order in which they were."""
    found = rows.in_bulk(taken)
    claimed = [found[pk] for pk in taken if pk in found]
    dead = [row for row in claimed if row.max_attempts is not None and row.attempts > row.max_attempts]
    for row in dead:
        note_failure(row, ALL_DIED, final=True)
    return [row for row in claimed if row not in dead]


def done(row: ClaimedWork, **values: Any) -> bool:
    """The work is done: nothing waits. `values` are other columns that change in the same UPDATE.

    False, and nothing is changed, if the claim is no longer the caller's.
    """
    return _if_ours(row, {**_done(row), **values})


def let_go(row: ClaimedWork, *, after: timedelta = timedelta(0), **values: Any) -> bool:
    """Not done and not failed, such as work that must wait for something else: due again after the time given.

    It was no try: of work that waited for a day, the first failure is paused as a first one.
    """
    tried_before = max(row.attempts - 1, 0)
    return _if_ours(row, {**_waits(row, clock.now() + after), "attempts": tried_before, **values})


def note_progress(row: ClaimedWork, **values: Any) -> bool:
    """A part of long work is done: `values` are written, and the claim begins anew.

    False, and nothing is changed, if the claim is no longer the caller's: then stop, another worker goes on.
    """
    return _if_ours(row, {"claimed_until": clock.now() + row.claim_lasts, **values})


def note_failure(row: ClaimedWork, failure: Exception | str, *, final: bool = False, **values: Any) -> bool:
    """Keep the reason on the row; it is due again after a pause, or given up after the last try, or at once if `final`.

    False, and nothing is changed, if the claim is no longer the caller's: whoever took the row over may have succeeded.
    """
    failed = _failed(row, failure, final=final)
    given_up = failed["next_attempt_at"] is None
    logger.log(
        logging.ERROR if given_up else logging.WARNING,
        "given up" if given_up else "to be tried again",
        extra={
            "work": row._meta.label,
            "row": str(row.pk),
            "attempt": row.attempts,
            "reason": failed["last_failure"],
        },
        exc_info=failure if isinstance(failure, Exception) and not isinstance(failure, DomainError) else None,
    )
    return _if_ours(row, {**failed, **values})


def failure_text(failure: Exception | str) -> str:
    """For operators: a rule's own sentence, or the kind of an error and what it says."""
    if isinstance(failure, DomainError):
        text = failure.message
    else:
        text = failure if isinstance(failure, str) else f"{type(failure).__name__}: {failure}"
    return text[:LONGEST_FAILURE].replace("\x00", "")  # PostgreSQL stores no NUL


def due_index(name: str) -> models.Index:
    """For the model's Meta: finds the few rows that wait among all that are done."""
    return models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name=name)


def _free(rows: QuerySet[Row], now: datetime) -> QuerySet[Row]:
    nobody = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    free = rows.filter(nobody, next_attempt_at__isnull=False)
    return free.filter(status__in=_open_statuses(rows.model)) if rows.model.own_status else free


def _open_statuses(model: type[RetriedWork]) -> list[str]:
    return [model.own_status[state] for state in (State.WAITING, State.AT_WORK) if state in model.own_status]


def _waits(row: RetriedWork, at: datetime) -> dict[str, Any]:
    return {"next_attempt_at": at, "last_failure": "", **_unclaimed(row), **_status(type(row), State.WAITING)}


def _done(row: RetriedWork) -> dict[str, Any]:
    return {"next_attempt_at": None, "last_failure": "", **_unclaimed(row), **_status(type(row), State.DONE)}


def _failed(row: RetriedWork, failure: Exception | str, *, final: bool) -> dict[str, Any]:
    given_up = final or (row.max_attempts is not None and row.attempts >= row.max_attempts)
    return {
        "next_attempt_at": None if given_up else clock.now() + backoff.delay(row.attempts),
        "last_failure": failure_text(failure),
        **_unclaimed(row),
        **_status(type(row), State.GIVEN_UP if given_up else State.WAITING),
    }


def _unclaimed(row: RetriedWork) -> dict[str, None]:
    return {"claimed_until": None} if isinstance(row, ClaimedWork) else {}


def _status(model: type[RetriedWork], state: State) -> dict[str, str]:
    return {"status": model.own_status[state]} if state in model.own_status else {}


def _set(row: RetriedWork, values: dict[str, Any]) -> list[str]:
    for name, value in values.items():
        setattr(row, name, value)
    return list(_touched(type(row), **values))


def _if_ours(row: ClaimedWork, values: dict[str, Any]) -> bool:
    """Change the row if it is still claimed as it was when this worker claimed it; the object in hand as well."""
    ours = type(row)._base_manager.filter(pk=row.pk, claimed_until=row.claimed_until)
    if row.claimed_until is None or not ours.update(**_touched(type(row), **values)):
        return False
    _set(row, values)
    return True


def _touched(model: type[RetriedWork], **values: Any) -> dict[str, Any]:
    """An UPDATE sets no `updated_at` by itself."""
    has_time = any(field.name == "updated_at" for field in model._meta.fields)
    return {**values, "updated_at": clock.now()} if has_time else values
