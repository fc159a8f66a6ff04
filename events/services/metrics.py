"""Define what is counted."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from events.models import Metric
from organisations.models import Organisation
from organisations.scoping import ALL, Actor, reachable_organisations


def define_metric(
    *,
    actor: Actor,
    organisation: Organisation | None,
    name: str,
    unit: str,
    aggregation: str = Metric.Aggregation.SUM,
    dimensions: Sequence[str] = (),
    description: str = "",
) -> Metric:
    """Create a metric; one that usage registered by itself under this name and unit is completed instead.

    Raises DomainError if it is defined already, or if it is to be shared and the actor doesn't reach everybody.
    """
    if organisation is None and reachable_organisations(actor) is not ALL:
        raise DomainError(
            "Only who reaches every organisation can define a shared metric.", code="FORBIDDEN", status=403
        )
    with transaction.atomic():
        metric = Metric.objects.select_for_update().filter(organisation=organisation, name=name, unit=unit).first()
        if metric is not None and not metric.registered_automatically:
            raise DomainError(f"The metric {metric} is defined already.", code="METRIC_EXISTS")
        metric = metric or Metric(organisation=organisation, name=name, unit=unit)
        metric.aggregation = aggregation
        metric.dimensions = list(dimensions)
        metric.description = description
        metric.registered_automatically = False
        try:
            metric.full_clean()
        except ValidationError as error:
            raise InvalidInput("The metric is not valid.", details=error.message_dict) from None
        metric.save()
    return metric
