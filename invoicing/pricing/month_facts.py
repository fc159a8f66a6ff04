"""What rating knows of a billing period: read once by `invoicing.services.facts.invoice_facts`, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.periods import BillingPeriod
from events.usage.conversion import Conversions
from events.usage.metered import MeteredEvent, MeteredUsage, MetricKey, MetricWords
from invoicing.pricing.rules import Rule
from invoicing.rates import Rate

FirstEvents = Mapping[MetricKey, tuple[MeteredEvent, ...]]


@dataclass(frozen=True, slots=True)
class InvoicedBefore:
    """What live invoices of other periods say of one month.

    `charged` is the sum of their lines for the month, by metric, before tax; `usage` is what those invoices covered,
    `usage_with_late` the same together with what the period being billed adds. `periods` are those of the invoices.

    Credit notes made from corrections of usage are taken off `charged`; `given_back` is what those of the period being
    billed gave back. `left` is what all notes have left of the charges, before discounts too.
    """

    charged: Mapping[MetricKey, Decimal]
    usage: tuple[MeteredUsage, ...]
    usage_with_late: tuple[MeteredUsage, ...]
    periods: tuple[BillingPeriod, ...] = ()
    given_back: Mapping[MetricKey, Decimal] = field(default_factory=dict)
    left: Mapping[MetricKey, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsedMonth:
    """Usage that happened in one month and is counted in the period being billed, with the rules of that month.

    `first_events` has the first events of the metrics whose prices let some go free, in the order in which they
    happened: of each meter, as many as may be free, of all usage that is priced (where other invoices charged for the
    month, of theirs too).

    `rates` are those by which prices in other currencies are exchanged, by that currency: of other invoices that
    charged for the month by one, else of the day `rates_of`.

    `late_prices` are rules that came after the month was invoiced, for usage that had no price then and is still to be
    charged; `invoiced_before` is not None with them.
    """

    month: BillingPeriod
    usage: tuple[MeteredUsage, ...]
    rules: tuple[Rule, ...]
    invoiced_before: InvoicedBefore | None = None  # None: no other live invoice charged for the month
    first_events: FirstEvents = field(default_factory=dict)
    rates: Mapping[str, Rate] = field(default_factory=dict)
    rates_of: date = date.min
    late_prices: frozenset[UUID] = frozenset()

    def rules_in(self, currency: str) -> tuple[Rule, ...]:
        """The rules with their amounts in one currency; those for which there is no rate stay as they are."""
        return tuple(self._in(rule, currency) for rule in self.rules) if self.rates else self.rules

    def _in(self, rule: Rule, currency: str) -> Rule:
        rate = self.rates.get(rule.currency) if rule.currency != currency else None
        return (rule.exchanged(rate) if rate else None) or rule


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """Everything that the usage lines of one period's invoice are computed from.

    `months` holds the period itself and each earlier month whose usage arrived late, oldest first, as far as they have
    usage; the period itself also if a price is due without usage. `words` has an entry for every metric in them, in the
    unit of the usage; `conversions` for those that are priced in another unit, or rounded.
    """

    period: BillingPeriod
    currency: str
    months: tuple[UsedMonth, ...]
    words: Mapping[MetricKey, MetricWords]
    conversions: Conversions = field(default_factory=dict)
