"""Which safety bounds hold for whom: a customer's own, and the settings' where it has none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.conf import settings

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.safety_bounds import Bounds, MonthDraft, OutOfBounds, out_of_bounds
from invoicing.models import SafetyBounds
from invoicing.selectors.month_history import month_histories
from organisations.models import Organisation


def default_bounds(currency: str) -> Bounds:
    """The bounds of customers of a currency without their own."""
    return Bounds(
        times=settings.SAFETY_BOUND_TIMES,
        lines=settings.SAFETY_BOUND_LINES,
        most=settings.SAFETY_BOUND_TOTALS.get(currency),
        small=settings.SAFETY_BOUND_SMALL.get(currency, ZERO),
    )


def bounds_of(organisations: Iterable[Organisation]) -> dict[UUID, Bounds]:
    """The bounds of each customer, in one query for any number of them."""
    customers = list(organisations)
    own = {row.organisation_id: row for row in SafetyBounds.objects.filter(organisation__in=customers)}
    return {each.pk: _with_own(default_bounds(each.currency), own.get(each.pk)) for each in customers}


def _with_own(default: Bounds, own: SafetyBounds | None) -> Bounds:
    if own is None:
        return default
    return Bounds(
        times=default.times if own.times is None else own.times,
        lines=default.lines if own.lines is None else own.lines,
        most=default.most if own.most is None else own.most,
        small=default.small,
    )


def out_of_bounds_of(
    organisations: Collection[Organisation], drafts: Mapping[UUID, MonthDraft], *, period: BillingPeriod
) -> dict[UUID, tuple[OutOfBounds, ...]]:
    """Why somebody should look at the month's drafts, by the organisation's id: only of those out of bounds. Two
    queries for any number of organisations."""
    bounds = bounds_of(organisations)
    histories = month_histories(organisations=list(drafts), before=period)
    found = {pk: out_of_bounds(draft, history=histories.get(pk, ()), bounds=bounds[pk]) for pk, draft in drafts.items()}
    return {pk: reasons for pk, reasons in found.items() if reasons}
