"""What months cost customers, by the pricing engine of invoices: what was invoiced, and what has come together so far.

A cost is before tax, in the currency of the month's invoice: lines less their discounts. A month that is invoiced costs
what the issued invoice says, whatever credit notes took back later; any other month what its invoice would say by now.
One-off invoices bill no month and are in no cost. Whose cost a line is says `computing/cost_shares.py`.

Many customers and months are read together: a number of statements that grows with the months that are not invoiced,
and not with the customers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod, local_date
from events.models import UsagePeriod
from events.usage.metered import MeteredUsage
from events.usage.metering import Asked, metered
from invoicing.computing.cost_shares import Share, shares_of
from invoicing.computing.invoice import lines_of_month
from invoicing.computing.projection import projected_month
from invoicing.lines import Line
from invoicing.models import Invoice, InvoiceLine
from invoicing.pricing.month_facts import MonthFacts
from invoicing.services.facts.invoice_facts import Charges, charges_of_months
from organisations.models import Organisation

Place = tuple[UUID, BillingPeriod]


class CostState(StrEnum):
    INVOICED = "invoiced"
    SO_FAR = "so_far"


@dataclass(frozen=True)
class MonthCost:
    """One customer's month. `invoice_id` and `number` are of the issued invoice; `forecast` is what the running month
    will probably cost, None of others and on its first day."""

    organisation_id: UUID
    period: BillingPeriod
    currency: str
    state: CostState
    lines: tuple[Line, ...]
    usage: tuple[MeteredUsage, ...] = field(repr=False)
    invoice_id: UUID | None = None
    number: str = ""
    forecast: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        """The invoice's subtotal."""
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def cost(self) -> Decimal:
        """The subtotal less discounts."""
        return sum((line.discounted_amount for line in self.lines), ZERO)

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """By project, metric, dimensions and day; together they are the lines."""
        return tuple(shares_of(self.lines, self.usage, self.period, self.currency))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which part of the costs is asked for: of some days `[first, after)`, one project, one metric. Empty: all."""

    first: date
    after: date
    project_id: UUID | None = None
    metric_name: str = ""

    def has(self, share: Share) -> bool:
        return (
            self.first <= share.day < self.after
            and self.project_id in (None, share.project_id)
            and self.metric_name in ("", share.metric_name)
        )


def months_within(first: date, after: date) -> list[BillingPeriod]:
    """The months that the days `[first, after)` lie in."""
    found, month = [], BillingPeriod.of(first)
    while month.start < after:
        found.append(month)
        month = month.next()
    return found


def costs_of_months(
    organisations: Sequence[Organisation], months: Collection[BillingPeriod], *, with_forecast: bool = False
) -> dict[Place, MonthCost]:
    """The months that have come, of each organisation. Months that ended before the organisation was made and in which
    it used nothing are left out."""
    now, owners = clock.now(), {each.pk: each for each in organisations}
    with consistent_read():
        invoiced = _invoiced(organisations, months)
        waiting = _not_invoiced(organisations, months, invoiced, now)
        places = [*invoiced, *((pk, month) for month, waits in waiting.items() for pk in waits)]
        answers = metered([Asked(owners[pk], (month,)) for pk, month in places])
        usage = dict(zip(places, answers, strict=True))
        found = dict(_with_lines(invoiced, usage))
        for month, waits in waiting.items():
            counted = {pk: usage[pk, month] for pk in waits}
            for pk, charges in charges_of_months([owners[pk] for pk in waits], month, usage=counted).items():
                found[pk, month] = _so_far(owners[pk], charges, now if with_forecast else None)
    return found


def costs_of(organisation: Organisation, asked: Narrowed, *, with_forecast: bool = False) -> tuple[MonthCost, ...]:
    """The months of some days, of one organisation, in order."""
    found = costs_of_months([organisation], months_within(asked.first, asked.after), with_forecast=with_forecast)
    return tuple(cost for _place, cost in sorted(found.items(), key=lambda item: item[0][1]))


def shares_within(costs: Iterable[MonthCost], asked: Narrowed) -> Iterator[tuple[str, Share]]:
    """The shares that are asked for, each with its currency: amounts of different currencies are never added up."""
    for cost in costs:
        yield from ((cost.currency, share) for share in cost.shares if asked.has(share))


def _invoiced(
    organisations: Sequence[Organisation], months: Collection[BillingPeriod]
) -> dict[Place, tuple[UUID, str, str]]:
    """Id, number and currency of the issued invoice of each month that has one."""
    rows = (
        Invoice.objects.issued()
        .billing()
        .filter(
            organisation__in=[each.pk for each in organisations], period_start__in=[month.start for month in months]
        )
    )
    return {
        (owner, BillingPeriod.of(start)): (pk, number, currency)
        for owner, start, pk, number, currency in rows.order_by().values_list(
            "organisation_id", "period_start", "pk", "number", "currency"
        )
    }


def _with_lines(
    invoiced: Mapping[Place, tuple[UUID, str, str]], usage: Mapping[Place, tuple[MeteredUsage, ...]]
) -> Iterator[tuple[Place, MonthCost]]:
    lines = _lines([pk for pk, _number, _currency in invoiced.values()])
    for (owner, month), (pk, number, currency) in invoiced.items():
        counted = usage[owner, month]
        yield (
            (owner, month),
            MonthCost(owner, month, currency, CostState.INVOICED, lines[pk], counted, pk, number),
        )


_COLUMNS = (
    *("kind", "amount", "discount", "project_id", "metric_name", "unit"),
    *("service_start", "service_end", "used_in"),
)


def _lines(invoices: Collection[UUID]) -> defaultdict[UUID, tuple[Line, ...]]:
    """What the shares of stored lines depend on."""
    found: defaultdict[UUID, tuple[Line, ...]] = defaultdict(tuple)
    rows = InvoiceLine.objects.filter(invoice__in=list(invoices)).order_by("invoice", "position")
    for invoice, dimensions, *values in rows.values_list("invoice_id", "dimensions", *_COLUMNS):
        own = dict(zip(_COLUMNS, values, strict=True))
        found[invoice] += (Line(**own, dimensions=tuple(sorted(dimensions.items()))),)
    return found


def _not_invoiced(
    organisations: Sequence[Organisation],
    months: Collection[BillingPeriod],
    invoiced: Collection[Place],
    now: datetime,
) -> dict[BillingPeriod, list[UUID]]:
    """By month, whose it is."""
    used = set(
        UsagePeriod.objects.filter(
            organisation__in=[each.pk for each in organisations], month__in=[month.start for month in months]
        )
        .order_by()
        .values_list("organisation_id", "month")
    )
    found: defaultdict[BillingPeriod, list[UUID]] = defaultdict(list)
    for month in sorted(months):
        for each in organisations:
            today, since = local_date(now, each.zone), local_date(each.created_at, each.zone)
            is_of_customer = since < month.end or (each.pk, month.start) in used
            if month.start <= today and is_of_customer and (each.pk, month) not in invoiced:
                found[month].append(each.pk)
    return found


def _so_far(owner: Organisation, charges: Charges, now: datetime | None) -> MonthCost:
    """With a forecast unless `now` is None."""
    month = charges.month
    ahead = projected_month(month, now=now, zone=owner.zone) if now is not None else None
    return MonthCost(
        owner.pk,
        month.period,
        owner.currency,
        CostState.SO_FAR,
        _lines_of(charges, month),
        tuple(row for used in month.months for row in used.usage),
        forecast=sum((line.discounted_amount for line in _lines_of(charges, ahead)), ZERO) if ahead else None,
    )


def _lines_of(charges: Charges, month: MonthFacts) -> tuple[Line, ...]:
    lines, _warnings = lines_of_month(month, charges.terms, charges.typed)
    return lines


@dataclass(frozen=True, slots=True)
class CostRow:
    """One row of a breakdown: what it is of, and what that costs. `amount` is before discounts."""

    key: tuple[str, ...]
    currency: str
    amount: Decimal
    cost: Decimal

    @property
    def discount(self) -> Decimal:
        return self.amount - self.cost


def broken_down(shares: Iterable[tuple[str, Share]], by: str, dimension: str = "") -> tuple[CostRow, ...]:
    """By `metric` (kind, name, unit), `project` (its id, empty of what no project caused) or `dimension` (its value,
    empty where it was not sent), and by currency; what costs most first."""
    sums: defaultdict[tuple[str, tuple[str, ...]], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for currency, share in shares:
        both = sums[currency, _key(share, by, dimension)]
        both[0] += share.amount
        both[1] += share.cost
    rows = [CostRow(key, currency, *both) for (currency, key), both in sums.items()]
    return tuple(sorted(rows, key=lambda row: (row.currency, -row.cost, row.key)))


def _key(share: Share, by: str, dimension: str) -> tuple[str, ...]:
    if by == "project":
        return ("" if share.project_id is None else str(share.project_id),)
    if by == "dimension":
        return (dict(share.dimensions).get(dimension, ""),)
    return "usage" if share.metric_name else share.kind, share.metric_name, share.unit
