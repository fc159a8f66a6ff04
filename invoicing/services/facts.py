"""The only reader for computing an invoice: usage, prices, what was invoiced, parties and rates. No arithmetic.

Facts of an invoice that is being issued are consistent because the caller holds locks: the closed month takes no more
usage, the organisation's invoices are worked out one at a time, and prices stand still. Facts that are only shown are
read from one snapshot of the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.selectors.metric_words import WordBook
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from events.usage.metering import usage_for, usage_of_month
from invoicing.computing.in_rupees import BOOKS, Rate
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Customer, Seller
from invoicing.lines import Line
from invoicing.models import Invoice, InvoiceLine, PricingRule, TaxRate
from invoicing.pricing.month_facts import InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rules import Rule
from invoicing.selectors.exchange_rates import latest_rate
from organisations.models import BillingEntity, Organisation


def month_facts(*, organisation: Organisation, period: BillingPeriod) -> InvoiceFacts:
    """What the invoice of a month is computed from by now. The seller is the organisation's of today."""
    with _consistent_read():
        return _facts(organisation, organisation.currency, month=_month_facts(organisation, period))


def one_off_facts(*, organisation: Organisation, currency: str, lines: Sequence[Line]) -> InvoiceFacts:
    """The same for an invoice of given lines."""
    with _consistent_read():
        return _facts(organisation, currency, lines=tuple(lines))


def facts_of(invoice: Invoice) -> InvoiceFacts:
    """What a draft would be computed from by now. A one-off keeps its lines and its currency."""
    if invoice.period is not None:
        return month_facts(organisation=invoice.organisation, period=invoice.period)
    lines = [line_of(row) for row in invoice.lines.all()]
    return one_off_facts(organisation=invoice.organisation, currency=invoice.currency, lines=lines)


LINE_COLUMNS = tuple(each.name for each in fields(Line) if each.name not in {"heads", "taxable", "dimensions", "steps"})
"""What a line and its row call the same; dimensions and steps are JSON there, and taxes have rows of their own."""


def line_of(row: InvoiceLine) -> Line:
    """A stored line, without its taxes."""
    same = {name: getattr(row, name) for name in LINE_COLUMNS}
    return Line(**same, dimensions=tuple(sorted(row.dimensions.items())), steps=row.steps)


@contextmanager
def _consistent_read() -> Iterator[None]:
    """All that is read within belongs to one moment. Inside a transaction the caller's locks have to see to that."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _facts(
    organisation: Organisation, currency: str, *, month: MonthFacts | None = None, lines: tuple[Line, ...] = ()
) -> InvoiceFacts:
    entity = organisation.billing_entity
    day = clock.today(entity.time_zone)
    return InvoiceFacts(
        day=day,
        currency=currency,
        seller=_seller(entity),
        customer=_customer(organisation),
        tax_rates={rate.sac: rate.rate for rate in TaxRate.objects.on(day)},
        exchange_rate=None if currency == BOOKS else _exchange_rate(currency, day),
        month=month,
        lines=lines,
    )


def _seller(entity: BillingEntity) -> Seller:
    columns = {each.name: getattr(entity, each.name) for each in fields(Seller) if each.name != "logo"}
    return Seller(**columns, logo=entity.logo.name or "")


def _customer(organisation: Organisation) -> Customer:
    return Customer(**{each.name: getattr(organisation, each.name) for each in fields(Customer)})


def _exchange_rate(currency: str, day: date) -> Rate | None:
    found = latest_rate(base=currency, target=BOOKS, at=day)
    return Rate(found.base, found.target, found.rate, found.as_of, found.source) if found else None


def _month_facts(organisation: Organisation, period: BillingPeriod) -> MonthFacts:
    rows = sorted(usage_for(organisation=organisation, period=period), key=_used_in)
    months = tuple(
        _used_month(organisation, period, month, tuple(usage)) for month, usage in groupby(rows, key=_used_in)
    )
    return MonthFacts(period, organisation.currency, months, _words(organisation, months))


def _used_in(row: MeteredUsage) -> BillingPeriod:
    return row.used_in


def _used_month(
    organisation: Organisation, period: BillingPeriod, month: BillingPeriod, usage: tuple[MeteredUsage, ...]
) -> UsedMonth:
    rules = _rules(organisation, month)
    others = _other_invoices(organisation, month, period)
    if not others:
        return UsedMonth(month, usage, rules)
    covered = [other.period for other in others if other.period is not None]
    before = InvoicedBefore(
        charged=_charged(others, month),
        usage=usage_of_month(organisation=organisation, month=month, counted_in=covered),
        usage_with_late=usage_of_month(organisation=organisation, month=month, counted_in=[*covered, period]),
    )
    return UsedMonth(month, usage, rules, before)


def _rules(organisation: Organisation, month: BillingPeriod) -> tuple[Rule, ...]:
    rules = PricingRule.objects.applying_to(organisation).during(month.start, month.end)
    return tuple(rule.as_rule() for rule in rules)


def _other_invoices(organisation: Organisation, month: BillingPeriod, period: BillingPeriod) -> list[Invoice]:
    """The live invoices of other periods that charge for usage of the month, in the currency of today: rupees can't
    be set against dollars, so after a change of currency what comes late is priced by itself."""
    charging = Invoice.objects.live().filter(
        organisation=organisation, currency=organisation.currency, lines__used_in=month.start
    )
    return list(charging.exclude(period_start=period.start).distinct().order_by("period_start"))


def _charged(invoices: Iterable[Invoice], month: BillingPeriod) -> dict[MetricKey, Decimal]:
    """What the invoices charged for the month's usage, by metric, before tax."""
    lines = InvoiceLine.objects.filter(invoice__in=list(invoices), used_in=month.start).order_by()
    found: defaultdict[MetricKey, Decimal] = defaultdict(Decimal)
    for name, unit, amount in lines.values_list("metric_name", "unit", "amount"):
        found[name, unit] += amount
    return dict(found)


def _words(organisation: Organisation, months: Iterable[UsedMonth]) -> dict[MetricKey, MetricWords]:
    book = WordBook(organisation)
    used = {row.metric for month in months for row in month.usage}
    covered = {row.metric for month in months if month.invoiced_before for row in month.invoiced_before.usage_with_late}
    return {metric: book.words(*metric) for metric in sorted(used | covered)}
