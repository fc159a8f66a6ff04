"""Give a customer safety bounds of its own, and take them away again."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from invoicing.models import SafetyBounds
from organisations.models import Organisation


@transaction.atomic
def set_safety_bounds(
    *,
    organisation: Organisation,
    reason: str,
    times: Decimal | None = None,
    lines: int | None = None,
    most: Decimal | None = None,
) -> SafetyBounds:
    """Set all bounds of a customer; None is the default of the settings. `most` is in the customer's currency.

    Holds for months that are billed from now on. Raises ValidationError with the name of the field.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)  # two at once: one row
    bounds = SafetyBounds.objects.filter(organisation=organisation).first() or SafetyBounds(organisation=organisation)
    bounds.times, bounds.lines, bounds.most, bounds.reason = times, lines, most, reason.strip()
    bounds.full_clean()
    bounds.save()
    return bounds


@transaction.atomic
def reset_safety_bounds(*, organisation: Organisation) -> None:
    """Let the defaults hold again. Does nothing for a customer that has no bounds of its own."""
    for bounds in SafetyBounds.objects.select_for_update().filter(organisation=organisation):
        bounds.delete()  # row by row: the audit log notes it
