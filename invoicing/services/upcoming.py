"""The upcoming invoice of a customer: its month so far, and what the month will probably come to. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.projection import projected
from invoicing.services.facts.invoice_facts import month_facts
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Upcoming:
    """`projected` is None on the first day of the month, and of a month that is over."""

    period: BillingPeriod
    so_far: Computed
    projected: Computed | None


def upcoming_invoice(*, organisation: Organisation, period: BillingPeriod | None = None) -> Upcoming:
    """The invoice of a month as it would be by now, in the customer's currency; the current month unless told
    otherwise."""
    now = clock.now()
    period = period or BillingPeriod.containing(now, organisation.zone)
    facts = month_facts(organisation=organisation, period=period)
    at_the_end = projected(facts, now=now, zone=organisation.zone)
    return Upcoming(period, compute(facts), compute(at_the_end) if at_the_end else None)
