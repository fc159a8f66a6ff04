"""What customers' months cost so far and will probably cost, by the pricing engine: the observer of cost alerts.

A cost is what the invoice would come to before tax, discounts taken off, in the customer's currency: the numbers of the
upcoming invoice. Many customers are read together, and each month is computed once however many rules ask.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext

from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod, local_date
from events.alerts.judging import COST, Reading
from events.models import AlertRule
from events.services.alerting.observers import Asked, Observer
from invoicing.computing.invoice import compute
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.projection import projected
from invoicing.services.facts.invoice_facts import facts_of_months
from organisations.models import Organisation

logger = logging.getLogger(__name__)

Costs = dict[tuple[UUID, datetime, str], Decimal | None]
_A_MOMENT = timedelta(microseconds=1)


def read_costs(asked: Sequence[Asked]) -> list[list[Reading]]:
    """Raises nothing for one customer whose month can't be computed: nothing can be said about it."""
    facts = _facts(asked)
    costs: Costs = {}
    return [
        [Reading(look.period, _cost(each, look.period.start, facts, costs)) for look in each.looks] for each in asked
    ]


def _facts(asked: Sequence[Asked]) -> dict[tuple[UUID, date], InvoiceFacts]:
    months: defaultdict[BillingPeriod, dict[UUID, Organisation]] = defaultdict(dict)
    for each in asked:
        organisation = each.rule.organisation
        for look in each.looks:
            month = BillingPeriod.containing(look.period.start, organisation.zone)
            months[month][organisation.pk] = organisation
    return {
        (pk, month.start): facts
        for month, organisations in months.items()
        for pk, facts in facts_of_months(list(organisations.values()), month).items()
    }


def _cost(asked: Asked, start: datetime, facts: dict[tuple[UUID, date], InvoiceFacts], costs: Costs) -> Decimal | None:
    rule, zone = asked.rule, asked.rule.organisation.zone
    key = (rule.organisation_id, asked.now, rule.span)
    if key not in costs:
        month = facts[rule.organisation_id, local_date(start, zone)]
        known = _as_of(month, local_date(asked.now - _A_MOMENT, zone)) if asked.is_past else month
        try:
            costs[key] = _before_tax(
                known if rule.span == "month_to_date" else projected(known, now=asked.now, zone=zone)
            )
        except Exception:  # a fault in the prices of one customer must not silence the alerts of the others
            logger.exception("cost not computed", extra={"organisation": str(rule.organisation_id)})
            costs[key] = None
    return costs[key]


def _before_tax(facts: InvoiceFacts | None) -> Decimal | None:
    if facts is None:
        return None
    totals = compute(facts).totals
    return totals.subtotal - totals.discount_total


def _as_of(facts: InvoiceFacts, last: date) -> InvoiceFacts:
    """With the usage up to a day, as far as it is known by now."""
    if facts.month is None:
        return facts
    months = tuple(
        replace(used, usage=tuple(row for row in used.usage if row.day <= last)) for used in facts.month.months
    )
    return replace(facts, month=replace(facts.month, months=months))


def _subject(rule: AlertRule) -> str:
    return gettext("The cost so far") if rule.span == "month_to_date" else gettext("The projected cost")


def _amount(rule: AlertRule, amount: Decimal) -> str:
    return format_money(amount, rule.organisation.currency)


COST_OBSERVER = Observer(frozenset({COST}), read_costs, _subject, _amount)
