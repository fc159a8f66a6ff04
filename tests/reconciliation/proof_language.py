"""Helpers for tests of the proof: days on which something was counted and issued, stated, and proven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from billing_platform.lib import clock
from organisations.models import Project
from reconciliation.models import DailyStatement
from reconciliation.proof.signatures import believed_keys
from reconciliation.proving.comparing import Proven
from reconciliation.proving.proving import Asked, prove, statements_of
from reconciliation.services.stating import state_days
from tests.events.language import event, send, settle


def day(back: int) -> date:
    """A UTC day before today."""
    return datetime.now(UTC).date() - timedelta(days=back)


@contextmanager
def noon_of(back: int) -> Iterator[None]:
    with clock.standing_at(datetime.combine(day(back), time(12), tzinfo=UTC)):
        yield


def counted_on(back: int, project: Project, *ids: str) -> None:
    """Events that were sent and counted on a day."""
    with noon_of(back):
        send(project, *(event(each) for each in ids))
        settle()


def stated(*, today: int = 0) -> list[DailyStatement]:
    """The statements that the job makes."""
    with noon_of(today):
        return state_days()


def sentences(**asked: Any) -> list[str]:
    """What differs, with all keys that the settings believe."""
    wanted = Asked(**{"keys": believed_keys(), **asked})
    return [each.sentence for each in prove(wanted, Proven(), statements=statements_of(wanted))]


def proven(**asked: Any) -> Proven:
    """How much is as it was stated: all of it."""
    wanted, found = Asked(**{"keys": believed_keys(), **asked}), Proven()
    assert list(prove(wanted, found, statements=statements_of(wanted))) == []
    return found
