"""The list of addresses that nothing is e-mailed to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.validators import require, validate_line
from organisations.models import Notification, SuppressedAddress

Reason = SuppressedAddress.Reason


def suppressed(addresses: Iterable[str]) -> dict[str, SuppressedAddress]:
    """Those of some addresses that are suppressed, spelt as given, with why."""
    keys = {address: address.casefold() for address in addresses}
    standing = SuppressedAddress.objects.filter(address__in=set(keys.values()), lifted_at__isnull=True)
    rows = {row.address: row for row in standing}
    return {address: rows[key] for address, key in keys.items() if key in rows}


def suppress(
    address: str, *, reason: str, detail: str, notification: Notification | None, since: datetime | None = None
) -> None:
    """Put an address on the list; the first reason stays. What was allowed again after `since` is not suppressed by
    what happened before: a provider tells late."""
    when, key = since or clock.now(), address.casefold()
    if SuppressedAddress.objects.filter(address=key, lifted_at__gte=when).exists():
        return
    row = SuppressedAddress(address=key, reason=reason, since=when, detail=detail[:2000], notification=notification)
    SuppressedAddress.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def lift(*, suppressed_id: UUID, because: str, by: str) -> SuppressedAddress:
    """Allow an address again: it exists after all, or somebody there asked for it. Raises DomainError
    ADDRESS_NOT_SUPPRESSED for one that is allowed again already, InvalidInput for no reason."""
    row: SuppressedAddress = SuppressedAddress.objects.select_for_update().get(pk=suppressed_id)
    if row.lifted_at is not None:
        raise DomainError("The address is allowed again already.", code="ADDRESS_NOT_SUPPRESSED")
    if not because.strip():
        raise InvalidInput.field("because", "Say why the address is good again.")
    require("because", because.strip(), validate_line)
    row.lifted_at, row.lifted_by, row.lifted_because = clock.now(), by[:200], because.strip()
    row.save(update_fields=["lifted_at", "lifted_by", "lifted_because", "updated_at"])
    return row
