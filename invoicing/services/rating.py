"""Usage times prices: what each price comes to, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text, days_text, month_text
from billing_platform.lib.limits import MAX_MONEY
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.printable_text import spelled_out
from events.selectors.metric_words import MetricWords, WordBook
from events.usage.metering import MeteredUsage, usage_for, usage_of_month
from invoicing.models import Invoice, InvoiceLine, PricingRule
from invoicing.pricing import Charge, ChargeDetail
from invoicing.pricing.charges import step
from invoicing.pricing.versions import Counted, Part, charge_month, round_running
from invoicing.services.rated import MAX_QUANTITY, MetricKey, Rated, RatedLine, TooLarge, unpriced_usage
from invoicing.services.versions import PriceKey, RulesOfMonth, Version, price_key, rules_for
from organisations.models import Organisation

Pool = PricingRule.Pool
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Month:
    """What the lines of one month's usage have in common."""

    rules: RulesOfMonth
    currency: str
    kind: str
    book: WordBook

    @property
    def period(self) -> BillingPeriod:
        return self.rules.month


class _TooLargeError(Exception):
    """A price's usage that comes to more than a line can hold."""

    def __init__(self, found: TooLarge) -> None:
        super().__init__(found.message)
        self.found = found


def rate_period(*, organisation: Organisation, period: BillingPeriod) -> Rated:
    """Everything that a period's invoice charges for usage: its own month, and late usage of earlier ones."""
    rows = usage_for(organisation=organisation, period=period)
    book = WordBook(organisation)
    found = [
        _rate_month(organisation, period, month, list(month_rows), book)
        for month, month_rows in groupby(sorted(rows, key=_month_of), key=_month_of)
    ]
    return Rated(
        tuple(line for rated in found for line in rated.lines),
        tuple(gap for rated in found for gap in rated.unpriced),
        tuple(large for rated in found for large in rated.too_large),
    )


def _month_of(row: MeteredUsage) -> BillingPeriod:
    return row.used_in


def _rate_month(
    organisation: Organisation, period: BillingPeriod, own: BillingPeriod, rows: list[MeteredUsage], book: WordBook
) -> Rated:
    """A month that other invoices have charged for already is priced as a whole, and charged by the difference:
    so tiers and free units run on, whenever the usage was reported."""
    kind = InvoiceLine.Kind.USAGE if own == period else InvoiceLine.Kind.LATE_USAGE
    month = _Month(RulesOfMonth(rules_for(organisation, own), own), organisation.currency, kind, book)
    others = _other_invoices(organisation, own, period)
    if not others:
        # what was voided to the last was never used
        return _rate([row for row in rows if row.quantity or row.event_count], month)
    charged_for = [other.period for other in others if other.period is not None]
    before = _quantities(usage_of_month(organisation=organisation, month=own, counted_in=charged_for))
    covered = usage_of_month(organisation=organisation, month=own, counted_in=[*charged_for, period])
    after, charged = _quantities(covered), _charged(others, own)
    together = _rate(covered, month)
    priced = {metric: list(lines) for metric, lines in groupby(together.lines, key=lambda line: line.metric)}
    late: defaultdict[MetricKey, list[MeteredUsage]] = defaultdict(list)
    for row in rows:
        late[row.metric].append(row)
    lines = [
        _difference(priced[metric], late[metric], after[metric] - before.get(metric, ZERO), charged[metric], month)
        for metric in sorted(late)
        if metric in priced
    ]
    return Rated(
        tuple(lines),
        unpriced_usage([row for row in rows if month.rules.choose(row) is None], book),
        tuple(large for large in together.too_large if large.metric in late),
    )


def _other_invoices(organisation: Organisation, month: BillingPeriod, period: BillingPeriod) -> list[Invoice]:
    """The live invoices of other periods that charge for usage of the month, in the currency of today: rupees can't
    be set against dollars, so after a change of currency what comes late is priced by itself."""
    charging = Invoice.objects.live().filter(
        organisation=organisation, currency=organisation.currency, lines__used_in=month.start
    )
    return list(charging.exclude(period_start=period.start).distinct().order_by("period_start"))


