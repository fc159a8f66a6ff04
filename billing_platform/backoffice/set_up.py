"""The checklist of a new installation: all apps' lines, and what the machine itself needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import HttpRequest
from django_celery_beat.models import PeriodicTask

from billing_platform.backup.manifest import LAST_BACKUP_KEY
from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import contributions, list_address
from billing_platform.lib.admin.set_up import Stage, State, Step, step
from billing_platform.tasks import HEARTBEAT_KEY
from organisations.scoping import reaches_every_organisation

REMEMBERED_SECONDS = 60
HEARTBEAT_SECONDS = 120
BACKUP_SECONDS = 26 * 3600
"""A night, and what a backup takes."""
PERMISSION = "organisations.change_billingentity"
_KEY = "set-up"


@dataclass(frozen=True)
class Summary:
    """For the dashboard: how far it is, and what comes next."""

    done: int
    total: int
    next_title: str
    next_sentence: str

    @property
    def is_complete(self) -> bool:
        return self.done == self.total


def may_see(user: Any) -> bool:
    """Whoever may change the sellers, for all customers."""
    return bool(user.has_perm(PERMISSION)) and reaches_every_organisation(user)


def is_shown(request: HttpRequest) -> bool:
    """In the sidebar."""
    return may_see(request.user)


def steps() -> list[Step]:
    """All lines, in order. What they cost is a constant number of queries."""
    found = [line for each in contributions().values() for line in each.set_up()]
    return sorted([*found, *_machine()], key=lambda line: line.stage)


def summary() -> Summary:
    """At most a minute old."""
    known: Summary | None = cache.get(_KEY)
    return known or _summed(steps())


def stages() -> list[tuple[Stage, list[Step]]]:
    """For the page. Refreshes the summary."""
    found = steps()
    _summed(found)
    return [(stage, [line for line in found if line.stage == stage]) for stage in Stage]


def forget() -> None:
    """After something was done: the next page looks anew."""
    cache.delete(_KEY)


def _summed(found: list[Step]) -> Summary:
    counted = [line for line in found if line.state in (State.DONE, State.MISSING)]
    missing = next((line for line in counted if line.state == State.MISSING), None)
    made = Summary(
        done=sum(line.state == State.DONE for line in counted),
        total=len(counted),
        next_title=missing.title if missing else "",
        next_sentence=missing.sentence if missing else "",
    )
    cache.set(_KEY, made, REMEMBERED_SECONDS)
    return made


def _machine() -> Iterator[Step]:
    last: float | None = cache.get(HEARTBEAT_KEY)
    yield step(
        Stage.MACHINE,
        "Jobs",
        is_done=last is not None and clock.now().timestamp() - last <= HEARTBEAT_SECONDS,
        done="Beat and a worker are alive.",
        missing="Nothing is counted, billed or mailed: start beat and a worker, and see that both reach Valkey.",
        button="Periodic tasks",
        url=list_address(PeriodicTask),
    )
    noted: float | None = cache.get(LAST_BACKUP_KEY)
    yield step(
        Stage.MACHINE,
        "Backup",
        is_done=noted is not None and clock.now().timestamp() - noted <= BACKUP_SECONDS,
        done="The last one is of the last day.",
        missing="No backup of the last day is known. Let “manage.py backup” run each night.",
        advised=True,
    )
    yield step(
        Stage.MACHINE,
        "File storage",
        is_done=_can_store(),
        done=_storage_words(),
        missing=f"PDFs can't be stored in {settings.MEDIA_ROOT}: the directory can't be written.",
    )


def _can_store() -> bool:
    """A directory is looked at; a bucket is trusted, because asking it takes long while it is away."""
    if not isinstance(default_storage._wrapped, FileSystemStorage):  # type: ignore[attr-defined]  # a lazy object
        return True
    place = Path(settings.MEDIA_ROOT)
    while not place.exists() and place != place.parent:
        place = place.parent
    return os.access(place, os.W_OK)


def _storage_words() -> str:
    bucket = getattr(settings, "S3_BUCKET", "")
    return f"PDFs go to the bucket {bucket}." if bucket else f"PDFs go to {settings.MEDIA_ROOT}."
