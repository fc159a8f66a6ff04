"""Define what is counted, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from events.metric_changes import check_change
from events.models import Metric, UsageAggregate, UsageLevel, UsagePeriod
from events.services.aggregates.rebuilding import rebuild_aggregates
from organisations.models import Organisation
from organisations.scoping import EVERY_ORGANISATION, Actor, reachable_organisations

WORDS = ("display_name", "unit_name", "unit_name_plural")
NAMES = ("organisation", "name", "unit")
COUNTING = ("aggregation", "unique_property")
CONVERSION = ("multiplier", "divisor", "billed_unit", "billed_unit_plural", "rounding", "rounding_places")
ADDITIVE = {Metric.Aggregation.SUM, Metric.Aggregation.COUNT}
"""Aggregations that every row of aggregates can answer, whatever its metric was when it was counted."""


def define_metric(
    *,
    actor: Actor,
    organisation: Organisation | None,
    name: str,
    unit: str,
    aggregation: str = Metric.Aggregation.SUM,
    unique_property: str = "",
    dimensions: Sequence[str] = (),
    description: str = "",
    conversion: Mapping[str, Any] | None = None,
    **words: str,
) -> Metric:
    """Create a metric; one that usage registered by itself under this name and unit is completed instead.

    `words` are what people read: `display_name`, `unit_name`, `unit_name_plural`; `conversion` has those of the fields
    CONVERSION that are not to be what they are by default.
    Raises DomainError METRIC_EXISTS if it is defined already, METRIC_IS_BILLED if usage that an invoice has would be
    converted otherwise, and FORBIDDEN if it is to be shared and the actor may not see every organisation.
    """
    if organisation is None and reachable_organisations(actor) is not EVERY_ORGANISATION:
        raise DomainError(
            "Only a user who may see every organisation can define a shared metric.", code="FORBIDDEN", status=403
        )
    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP)  # a chunk under way may be registering it
        metric = Metric.objects.select_for_update().filter(organisation=organisation, name=name, unit=unit).first()
        if metric is not None and not metric.registered_automatically:
            raise DomainError(f"The metric {metric} is defined already.", code="METRIC_EXISTS")
        metric = metric or Metric(organisation=organisation, name=name, unit=unit)
        metric.aggregation, metric.unique_property = aggregation, unique_property
        metric.dimensions, metric.description = list(dimensions), description
        for field in WORDS:
            setattr(metric, field, words.get(field, ""))
        for field, value in (conversion or {}).items():
            setattr(metric, field, value)
        _check(metric)
        save_definition(metric=metric)
    return metric


def change_metric(*, metric_id: UUID, changes: Mapping[str, Any]) -> Metric:
    """Change the words, the dimensions or the conversion of a metric; of one that usage registered by itself, also how
    it is counted.

    Raises InvalidInput for a field that stays as it is, and what `save_definition` raises.
    """
    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP)
        metric: Metric = Metric.objects.select_for_update(of=("self",)).get(pk=metric_id)
        fixed = NAMES if metric.registered_automatically else (*NAMES, *COUNTING)
        for field, value in changes.items():
            if field in fixed and getattr(metric, field) != value:
                raise InvalidInput.field(field, "A metric keeps it: what is counted otherwise is another metric.")
            setattr(metric, field, value)
        _check(metric)
        save_definition(metric=metric)
    return metric


def _check(metric: Metric) -> None:
    try:
        metric.full_clean()
    except ValidationError as error:
        raise InvalidInput("The metric is not valid.", details=error.message_dict) from None


def save_definition(*, metric: Metric) -> None:
    """Store how a metric is counted. Usage that registered the metric before it was defined is counted again that way.

    A shared definition also changes the metrics of that name and unit that usage registered for single organisations:
    an organisation's own metric takes precedence over a shared one, so these would hide it for ever. Settling waits
    meanwhile: a chunk that had read the old definition would count by it.
    Raises DomainError METRIC_IN_USE if an open month would be counted in two ways, and METRIC_IS_BILLED if usage that
    an invoice has would be converted otherwise.
    """
    with transaction.atomic():
        advisory_lock(LockSpace.DEDUP)
        check_change(Metric.objects.filter(pk=metric.pk).first(), metric)
        _complete(metric)
        if metric.organisation is None:
            same = Metric.objects.filter(name=metric.name, unit=metric.unit, registered_automatically=True)
            for registered in same.select_related("organisation").order_by("organisation_id"):
                registered.aggregation = metric.aggregation
                registered.unique_property = metric.unique_property
                registered.dimensions = metric.dimensions
                _complete(registered)


def _refuse_to_split_a_month(metric: Metric) -> None:
    """Raise METRIC_IN_USE if an open month would be counted partly one way and partly another.

    Example: a `max` metric gets a dimension in mid-month. Its peak before and its peak after are two meters then, and
    both would be charged. The same happens when an organisation's own definition replaces the shared one. Sums and
    counts of two meters add up to the same total, so they may change.
    """
    before = Metric.objects.filter(pk=metric.pk).first()
    if before is None and metric.organisation is not None:
        before = Metric.objects.filter(organisation__isnull=True, name=metric.name, unit=metric.unit).first()
        splits = before is not None and (before.aggregation != metric.aggregation or metric.aggregation not in ADDITIVE)
    else:
        changed = before is not None and set(before.dimensions) != set(metric.dimensions)
        splits = changed and metric.aggregation not in ADDITIVE
    if before is not None and splits and _is_used_in_an_open_month(before, metric.organisation):
        raise DomainError(
            f"Usage of {metric} was counted in another way already, which would count it twice. "
            "Keep the aggregation and the dimensions, or let the usage come under another name.",
            code="METRIC_IN_USE",
        )


def _is_used_in_an_open_month(metric: Metric, organisation: Organisation | None) -> bool:
    """A level is used in every month after it was changed first."""
    if metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
        levels = UsageLevel.objects.filter(metric=metric)
        return (levels if organisation is None else levels.filter(organisation=organisation)).exists()
    still_open = UsagePeriod.objects.filter(
        organisation=OuterRef("organisation"), month=OuterRef("counted_in"), closed_at__isnull=True
    )
    usage = UsageAggregate.objects.filter(Exists(still_open), metric=metric)
    return (usage if organisation is None else usage.filter(organisation=organisation)).exists()


def _needs_recount(metric: Metric) -> bool:
    return metric.registered_automatically and metric.aggregation not in ADDITIVE


def _complete(metric: Metric) -> None:
    _refuse_to_split_a_month(metric)
    recount = _needs_recount(metric)
    metric.registered_automatically = False
    metric.save()
    if recount and metric.organisation is not None:
        counted = UsageAggregate.objects.filter(organisation=metric.organisation, metric=metric)
        for month in sorted(set(counted.values_list("counted_in", flat=True))):
            rebuild_aggregates(organisation=metric.organisation, period=BillingPeriod.of(month), metric=metric)
