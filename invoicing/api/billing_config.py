"""What invoicing shows at a customer's billing configuration: the rules of issuing that hold for it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.number_formats import money_text, short_text
from invoicing.models import SafetyBounds
from invoicing.selectors.safety_bounds import bounds_of
from invoicing.services.facts.issuing_facts import rules_of
from invoicing.services.safety_bounds import reset_safety_bounds, set_safety_bounds
from organisations.billing_config import ConfigPart
from organisations.models import Organisation


def rules_in_force(organisation: Organisation) -> dict[str, Any]:
    """The customer's own rules of issuing, and its seller's where it has none."""
    rules = rules_of(organisation)
    return {
        "draft_days": rules.draft_days,
        "approve_above": None if rules.above is None else money_text(rules.above, organisation.currency),
        "approve_change_percent": None if rules.change_percent is None else short_text(rules.change_percent),
        "approve_first": rules.first,
        "approve_edited": rules.edited,
        "four_eyes": organisation.billing_entity.four_eyes,
    }


IN_FORCE = ConfigPart("in_force", rules_in_force)


class SafetyBoundsSerializer(serializers.ModelSerializer):
    class Meta:
        model = SafetyBounds
        fields = ["times", "lines", "most", "reason"]


def bounds_in_force(organisation: Organisation) -> dict[str, Any]:
    """The bounds that hold; `reason` is empty where the defaults do."""
    bounds = bounds_of([organisation])[organisation.pk]
    own = SafetyBounds.objects.filter(organisation=organisation).first()
    return {
        "times": short_text(bounds.times),
        "lines": bounds.lines,
        "most": None if bounds.most is None else money_text(bounds.most, organisation.currency),
        "reason": own.reason if own else "",
    }


def write_bounds(organisation: Organisation, sent: Any) -> None:
    """All bounds of the customer at once, or null for the defaults. Raises InvalidInput."""
    if sent is None:
        reset_safety_bounds(organisation=organisation)
        return
    try:
        bounds = SafetyBoundsSerializer().run_validation(sent)
    except serializers.ValidationError as error:
        details: Any = error.detail
        named = {f"safety_bounds.{name}": sentences for name, sentences in details.items()}
        first = next(iter(named))
        raise InvalidInput(f"{first}: {named[first][0]}", details=named) from None
    set_safety_bounds(organisation=organisation, **bounds)


BOUNDS = ConfigPart("safety_bounds", bounds_in_force, write_bounds)
