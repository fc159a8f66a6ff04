"""What invoicing shows at a customer's billing configuration: the rules of issuing that hold for it."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.number_formats import money_text, short_text
from invoicing.services.issuing_facts import rules_of
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