def _charged(invoices: list[Invoice], month: BillingPeriod) -> defaultdict[MetricKey, Decimal]:
    """What the invoices charged for the month's usage, by metric."""
    lines = InvoiceLine.objects.filter(invoice__in=invoices, used_in=month.start).order_by()
    found: defaultdict[MetricKey, Decimal] = defaultdict(Decimal)
    for name, unit, amount in lines.values_list("metric_name", "unit", "amount"):
        found[name, unit] += amount
    return found


def _quantities(rows: Iterable[MeteredUsage]) -> dict[MetricKey, Decimal]:
    found: defaultdict[MetricKey, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.metric] += row.quantity
    return dict(found)


def _difference(
    priced: list[RatedLine], late: list[MeteredUsage], added: Decimal, charged: Decimal, month: _Month
) -> RatedLine:
    """Usage of a month that other invoices have charged for: all of the month priced again, less what they charged.

    `added` is by how much the month's quantity has changed since: less than the late rows' own where a greatest value
    was known already, and negative where a correction took usage back.
    """
    first, period = priced[0], month.period
    words = month.book.words(*first.metric)
    reported = ", reported late for" if month.kind == InvoiceLine.Kind.LATE_USAGE else " ·"
    explanation = [each for line in priced for each in line.explanation]
    closing = [step(f"Already invoiced for {month_text(period)}", ZERO, ZERO, -charged)]
    amount = round_money(sum((line.amount for line in priced), ZERO) - charged, month.currency)
    exact = sum((Decimal(each["amount"]) for each in explanation), ZERO) - charged
    if round_money(exact, month.currency) != amount:  # several lines, each rounded by itself
        closing.append(step("Rounding", ZERO, ZERO, amount - exact))
    projects = {row.project_id for row in late}
    return RatedLine(
        kind=month.kind,
        description=f"{words.title}{reported} {month_text(period)}",
        quantity=added,
        amount=amount,
        project_id=projects.pop() if len(projects) == 1 else None,
        metric_name=first.metric_name,
        unit=first.unit,
        unit_label=words.unit_for(added),
        service_start=period.start,
        service_end=period.end,
        used_in=period.start,
        pricing_rule=first.pricing_rule,
        price=first.price,
        explanation=[*explanation, *(each.to_dict() for each in closing)],
    )


def _rate(rows: Sequence[MeteredUsage], month: _Month) -> Rated:
    """Price one month's usage. What one rule prices together is one line; where prices change, usage is split."""
    by_price: defaultdict[PriceKey, list[MeteredUsage]] = defaultdict(list)
    missing: list[MeteredUsage] = []
    for row in rows:
        rule = month.rules.choose(row)
        if rule is None:
            missing.append(row)
        else:
            by_price[price_key(rule)].append(row)
    lines: list[RatedLine] = []
    large: dict[MetricKey, TooLarge] = {}
    for key, members in by_price.items():
        try:
            lines += _lines_of(key, members, month)
        except _TooLargeError as error:
            large[error.found.metric] = error.found
    kept = [line for line in lines if line.metric not in large]
    kept.sort(key=lambda line: (line.metric_name, line.unit, line.service_start, line.description))
    return Rated(tuple(kept), unpriced_usage(missing, month.book), tuple(large[metric] for metric in sorted(large)))


def _lines_of(key: PriceKey, rows: Sequence[MeteredUsage], month: _Month) -> Iterator[RatedLine]:
    """The lines of one price: by version, and by project where the version prices each project alone."""
    versions = month.rules.versions(key)
    by_project: defaultdict[UUID, list[MeteredUsage]] = defaultdict(list)
    for row in rows:
        by_project[row.project_id].append(row)
    pools = {version.rule.pool for version in versions}
    if Pool.ORGANISATION in pools:
        yield from _lines_of_pool(versions, Pool.ORGANISATION, rows, month)
    if Pool.PROJECT in pools:
        for members in by_project.values():
            yield from _lines_of_pool(versions, Pool.PROJECT, members, month)


