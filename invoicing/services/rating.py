"""Usage times prices: which rule prices which usage, and what that comes to, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from billing_platform.lib.dates_in_words import days_text, month_text
from billing_platform.lib.money import ZERO, exact_text, round_money
from billing_platform.lib.periods import BillingPeriod
from events.metering import MeteredUsage, usage_for, usage_of_month
from invoicing.models import Invoice, InvoiceLine, PricingRule
from invoicing.pricing import Charge, Usage
from invoicing.pricing.charges import short_text
from invoicing.services.prices import working
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A line before it has an invoice; the fields are those of InvoiceLine."""

    kind: str
    description: str
    quantity: Decimal
    amount: Decimal
    sac: str = ""
    unit_price: Decimal | None = None
    project_id: UUID | None = None
    metric_name: str = ""
    unit: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)
    service_start: date | None = None
    service_end: date | None = None
    usage_month: date | None = None
    pricing_rule: PricingRule | None = None
    price: dict[str, Any] = field(default_factory=dict)
    explanation: list[dict[str, str]] = field(default_factory=list)

    def as_columns(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, line: InvoiceLine) -> RatedLine:
        return cls(**{each.name: getattr(line, each.name) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage that no price covers: billed nowhere, told everywhere."""

    metric_name: str
    unit: str
    quantity: Decimal
    event_count: int

    def sentence(self) -> str:
        return (
            f"No price covers {self.metric_name} ({self.unit}): {short_text(self.quantity)} in "
            f"{self.event_count} events are not billed."
        )


@dataclass(frozen=True, slots=True)
class Rated:
    lines: tuple[RatedLine, ...]
    unpriced: tuple[Unpriced, ...]


def rate_period(*, organisation: Organisation, period: BillingPeriod) -> Rated:
    """Everything that a period's invoice charges for usage: its own month, and late usage of earlier ones."""
    rows = usage_for(organisation=organisation, period=period)
    lines: list[RatedLine] = []
    unpriced: list[Unpriced] = []
    for month, month_rows in groupby(sorted(rows, key=_month), key=_month):
        rated = _rate_month(organisation, period, month, list(month_rows))
        lines += rated.lines
        unpriced += rated.unpriced
    return Rated(tuple(lines), tuple(unpriced))


def rate(rows: Sequence[MeteredUsage], rules: Sequence[PricingRule], *, currency: str, kind: str) -> Rated:
    """Price one month's usage. What one rule prices together is one line; where prices change, usage is split."""
    groups: dict[tuple[UUID, UUID | None], list[MeteredUsage]] = defaultdict(list)
    by_id = {rule.pk: rule for rule in rules}
    missing: list[MeteredUsage] = []
    for row in rows:
        rule = choose_rule(rules, row)
        if rule is None:
            missing.append(row)
        else:
            groups[rule.pk, row.project_id if rule.pool == PricingRule.Pool.PROJECT else None].append(row)
    lines = [_line(by_id[rule_id], members, currency, kind) for (rule_id, _project), members in groups.items()]
    lines.sort(key=lambda line: (line.metric_name, line.unit, line.service_start, line.description))
    return Rated(tuple(lines), _unpriced(missing))


def choose_rule(rules: Iterable[PricingRule], row: MeteredUsage) -> PricingRule | None:
    """The organisation's own rule before a global one, then the one that names most dimensions, valid on the day."""
    dimensions = dict(row.dimensions)
    fitting = [
        rule
        for rule in rules
        if (rule.metric_name, rule.unit) == (row.metric_name, row.unit)
        and rule.holds_on(row.day)
        and rule.covers(dimensions)
    ]
    # two rules that name equally many dimensions may both fit: any fixed order will do, as long as it is fixed
    return max(
        fitting,
        key=lambda rule: (rule.organisation_id is not None, len(rule.dimensions), str(sorted(rule.dimensions.items()))),
        default=None,
    )


def rules_for(organisation: Organisation, month: BillingPeriod) -> list[PricingRule]:
    return list(PricingRule.objects.applying_to(organisation).during(month.start, month.end))


def _month(row: MeteredUsage) -> BillingPeriod:
    return row.usage_period


def _rate_month(
    organisation: Organisation, period: BillingPeriod, month: BillingPeriod, rows: list[MeteredUsage]
) -> Rated:
    """A month that other invoices have charged for already is priced as a whole, and charged by the difference:
    so tiers and free units run on, whenever the usage was reported."""
    currency = organisation.currency
    kind = InvoiceLine.Kind.USAGE if month == period else InvoiceLine.Kind.LATE_USAGE
    rules = rules_for(organisation, month)
    others = _other_invoices(organisation, month, period)
    if not others:
        left = [row for row in rows if row.quantity or row.event_count]  # what was voided to the last was never used
        return rate(left, rules, currency=currency, kind=kind)
    charged_for = [other.period for other in others if other.period is not None]
    before = usage_of_month(organisation=organisation, month=month, counted_in=charged_for)
    covered = usage_of_month(organisation=organisation, month=month, counted_in=[*charged_for, period])
    together = rate(covered, rules, currency=currency, kind=kind)
    lines = []
    for metric in sorted({(row.metric_name, row.unit) for row in rows}):
        priced = [line for line in together.lines if (line.metric_name, line.unit) == metric]
        if priced:
            late = [row for row in rows if (row.metric_name, row.unit) == metric]
            added = _quantity_of(covered, metric) - _quantity_of(before, metric)
            lines.append(_difference(priced, late, added, _charged(others, month, *metric), kind, currency))
    return Rated(tuple(lines), _unpriced([row for row in rows if choose_rule(rules, row) is None]))


def _other_invoices(organisation: Organisation, month: BillingPeriod, period: BillingPeriod) -> list[Invoice]:
    """The live invoices of other periods that charge for usage of the month, in the currency of today: rupees can't
    be set against dollars, so after a change of currency what comes late is priced by itself."""
    charging = Invoice.objects.live().filter(
        organisation=organisation, currency=organisation.currency, lines__usage_month=month.start
    )
    return list(charging.exclude(period_start=period.start).distinct().order_by("period_start"))


def _charged(invoices: list[Invoice], month: BillingPeriod, metric_name: str, unit: str) -> Decimal:
    lines = InvoiceLine.objects.filter(
        invoice__in=invoices, usage_month=month.start, metric_name=metric_name, unit=unit
    )
    return sum((line.amount for line in lines), ZERO)


def _quantity_of(rows: Iterable[MeteredUsage], metric: tuple[str, str]) -> Decimal:
    return sum((row.quantity for row in rows if (row.metric_name, row.unit) == metric), ZERO)


def _difference(
    priced: list[RatedLine], late: list[MeteredUsage], added: Decimal, charged: Decimal, kind: str, currency: str
) -> RatedLine:
    """Usage of a month that other invoices have charged for: all of the month priced again, less what they charged.

    `added` is by how much the month's quantity has changed since: less than the late rows' own where a greatest value
    was known already, and negative where a correction took usage back.
    """
    first, month = priced[0], late[0].usage_period
    reported = ", reported late for" if kind == InvoiceLine.Kind.LATE_USAGE else " ·"
    amount = sum((line.amount for line in priced), ZERO) - charged
    projects = {row.project_id for row in late}
    return RatedLine(
        kind=kind,
        description=f"{first.metric_name} ({first.unit}){reported} {month_text(month)}",
        quantity=added,
        amount=round_money(amount, currency),
        project_id=projects.pop() if len(projects) == 1 else None,
        metric_name=first.metric_name,
        unit=first.unit,
        service_start=month.start,
        service_end=month.end,
        usage_month=month.start,
        pricing_rule=first.pricing_rule,
        price=first.price,
        explanation=[
            *(step for line in priced for step in line.explanation),
            _step(f"Already invoiced for {month_text(month)}", ZERO, -charged, currency),
        ],
    )


def _line(rule: PricingRule, rows: list[MeteredUsage], currency: str, kind: str) -> RatedLine:
    quantity = sum((row.quantity for row in rows), ZERO)
    charge = _charge(rule, quantity, sum(row.event_count for row in rows))
    month = rows[0].usage_period
    start = max(month.start, rule.effective_from)
    end = month.end if rule.effective_to is None else min(month.end, rule.effective_to)
    projects = _by_project(rows)
    project = next(iter(projects)) if len(projects) == 1 else None
    pooled = rule.pool == PricingRule.Pool.ORGANISATION
    return RatedLine(
        kind=kind,
        description=_description(rule, month, start, end, "" if pooled else rows[0].project_name),
        quantity=quantity,
        amount=round_money(charge.exact_amount, currency),
        unit_price=_unit_price(rule),
        project_id=project,
        metric_name=rule.metric_name,
        unit=rule.unit,
        dimensions=rule.dimensions,
        service_start=start,
        service_end=end,
        usage_month=month.start,
        pricing_rule=rule,
        price=_price_snapshot(rule),
        explanation=[
            *working(charge),
            *(_step(f"of which {name}", used, ZERO, currency) for name, used in projects.values() if pooled),
        ],
    )


def _charge(rule: PricingRule, quantity: Decimal, event_count: int) -> Charge:
    """Corrections may outweigh what else was counted, with no invoice to set them against: then it is given back
    what as much usage would have cost. Should the month's own invoice come later, its difference sets that right."""
    if quantity < ZERO or (quantity == ZERO and event_count < 0):
        charge = rule.price.charge(Usage(-quantity, max(-event_count, 0)))
        return Charge(-charge.exact_amount, tuple(detail.negated() for detail in charge.details))
    return rule.price.charge(Usage(quantity, max(event_count, 0)))


def _description(rule: PricingRule, month: BillingPeriod, start: date, end: date, project_name: str) -> str:
    parts = [f"{rule.metric_name} ({rule.unit})"]
    if rule.dimensions:
        parts.append(", ".join(f"{name} {value}" for name, value in sorted(rule.dimensions.items())))
    if project_name:
        parts.append(project_name)
    if (start, end) != (month.start, month.end):
        last = date.fromordinal(end.toordinal() - 1)
        parts.append(days_text(start, last))
    else:
        parts.append(month_text(month))
    return " · ".join(parts)


def _unit_price(rule: PricingRule) -> Decimal | None:
    """Only where quantity times unit price is the amount; tiers, packages, free units and limits make it otherwise."""
    plain = not rule.free_units and rule.minimum is None and rule.maximum is None
    return Decimal(rule.parameters["unit_price"]) if plain and rule.model == PricingRule.Model.PER_UNIT else None


def _price_snapshot(rule: PricingRule) -> dict[str, Any]:
    return {
        **rule.price.to_dict(),
        "pricing_rule": str(rule.pk),
        "pool": rule.pool,
        "effective_from": rule.effective_from.isoformat(),
        "effective_to": rule.effective_to.isoformat() if rule.effective_to else None,
    }


def _by_project(rows: Sequence[MeteredUsage]) -> dict[UUID, tuple[str, Decimal]]:
    totals: dict[UUID, tuple[str, Decimal]] = {}
    for row in rows:
        _name, before = totals.get(row.project_id, ("", ZERO))
        totals[row.project_id] = (row.project_name, before + row.quantity)
    return totals


def _step(description: str, quantity: Decimal, amount: Decimal, currency: str) -> dict[str, str]:
    return {
        "description": description,
        "quantity": short_text(quantity),
        "unit_price": "0",
        "flat_fee": "0",
        "amount": exact_text(amount, currency) if amount else "0",
    }


def _unpriced(rows: Sequence[MeteredUsage]) -> tuple[Unpriced, ...]:
    """By metric. What was voided again leaks nothing."""
    found: dict[tuple[str, str], Unpriced] = {}
    for row in rows:
        key = (row.metric_name, row.unit)
        before = found.get(key, Unpriced(*key, ZERO, 0))
        found[key] = Unpriced(*key, before.quantity + row.quantity, before.event_count + row.event_count)
    return tuple(found[key] for key in sorted(found) if found[key].quantity > ZERO or found[key].event_count > 0)
