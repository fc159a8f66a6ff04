"""Place and lift holds on a customer's billing, and ask who is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.validators import require, validate_business_date
from organisations.models import BillingHold, Organisation

Kind = BillingHold.Kind


@transaction.atomic
def place_hold(
    *, organisation: Organisation, kind: str, reason: str, placed_by: str, ends_at: datetime | None = None
) -> BillingHold:
    """Hold a customer's billing in one way from now on, until `ends_at` or until it is lifted. Jobs obey at once.

    Raises InvalidInput for an end that has passed, ValidationError for an unknown kind or no reason.
    """
    if ends_at is not None:
        _check_end(organisation, ends_at)
    hold = BillingHold(
        organisation=organisation, kind=kind, reason=reason.strip(), ends_at=ends_at, placed_by=placed_by[:200]
    )
    hold.full_clean()
    hold.save()
    return hold


@transaction.atomic
def lift_hold(*, hold_id: UUID, lifted_by: str) -> BillingHold:
    """End a hold now. Raises NotFound, and DomainError HOLD_OVER for one that is over."""
    hold: BillingHold | None = BillingHold.objects.select_for_update().filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such hold.")
    if not hold.is_standing:
        raise DomainError(f"The hold is over already: {hold.sentence}", code="HOLD_OVER")
    hold.ends_at, hold.lifted_by = clock.now(), lifted_by[:200]
    hold.save(update_fields=["ends_at", "lifted_by", "updated_at"])
    return hold


@transaction.atomic
def set_holds(*, organisation: Organisation, wanted: Sequence[Mapping[str, Any]], by: str) -> list[BillingHold]:
    """Make the customer's standing holds exactly these: `{kind, reason, ends_at}` each. What stands already with the
    same words stays as it is, what is wanted anew is placed, and the others are lifted."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    standing = {(hold.kind, hold.reason, hold.ends_at): hold for hold in organisation.standing_holds}
    keys = [(each["kind"], each["reason"].strip(), each.get("ends_at")) for each in wanted]
    for key, hold in standing.items():
        if key not in keys:
            lift_hold(hold_id=hold.pk, lifted_by=by)
    for key in dict.fromkeys(keys):
        if key not in standing:
            kind, reason, ends_at = key
            place_hold(organisation=organisation, kind=kind, reason=reason, ends_at=ends_at, placed_by=by)
    return organisation.standing_holds


def standing_holds(*, organisations: Collection[UUID], kind: str) -> dict[UUID, list[BillingHold]]:
    """The standing holds of one kind of many customers, in one query; who is not held is not in the answer."""
    found: defaultdict[UUID, list[BillingHold]] = defaultdict(list)
    rows = BillingHold.objects.standing().filter(organisation__in=organisations, kind=kind)
    for hold in rows.select_related("organisation__billing_entity").order_by("starts_at", "kind", "pk"):
        found[hold.organisation_id].append(hold)
    return dict(found)


def end_of_day(day: date, organisation: Organisation) -> datetime:
    """The moment in which a day is over for the customer's seller: a hold up to that day ends then."""
    after = date.fromordinal(day.toordinal() + 1)
    return datetime.combine(after, time.min, tzinfo=ZoneInfo(organisation.billing_entity.time_zone))


def last_day_of(hold: BillingHold) -> date | None:
    """The last day of a hold that ends with a day of the customer's seller; None for any other end, or for none."""
    if hold.ends_at is None:
        return None
    day = hold.ends_at.astimezone(ZoneInfo(hold.organisation.billing_entity.time_zone)).date() - timedelta(days=1)
    return day if end_of_day(day, hold.organisation) == hold.ends_at else None


def _check_end(organisation: Organisation, ends_at: datetime) -> None:
    if ends_at <= clock.now():
        raise InvalidInput.field("ends_at", "The hold would be over already: choose a later end.")
    require(
        "ends_at", ends_at.astimezone(ZoneInfo(organisation.billing_entity.time_zone)).date(), validate_business_date
    )
