"""What people decide about a discrepancy: who looks at it, that it is mended, or that it stays as it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from reconciliation.models import Discrepancy, Run
from reconciliation.selectors.people import who_may_resolve
from reconciliation.services.repairs import REPAIRS
from reconciliation.services.running import start_run

State = Discrepancy.State


class Action(models.TextChoices):
    ACKNOWLEDGE = "acknowledge", "Acknowledge"
    REPAIR = "repair", "Repair"
    WRITE_OFF = "write_off", "Write off"
    ASSIGN = "assign", "Assign"


@transaction.atomic
def acknowledge(*, discrepancy_id: UUID, by: Any, note: str = "") -> Discrepancy:
    """Somebody looks at it, and is noted on it. Raises NotFound, InvalidInput and DomainError NOT_STANDING."""
    discrepancy = _standing(discrepancy_id)
    discrepancy.assigned_to = by
    return _decide(discrepancy, State.ACKNOWLEDGED, by, _checked(note))


@transaction.atomic
def assign(*, discrepancy_id: UUID, to: Any) -> Discrepancy:
    """Somebody else looks at it, or nobody (None); its state stays. Raises NotFound, DomainError NOT_STANDING, and
    InvalidInput for a user who may not decide about it."""
    discrepancy = _standing(discrepancy_id)
    if to is not None and not who_may_resolve([discrepancy.organisation_id]).filter(pk=to.pk).exists():
        raise InvalidInput.field("assigned_to", f"{to.get_username()} may not decide about it.")
    discrepancy.assigned_to = to
    discrepancy.save()
    return discrepancy


@transaction.atomic
def write_off(*, discrepancy_id: UUID, by: Any, reason: str) -> Discrepancy:
    """It stays as it is, and nobody is told again unless it changes.

    Raises NotFound, InvalidInput without a reason, and DomainError NOT_STANDING.
    """
    reason = _checked(reason)
    if not reason:
        raise InvalidInput.field("reason", "Say why it stays as it is: an auditor will ask.")
    return _decide(_standing(discrepancy_id), State.WRITTEN_OFF, by, reason)


def repair(*, discrepancy_id: UUID, by: Any) -> Run:
    """Mend it by the verb of the app that owns the numbers, and have the check run again over its day.

    The verb is done first, in its own transaction, and is safe to repeat: whoever dies in between leaves a discrepancy
    that the next run finds gone. Raises NotFound, DomainError NOT_STANDING, NO_REPAIR, and what the verb raises.
    """
    discrepancy = Discrepancy.objects.filter(pk=discrepancy_id).first()
    if discrepancy is None:
        raise NotFound("There is no such discrepancy.")
    if discrepancy.kind not in REPAIRS:
        raise DomainError("Nothing mends this by itself: its page says what to do.", code="NO_REPAIR")
    if not discrepancy.is_standing:
        raise _settled(discrepancy)
    REPAIRS[discrepancy.kind].do(discrepancy)
    with transaction.atomic():
        mended = _locked(discrepancy_id)
        if mended.is_standing:  # a run may have found it gone meanwhile, or somebody written it off
            _decide(mended, State.REPAIRED, by, "")
        return check_again(discrepancy_id=discrepancy_id, by=by)


@transaction.atomic
def check_again(*, discrepancy_id: UUID, by: Any) -> Run:
    """Have its check look at its day once more: it closes itself if it is gone. Raises NotFound."""
    discrepancy = _locked(discrepancy_id)
    return start_run(
        first_day=discrepancy.day,
        last_day=discrepancy.day,
        organisation=discrepancy.organisation,
        checks=[discrepancy.check_name],
        asked_by=by,
    )


def _locked(discrepancy_id: UUID) -> Discrepancy:
    found: Discrepancy | None = (
        Discrepancy.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(pk=discrepancy_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such discrepancy.")
    return found


def _standing(discrepancy_id: UUID) -> Discrepancy:
    found = _locked(discrepancy_id)
    if not found.is_standing:
        raise _settled(found)
    return found


def _settled(discrepancy: Discrepancy) -> DomainError:
    state = discrepancy.get_state_display().lower()
    return DomainError(f"It is {state} already.", code="NOT_STANDING")


def _checked(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"At most {REASON_LENGTH} characters.")
    return reason


def _decide(discrepancy: Discrepancy, state: str, by: Any, reason: str) -> Discrepancy:
    discrepancy.state, discrepancy.decided_by, discrepancy.decided_at = state, by, clock.now()
    discrepancy.reason = reason or discrepancy.reason
    discrepancy.save()
    return discrepancy
