"""Change how a seller asks again."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from organisations.models import BillingEntity
from payments.models import DunningRules
from payments.models.dunning_rules import rules_of


@transaction.atomic
def set_dunning_rules(*, seller: BillingEntity, **values: Any) -> DunningRules:
    """Store a seller's rules for retries, reminders and late fees. Plans that run keep their own numbers.

    Raises ValidationError at the field.
    """
    BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)  # two at once: one after the other
    rules = rules_of(seller.pk)
    for name, value in values.items():
        setattr(rules, name, value)
    rules.full_clean()
    rules.save()
    return rules
