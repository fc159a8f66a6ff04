"""Usage times prices: `MonthFacts` in, lines with their working out. Pure: nothing is read and nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text, days_text, month_text
from billing_platform.lib.limits import MAX_MONEY
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.printable_text import spelled_out
from events.usage.conversion import Conversions
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line, LineKind
from invoicing.pricing.charges import Charge
from invoicing.pricing.converting import billed_words, conversion_notes, converted_month
from invoicing.pricing.month_charges import Counted, Part, charge_month, round_running
from invoicing.pricing.month_facts import FirstEvents, InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rules import ORGANISATION_POOL, PROJECT_POOL, PriceKey, Rule, RulesOfMonth, Version
from invoicing.pricing.unbilled import MAX_QUANTITY, amount_too_large, quantity_too_large, rate_missing, unpriced_usage
from invoicing.rates import old_text
from invoicing.steps import Step

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rated:
    """The usage lines of an invoice, and a warning for each metric whose usage is not billed."""

    lines: tuple[Line, ...] = ()
    unpriced: tuple[DraftWarning, ...] = ()
    too_large: tuple[DraftWarning, ...] = ()
    rates: tuple[DraftWarning, ...] = ()  # exchange rates that are missing or old

    @property
    def warnings(self) -> tuple[DraftWarning, ...]:
        return self.unpriced + self.too_large + self.rates


@dataclass(frozen=True, slots=True)
class _Month:
    """What the lines of one month's usage have in common. `due_without_usage` is empty if the month's own invoice is
    still to come: that one will charge it."""

    rules: RulesOfMonth
    currency: str
    kind: LineKind
    words: Mapping[MetricKey, MetricWords]
    measured_words: Mapping[MetricKey, MetricWords]
    conversions: Conversions
    first_events: FirstEvents
    due_without_usage: Sequence[PriceKey]
    rates_of: date

    @property
    def period(self) -> BillingPeriod:
        return self.rules.month


class _TooLargeError(Exception):
    """The usage of one price comes to more than a line can hold."""

    def __init__(self, warning: DraftWarning) -> None:
        super().__init__(warning.message)
        self.warning = warning


def rate(facts: MonthFacts) -> Rated:
    """Everything that a period's invoice charges for usage: its own month, and late usage of earlier ones."""
    found = [_rate_month(facts, used) for used in facts.months]
    return Rated(
        tuple(line for rated in found for line in rated.lines),
        tuple(warning for rated in found for warning in rated.unpriced),
        tuple(warning for rated in found for warning in rated.too_large),
        tuple(warning for rated in found for warning in rated.rates),
    )


def _rate_month(facts: MonthFacts, used: UsedMonth) -> Rated:
    used = converted_month(used, facts.conversions)
    kind = LineKind.USAGE if used.month == facts.period else LineKind.LATE_USAGE
    rules = RulesOfMonth(used.rules_in(facts.currency), used.month, facts.currency)
    before = used.invoiced_before
    is_charged = kind == LineKind.USAGE or (before is not None and used.month in before.periods)
    due_without_usage = rules.due_without_usage() if is_charged else []
    words = billed_words(facts.words, facts.conversions)
    month = _Month(
        rules=rules,
        currency=facts.currency,
        kind=kind,
        words=words,
        measured_words=facts.words,
        conversions=facts.conversions,
        first_events=used.first_events,
        due_without_usage=due_without_usage,
        rates_of=used.rates_of,
    )
    if before is None:
        # usage that was voided to nothing is no usage: no line, and no warning that it has no price
        return _rate([row for row in used.usage if _is_usage(row)], month)
    return _rate_by_difference(used.usage, before, month)


def _rate_by_difference(usage: Sequence[MeteredUsage], before: InvoicedBefore, month: _Month) -> Rated:
    """A month that other invoices have charged for: price all its usage anew, and charge the difference.

    So tiers and free units run on over the whole month, whenever the usage was reported.
    """
    quantities, added = _quantities(before.usage), _quantities(before.usage_with_late)
    together = _rate(_without_voided(before.usage_with_late), month)
    priced = {metric: list(lines) for metric, lines in groupby(together.lines, key=lambda line: line.metric)}
    late: defaultdict[MetricKey, list[MeteredUsage]] = defaultdict(list)
    for row in usage:
        late[row.metric].append(row)
    own = {key[:2] for key in month.due_without_usage} if month.kind == LineKind.USAGE else set()
    lines = [
        _difference(
            priced[metric],
            late[metric],
            added=added.get(metric, ZERO) - quantities.get(metric, ZERO),
            charged=before.charged.get(metric, ZERO),
            left=before.left.get(metric, ZERO),
            month=month,
        )
        for metric in sorted(own | {*late})
        if metric in priced
    ]
    return Rated(
        tuple(line for line in lines if line.amount or (late[line.metric] and line.metric not in before.given_back)),
        unpriced_usage([row for row in usage if month.rules.choose(row) is None], month.words),
        tuple(warning for warning in together.too_large if (warning.metric_name, warning.unit) in late),
        tuple(warning for warning in together.rates if (warning.metric_name, warning.unit) in own | {*late}),
    )


