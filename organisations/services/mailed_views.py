"""Have a saved view mailed to its owner on some days: set up, paused, resumed, asked for out of turn, and taken away.

What is mailed, and by whose rights, says `billing_platform/backoffice/mailed_views.py`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.work.claims import due_ids
from billing_platform.lib.work.waking import wake_on_commit
from organisations.audit import note
from organisations.models import MailedView, SavedView
from organisations.models.mailed_view import MailedViewQuerySet
from organisations.operators_clock import operators_zone

TASK = "billing_platform.backoffice.tasks.mail_view"
CHANGEABLE = ("frequency", "weekday", "day_of_month", "hour", "file_format")


def sees_all(user: Any) -> bool:
    """Whether a user sees those of colleagues: an administrator of every customer."""
    return bool(user.has_perm("organisations.change_mailedview", MailedView()))


def mailed_views_for(user: Any) -> MailedViewQuerySet:
    """One's own; an administrator of every customer has everybody's."""
    rows: MailedViewQuerySet = MailedView.objects.all()
    return rows if sees_all(user) else rows.filter(view__owner=user)


@transaction.atomic
def mail_view_to_owner(*, user: Any, view: SavedView, **when: Any) -> MailedView:
    """`when` are the columns that say how often, at which hour and as which file. Raises InvalidInput for a view of
    somebody else and for a user without an address, ValidationError for what the model refuses."""
    if view.owner_id != user.pk:
        raise InvalidInput.field("view", "Only your own views are mailed to you: save this one under a name of yours.")
    if not user.email:
        raise InvalidInput("Your user has no e-mail address yet: have it added first.")
    mailed = MailedView(view=view, **{name: value for name, value in when.items() if name in CHANGEABLE})
    _plan(mailed)
    mailed.full_clean()
    mailed.save()
    return mailed


@transaction.atomic
def change_mailed_view(*, mailed_id: UUID, changes: dict[str, Any]) -> MailedView:
    """Other days, another hour or file. What is paused or stopped stays so. Raises as `mail_view_to_owner`."""
    mailed = _locked(mailed_id)
    for name in CHANGEABLE:
        setattr(mailed, name, changes.get(name, getattr(mailed, name)))
    if mailed.is_on:
        _plan(mailed)
    mailed.full_clean()
    mailed.save()
    return mailed


@transaction.atomic
def pause(*, mailed_id: UUID) -> MailedView:
    """Nothing is mailed until it is resumed; nor what a worker is about to mail. Raises DomainError PAUSED_ALREADY."""
    mailed = _locked(mailed_id)
    if not mailed.is_on:
        raise DomainError("It is paused already.", code="PAUSED_ALREADY")
    mailed.asked_at = None
    mailed.save(update_fields=[*mailed.end(), "asked_at"])
    note(mailed, reason="Paused.")
    return mailed


@transaction.atomic
def resume(*, mailed_id: UUID) -> MailedView:
    """It goes on with the next day of its rhythm. Raises DomainError NOT_PAUSED."""
    mailed = _locked(mailed_id)
    if not mailed.is_paused:
        raise DomainError("It is not paused.", code="NOT_PAUSED")
    _plan(mailed)
    mailed.save()
    note(mailed, reason="Resumed.")
    return mailed


@transaction.atomic
def send_now(*, mailed_id: UUID) -> MailedView:
    """A mail out of turn, as soon as a worker is free; afterwards it goes on with its days, also if it was stopped.
    Raises DomainError PAUSED."""
    mailed = _locked(mailed_id)
    if mailed.is_paused:
        raise DomainError("It is paused: resume it first.", code="PAUSED")
    mailed.asked_at = clock.now()
    mailed.save(update_fields=[*mailed.try_now(), "asked_at"])
    note(mailed, reason="Asked for out of turn.")
    wake_on_commit(TASK, mailed.pk)
    return mailed


@transaction.atomic
def delete_mailed_view(*, mailed_id: UUID) -> None:
    """The view itself stays."""
    _locked(mailed_id).delete()


def due_mailed_views() -> list[UUID]:
    """What is to be mailed now, by the operators' clock as it goes now."""
    _follow_the_clock()
    return due_ids(MailedView.objects.all())


@transaction.atomic
def _follow_the_clock() -> None:
    """Where the operators' clock was set to another zone, a day's mail is due at its hour there. What somebody asked
    for, or what is tried again, stays due."""
    zone = operators_zone()
    rows = MailedView.objects.filter(next_attempt_at__isnull=False, claimed_until__isnull=True)
    untouched = rows.filter(attempts=0, asked_at__isnull=True).exclude(zone=zone.key)
    for mailed in untouched.select_for_update(skip_locked=True, of=("self",)):
        moment = mailed.moment_of(mailed.next_day, zone)
        MailedView.objects.filter(pk=mailed.pk).update(zone=zone.key, next_attempt_at=moment, updated_at=clock.now())


def _plan(mailed: MailedView) -> None:
    """Due on the next day of its rhythm, with all its tries before it; a worker that is at it mails nothing."""
    zone = operators_zone()
    mailed.next_day = mailed.day_after(clock.now(), zone)
    mailed.zone, mailed.asked_at = zone.key, None
    mailed.attempts, mailed.last_failure, mailed.claimed_until = 0, "", None
    mailed.next_attempt_at = mailed.moment_of(mailed.next_day, zone)


def _locked(mailed_id: UUID) -> MailedView:
    rows = MailedView.objects.select_related("view").select_for_update(of=("self",))
    mailed: MailedView | None = rows.filter(pk=mailed_id).first()
    if mailed is None:
        raise NotFound("There is no such list by e-mail.")
    return mailed
