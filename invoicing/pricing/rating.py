"""Usage times prices: `MonthFacts` in, lines with their working out. Pure: nothing is read and nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import ZERO, round_money
from events.usage.metered import MeteredUsage, MetricKey
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line, LineKind
from invoicing.pricing.converting import billed_words, converted_month
from invoicing.pricing.month_facts import InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rules import PriceKey, RulesOfMonth, Version
from invoicing.pricing.unbilled import rate_missing, unpriced_usage
from invoicing.pricing.usage_lines import RatedMonth, TooLargeError, is_usage, lines_of_price
from invoicing.rates import old_text
from invoicing.steps import Step


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
    month = RatedMonth(
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
        return _rate([row for row in used.usage if is_usage(row)], month)
    return _rate_by_difference(used.usage, before, month, used.late_prices)


def _rate_by_difference(
    usage: Sequence[MeteredUsage], before: InvoicedBefore, month: RatedMonth, late_prices: Collection[UUID]
) -> Rated:
    """A month that other invoices have charged for: price all its usage anew, and charge the difference.

    So tiers and free units run on over the whole month, whenever the usage was reported. What had no price when the
    month was invoiced was charged nothing: the lines of a price that came late are charged whole.
    """
    together = _rate(_without_voided(before.usage_with_late, month, late_prices), month)
    anew = [_priced_late(line, month) for line in together.lines if line.pricing_rule_id in late_prices]
    others = [line for line in together.lines if line.pricing_rule_id not in late_prices]
    priced = {metric: list(lines) for metric, lines in groupby(others, key=lambda line: line.metric)}
    quantities = _quantities(before.usage, month, late_prices)
    added = _quantities(before.usage_with_late, month, late_prices)
    late: defaultdict[MetricKey, list[MeteredUsage]] = defaultdict(list)
    missing: list[MeteredUsage] = []
    for row in usage:
        rule = month.rules.choose(row)
        if rule is None:
            missing.append(row)
        elif rule.id not in late_prices:
            late[row.metric].append(row)
    own = {key[:2] for key in month.due_without_usage} if month.kind == LineKind.USAGE else set()
    asked = {*late, *(rule.metric for rule in month.rules.of(late_prices))}
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
        (
            *anew,
            *(line for line in lines if line.amount or (late[line.metric] and line.metric not in before.given_back)),
        ),
        unpriced_usage(missing, month.words),
        tuple(warning for warning in together.too_large if (warning.metric_name, warning.unit) in asked),
        tuple(warning for warning in together.rates if (warning.metric_name, warning.unit) in own | asked),
    )


def _priced_late(line: Line, month: RatedMonth) -> Line:
    note = f"No price covered this usage when {month_text(month.period)} was invoiced."
    return replace(line, steps=(Step.note(note), *line.steps))


def _without_voided(
    rows: Sequence[MeteredUsage], month: RatedMonth, late_prices: Collection[UUID]
) -> list[MeteredUsage]:
    """Days on which all was voided are left out, where a metric was used on others: they would bring in the minimum of
    a price that nothing was used at. Where all that was charged is voided they stay, at 0, to be given back."""

    def is_charged(row: MeteredUsage) -> bool:
        rule = month.rules.choose(row)
        return rule is not None and rule.id not in late_prices

    used = {row.metric for row in rows if is_usage(row) and is_charged(row)}
    return [row for row in rows if is_usage(row) or (row.metric not in used and is_charged(row))]


def _quantities(
    rows: Iterable[MeteredUsage], month: RatedMonth, late_prices: Collection[UUID]
) -> dict[MetricKey, Decimal]:
    """By metric, of what has a price that did not come late."""
    found: defaultdict[MetricKey, Decimal] = defaultdict(Decimal)
    for row in rows:
        rule = month.rules.choose(row)
        if rule is not None and rule.id not in late_prices:
            found[row.metric] += row.quantity
    return dict(found)


def _difference(
    priced: list[Line],
    late: list[MeteredUsage],
    *,
    added: Decimal,
    charged: Decimal,
    left: Decimal,
    month: RatedMonth,
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
    priced: list[Line], charged: Decimal, left: Decimal, month: RatedMonth
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


def _rate(rows: Sequence[MeteredUsage], month: RatedMonth) -> Rated:
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
            lines += lines_of_price(key, members, month)
        except TooLargeError as error:
            large[key[0], key[1]] = error.warning
    billed = [line for line in lines if line.metric not in large]
    billed.sort(key=lambda line: (line.metric_name, line.unit, line.service_start, line.description))
    return Rated(
        tuple(billed),
        unpriced_usage(missing, month.words),
        tuple(large[metric] for metric in sorted(large)),
        tuple(rates[metric] for metric in sorted(rates)),
    )


def _rate_warning(versions: Sequence[Version], month: RatedMonth) -> DraftWarning | None:
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