def _lines_of_pool(
    versions: Sequence[Version], pool: str, rows: Sequence[MeteredUsage], month: _Month
) -> list[RatedLine]:
    """The lines of the versions that price this pool: everybody's usage together, or one project's."""
    metric = versions[0].rule.metric_name, versions[0].rule.unit
    words = month.book.words(*metric)
    parts: list[Part] = []
    priced: list[tuple[Version, list[MeteredUsage]]] = []
    before: Counted | None = None
    for version in versions:
        members = [row for row in rows if version.holds_on(row.day)]
        if not members:
            continue
        used = _counted(members)
        if version.rule.pool == pool:
            earlier = f"the {words.quantity_text(before.quantity)} before {day_text(version.start)}" if before else ""
            parts.append(Part(version.price, used, before, earlier))
            priced.append((version, members))
        before = used if before is None else before + used
    if before is None:
        return []
    _check_quantities(parts, before, metric, words)
    bounds = [version for version in versions if version.rule.pool == pool][-1].price
    charges = round_running(charge_month(parts, before, bounds), month.currency)
    for _charge, amount in charges:
        if abs(amount) >= MAX_MONEY:
            raise _TooLargeError(TooLarge.amount(metric, words.title, amount, month.currency))
    return [
        _line(version, members, charge, amount, words, month)
        for (version, members), (charge, amount) in zip(priced, charges, strict=True)
    ]


def _counted(rows: Iterable[MeteredUsage]) -> Counted:
    return sum((Counted(row.quantity, row.event_count) for row in rows), Counted())


def _check_quantities(parts: Sequence[Part], whole: Counted, metric: MetricKey, words: MetricWords) -> None:
    """More digits than prices take and lines hold."""
    for each in (whole, *(part.used for part in parts), *(part.so_far for part in parts)):
        if abs(each.quantity) >= MAX_QUANTITY:
            raise _TooLargeError(TooLarge.quantity(metric, words, each.quantity))


def _line(
    version: Version,
    rows: list[MeteredUsage],
    charge: Charge,
    amount: Decimal,
    words: MetricWords,
    month: _Month,
) -> RatedLine:
    rule, quantity = version.rule, sum((row.quantity for row in rows), ZERO)
    projects = _by_project(rows)
    pooled = rule.pool == Pool.ORGANISATION
    named = "" if pooled else rows[0].project_name
    shares = [step(f"of which {name}", used, ZERO) for name, used in projects.values() if pooled]
    return RatedLine(
        kind=month.kind,
        description=_description(version, words, month.period, named),
        quantity=quantity,
        amount=amount,
        unit_price=_unit_price(rule, charge, quantity),
        project_id=next(iter(projects)) if len(projects) == 1 else None,
        metric_name=rule.metric_name,
        unit=rule.unit,
        unit_label=words.unit_for(quantity),
        dimensions=rule.dimensions,
        service_start=version.start,
        service_end=version.end,
        used_in=month.period.start,
        pricing_rule=rule,
        price=_price_snapshot(rule),
        explanation=[each.to_dict() for each in (*charge.details, *shares)],
    )


def _description(version: Version, words: MetricWords, month: BillingPeriod, project_name: str) -> str:
    start, end = version.start, version.end
    parts = [words.title]
    if version.rule.dimensions:
        named = ", ".join(f"{name} {value}" for name, value in sorted(version.rule.dimensions.items()))
        parts.append(spelled_out(named))  # usage brings them along: nobody can be asked to write them otherwise
    if project_name:
        parts.append(project_name)
    whole = (start, end) == (month.start, month.end)
    parts.append(month_text(month) if whole else days_text(start, end - _A_DAY))
    return " · ".join(parts)


def _unit_price(rule: PricingRule, charge: Charge, quantity: Decimal) -> Decimal | None:
    """Only where quantity times unit price is the amount; tiers, packages, free units and limits make it otherwise."""
    if rule.model != PricingRule.Model.PER_UNIT:
        return None
    unit_price = Decimal(rule.parameters["unit_price"])
    steps: list[ChargeDetail] = [each for each in charge.details if each.counts]
    plain = len(steps) <= 1 and all((each.quantity, each.unit_price) == (quantity, unit_price) for each in steps)
    return unit_price if plain and not rule.free_units and rule.minimum is None and rule.maximum is None else None


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
