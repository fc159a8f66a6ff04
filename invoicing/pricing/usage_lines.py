"""The lines of one price in one month: by version, and by project where the version prices each project alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text, days_text, month_text
from billing_platform.lib.limits import MAX_MONEY
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.printable_text import spelled_out
from events.usage.conversion import Conversions
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from invoicing.draft_warnings import DraftWarning
from invoicing.lines import Line, LineKind
from invoicing.pricing.charges import Charge
from invoicing.pricing.converting import conversion_notes
from invoicing.pricing.month_charges import Counted, Part, charge_month, round_running
from invoicing.pricing.month_facts import FirstEvents
from invoicing.pricing.rules import ORGANISATION_POOL, PROJECT_POOL, PriceKey, Rule, RulesOfMonth, Version
from invoicing.pricing.unbilled import MAX_QUANTITY, amount_too_large, quantity_too_large
from invoicing.steps import Step

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RatedMonth:
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


class TooLargeError(Exception):
    """The usage of one price comes to more than a line can hold."""

    def __init__(self, warning: DraftWarning) -> None:
        super().__init__(warning.message)
        self.warning = warning


def is_usage(row: MeteredUsage) -> bool:
    return bool(row.quantity or row.event_count)


def lines_of_price(key: PriceKey, rows: Sequence[MeteredUsage], month: RatedMonth) -> Iterator[Line]:
    """The lines of one price: by version, and by project where the version prices each project alone."""
    versions = month.rules.versions(key)
    if not any(is_usage(row) for row in rows) and key in month.due_without_usage:
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


def _lines_without_usage(version: Version, month: RatedMonth) -> Iterator[Line]:
    words = month.words[version.rule.metric]
    for charge, amount in round_running([version.price.charge_no_usage()], month.currency):
        if charge.steps:
            yield _line(version, [], charge, amount, words, month)


def _lines_of_pool(
    versions: Sequence[Version], pool: str, rows: Sequence[MeteredUsage], month: RatedMonth
) -> list[Line]:
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
            raise TooLargeError(amount_too_large(metric, words.title, amount, month.currency))
    return [
        _line(version, members, charge, amount, words, month)
        for (version, members), (charge, amount) in zip(priced, charges, strict=True)
    ]


def _counted(rows: Sequence[MeteredUsage], month: RatedMonth) -> Counted:
    quantity, event_count = sum((row.quantity for row in rows), ZERO), sum(row.event_count for row in rows)
    return Counted(quantity, event_count, _first_events(rows, month))


def _first_events(rows: Sequence[MeteredUsage], month: RatedMonth) -> tuple[Decimal, ...] | None:
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
            raise TooLargeError(quantity_too_large(metric, words, each.quantity))


def _line(
    version: Version, rows: list[MeteredUsage], charge: Charge, amount: Decimal, words: MetricWords, month: RatedMonth
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