def _is_usage(row: MeteredUsage) -> bool:
    return bool(row.quantity or row.event_count)


def _without_voided(rows: Sequence[MeteredUsage]) -> list[MeteredUsage]:
    """Days on which all was voided are left out, where a metric was used on others: they would bring in the minimum of
    a price that nothing was used at."""
    used = {row.metric for row in rows if _is_usage(row)}
    return [row for row in rows if _is_usage(row) or row.metric not in used]


def _quantities(rows: Iterable[MeteredUsage]) -> dict[MetricKey, Decimal]:
    found: defaultdict[MetricKey, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.metric] += row.quantity
    return dict(found)


def _difference(
    priced: list[Line],
    late: list[MeteredUsage],
    *,
    added: Decimal,
    charged: Decimal,
    left: Decimal,
    month: _Month,
) -> Line:
    """One line for the usage that other invoices have not charged: `priced`, the lines of the whole month, less
    `charged`.

    `added` is the change of the month's quantity. It may be less than the quantity of the late rows: for a `max`
    metric, a late event of 7 below a known peak of 9 adds 0. A correction that takes usage back makes it negative.
    No more is given back than is `left` of what was charged: credit notes took back the rest already.
    """
    first, period = priced[0], month.period
    words = month.words[first.metric]
    reported = ", reported late for" if month.kind == LineKind.LATE_USAGE else " ·"
    amount, steps = _less_charged(priced, charged, left, month)
    projects = {row.project_id for row in late}
    return Line(
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
        pricing_rule_id=first.pricing_rule_id,
        price=first.price,
        steps=steps,
    )


def _less_charged(
    priced: list[Line], charged: Decimal, left: Decimal, month: _Month
) -> tuple[Decimal, tuple[Step, ...]]:
    """The amount of the line, and the steps that add up to it."""
    steps = [step for line in priced for step in line.steps]
    closing = [Step.of_amount(f"Already invoiced for {month_text(month.period)}", -charged)]
    amount = round_money(sum((line.amount for line in priced), ZERO) - charged, month.currency)
    exact = sum((step.amount for step in steps), ZERO) - charged
    if round_money(exact, month.currency) != amount:  # several lines, each rounded by itself
        closing.append(Step.of_amount("Rounding", amount - exact))
    most = -round_money(max(left, ZERO), month.currency)
    if left < charged and amount < most:
        closing.append(Step.of_amount("Taken back by credit notes already", most - amount))
        amount = most
    return amount, (*steps, *closing)


def _rate(rows: Sequence[MeteredUsage], month: _Month) -> Rated:
    """Price one month's usage. What one rule prices together is one line; where prices change, usage is split."""
    by_price: defaultdict[PriceKey, list[MeteredUsage]] = defaultdict(list)
    missing: list[MeteredUsage] = []
    for row in rows:
        rule = month.rules.choose(row)
        if rule is None:
            missing.append(row)
        else:
            by_price[rule.key].append(row)
    for key in month.due_without_usage:
        by_price[key].extend(())
    rates: dict[MetricKey, DraftWarning] = {}
    for key in list(by_price) if month.rules.has_other_currencies else ():
        if (warning := _rate_warning(month.rules.versions(key), month)) is None:
            continue
        rates[key[0], key[1]] = warning
        if warning.blocks:
            del by_price[key]
    lines: list[Line] = []
    large: dict[MetricKey, DraftWarning] = {}
    for key, members in by_price.items():
        try:
            lines += _lines_of(key, members, month)
        except _TooLargeError as error:
            large[key[0], key[1]] = error.warning
    billed = [line for line in lines if line.metric not in large]
    billed.sort(key=lambda line: (line.metric_name, line.unit, line.service_start, line.description))
    return Rated(
        tuple(billed),
        unpriced_usage(missing, month.words),
        tuple(large[metric] for metric in sorted(large)),
        tuple(rates[metric] for metric in sorted(rates)),
    )


def _rate_warning(versions: Sequence[Version], month: _Month) -> DraftWarning | None:
    """What is to be said of the exchange rates that a price's versions of the month need."""
    for rule in (version.rule for version in versions):
        words = month.words[rule.metric]
        if rule.needs_rate(month.currency):
            return rate_missing(rule, words, month.currency, month.rates_of)
        if (
            rule.exchange is not None
            and month.kind == LineKind.USAGE
            and (old := old_text(rule.exchange, month.rates_of))
        ):
            return DraftWarning(WarningCode.EXCHANGE_RATE_OLD, old, currency=rule.currency)
    return None


