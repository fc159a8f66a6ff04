"""What rating knows of a billing period: read once by `invoicing.services.facts`, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.periods import BillingPeriod
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from invoicing.pricing.rules import Rule


@dataclass(frozen=True, slots=True)
class InvoicedBefore:
    """What live invoices of other periods say of one month.

    `charged` is the sum of their lines for the month, by metric, before tax; `usage` is what those invoices covered,
    `usage_with_late` the same together with what the period being billed adds.
    """

    charged: Mapping[MetricKey, Decimal]
    usage: tuple[MeteredUsage, ...]
    usage_with_late: tuple[MeteredUsage, ...]


@dataclass(frozen=True, slots=True)
class UsedMonth:
    """Usage that happened in one month and is counted in the period being billed, with the rules of that month."""

    month: BillingPeriod
    usage: tuple[MeteredUsage, ...]
    rules: tuple[Rule, ...]
    invoiced_before: InvoicedBefore | None = None  # None: no other live invoice charged for the month


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """Everything that the usage lines of one period's invoice are computed from.

    `months` holds the period itself and each earlier month whose usage arrived late, oldest first, as far as they have
    usage. `words` has an entry for every metric in them.
    """

    period: BillingPeriod
    currency: str
    months: tuple[UsedMonth, ...]
    words: Mapping[MetricKey, MetricWords]
