"""Usage without a price that is not to be billed: write it off with a reason, and take that back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import require, validate_line
from events.models import Metric
from invoicing.models import UsageWriteOff
from invoicing.selectors.revenue_leak import leak_of
from invoicing.services.prices.billed_months import lock_prices
from organisations.models import Organisation


@transaction.atomic
def write_off_usage(
    *, organisation: Organisation, period: BillingPeriod, metric: Metric, reason: str, by: Any
) -> UsageWriteOff:
    """Write off what a month has of a metric without a price, as it is now. Usage that comes later is a leak again.

    While it stands, no price may bill it. Raises InvalidInput at `reason`, DomainError NOTHING_TO_WRITE_OFF, also if it
    is written off already, and USAGE_NOT_INVOICED: of a month without an invoice, a price would still bill it.
    """
    reason = reason.strip()
    require("reason", reason, validate_line)
    if not reason:
        raise InvalidInput.field("reason", "Say why it is not billed.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"Write at most {REASON_LENGTH} characters.")
    lock_prices(to_change_them=True)
    leak = leak_of(organisation=organisation, period=period, metric=metric, actor=by)
    if leak is None or not leak.is_open:
        raise DomainError("No usage of it is without a price now.", code="NOTHING_TO_WRITE_OFF")
    if not leak.is_invoiced:
        raise DomainError(
            "The month has no issued invoice yet: until then a price bills the usage, and no invoice needs one.",
            code="USAGE_NOT_INVOICED",
        )
    return UsageWriteOff.objects.create(
        organisation=organisation,
        month=period.start,
        metric_name=metric.name,
        unit=metric.unit,
        quantity=leak.left,
        event_count=leak.events_left,
        estimate=leak.estimate.amount.amount if leak.estimate else None,
        currency=organisation.currency,
        reason=reason,
        written_off_by=by,
    )


@transaction.atomic
def take_back_write_off(*, write_off_id: UUID, by: Any) -> UsageWriteOff:
    """The usage is a leak again, and a price may bill it. Raises NotFound, and DomainError TAKEN_BACK_ALREADY."""
    found: UsageWriteOff | None = UsageWriteOff.objects.select_for_update().filter(pk=write_off_id).first()
    if found is None:
        raise NotFound("There is no such write-off.")
    if not found.stands:
        raise DomainError("It is taken back already.", code="TAKEN_BACK_ALREADY")
    found.taken_back_at, found.taken_back_by = clock.now(), by
    found.save(update_fields=["taken_back_at", "taken_back_by", "updated_at"])
    return found