def _lines_of(key: PriceKey, rows: Sequence[MeteredUsage], month: _Month) -> Iterator[Line]:
    """The lines of one price: by version, and by project where the version prices each project alone."""
    versions = month.rules.versions(key)
    if not any(_is_usage(row) for row in rows) and key in month.due_without_usage:
        yield from _lines_without_usage(versions[-1], month)
        return
    by_project: defaultdict[UUID, list[MeteredUsage]] = defaultdict(list)
    for row in rows:
        by_project[row.project_id].append(row)
    pools = {version.rule.pool for version in versions}
    if ORGANISATION_POOL in pools:
        yield from _lines_of_pool(versions, ORGANISATION_POOL, rows, month)
    if PROJECT_POOL in pools:
        for members in by_project.values():
            yield from _lines_of_pool(versions, PROJECT_POOL, members, month)


def _lines_without_usage(version: Version, month: _Month) -> Iterator[Line]:
    words = month.words[version.rule.metric]
    for charge, amount in round_running([version.price.charge_no_usage()], month.currency):
        if charge.steps:
            yield _line(version, [], charge, amount, words, month)


def _lines_of_pool(versions: Sequence[Version], pool: str, rows: Sequence[MeteredUsage], month: _Month) -> list[Line]:
    """The lines of the versions that price this pool: the usage of all projects together, or of one project."""
    metric = versions[0].rule.metric_name, versions[0].rule.unit
    words = month.words[metric]
    parts: list[Part] = []
    priced: list[tuple[Version, list[MeteredUsage]]] = []
    before: Counted | None = None
    for version in versions:
        members = [row for row in rows if version.holds_on(row.day)]
        if not members:
            continue
        used = _counted(members, month)
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
            raise _TooLargeError(amount_too_large(metric, words.title, amount, month.currency))
    return [
        _line(version, members, charge, amount, words, month)
        for (version, members), (charge, amount) in zip(priced, charges, strict=True)
    ]


def _counted(rows: Sequence[MeteredUsage], month: _Month) -> Counted:
    quantity, event_count = sum((row.quantity for row in rows), ZERO), sum(row.event_count for row in rows)
    return Counted(quantity, event_count, _first_events(rows, month))


def _first_events(rows: Sequence[MeteredUsage], month: _Month) -> tuple[Decimal, ...] | None:
    """What the first events of these meters and days came to. None: no price has to know, or the metric can't tell."""
    events = month.first_events.get(rows[0].metric)
    if events is None:
        return None
    days = {(row.meter, row.day) for row in rows}
    return tuple(event.quantity for event in events if (event.meter, event.day) in days)


def _check_quantities(parts: Sequence[Part], whole: Counted, metric: MetricKey, words: MetricWords) -> None:
    """Refuse more digits than prices take and lines hold."""
    for each in (whole, *(part.used for part in parts), *(part.so_far for part in parts)):
        if abs(each.quantity) >= MAX_QUANTITY:
            raise _TooLargeError(quantity_too_large(metric, words, each.quantity))


def _line(
    version: Version, rows: list[MeteredUsage], charge: Charge, amount: Decimal, words: MetricWords, month: _Month
) -> Line:
    rule, quantity = version.rule, sum((row.quantity for row in rows), ZERO)
    projects = _by_project(rows)
    pooled = rule.pool == ORGANISATION_POOL
    named = rows[0].project_name if rows and not pooled else ""
    shares = [Step.share(name, used) for name, used in projects.values() if pooled]
    is_part = (version.start, version.end) != (month.period.start, month.period.end)
    notes = conversion_notes(rows, month.conversions, month.measured_words, is_part=is_part)
    return Line(
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
        pricing_rule_id=rule.id,
        price=rule.snapshot(),
        steps=(*_exchange_note(rule), *notes, *charge.steps, *shares),
    )


def _description(version: Version, words: MetricWords, month: BillingPeriod, project_name: str) -> str:
    start, end = version.start, version.end
    parts = [words.title]
    if version.rule.dimensions:
        named = ", ".join(f"{name} {value}" for name, value in version.rule.dimensions)
        parts.append(spelled_out(named))  # events bring these texts: nobody can be asked to write them otherwise
    if project_name:
        parts.append(project_name)
    whole = (start, end) == (month.start, month.end)
    parts.append(month_text(month) if whole else days_text(start, end - _A_DAY))
    return " · ".join(parts)


def _exchange_note(rule: Rule) -> list[Step]:
    return [Step.note(f"Price in {rule.currency}, exchanged: {rule.exchange.text}")] if rule.exchange else []


def _unit_price(rule: Rule, charge: Charge, quantity: Decimal) -> Decimal | None:
    """The unit price, where quantity times unit price is the amount. Tiers, packages, free units and limits make the
    amount otherwise, and so does a price that changed within the month."""
    unit_price = rule.plain_unit_price
    if unit_price is None or len(charge.steps) > 1:
        return None
    plain = all((step.quantity, step.unit_price) == (quantity, unit_price) for step in charge.steps)
    return unit_price if plain else None


def _by_project(rows: Sequence[MeteredUsage]) -> dict[UUID, tuple[str, Decimal]]:
    """Name and quantity of each project."""
    totals: dict[UUID, tuple[str, Decimal]] = {}
    for row in rows:
        _name, before = totals.get(row.project_id, ("", ZERO))
        totals[row.project_id] = (row.project_name, before + row.quantity)
    return totals
